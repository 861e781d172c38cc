"""A library of faces kept in memory, to add to: what the database does for the program, done plainly.

Looking up what is near a new face is an exact scan here; the database has an index for it.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from facekeep.domain.growth import Growth, Known, grow
from facekeep.domain.library_grouping import CLEAR, LONE, Faces, library_of, summed_up
from facekeep.domain.likeness import Library, Likeness
from facekeep.domain.neighbours import Ids, Vectors

NEAREST = 12
"""Groups and lone faces that are met for each new face."""


ASKED = 64
"""New faces that are looked up at once."""


@dataclass(slots=True, eq=False)
class Shelf:
    """Faces, and the group of each by an id that is never used again."""

    likeness: Likeness
    faces: Faces
    group: Ids
    named: set[int] = field(default_factory=set)
    seconds: float = 0.0
    """How long the last addition took, without looking up and writing down: what grouping itself costs."""
    _middle: Vectors | None = None
    _next: int = 0
    _members: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._next = max(self._next, int(self.group.max(initial=LONE)) + 1)
        for face in np.flatnonzero(self.group != LONE).tolist():
            self._members.setdefault(int(self.group[face]), []).append(face)

    def add(self, new: Faces) -> Growth:
        """Group the new faces among those there."""
        groups, lone = self._near(new)
        some = new.followed_by(self.faces.some(lone))
        known, start = self.known(groups), time.perf_counter()
        grown = grow(some, known, self.likeness, self._library(len(new)))
        self.seconds = time.perf_counter() - start
        self._write(new, np.concatenate([len(self.faces) + np.arange(len(new)), lone]), groups, grown)
        return grown

    def known(self, groups: list[int]) -> Known:
        """Those groups, from their members."""
        members = [np.array(self._members[group]) for group in groups]
        which = np.concatenate(members) if members else np.zeros(0, dtype=np.int64)
        place = np.repeat(np.arange(len(groups)), [len(some) for some in members])
        nodes = summed_up(self.faces.vectors[which], self.faces.weight[which], place)
        photos = [frozenset(self.faces.photo[some].tolist()) for some in members]
        named = np.array([group in self.named for group in groups], dtype=bool)
        return Known(nodes.mean, nodes.weight, nodes.scatter, photos, named)

    def _library(self, more: int) -> Library:
        """With so many new faces; its middle hardly moves, and is looked for until it is found."""
        if self._middle is None:
            self._middle = library_of(self.faces).centre
        return Library(len(self.faces) + more, self._middle)

    def _near(self, new: Faces) -> tuple[list[int], Ids]:
        """Groups and lone faces that have a face among the nearest of a new one."""
        there = self.faces.vectors
        squares = np.einsum("ij,ij->i", there, there, dtype=np.float32)
        found: set[int] = set()
        for start in range(0, len(new) if len(self.faces) else 0, ASKED):
            squared = squares - 2 * new.vectors[start : start + ASKED] @ there.T
            width = min(NEAREST, len(self.faces))
            found.update(np.argpartition(squared, width - 1, axis=1)[:, :width].ravel().tolist())
        near = np.array(sorted(found), dtype=np.int64)
        group = self.group[near]
        lone = near[(group == LONE) & (self.faces.quality[near] >= CLEAR)]
        return sorted({int(one) for one in group[group != LONE]}), lone

    def _write(self, new: Faces, which: Ids, groups: list[int], grown: Growth) -> None:
        self.faces = self.faces.followed_by(new)
        self.group = np.concatenate([self.group, np.full(len(new), LONE)])
        for face, index in grown.joined.items():
            self._put(int(which[face]), groups[index])
        for together in grown.founded:
            for face in together:
                self._put(int(which[face]), self._next)
            self._next += 1

    def _put(self, face: int, group: int) -> None:
        if self.group[face] != LONE:
            raise AssertionError("a grouped face was moved")
        self.group[face] = group
        self._members.setdefault(group, []).append(face)


def empty(likeness: Likeness, dimensions: int) -> Shelf:
    """Without any face."""
    nothing = np.zeros(0, dtype=np.int64)
    faces = Faces(np.zeros((0, dimensions), dtype=np.float32), nothing, np.zeros(0))
    return Shelf(likeness, faces, nothing)
