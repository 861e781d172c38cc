"""The same photo looked at again: which of the new faces are which of the old."""

from collections.abc import Collection, Sequence

import numpy as np

from facekeep.domain.faces import Box, Vector
from facekeep.domain.geometry import Array, Matrix, iou
from facekeep.domain.packs import Thresholds

SAME_FACE_IOU = 0.5
"""Intersection over union at which two boxes are one face; the usual figure, and Immich's."""

FORGOTTEN_IOU = 0.3
"""From there on a face found where one was forgotten is that one: another detector's boxes are not the same.
Boxes of neighbours in a crowd share less."""

STRANGER = 1.2
"""Times the distance of `same`: beyond it a face in the same place is somebody else's, the picture another.

Of 32 faces edited in nine ways (scaled, cropped, turned, blurred, brightened, mirrored, grey, saved anew) the
distance to their old selves was 0.66 at most where found upright, with same = 0.6.
"""


FIRM_IOU = 0.3
"""What is enough where a user has spoken: a drawn box may be nearly twice as wide as the detector's."""


def pair_faces(
    old: Sequence[tuple[Box, Vector | None]],
    new: Sequence[tuple[Box, Vector]],
    thresholds: Thresholds,
    *,
    firm: Collection[int] = (),
) -> dict[int, int]:
    """For each new face that is an old one: its index → the old one's. One to one.

    First by overlap of boxes, best first, unless the vectors say that it is somebody else; then, for a
    picture that was cropped or turned, by likeness, nearest first. An old face without a vector (drawn by
    hand) is told by its box alone. Different faces of one photo were never nearer than 0.63 on real photos.

    `firm`: indices of old faces of which a user said something that holds for their place, such as that there
    is no face: what overlaps one of these, and no other better, is that one, however it looks.
    """
    if not old or not new:
        return {}
    overlaps = iou(_corners([box for box, _ in old]), _corners([box for box, _ in new]))
    distances = _distances([vector for _, vector in old], [vector for _, vector in new])
    strangers = distances > STRANGER * thresholds.same
    strangers[list(firm)] = False
    overlaps[strangers] = -1.0
    pairs = _best_first(overlaps, SAME_FACE_IOU, {})
    loose = np.full_like(overlaps, -1.0)
    loose[list(firm)] = overlaps[list(firm)]
    pairs = _best_first(loose, FIRM_IOU, pairs)
    return _best_first(-np.nan_to_num(distances, nan=np.inf), -thresholds.match, pairs)


def pair_boxes(old: Sequence[Box], new: Sequence[Box], *, least: float = SAME_FACE_IOU) -> dict[int, int]:
    """For each new box that is an old one: its index → the old one's. One to one, best overlap first."""
    if not old or not new:
        return {}
    return _best_first(iou(_corners(old), _corners(new)), least, {})


def overlapping(boxes: Sequence[Box], forgotten: Sequence[Box]) -> list[int]:
    """Indices of the boxes that lie where somebody was forgotten."""
    if not boxes or not forgotten:
        return []
    most = iou(_corners(boxes), _corners(forgotten)).max(axis=1)
    return [int(j) for j in np.flatnonzero(most >= FORGOTTEN_IOU)]


def apart(box: Box, taken: Collection[Box]) -> Box:
    """The box, made narrower by the least step while another face has the very same one."""
    while box in taken:
        box = Box(box.x, box.y, float(np.nextafter(box.width, 0.0)), box.height)
    return box


def _best_first(likeness: Array, least: float, pairs: dict[int, int]) -> dict[int, int]:
    """Greedy: the most alike first, among those that have no pair yet."""
    likeness = likeness.copy()
    likeness[list(pairs.values()), :] = -np.inf
    likeness[:, list(pairs)] = -np.inf
    found = dict(pairs)
    while likeness.max() >= least:
        i, j = np.unravel_index(int(likeness.argmax()), likeness.shape)
        found[int(j)] = int(i)
        likeness[i, :] = likeness[:, j] = -np.inf
    return found


def _distances(old: Sequence[Vector | None], new: Sequence[Vector]) -> Matrix:
    """Euclidean; NaN in the row of an old face without a vector."""
    unknown = np.full(len(new[0]), np.nan)
    one = np.array([unknown if vector is None else vector for vector in old], dtype=np.float64)
    other = np.array(new, dtype=np.float64)
    return np.asarray(np.linalg.norm(one[:, None] - other[None], axis=2))


def _corners(boxes: Sequence[Box]) -> Array:
    return np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes], dtype=np.float64)
