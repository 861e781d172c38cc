"""Answers to "are these two one person?": yes, no for good, not now. Many at once are one decision."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.actions.people import join
from facekeep.domain.errors import UsageError
from facekeep.domain.review import TwoOutcome, TwoWord, judge_two, who_stays
from facekeep.store import apart, journal, review
from facekeep.store import people as people_store
from facekeep.store.apart import Two
from facekeep.store.database import Writer, tried_again

MAX_ANSWERS = 200


@dataclass(frozen=True, slots=True)
class TwoAnswer:
    """One answer about two people. `into`: with `merge`, who stays; None for the named, else the larger."""

    one: int
    other: int
    word: TwoWord
    into: int | None = None

    @property
    def two(self) -> Two:
        """The pair, the lower number first."""
        return min(self.one, self.other), max(self.one, self.other)


@dataclass(frozen=True, slots=True)
class TwoGiven:
    """What became of an answer. `person`: who stays, of two that were merged."""

    one: int
    other: int
    outcome: TwoOutcome
    person: int | None = None


@tried_again
def answer_proposals(ctx: Context, answers: Sequence[TwoAnswer]) -> tuple[TwoGiven, ...]:
    """Answer questions, each once, in one decision; skipping is none. What became of each, in their order.

    UsageError: too many, one pair twice, a person with itself, or `into` who is neither.
    """
    _check(answers)
    with deciding(ctx, "review") as writer:
        people = sorted({person for answer in answers for person in answer.two})
        people_store.hold(writer, people)
        given = [_judged(writer, answer, set(people)) for answer in answers]
        journal.tell(writer, *_told(writer, answers, given))
        done = tuple(_apply(writer, answer, item) for answer, item in zip(answers, given, strict=True))
    ctx.wake()
    return done


def take_skip_back(ctx: Context, one: int, other: int) -> None:
    """Ask about two in their place again, not last."""
    with ctx.database.write("user") as writer:
        apart.skip(writer, [(min(one, other), max(one, other))], skipped=False)


def _check(answers: Sequence[TwoAnswer]) -> None:
    if not 0 < len(answers) <= MAX_ANSWERS:
        raise UsageError(f"1 to {MAX_ANSWERS:,} answers at once", hint="Give them in parts.")
    if len({answer.two for answer in answers}) < len(answers):
        raise UsageError("the same two people are answered twice", hint="Give each answer once.")
    for answer in answers:
        if answer.one == answer.other:
            raise UsageError(f"person {answer.one} is one person")
        if answer.into not in (None, *answer.two):
            raise UsageError(f"person {answer.into} is neither of the two")


def _judged(writer: Writer, answer: TwoAnswer, people: set[int]) -> TwoGiven:
    known = apart.asked(writer, [answer.two])[answer.two]
    alive = review.alive(writer, sorted(people))
    there = known.merged or alive.issuperset(answer.two)
    return TwoGiven(answer.one, answer.other, judge_two(answer.word, known) if there else "not_found")


def _told(
    writer: Writer, answers: Sequence[TwoAnswer], given: Sequence[TwoGiven]
) -> tuple[str, dict[str, Any]]:
    """For the journal: the verb, and what was asked for; of many, how many of each kind."""
    if len(answers) > 1:
        counted = Counter(item.outcome for item in given)
        return "review", {kind: counted[kind] for kind in ("merged", "apart") if counted[kind]}
    if given[0].outcome == "merged":
        goes, stays = _direction(writer, answers[0].two, answers[0].into)
        return "merge", {"from": goes, "into": stays}
    one, other = answers[0].two
    return "apart", {"person": one, "other": other}


def _direction(writer: Writer, two: Two, into: int | None) -> Two:
    """Who goes, and who stays."""
    stays = who_stays(*apart.candidates(writer, two)).person if into is None else into
    return two[0] if stays == two[1] else two[1], stays


def _apply(writer: Writer, answer: TwoAnswer, given: TwoGiven) -> TwoGiven:
    if given.outcome == "skipped":
        apart.skip(writer, [answer.two])
    if given.outcome not in ("merged", "apart"):
        return given
    # An earlier answer of the same request may have merged one of the two already.
    one, other = (people_store.follow(writer, person) for person in answer.two)
    if one == other:
        return replace(given, outcome="merged" if given.outcome == "merged" else "answered", person=one)
    two = min(one, other), max(one, other)
    if given.outcome == "apart":
        apart.say(writer, two)
        for person in two:
            people_store.touch(writer, person)
        return given
    goes, stays = _direction(writer, two, answer.into if answer.into in two else None)
    join(writer, goes, stays)
    return replace(given, person=stays)
