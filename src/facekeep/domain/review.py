"""What becomes of an answer to "is this face that person?", when others may have answered meanwhile.

And who stays when two people turn out to be one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Word = Literal["accept", "reject", "other", "skip", "not_a_face", "ignore"]
Outcome = Literal[
    "accepted",
    "rejected",
    "reassigned",
    "skipped",
    "not_a_face",
    "ignored",
    "answered",
    "in_photo",
    "not_found",
]

Pair = tuple[int, int]
"""A face and the person it is asked about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. With `other`: somebody else, `to` a person or to a new one of that `name`."""

    face: int
    person: int
    word: Word
    to: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How it stands with a face and the person it is asked about. `decided_by` is whose word `now` is."""

    face: int
    person: int
    photo: int
    open: bool
    now: int | None
    decided_by: str | None
    rejected: bool
    in_photo: bool
    """Whether another face of the photo is this person for certain."""


def judge(answers: Sequence[Answer], asked: Mapping[Pair, Asked]) -> list[Outcome]:
    """What becomes of each answer, in their order. Pairs that do not exist are left out of `asked`.

    A person's word given meanwhile is never overwritten; a machine's conclusion about this very pair is.
    """
    given: dict[int, int | None] = {}
    certain: set[Pair] = set()
    outcomes: list[Outcome] = []
    for answer in answers:
        known = asked.get((answer.face, answer.person))
        outcome = "not_found" if known is None else _outcome(answer, known, given, certain)
        outcomes.append(outcome)
        if known is not None and outcome in ("accepted", "reassigned"):
            given[answer.face] = answer.person if outcome == "accepted" else answer.to
            if outcome == "accepted":
                certain.add((known.photo, known.person))
        if outcome in ("not_a_face", "ignored"):
            given[answer.face] = None
    return outcomes


def _outcome(answer: Answer, known: Asked, given: Mapping[int, int | None], certain: set[Pair]) -> Outcome:
    taken = answer.face in given
    if taken and (answer.word != "reject" or given[answer.face] == answer.person):
        return "answered"
    if answer.word == "accept" and (known.in_photo or (known.photo, known.person) in certain):
        return "in_photo"
    by_machine = known.now == known.person and known.decided_by == "auto"
    if known.open or (by_machine and answer.word != "skip"):
        return _DONE[answer.word]
    answered = known.now is not None or known.rejected or known.in_photo
    return "answered" if answered else "not_found"


_DONE: dict[Word, Outcome] = {
    "accept": "accepted",
    "reject": "rejected",
    "other": "reassigned",
    "skip": "skipped",
    "not_a_face": "not_a_face",
    "ignore": "ignored",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of two who may be one person."""

    person: int
    named: bool
    faces: int


def who_stays(one: Candidate, other: Candidate) -> Candidate:
    """Of two who are one: who has a name, else who has more faces, else who was there first."""
    return min(one, other, key=lambda who: (not who.named, -who.faces, who.person))


TwoWord = Literal["merge", "apart", "skip"]
TwoOutcome = Literal["merged", "apart", "skipped", "answered", "not_found"]


@dataclass(frozen=True, slots=True)
class Together:
    """How it stands with two people: whether they are asked about, said to be two, or one of them merged."""

    open: bool
    apart: bool
    merged: bool


def judge_two(word: TwoWord, known: Together) -> TwoOutcome:
    """What becomes of an answer to "are these two one person?". That they are two can be said unasked."""
    if known.merged or known.apart:
        return "answered"
    if known.open or word == "apart":
        return _DONE_TWO[word]
    return "not_found"


_DONE_TWO: dict[TwoWord, TwoOutcome] = {"merge": "merged", "apart": "apart", "skip": "skipped"}
