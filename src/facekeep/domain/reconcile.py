"""The same photo looked at again: which of the new faces are which of the old."""

from collections.abc import Sequence

from facekeep.domain.faces import Box
from facekeep.domain.geometry import iou

SAME_FACE_IOU = 0.5
"""Intersection over union at which two boxes are one face; the usual figure, and Immich's."""


def pair_boxes(old: Sequence[Box], new: Sequence[Box], *, least: float = SAME_FACE_IOU) -> dict[int, int]:
    """For each new box that is an old one: its index → the old one's. Best overlaps first, one to one."""
    overlaps = [(iou(a, b), i, j) for i, a in enumerate(old) for j, b in enumerate(new)]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, i, j in sorted(overlaps, key=lambda found: -found[0]):
        if overlap < least:
            break
        if i not in taken and j not in pairs:
            pairs[j] = i
            taken.add(i)
    return pairs
