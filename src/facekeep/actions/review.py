"""Answers to "is this face that person?": yes, no, somebody else, not now. Many at once are one decision.

A person's word that came meanwhile is never overwritten: each answer says what became of it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.actions.people import clean_name
from facekeep.domain.errors import UsageError
from facekeep.domain.faces import Standing
from facekeep.domain.review import Answer, Outcome, Pair, judge
from facekeep.store import details, journal, review, standing
from facekeep.store import faces as face_store
from facekeep.store import people as people_store
from facekeep.store.database import Writer, tried_again

MAX_ANSWERS = 1000

NEIGHBOURHOODS = 10
"""For so many of the people who got faces, what is asked about them is thought over at once."""


@dataclass(frozen=True, slots=True)
class Given:
    """What became of an answer. `now` is whose the face is; `person` where merges of the one named led."""

    face: int
    person: int
    outcome: Outcome
    now: int | None


@dataclass(frozen=True, slots=True)
class AllGiven:
    """What became of the questions about one person; `left` are still open from that confidence on."""

    person: int
    items: tuple[Given, ...]
    left: int


@dataclass(frozen=True, slots=True)
class _Judged:
    answer: Answer
    outcome: Outcome


@tried_again
def answer_suggestions(ctx: Context, answers: Sequence[Answer]) -> tuple[Given, ...]:
    """Answer questions, each once, in one decision; skipping is none. What became of each, in their order.

    UsageError: too many, one pair twice, or somebody else without saying who.
    """
    _check(answers)
    with deciding(ctx, "review") as writer:
        given = _answer(writer, answers, {})
    ctx.wake()
    return given


@tried_again
def accept_all(
    ctx: Context, person: int, *, minimum: float = 0.0, skipped: bool = False, limit: int = MAX_ANSWERS
) -> AllGiven:
    """Yes to the surest `limit` questions about a person from a confidence on, as one decision. NotFound.

    Of two faces of one photo only the surer one. What was skipped is left alone unless `skipped`.
    """
    return _answer_all(ctx, person, "accept", minimum, skipped, limit)


@tried_again
def reject_all(
    ctx: Context, person: int, *, minimum: float = 0.0, skipped: bool = False, limit: int = MAX_ANSWERS
) -> AllGiven:
    """No to the surest `limit` questions about a person from a confidence on, as one decision. NotFound."""
    return _answer_all(ctx, person, "reject", minimum, skipped, limit)


def take_skip_back(ctx: Context, face: int, person: int) -> None:
    """Ask a question in its place again, not last."""
    with ctx.database.write("user") as writer:
        review.skip(writer, [(face, people_store.follow(writer, person))], skipped=False)


def expire(ctx: Context) -> int:
    """Drop questions that are older than the user wants to see. How many."""
    with ctx.database.write() as writer:
        return review.expire(writer, ctx.rules.suggestion_days)


def _answer_all(
    ctx: Context, person_id: int, word: str, minimum: float, skipped: bool, limit: int
) -> AllGiven:
    with deciding(ctx, "review") as writer:
        person = people_store.follow(writer, person_id)
        details.one(writer, person)
        bound = max(1, min(limit, MAX_ANSWERS))
        faces = review.best(writer, person, minimum=minimum, skipped=skipped, limit=bound)
        answers = [Answer(face, person, "accept" if word == "accept" else "reject") for face in faces]
        given = _answer(writer, answers, {"person": person, "minimum": minimum})
        narrowed = review.Narrowed(person=person, minimum=minimum)
        left = review.suggestions(writer, narrowed, limit=1).total
    ctx.wake()
    return AllGiven(person, given, left)


def _check(answers: Sequence[Answer]) -> None:
    if not 0 < len(answers) <= MAX_ANSWERS:
        raise UsageError(f"1 to {MAX_ANSWERS:,} answers at once", hint="Give them in parts.")
    if len({(answer.face, answer.person) for answer in answers}) < len(answers):
        raise UsageError("the same face and person are answered twice", hint="Give each answer once.")
    for answer in answers:
        if answer.word == "other" and (answer.to is None) == (answer.name is None):
            raise UsageError("say either which person the face is, or the name of a new one")


def _answer(writer: Writer, answers: Sequence[Answer], about: dict[str, Any]) -> tuple[Given, ...]:
    """Faces first, then people, each in the order of their numbers, as every path takes them."""
    wanted = [_followed(writer, answer) for answer in answers]
    face_store.hold(writer, [answer.face for answer in wanted])
    people = {answer.person for answer in wanted} | {answer.to for answer in wanted if answer.to is not None}
    people_store.hold(writer, sorted(people))
    judged = _judged(writer, wanted, review.alive(writer, sorted(people)))
    journal.tell(writer, "review", _told(judged) | about)
    _apply(writer, judged)
    now = review.whose(writer, [answer.face for answer in wanted])
    return tuple(_given(item, now.get(item.answer.face)) for item in judged)


def _given(item: _Judged, now: int | None) -> Given:
    return Given(item.answer.face, item.answer.person, item.outcome, now)


def _followed(writer: Writer, answer: Answer) -> Answer:
    """Where merges led; "somebody else" who turns out to be the same person is a yes."""
    person = people_store.follow(writer, answer.person)
    if answer.word != "other":
        return replace(answer, person=person)
    if answer.to is None:
        return replace(answer, person=person, name=clean_name("" if answer.name is None else answer.name))
    to = people_store.follow(writer, answer.to)
    return replace(answer, person=person, to=to, word="accept" if to == person else "other")


def _judged(writer: Writer, wanted: Sequence[Answer], alive: set[int]) -> list[_Judged]:
    asked = review.asked(writer, [(answer.face, answer.person) for answer in wanted])
    known = {pair: row for pair, row in asked.items() if pair[1] in alive}
    there = [answer for answer in wanted if answer.to is None or answer.to in alive]
    found = dict(zip(_pairs(there), judge(there, known), strict=True))
    return [_Judged(answer, found.get((answer.face, answer.person), "not_found")) for answer in wanted]


def _told(judged: Sequence[_Judged]) -> dict[str, Any]:
    """For the journal: the one answer, or how many of each kind."""
    if len(judged) == 1:
        answer = judged[0].answer
        said = {"answer": answer.word, "face": answer.face, "person": answer.person, "to": answer.to}
        return {key: value for key, value in (said | {"name": answer.name}).items() if value is not None}
    counted = Counter(item.outcome for item in judged)
    return {kind: counted[kind] for kind in _CHANGING if counted[kind]}


def _apply(writer: Writer, judged: Sequence[_Judged]) -> None:
    of = {kind: [item.answer for item in judged if item.outcome == kind] for kind in _KINDS}
    review.skip(writer, _pairs(of["skipped"]))
    _reject(writer, _pairs([*of["rejected"], *of["reassigned"]]))
    faces: dict[int, list[int]] = {}
    for answer in of["accepted"]:
        faces.setdefault(answer.person, []).append(answer.face)
    new: dict[str, int] = {}
    for answer in of["reassigned"]:
        faces.setdefault(_target(writer, answer, new), []).append(answer.face)
    displaced = [face for person in sorted(faces) for face in _give(writer, faces[person], person)]
    journal.mark_grouped(writer, [face for given in faces.values() for face in given])
    face_store.mark_ungrouped(writer, displaced)
    _put_away(writer, of["not_a_face"], "not_a_face")
    _put_away(writer, of["ignored"], "ignored")
    changed = {answer.person for kind in _CHANGING for answer in of[kind]} | set(faces)
    journal.touch(writer, sorted(changed))
    _refine(writer, sorted(faces, key=lambda person: (-len(faces[person]), person)))


def _put_away(writer: Writer, answers: Sequence[Answer], what: Standing) -> None:
    """Of these only a machine may have said whose they are: of the person asked about, who is held."""
    faces = [answer.face for answer in answers]
    if faces:
        standing.put_away(writer, faces, sorted({answer.person for answer in answers}), what)


_CHANGING: tuple[Outcome, ...] = ("accepted", "rejected", "reassigned", "not_a_face", "ignored")
_KINDS: tuple[Outcome, ...] = (*_CHANGING, "skipped")


def _pairs(answers: Iterable[Answer]) -> list[Pair]:
    return [(answer.face, answer.person) for answer in answers]


def _reject(writer: Writer, pairs: Sequence[Pair]) -> None:
    if not pairs:
        return
    # A machine may have put the face there meanwhile: the word of a person goes over it.
    faces = [face for face, _ in pairs]
    details.drop_from(writer, pairs)
    details.reject(writer, pairs)
    face_store.mark_ungrouped(writer, faces)


def _target(writer: Writer, answer: Answer, new: dict[str, int]) -> int:
    """Whom it is. Several faces that are given the same new name in one go are one new person."""
    if answer.to is not None:
        return answer.to
    name = "" if answer.name is None else answer.name
    if name not in new:
        new[name] = people_store.add(writer, name)
    return new[name]


def _give(writer: Writer, faces: Sequence[int], person: int) -> list[int]:
    """The faces are the person, on the user's word. Which others a machine had taken for them there."""
    details.unreject(writer, faces, person)
    displaced = face_store.displace(writer, [(face, person) for face in faces])
    details.give(writer, faces, person)
    return displaced


def _refine(writer: Writer, people: Sequence[int]) -> None:
    """Who has got faces is known better: what is asked about them is thought over.

    Lone faces near them are looked at again when their exemplars are chosen anew: the database asks for it.
    """
    for person in people[:NEIGHBOURHOODS]:
        review.look_again(writer, person)
