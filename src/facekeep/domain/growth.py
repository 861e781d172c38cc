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
