"""Matching faces with known people: at once when that is clear, as a suggestion when it is likely."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from facekeep.actions.context import Context
from facekeep.domain import matching
from facekeep.domain.faces import Vector
from facekeep.domain.matching import Candidate, Neighbour
from facekeep.store import exemplars, people, suggestions
from facekeep.store import faces as face_store
from facekeep.store import matching as store
from facekeep.store.database import Reader, Writer
from facekeep.store.matching import Met, SubjectRow
from facekeep.store.suggestions import Proposed

NEIGHBOURS = 48
"""So many near faces, of whomever, are looked at: they know people too new to have exemplars."""

EXEMPLARS = 96
"""So many near exemplars vote. Nobody has much more than 24, so one person's cannot hide all others."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A face in question and who is near it."""

    subject: SubjectRow
    neighbours: list[Neighbour]
    met: dict[int, Met]

    def impossible(self, also: Collection[int] = ()) -> set[int]:
        """Who it cannot be: rejected, in the same photo, not yet born, and whoever else is given."""
        taken = self.subject.taken
        unborn = {
            one.person
            for one in self.met.values()
            if one.born is not None and taken is not None and taken < one.born
        }
        return {*self.subject.rejected, *self.subject.beside, *unborn, *also}

    def asking(self) -> set[int]:
        """On whom machines put no faces. Grouping goes on among people without a name."""
        return {
            one.person
            for one in self.met.values()
            if not one.auto or (one.name is not None and not self.subject.auto)
        }


def match_face(
    ctx: Context,
    writer: Writer,
    face: int,
    vector: Vector,
    *,
    excluded: Collection[int] = (),
    unnamed: bool = False,
) -> int | None:
    """Assign an unassigned face to a named person, or also an unnamed one, when that is clear; to whom.

    What is likely only is kept as a suggestion, and what was suggested before and is likely no more is not.
    """
    subject = store.subject(writer, face, ctx.pack_id)
    seen = evidence(ctx, writer, subject, vector, unnamed=unnamed)
    verdict = judged(ctx, seen, excluded)
    if verdict.outcome == "match" and verdict.person is not None and verdict.confidence is not None:
        sure = verdict.confidence
        people.assign(writer, face, verdict.person, by="auto", confidence=sure, pack=ctx.pack_id)
        return verdict.person
    likely = [one for one in verdict.likely if seen.met[one.person].name is not None]
    suggestions.withdraw(writer, face, but=[one.person for one in likely])
    suggestions.propose(writer, ctx.pack_id, [proposed(face, one) for one in likely])
    return None


def judged(ctx: Context, seen: Evidence, excluded: Collection[int] = ()) -> matching.Verdict:
    """What is to be made of it."""
    return matching.decide(
        seen.neighbours,
        ctx.pack.thresholds,
        subject=seen.subject.known,
        births=births(seen.met.values()),
        excluded=seen.impossible(excluded),
        asking=seen.asking(),
    )


def births(met: Iterable[Met]) -> dict[int, Any]:
    """The birth dates that are known."""
    return {one.person: one.born for one in met if one.born is not None}


def evidence(
    ctx: Context, reader: Reader, subject: SubjectRow, vector: Vector, *, unnamed: bool = False
) -> Evidence:
    """Who is near a face, by their exemplars and by the faces nearest to it. Bounded lookups by index."""
    standing = exemplars.near(reader, subject.face, vector, ctx.pack_id, limit=EXEMPLARS)
    near = face_store.near(reader, subject.face, vector, ctx.pack_id, limit=NEIGHBOURS)
    heard = [Neighbour(n.person, n.distance, n.face, n.quality, n.taken, exemplar=True) for n in standing]
    heard += [
        Neighbour(n.person, n.distance, n.face, n.quality, n.taken) for n in near if n.person is not None
    ]
    met = store.met(reader, {one.person for one in heard})
    wanted = {person for person, one in met.items() if unnamed or one.name is not None}
    voices = [one for one in heard if one.person in wanted]
    return Evidence(subject, voices, {key: met[key] for key in wanted})


def proposed(face: int, one: Candidate) -> Proposed:
    """A candidate as it is asked about."""
    return Proposed(face, one.person, round(one.confidence, 6), round(one.distance, 6), reason(one))


def reason(one: Candidate) -> dict[str, Any]:
    """What speaks for a candidate, for people: the faces that voted, and who is next."""
    return {
        "voters": [
            {"face": vote.face, "distance": round(vote.distance, 4), "exemplar": vote.exemplar}
            for vote in one.voters
            if vote.face is not None
        ],
        "runner_up": one.runner_up,
        "runner_up_distance": None if one.runner_up_distance is None else round(one.runner_up_distance, 4),
        "other_era": one.other_era,
    }


@dataclass(frozen=True, slots=True)
class Likely:
    """A person that a face may be, with the reason. `excluded`: why not, or empty."""

    person: int
    name: str | None
    confidence: float
    distance: float
    likely: bool
    """Near enough to be asked about."""
    excluded: str
    reason: dict[str, Any]


def candidates(ctx: Context, reader: Reader, face: int, *, limit: int = 10) -> list[Likely]:
    """Who a face may be, its own person included, the likeliest first; also who it cannot be. NotFound."""
    subject = store.subject(reader, face, ctx.pack_id)
    if subject.vector is None:
        return []
    seen = evidence(ctx, reader, subject, subject.vector, unnamed=True)
    everybody = matching.ranked(
        seen.neighbours, ctx.pack.thresholds, subject=seen.subject.known, births=births(seen.met.values())
    )
    reach = matching.strictness(seen.subject.known) * ctx.pack.thresholds.suggest
    return [_likely(seen, one, reach) for one in everybody[:limit]]


def _likely(seen: Evidence, one: Candidate, reach: float) -> Likely:
    met = seen.met[one.person]
    why = _why_not(seen, one.person)
    near = one.distance <= reach and not why
    return Likely(one.person, met.name, one.confidence, one.distance, near, why, reason(one))


def _why_not(seen: Evidence, person: int) -> str:
    if person in seen.subject.rejected:
        return "rejected"
    if person in seen.subject.beside:
        return "same_photo"
    return "before_birth" if person in seen.impossible() else ""


def auto(ctx: Context) -> bool:
    """Whether machines may say by themselves who a face is."""
    with ctx.database.read() as reader:
        return store.auto(reader)


def set_auto(ctx: Context, auto: bool) -> bool:
    """Let machines say who a face is where that is clear, or let them only ask. Outlives restarts."""
    with ctx.database.write("user") as writer:
        store.set_auto(writer, auto)
        said = store.auto(writer)
    ctx.wake()
    return said
