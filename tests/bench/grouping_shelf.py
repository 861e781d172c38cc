"""A library of faces kept in memory, to add to: what the database does for the program, done plainly.

Looking up what is near a new face is an exact scan here; the database has an index for it.
"""

from dataclasses import dataclass, field

import numpy as np

from facekeep.domain.growth import Growth, Known, grow
from facekeep.domain.library_grouping import CLEAR, LONE, Faces, summed_up
from facekeep.domain.likeness import Likeness
from facekeep.domain.neighbours import Ids

NEAREST = 12
"""Groups and lone faces that are met for each new face."""


@dataclass(slots=True, eq=False)
class Shelf:
    """Faces, and the group of each by an id that is never used again."""

    likeness: Likeness
    faces: Faces
    group: Ids
    named: set[int] = field(default_factory=set)
    _next: int = 0
    _sizes: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._next = max(self._next, int(self.group.max(initial=LONE)) + 1)
        for face in np.flatnonzero(self.group != LONE).tolist():
            self._sizes.setdefault(int(self.group[face]), []).append(face)

    def add(self, new: Faces) -> Growth:
        """Group the new faces among those there."""
        groups, lone = self._near(new)
        met = _chosen(self.faces, lone)
        some = Faces(*(np.concatenate(pair) for pair in zip(_parts(new), _parts(met), strict=True)))
        grown = grow(some, self.known(groups), self.likeness, len(self.faces) + len(new))
        self._write(new, np.concatenate([len(self.faces) + np.arange(len(new)), lone]), groups, grown)
        return grown

    def known(self, groups: list[int]) -> Known:
        """Those groups, from their members."""
        members = [np.array(self._sizes[group]) for group in groups]
        which = np.concatenate(members) if members else np.zeros(0, dtype=np.int64)
        place = np.repeat(np.arange(len(groups)), [len(some) for some in members])
        nodes = summed_up(self.faces.vectors[which], self.faces.weight[which], place)
        photos = [frozenset(self.faces.photo[some].tolist()) for some in members]
        named = np.array([group in self.named for group in groups], dtype=bool)
        return Known(nodes.mean, nodes.weight, nodes.scatter, photos, named)

    def _near(self, new: Faces) -> tuple[list[int], Ids]:
        """Groups and lone faces that have a face among the nearest of a new one."""
        squares = np.square(self.faces.vectors).sum(axis=1)
        found: set[int] = set()
        for start in range(0, len(new) if len(self.faces) else 0, 256):
            asked = new.vectors[start : start + 256]
            squared = squares - 2 * asked @ self.faces.vectors.T
            width = min(NEAREST, len(self.faces))
            found.update(np.argpartition(squared, width - 1, axis=1)[:, :width].ravel().tolist())
        near = np.array(sorted(found), dtype=np.int64)
        group = self.group[near]
        lone = near[(group == LONE) & (self.faces.quality[near] >= CLEAR)]
        return sorted({int(one) for one in group[group != LONE]}), lone

    def _write(self, new: Faces, which: Ids, groups: list[int], grown: Growth) -> None:
        self.faces = Faces(
            *(np.concatenate(pair) for pair in zip(_parts(self.faces), _parts(new), strict=True))
        )
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
        self._sizes.setdefault(group, []).append(face)


def empty(likeness: Likeness, dimensions: int) -> Shelf:
    """Without any face."""
    nothing = np.zeros(0, dtype=np.int64)
    faces = Faces(np.zeros((0, dimensions), dtype=np.float32), nothing, np.zeros(0))
    return Shelf(likeness, faces, nothing)


def _parts(faces: Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return faces.vectors, faces.photo, faces.quality


def _chosen(faces: Faces, which: Ids) -> Faces:
    return Faces(faces.vectors[which], faces.photo[which], faces.quality[which])
