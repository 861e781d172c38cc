"""One person twice: whom to ask about, near what has just changed, or in the whole library.

A proposal stands until somebody answers it, or until it is looked for again and not found.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from facekeep.actions.context import Context
from facekeep.actions.placing import Placed
from facekeep.domain.errors import Conflict, FacekeepError
from facekeep.domain.growth import Known
from facekeep.domain.library_grouping import Faces, library_of, summed_up
from facekeep.domain.likeness import Library
from facekeep.domain.pack_likeness import likeness_of
from facekeep.domain.proposals import Alike, reason, same_person_twice
from facekeep.store import twice as store
from facekeep.store import whole
from facekeep.store.database import Writer, tried_again
from facekeep.store.twice import Twin
from facekeep.store.whole import NOBODY, Whole

log = logging.getLogger(__name__)

TWICE_LOCK = (4_201_003, 1)  # advisory lock: two at once would only do the same

Members = Callable[[int], npt.NDArray[np.floating]]
"""Some faces of one of those given, by its index."""


@dataclass(frozen=True, slots=True)
class Found:
    """People who were compared, pairs that are asked about, and how many are not any more."""

    people: int
    proposed: int
    withdrawn: int


def propose_near(ctx: Context, writer: Writer, placed: Placed, library: Library) -> None:
    """Of the people met near new faces, those of whom one has just been made or has grown."""
    if not placed.touched or len(placed.people) < 2:
        return
    alike = same_person_twice(placed.after, likeness_of(ctx.pack), library)
    people, touched = placed.people, placed.touched
    alike = [pair for pair in alike if touched & {people[pair.one], people[pair.other]}]
    found = _twins(ctx, people, alike, lambda at: placed.vectors[at])
    store.withdraw(writer, found, among=people, touched=touched)
    store.propose(writer, found, ctx.pack_id)


def find_twice(ctx: Context, tick: Callable[[], None] = lambda: None) -> Found:
    """Compare all people, propose those who may be one, and take back what is not so any more.

    `tick` is called now and then; what it raises ends the search, and nothing is changed. Conflict when it is
    done already, by anybody.
    """
    with ctx.database.hold(*TWICE_LOCK) as ours:
        if not ours:
            raise Conflict(
                "this is being looked for already", hint="Wait a little, then look at the proposals."
            )
        return _find(ctx, tick)


def find_afterwards(ctx: Context, tick: Callable[[], None] = lambda: None) -> None:
    """The same after something that stands whatever becomes of this."""
    try:
        find_twice(ctx, tick)
    except FacekeepError as error:
        log.warning("looking for people who are there twice: %s", error.message)


def _find(ctx: Context, tick: Callable[[], None]) -> Found:
    with ctx.database.read() as reader:
        everything = whole.read(reader, ctx.pack_id, ctx.pack.dimensions, tick)
        hidden, apart = store.hidden(reader), whole.apart(reader)
    people, faces, starts = _by_person(everything, hidden)
    alike = _alike(ctx, people, faces, starts, apart, _library(everything))
    found = _twins(ctx, people, alike, lambda at: faces.vectors[starts[at] : starts[at + 1]])
    return _write(ctx, len(people), found)


@tried_again
def _write(ctx: Context, people: int, found: Sequence[Twin]) -> Found:
    with ctx.database.write(gives_way=True) as writer:
        withdrawn = store.withdraw_all(writer, found)
        return Found(people, store.propose(writer, found, ctx.pack_id), withdrawn)


def _library(everything: Whole) -> Library:
    return library_of(Faces(everything.vectors, everything.photo, everything.quality))


def _by_person(everything: Whole, hidden: set[int]) -> tuple[list[int], Faces, list[int]]:
    """People, their faces one after the other, the best of each first, and where each begins."""
    shown = np.flatnonzero(
        (everything.person != NOBODY) & ~np.isin(everything.person, np.array(sorted(hidden), dtype=np.int64))
    )
    best = -np.nan_to_num(everything.quality[shown])
    which = shown[np.lexsort((everything.face[shown], best, everything.person[shown]))]
    people, starts = np.unique(everything.person[which], return_index=True)
    faces = Faces(everything.vectors[which], everything.photo[which], everything.quality[which])
    return people.tolist(), faces, [*starts.tolist(), len(which)]


def _alike(
    ctx: Context,
    people: list[int],
    faces: Faces,
    starts: list[int],
    apart: Sequence[tuple[int, int]],
    library: Library,
) -> list[Alike]:
    if len(people) < 2:
        return []
    place = np.repeat(np.arange(len(people)), np.diff(starts))
    nodes = summed_up(faces.vectors, faces.weight, place)
    photos = faces.photo.tolist()
    in_photos = [frozenset(photos[start:end]) for start, end in pairwise(starts)]
    known = Known(nodes.mean, nodes.weight, nodes.scatter, in_photos, np.zeros(len(people), dtype=bool))
    at = {person: index for index, person in enumerate(people)}
    refused = [(at[one], at[other]) for one, other in apart if one in at and other in at]
    return same_person_twice(known, likeness_of(ctx.pack), library, apart=refused)


def _twins(ctx: Context, people: Sequence[int], alike: Sequence[Alike], members: Members) -> list[Twin]:
    """With the reasons, by the numbers of the people."""
    found = []
    for pair in alike:
        one, other = sorted((pair.one, pair.other), key=lambda at: people[at])
        why = reason(members(one), members(other), ctx.pack.thresholds.same)
        found.append(
            Twin(
                people[one],
                people[other],
                pair.distance,
                pair.doubt,
                why.near,
                why.compared,
                why.nearest,
                max(why.mean, why.nearest),
            )
        )
    return found
