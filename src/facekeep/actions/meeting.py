"""Who is met near some new faces: the faces and people that take part when they are grouped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facekeep.actions.context import Context
from facekeep.domain.growth import Known
from facekeep.domain.library_grouping import CLEAR, SETTLED, Faces, summed_up
from facekeep.domain.likeness import Library
from facekeep.domain.neighbours import Ids
from facekeep.domain.pack_likeness import likeness_of
from facekeep.store import faces as face_store
from facekeep.store import grouping as store
from facekeep.store.database import Writer
from facekeep.store.faces import VectorRow
from facekeep.store.grouping import Crowd

NEIGHBOURS = 24
"""How many near faces of each new one are met; linkage needs the near part of a group, not all."""

REACH = 1.5
"""Times the distance usual within a person: farther faces are not met, though their means may be near."""

GROWN = 10
"""The library is counted anew when a part of it, one of so many, has been added."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """New and lone faces, and the people near them; `apart` are pairs of them by their indexes."""

    rows: Sequence[VectorRow]
    crowds: Sequence[Crowd]
    faces: Faces
    known: Known
    apart: Ids


def meet(ctx: Context, writer: Writer, new: Sequence[VectorRow]) -> Pool:
    """The new faces with the lone faces, which are held, and the people near them."""
    likeness = likeness_of(ctx.pack)
    near = store.near(
        writer,
        [row.face for row in new],
        ctx.pack_id,
        dimensions=ctx.pack.dimensions,
        reach=REACH * likeness.within**0.5,
        limit=NEIGHBOURS,
    )
    people = sorted({one.person for one in near if one.person is not None})
    clear = {
        one.face for one in near if one.person is None and one.quality is not None and one.quality >= CLEAR
    }
    lone = face_store.lone(writer, sorted(clear - {row.face for row in new}), ctx.pack_id)
    rows = [*new, *lone]
    return _pool(writer, rows, store.crowds(writer, people, ctx.pack_id), ctx.pack.dimensions)


def _pool(writer: Writer, rows: Sequence[VectorRow], crowds: Sequence[Crowd], dimensions: int) -> Pool:
    faces, people = [row.face for row in rows], [crowd.person for crowd in crowds]
    photos = {row.photo for row in rows}
    there: dict[int, set[int]] = {person: set() for person in people}
    for person, photo in store.presence(writer, people, sorted(photos)):
        there[person].add(photo)
    known = known_of(crowds, [frozenset(there[person]) for person in people], dimensions)
    refused = face_store.rejections(writer, faces) | store.unborn(writer, people, faces)
    at_face = {face: at for at, face in enumerate(faces)}
    at_person = {person: at for at, person in enumerate(people)}
    apart = [(at_face[f], at_person[p]) for f, p in sorted(refused) if p in at_person]
    return Pool(rows, crowds, _faces(rows, dimensions), known, np.array(apart, dtype=np.int64).reshape(-1, 2))


def _faces(rows: Sequence[VectorRow], dimensions: int) -> Faces:
    vectors = [row.vector for row in rows]
    return Faces(
        np.array(vectors, dtype=np.float32).reshape(-1, dimensions),
        np.array([row.photo for row in rows], dtype=np.int64),
        store.numbers([row.quality for row in rows]),
    )


def known_of(crowds: Sequence[Crowd], photos: Sequence[frozenset[int]], dimensions: int) -> Known:
    """People for grouping, who are in those photos. Of a sample, the weight is that of all."""
    some = Faces(
        np.concatenate([np.zeros((0, dimensions), np.float32), *(crowd.vectors for crowd in crowds)]),
        np.concatenate([np.zeros(0, np.int64), *(crowd.photos for crowd in crowds)]),
        np.concatenate([np.zeros(0), *(crowd.qualities for crowd in crowds)]),
    )
    sizes = np.array([len(crowd.photos) for crowd in crowds], dtype=np.int64)
    nodes = summed_up(some.vectors, some.weight, np.repeat(np.arange(len(crowds)), sizes))
    counts = np.array([crowd.faces for crowd in crowds], dtype=np.float64)
    weight = nodes.weight * counts / np.maximum(sizes, 1)
    closed = np.array([crowd.closed for crowd in crowds], dtype=bool)
    return Known(nodes.mean, weight, nodes.scatter, photos, closed)


def surroundings(ctx: Context, writer: Writer, more: int) -> Library:
    """The library with so many new faces; counted anew where it has grown much since it was."""
    found = store.surroundings(writer, ctx.pack_id)
    if GROWN * (found.added + more) >= found.faces:
        found = store.count_surroundings(writer, ctx.pack_id, clear=CLEAR, least=SETTLED)
    else:
        store.note_added(writer, ctx.pack_id, more)
    return Library(found.faces + found.added, found.centre)
