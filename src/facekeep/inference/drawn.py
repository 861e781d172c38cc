"""A face in a box that a user drew: its points are looked for there, and guessed where none are seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

import numpy as np
from PIL import Image

from facekeep.domain.faces import AnalysedFace, Box, Detection, Landmarks, MeasuredFace, Pixels, Point
from facekeep.domain.geometry import iou, overlap_of_smaller
from facekeep.domain.packs import WORKING_LONG_SIDE

LARGEST_SIDE = 4096
"""Longer side in pixels of the photo that a face is cut from: a small face is worth a closer look, but no
photo is worth all the memory."""

FACE_SIDE = 160
"""Pixels that the box's longer side should have in the photo, where the photo has so many."""

MARGIN = 0.75
"""Of the box's longer side, added on each side: detectors want to see what is around a face."""

LEAST_FACE_SIDE, MOST_FACE_SIDE = 80, 320
"""Pixels of the box's longer side in what the detector sees."""

LEAST_OVERLAP, LEAST_INSIDE = 0.2, 0.6
"""A detection is the face that was drawn from this intersection over union on, and when of the smaller box so
much lies in the other. Users draw whole heads, or just eyes and mouth."""

GUESSED = 0.25
"""What a quality is worth when the points were guessed: below what may found a group (0.3)."""


class Models(Protocol):
    """What detects and embeds: see FaceModels."""

    def detect(self, picture: Pixels) -> list[Detection]:
        """The faces in a picture."""
        ...

    def describe(self, picture: Pixels, detections: Sequence[Detection]) -> tuple[AnalysedFace, ...]:
        """These, embedded and measured."""
        ...


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a photo: where it lies in it, in fractions."""

    x: float
    y: float
    width: float
    height: float

    def inner(self, box: Box) -> Box | None:
        """A box of the photo in fractions of this part."""
        x, y = (box.x - self.x) / self.width, (box.y - self.y) / self.height
        return Box.clipped(x, y, box.width / self.width, box.height / self.height)

    def outer(self, landmarks: Landmarks) -> Landmarks:
        """Points of this part in fractions of the photo."""
        points = landmarks.array() * [self.width, self.height] + [self.x, self.y]
        return Landmarks.from_array(points)


def working_side(width: int, height: int, boxes: Sequence[Box]) -> int:
    """The longer side in pixels that a photo of that size should have for these boxes."""
    smallest = min(max(box.width * width, box.height * height) for box in boxes)
    wanted = ceil(max(width, height) * FACE_SIDE / max(smallest, 1.0))
    return min(max(wanted, WORKING_LONG_SIDE), LARGEST_SIDE)


def measure(models: Models, picture: Pixels, boxes: Sequence[Box]) -> tuple[MeasuredFace, ...]:
    """The face in each of the boxes, in their order."""
    return tuple(_measured(models, picture, box) for box in boxes)


def _measured(models: Models, picture: Pixels, box: Box) -> MeasuredFace:
    found = _found(models, picture, box)
    if found is None:
        (face,) = models.describe(picture, [Detection(box, Landmarks.usual(box), 0.0)])
        guess = replace(face.quality, pose=0.0, overall=face.quality.overall * GUESSED)
        return MeasuredFace(face.landmarks, None, guess, face.embedding)
    (face,) = models.describe(picture, [found])
    return MeasuredFace(face.landmarks, face.score, face.quality, face.embedding)


def _found(models: Models, picture: Pixels, box: Box) -> Detection | None:
    """What the detector sees in the box, in fractions of the picture."""
    part, cut = _part(picture, box)
    wanted = cut.inner(box)
    seen = models.detect(part)
    if wanted is None or not seen:
        return None
    inside = _corners([wanted]), _corners([face.box for face in seen])
    overlaps, contained = iou(*inside)[0], overlap_of_smaller(*inside)[0]
    overlaps = np.where(contained >= LEAST_INSIDE, overlaps, 0.0)
    best = int(overlaps.argmax())
    if overlaps[best] < LEAST_OVERLAP:
        return None
    return Detection(box, cut.outer(seen[best].landmarks), seen[best].score)


def _part(picture: Pixels, box: Box) -> tuple[Pixels, Cut]:
    """The box with what is around it, at a size that suits the detector."""
    height, width = picture.shape[:2]
    longer = max(box.width * width, box.height * height, 1.0)
    centre: Point = ((box.x + box.width / 2) * width, (box.y + box.height / 2) * height)
    half = longer * (0.5 + MARGIN)
    left, right = _span(centre[0], half, width)
    top, bottom = _span(centre[1], half, height)
    part = picture[top:bottom, left:right]
    cut = Cut(left / width, top / height, (right - left) / width, (bottom - top) / height)
    scale = min(max(longer, LEAST_FACE_SIDE), MOST_FACE_SIDE) / longer
    if scale == 1.0:
        return np.ascontiguousarray(part), cut
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BICUBIC)), cut


def _span(centre: float, half: float, length: int) -> tuple[int, int]:
    """From where to where, in whole pixels inside the picture, at least one."""
    start = min(max(0, int(centre - half)), length - 1)
    return start, min(length, max(start + 1, ceil(centre + half)))


def _corners(boxes: Sequence[Box]) -> np.typing.NDArray[np.float64]:
    return np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes], dtype=np.float64)
