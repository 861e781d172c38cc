"""Finding more of a person: unassigned faces near its exemplars, or near chosen faces, as suggestions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facekeep.actions.context import Context
from facekeep.actions.exemplars import sources
from facekeep.actions.matching import Evidence, births, evidence, proposed
from facekeep.domain import matching
from facekeep.domain.errors import UsageError
from facekeep.domain.faces import Vector
from facekeep.domain.matching import Candidate, Neighbour
from facekeep.store import details, people, suggestions
from facekeep.store import faces as face_store
from facekeep.store import matching as store
from facekeep.store.database import Reader, Writer, tried_again
from facekeep.store.suggestions import Proposed

MAX_FROM = 50
"""So many faces to begin from can be named."""

MAX_FOUND = 200

SPARE = 2
"""So many times as many faces as are wanted are judged: some cannot be this person."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. `looked_at`: faces judged; `new`: questions that were not asked before."""

    person: int
    looked_at: int
    new: int
    items: list[Proposed]


@tried_again
def find_more(ctx: Context, person_id: int, faces: Sequence[int] | None = None, *, limit: int = 50) -> Found:
    """Look for unassigned faces that may be a person, and ask about the `limit` likeliest of them.

    Searched from some of its faces, or from all its exemplars. Nothing is assigned, however clear. The same
    library gives the same answer. NotFound; UsageError for faces that are not the person's.
    """
    wanted = max(1, min(limit, MAX_FOUND))
    with ctx.database.write() as writer:
        person = details.one(writer, people.follow(writer, person_id)).person
        begin = _beginning(ctx, writer, person, faces)
        near = _near(ctx, writer, begin, wanted * SPARE)
        judged = [_judged(ctx, writer, person, face, begin) for face in near]
        likely = sorted((one for one in judged if one is not None), key=_likeliest)[:wanted]
        new = suggestions.propose(writer, ctx.pack_id, likely)
    return Found(person, len(near), len(new), likely)


def _likeliest(one: Proposed) -> tuple[float, int]:
    return one.distance, one.face


def _beginning(ctx: Context, reader: Reader, person: int, faces: Sequence[int] | None) -> dict[int, Vector]:
    """The faces that the search begins from."""
    if faces is None:
        return {one.face: one.vector for one in sources(ctx, reader, person)}
    named = list(dict.fromkeys(faces))
    if not 1 <= len(named) <= MAX_FROM:
        raise UsageError(f"a search begins from 1 to {MAX_FROM} faces")
    known = store.vectors(reader, person, named, ctx.pack_id)
    strangers = [face for face in named if face not in known]
    if strangers:
        raise UsageError(f"of person {person} are not: {', '.join(map(str, strangers))}")
    return known


def _near(ctx: Context, writer: Writer, begin: dict[int, Vector], wanted: int) -> list[int]:
    """Unassigned faces near any of these, the nearest first; held, so that nobody decides about them now.

    Whoever is at one of them is waited for: a user who asks for more is told of all there is.
    """
    far: dict[int, float] = {}
    for vector in begin.values():
        reach = ctx.pack.thresholds.suggest
        for face, distance in store.unassigned_near(writer, vector, ctx.pack_id, reach=reach, wanted=wanted):
            far[face] = min(distance, far.get(face, distance))
    nearest = sorted(far, key=lambda face: (far[face], face))[:wanted]
    face_store.hold(writer, nearest)
    free = set(face_store.free(writer, nearest))
    return [face for face in nearest if face in free]


def _judged(
    ctx: Context, reader: Reader, person: int, face: int, begin: dict[int, Vector]
) -> Proposed | None:
    """A face as it is asked about; None when it is not likely, cannot be, or is rather another."""
    subject = store.subject(reader, face, ctx.pack_id)
    if subject.vector is None or person in {*subject.rejected, *subject.beside}:
        return None
    voices = _voices(subject.vector, person, begin)
    [own] = matching.ranked(voices, ctx.pack.thresholds, subject=subject.known)
    # Who else is near takes several lookups: not for a face that is too far in any case.
    if own.distance > matching.strictness(subject.known) * ctx.pack.thresholds.suggest:
        return None
    return _unopposed(ctx, evidence(ctx, reader, subject, subject.vector), person, voices)


def _unopposed(ctx: Context, seen: Evidence, person: int, voices: list[Neighbour]) -> Proposed | None:
    impossible = seen.impossible()
    if person in impossible:
        return None
    everybody = _ranked(ctx, seen, person, voices)
    one = next(one for one in everybody if one.person == person)
    others = [other for other in everybody if other.person not in {person, *impossible}]
    if others and others[0].distance < one.distance - ctx.pack.thresholds.margin:
        return None
    return proposed(seen.subject.face, one)


def _ranked(ctx: Context, seen: Evidence, person: int, voices: list[Neighbour]) -> list[Candidate]:
    """The person by the faces that the search began from alone, the others by all that is near."""
    others = [one for one in seen.neighbours if one.person != person]
    return matching.ranked(
        [*voices, *others], ctx.pack.thresholds, subject=seen.subject.known, births=births(seen.met.values())
    )


def _voices(vector: Vector, person: int, begin: dict[int, Vector]) -> list[Neighbour]:
    return [
        Neighbour(person, float(np.linalg.norm(vector - other)), face, exemplar=True)
        for face, other in begin.items()
    ]
