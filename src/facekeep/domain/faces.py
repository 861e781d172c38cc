"""Faces in a photo: where they are, how good they are, and the vector that stands for them.

Coordinates are fractions of the upright photo (after EXIF orientation): x to the right, y down, 0 to 1.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
"""An embedding of one face: shape (d,), float32."""

Pixels = npt.NDArray[np.uint8]
"""An upright picture: shape (height, width, 3), RGB, sRGB, 0 to 255."""

Point = tuple[float, float]
"""x, y as fractions of the upright photo. Landmarks may lie slightly outside it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle inside the upright photo, in fractions. Never empty, never outside the frame."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        across = 0.0 <= self.x < self.x + self.width <= 1.0
        down = 0.0 <= self.y < self.y + self.height <= 1.0
        if not (across and down):
            raise ValueError(f"box outside the frame or of no area: {self}")

    @classmethod
    def clipped(cls, x: float, y: float, width: float, height: float) -> Self | None:
        """The part of a rectangle that lies in the frame; None when there is none."""
        left, top = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        right, bottom = min(max(x + width, 0.0), 1.0), min(max(y + height, 0.0), 1.0)
        # The sum x + width may round to just above 1; shrink by one step rather than store a box outside.
        w, h = _not_past_one(left, right - left), _not_past_one(top, bottom - top)
        return cls(left, top, w, h) if w > 0.0 and h > 0.0 else None

    def pixels(self, width: int, height: int) -> "PixelBox":
        """This box in whole pixels of an upright photo of that size, at least one pixel large."""
        left, top = int(self.x * width), int(self.y * height)
        right = max(left + 1, round((self.x + self.width) * width))
        bottom = max(top + 1, round((self.y + self.height) * height))
        return PixelBox(left, top, right - left, bottom - top)

    @property
    def area(self) -> float:
        return self.width * self.height


def _not_past_one(start: float, length: float) -> float:
    while start + length > 1.0 and length > 0.0:
        length = float(np.nextafter(length, 0.0))
    return length


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle in whole pixels of the upright photo."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points as seen in the image: left eye, right eye, nose tip, left and right mouth corner."""

    left_eye: Point
    right_eye: Point
    nose: Point
    left_mouth: Point
    right_mouth: Point

    @classmethod
    def from_array(cls, points: npt.ArrayLike) -> Self:
        """From shape (5, 2), x and y, in the order above."""
        array = np.asarray(points, dtype=np.float64)
        if array.shape != (5, 2):
            raise ValueError(f"landmarks need shape (5, 2), not {array.shape}")
        return cls(*((float(x), float(y)) for x, y in array))

    def array(self) -> npt.NDArray[np.float64]:
        """Shape (5, 2), in the order above."""
        return np.array(
            [self.left_eye, self.right_eye, self.nose, self.left_mouth, self.right_mouth], dtype=np.float64
        )


# Medians over the 138 faces that the bundled detector finds on the photos of docs/models.md.
_TYPICAL = ((0.271, 0.393), (0.743, 0.385), (0.511, 0.594), (0.296, 0.748), (0.731, 0.742))


def typical_landmarks(box: Box) -> Landmarks:
    """Where the five points of a face most often are in its box, for a face whose points are not known."""
    points = ((box.x + x * box.width, box.y + y * box.height) for x, y in _TYPICAL)
    return Landmarks(*points)


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a face can be recognised; each part and the whole from 0 (useless) to 1 (ideal)."""

    size: float
    sharpness: float
    pose: float
    exposure: float
    overall: float


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that a detector found, not yet embedded."""

    box: Box
    landmarks: Landmarks
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFace:
    """A detected face with all that was measured on it."""

    box: Box
    landmarks: Landmarks
    score: float
    quality: Quality
    embedding: Vector


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What decoding tells about a photo. Width and height in pixels of the upright photo at full size."""

    width: int
    height: int
    media_type: str
    taken_at: str | None = None
    """ISO 8601 local date and time from the camera, when it says."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoAnalysis:
    """The outcome of looking at a photo. No faces is an answer; not being able to look is a PhotoFault."""

    facts: PhotoFacts
    pack: str
    """Name and version of the model pack, such as `bundled-1`."""
    faces: tuple[AnalysedFace, ...]
    long_side: int
    """Longer side in pixels of the picture that was looked at."""
