"""One person who may be several: the parts that a person's faces fall into, for a user to split by."""

from dataclasses import dataclass

import numpy as np

from facekeep.actions.context import Context
from facekeep.domain.agglomeration import apartness
from facekeep.domain.library_grouping import LONE, Faces, group_library, summed_up
from facekeep.domain.likeness import Library
from facekeep.domain.pack_likeness import likeness_of
from facekeep.store import details, grouping, people, whole
from facekeep.store.whole import Whole

MOST = 50_000
"""Faces of a person that are looked at: the first ones, which is far beyond anybody's."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some faces that are surely one person: how far from the largest part, and how doubtful it is that
    both are one. Doubt 1 is the limit in grouping, 0 the same mean."""

    faces: list[int]
    distance: float
    doubt: float


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts, the largest first, and faces that are like no part of their own."""

    person: int
    parts: list[Part]
    alone: list[int]


def parts_of(ctx: Context, person_id: int) -> Parts:
    """What grouping would make of one person's faces alone, as careful as in the whole library. NotFound."""
    with ctx.database.read() as reader:
        person = details.one(reader, people.follow(reader, person_id)).person
        rows = whole.of_person(reader, person, ctx.pack_id, ctx.pack.dimensions, MOST)
        around = grouping.surroundings(reader, ctx.pack_id)
    library = Library(max(around.faces + around.added, len(rows)), around.centre)
    return Parts(person, *_parted(ctx, rows, library))


def _parted(ctx: Context, rows: Whole, library: Library) -> tuple[list[Part], list[int]]:
    faces = Faces(rows.vectors.astype(np.float32), rows.photo, rows.quality)
    group = group_library(faces, likeness_of(ctx.pack), library=library)
    if (group == LONE).all():
        return [], rows.face.tolist()
    inside = np.flatnonzero(group != LONE)
    order = np.argsort(-np.bincount(group[inside]), kind="stable")
    place = np.argsort(order)[group[inside]]
    nodes = summed_up(faces.vectors[inside], faces.weight[inside], place)
    first, others = np.zeros(len(nodes), dtype=np.int64), np.arange(len(nodes))
    likeness = likeness_of(ctx.pack)
    limit = likeness.limit(nodes.weight[first], nodes.weight, library)
    doubt = apartness(nodes, first, others, likeness) / limit
    away = np.sqrt(np.square(nodes.mean - nodes.mean[0]).sum(axis=1))
    parts = [
        Part(rows.face[inside[place == at]].tolist(), float(away[at]), float(doubt[at]) if at else 0.0)
        for at in range(len(nodes))
    ]
    return parts, rows.face[group == LONE].tolist()
