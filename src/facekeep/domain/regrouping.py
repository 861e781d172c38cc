"""The grouping of a whole library anew, which keeps what a user touched and, where it can, who is who."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facekeep.domain.agglomeration import NOWHERE, Flags
from facekeep.domain.library_grouping import LONE, Faces, group_library
from facekeep.domain.likeness import Likeness
from facekeep.domain.neighbours import Ids, silent


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """How faces are grouped now."""

    group: Ids
    """The id of each face's person, LONE for none."""
    kept: Flags
    """Faces that stay where they are: a user put or confirmed them there, or the person has a name."""
    closed: frozenset[int]
    """People who take in no face by grouping: the named ones."""
    rejected: Ids
    """(face, person) that a user said is not so, shape (m, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Regrouped:
    """The groups there will be, numbered from 0, and who they are."""

    group: Ids
    """The group of each face, LONE for none."""
    identity: list[int | None]
    """Of each group the person that it stays; None for one that is new and needs an id never used before."""
    successor: dict[int, int]
    """For each person of the past whom no group stays: the group that has most of their faces, if any has."""


def regroup(
    faces: Faces,
    past: Past,
    likeness: Likeness,
    *,
    seed: int = 0,
    threads: int = 1,
    tick: Callable[[], None] = silent,
) -> Regrouped:
    """Group everything again but what is kept; give each group the id of the past that most of it had.

    An id is given once, and never to a group with a face that was rejected for it. Those of kept faces stay
    theirs. `tick` is called now and then, from any thread; what it raises ends it. Raises ValueError where a
    vector is not finite.
    """
    closed = past.kept & np.isin(past.group, np.array(sorted(past.closed), dtype=np.int64))
    rest = np.flatnonzero(~closed)
    held = np.where(past.kept, past.group, LONE)[rest]
    apart = _against_kept(past, rest, held)
    group = np.full(len(faces), LONE)
    # Not copied where all take part: of a million, vectors are a gigabyte.
    some = faces if len(rest) == len(faces) else faces.some(rest)
    group[rest] = group_library(some, likeness, held=held, apart=apart, seed=seed, threads=threads, tick=tick)
    opened = int(group.max(initial=LONE)) + 1
    people, place = np.unique(past.group[closed], return_inverse=True)
    group[closed] = opened + place
    identity = _identities(group, past, opened) + [int(person) for person in people]
    return Regrouped(group, identity, _successors(group, past, identity))


def _against_kept(past: Past, rest: Ids, held: Ids) -> Ids:
    """Rejections of people who have kept faces: the face is apart from one of those, so from all."""
    kept: dict[int, int] = {}
    for index in np.flatnonzero(held != LONE).tolist():
        kept.setdefault(int(held[index]), index)
    place = {int(face): index for index, face in enumerate(rest.tolist())}
    pairs = [
        (place[face], kept[person])
        for face, person in past.rejected.tolist()
        if face in place and person in kept
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2) if pairs else NOWHERE


def _identities(group: Ids, past: Past, count: int) -> list[int | None]:
    """Kept faces decide; then the largest overlaps, each person and each group once."""
    identity: list[int | None] = [None] * count
    inside = (group != LONE) & (group < count) & (past.group != LONE)
    for index in np.flatnonzero(inside & past.kept).tolist():
        identity[int(group[index])] = int(past.group[index])
    gone = {person for person in identity if person is not None} | set(past.closed)
    refused = {(int(group[face]), person) for face, person in past.rejected.tolist()}
    for (at, person), _ in _overlaps(group[inside], past.group[inside]):
        if identity[at] is None and person not in gone and (at, person) not in refused:
            identity[at] = person
            gone.add(person)
    return identity


def _overlaps(group: Ids, person: Ids) -> list[tuple[tuple[int, int], int]]:
    """((group, person), faces they have in common), most first, then the older person."""
    counted = Counter(zip(group.tolist(), person.tolist(), strict=True))
    return sorted(counted.items(), key=lambda item: (-item[1], item[0][1], item[0][0]))


def _successors(group: Ids, past: Past, identity: list[int | None]) -> dict[int, int]:
    staying = {person for person in identity if person is not None}
    inside = (group != LONE) & (past.group != LONE)
    found: dict[int, int] = {}
    for (at, person), _ in _overlaps(group[inside], past.group[inside]):
        if person not in staying:
            found.setdefault(person, at)
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """What a regrouping would change, in people who are not named."""

    stay: int
    """Keep exactly the faces that they have."""
    change: int
    """Gain or lose some."""
    new: int
    gone: int
    moved: int
    """Faces that change whose they are, or become somebody's or nobody's."""


def difference(past: Past, after: Regrouped) -> Difference:
    """Compare; people whose faces are all kept and who gain none stay."""
    moved = moving(past, after)
    new = np.array([person is None for person in after.identity], dtype=bool)
    to, of = after.group[moved], past.group[moved]
    person = np.array([LONE if one is None else one for one in after.identity], dtype=np.int64)
    touched = set(of[of != LONE].tolist()) | set(person[to[to != LONE]].tolist()) - {LONE}
    before = set(past.group[past.group != LONE].tolist()) - set(past.closed)
    gone = before - {one for one in after.identity if one is not None}
    return Difference(
        stay=len(before - touched),
        change=len((before & touched) - gone),
        new=int(new.sum()),
        gone=len(gone),
        moved=len(moved),
    )


def moving(past: Past, after: Regrouped) -> Ids:
    """Faces, by their index, that will be somebody else's than they are."""
    person = np.array([LONE if one is None else one for one in after.identity], dtype=np.int64)
    inside = after.group != LONE
    fresh = np.array([one is None for one in after.identity], dtype=bool)
    to = np.full(len(after.group), LONE)
    to[inside] = person[after.group[inside]]
    different = to != past.group
    different[inside] |= fresh[after.group[inside]]
    return np.asarray(np.flatnonzero(different & ~past.kept))
