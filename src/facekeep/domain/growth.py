"""New faces among groups that exist: what they join, what they found. Nobody who is in a group moves.

The cost is that of the faces and groups given, which should be those near the new faces, not the library.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facekeep.domain.agglomeration import NOWHERE, Doubles, Flags, Nodes, agglomerate
from facekeep.domain.library_grouping import LONE, REACH, Faces, in_one_photo, joined, with_poor
from facekeep.domain.likeness import Library, Likeness
from facekeep.domain.neighbours import Ids, near_pairs


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Groups that exist, as their statistics: see `summed_up` of library_grouping."""

    mean: npt.NDArray[np.floating]
    """Weighted mean of the faces of each, shape (k, d)."""
    weight: Doubles
    scatter: Doubles
    """Weighted mean squared distance of its faces from the mean."""
    photos: Sequence[frozenset[int]]
    """The photos that each is in."""
    named: Flags
    """Whose faces only their user may add to: they are proposed, never joined."""

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def nodes(self) -> Nodes:
        """For linkage: none of them joins another."""
        return Nodes(self.mean, self.weight, self.scatter, np.ones(len(self), dtype=bool))


@dataclass(frozen=True, slots=True)
class Growth:
    """What becomes of faces, by their index among those given. Who is not mentioned stays alone."""

    joined: dict[int, int]
    """Face → the known group that it joins."""
    proposed: dict[int, int]
    """Face → the named person to whom it would belong, for its user to say."""
    founded: list[list[int]]
    """The faces of each new group, rising; the groups by their first face."""


def grow(
    faces: Faces, known: Known, likeness: Likeness, library: Library, *, apart: Ids = NOWHERE, seed: int = 0
) -> Growth:
    """Place faces that are in no group: new ones, and the lone ones near them.

    `library` is the whole library, with the new faces. `apart`, shape (m, 2), pairs a face
    with a known group that it is not: a rejection. Faces of one photo do not come together, nor a face with
    a group that is in its photo. Raises ValueError where a vector is not finite.
    """
    clear = np.flatnonzero(faces.clear)
    nodes = joined(known.nodes, Nodes.free(faces.vectors[clear].astype(np.float32), faces.weight[clear]))
    pairs = near_pairs(nodes.mean, REACH * likeness.within**0.5, seed=seed)
    refused = np.concatenate([_already_there(faces.photo, known), apart])
    separate = np.concatenate(
        [_of_faces(faces.photo, clear, len(known)), _of_groups(refused, clear, len(known))]
    )
    groups, place = agglomerate(nodes, pairs, separate, likeness, library)
    group = np.full(len(faces), LONE)
    group[clear] = place[len(known) :]
    of_known = place[: len(known)]
    against = np.stack([refused[:, 0], of_known[refused[:, 1]]], axis=1)
    group = with_poor(faces, group, groups, likeness, library, against=against)
    return _told(group, of_known, known.named)


def grown(faces: Faces, known: Known, growth: Growth) -> Known:
    """The groups after it: those that were known, with what joined them, then those founded."""
    into = list(growth.joined.items())
    into += [(face, len(known) + at) for at, some in enumerate(growth.founded) for face in some]
    which = np.array([face for face, _ in into], dtype=np.int64)
    place = np.array([at for _, at in into], dtype=np.int64)
    count = len(known) + len(growth.founded)
    sums, squares, total = _sums(faces, which, place, count)
    sums[: len(known)] += known.mean * known.weight[:, None]
    squares[: len(known)] += known.weight * (known.scatter + np.square(known.mean).sum(axis=1))
    total[: len(known)] += known.weight
    mean = sums / total[:, None]
    scatter = np.maximum(squares / total - np.square(mean).sum(axis=1), 0.0)
    photos = [*map(set, known.photos), *(set() for _ in growth.founded)]
    for face, at in into:
        photos[at].add(int(faces.photo[face]))
    named = np.append(known.named, np.zeros(len(growth.founded), dtype=bool))
    return Known(mean.astype(np.float32), total, scatter, [frozenset(some) for some in photos], named)


def _sums(faces: Faces, which: Ids, place: Ids, count: int) -> tuple[Doubles, Doubles, Doubles]:
    """Weighted sums of vectors and of their squared norms, and the weights, of each of so many groups."""
    vectors, weight = faces.vectors[which].astype(np.float64), faces.weight[which]
    sums = np.zeros((count, faces.vectors.shape[1]))
    np.add.at(sums, place, vectors * weight[:, None])
    squares, total = np.zeros(count), np.zeros(count)
    np.add.at(squares, place, weight * np.square(vectors).sum(axis=1))
    np.add.at(total, place, weight)
    return sums, squares, total


def _already_there(photo: Ids, known: Known) -> Ids:
    """(face, known group) where the group is in the photo of the face."""
    faces_of: dict[int, list[int]] = {}
    for face, where in enumerate(photo.tolist()):
        faces_of.setdefault(where, []).append(face)
    there = set(faces_of)
    found = [
        (face, group)
        for group, photos in enumerate(known.photos)
        for where in sorted(there & photos)
        for face in faces_of[where]
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _of_faces(photo: Ids, clear: Ids, known: int) -> Ids:
    return in_one_photo(photo[clear]) + known


def _of_groups(refused: Ids, clear: Ids, known: int) -> Ids:
    """(face, group) as pairs of nodes."""
    place = np.full(int(refused[:, 0].max(initial=-1)) + 1, LONE)
    inside = clear < len(place)
    place[clear[inside]] = known + np.flatnonzero(inside)
    node = place[refused[:, 0]]
    return np.asarray(np.stack([node, refused[:, 1]], axis=1)[node != LONE])


def _told(group: Ids, place: Ids, named: Flags) -> Growth:
    known = {int(at): index for index, at in enumerate(place.tolist())}
    together: dict[int, list[int]] = {}
    for face in np.flatnonzero(group != LONE).tolist():
        together.setdefault(int(group[face]), []).append(face)
    belongs = {face: known[at] for at, some in together.items() if at in known for face in some}
    founded = [some for at, some in together.items() if at not in known and len(some) > 1]
    return Growth(
        joined={face: at for face, at in belongs.items() if not named[at]},
        proposed={face: at for face, at in belongs.items() if named[at]},
        founded=sorted(founded),
    )
