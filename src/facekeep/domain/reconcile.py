"""The same photo looked at again: which of the new faces are which of the old."""

from collections.abc import Sequence

import numpy as np

from facekeep.domain.faces import Box
from facekeep.domain.geometry import Array, iou

SAME_FACE_IOU = 0.5
"""Intersection over union at which two boxes are one face; the usual figure, and Immich's."""


def pair_boxes(old: Sequence[Box], new: Sequence[Box], *, least: float = SAME_FACE_IOU) -> dict[int, int]:
    """For each new box that is an old one: its index → the old one's. Best overlaps first, one to one."""
    if not old or not new:
        return {}
    overlaps = iou(_corners(old), _corners(new))
    pairs: dict[int, int] = {}
    while overlaps.max() >= least:
        i, j = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
        pairs[int(j)] = int(i)
        overlaps[i, :] = overlaps[:, j] = -1.0
    return pairs


def _corners(boxes: Sequence[Box]) -> Array:
    return np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes], dtype=np.float64)
