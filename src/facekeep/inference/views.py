"""Pictures as single-shot detectors take them: the picture at a few sizes, and what they found made one.

Such detectors miss faces that are much larger or smaller than those they learned from. So the picture is
shown at its own size and at a smaller one; a network of a fixed input sees the whole, and then tiles of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from facekeep.domain.faces import Box, Detection, Landmarks, Pixels
from facekeep.domain.geometry import iou, overlap_of_smaller, suppress

Floats = npt.NDArray[np.float32]

STRIDE = 32
"""Sides are filled up to whole numbers of the coarsest cells."""

SIDES = (320,)
"""Longer sides, in pixels, of the views beside the picture itself: for faces that fill it."""

LEAST_SIDE = 10
"""Faces smaller than this, in pixels of the picture, are nobody's."""

_SAME, _INSIDE = 0.4, 0.75
"""Overlap at which two finds are one face: shared over both together, and over the smaller."""

_CUT = 2.0
"""Nearer than this to the edge of a tile, in pixels, a face goes on beyond it."""

_TILE_STEP = 0.75
"""Tiles overlap by the rest: a face that one cuts is whole in another, or in the view of the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Boxes (n, 4) as x1, y1, x2, y2, scores (n,) from 0 to 1, five points (n, 5, 2), all in pixels."""

    boxes: Floats
    scores: Floats
    points: Floats

    def pick(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "Found":
        """Some of them, in that order."""
        return Found(self.boxes[which], self.scores[which], self.points[which])

    def moved(self, scale: float, x: float, y: float) -> "Found":
        """In pixels of the picture, of which a view at `scale` began at (x, y)."""
        corner = np.array([x, y], dtype=np.float32)
        boxes = self.boxes / scale + np.tile(corner, 2)
        return Found(boxes.astype(np.float32), self.scores, (self.points / scale + corner).astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A part of the picture, at `scale`, from (x, y) on; its sides are filled up with black."""

    pixels: Pixels
    scale: float
    x: int = 0
    y: int = 0


def nothing() -> Found:
    """No face."""
    return Found(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32))


def together(parts: list[Found]) -> Found:
    """One after the other."""
    parts = [nothing(), *parts]
    return Found(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.points for part in parts]),
    )


def views(picture: Pixels, fixed: tuple[int, int] | None) -> Iterator[View]:
    """What to show to the network; `fixed` is its height and width where it takes no other."""
    if fixed is not None:
        yield _fitted(picture, fixed)
        yield from _tiles(picture, fixed)
        return
    yield View(_filled(picture), 1.0)
    longer = max(picture.shape[:2])
    for side in SIDES:
        if longer > 1.2 * side:
            yield _smaller(picture, side / longer)


def detect(
    picture: Pixels, fixed: tuple[int, int] | None, look: Callable[[Pixels], Found]
) -> list[Detection]:
    """Every face in the picture that `look` finds in any view, once, largest first."""
    parts = [
        _whole(look(view.pixels).moved(view.scale, view.x, view.y), view, picture)
        for view in views(picture, fixed)
    ]
    found = together(parts)
    found = found.pick((found.boxes[:, 2:] - found.boxes[:, :2]).min(axis=1, initial=np.inf) >= LEAST_SIDE)
    return _detections(_distinct(found), picture)


def _whole(found: Found, view: View, picture: Pixels) -> Found:
    """Without faces that the edge of a tile cuts: they are whole in another, or in the view of all."""
    if view.scale != 1.0:
        return found
    bottom, right = view.y + view.pixels.shape[0], view.x + view.pixels.shape[1]
    kept = np.ones(len(found.scores), dtype=bool)
    for edge, inner, side in (
        (view.x, view.x > 0, 0),
        (view.y, view.y > 0, 1),
        (right, right < picture.shape[1], 2),
        (bottom, bottom < picture.shape[0], 3),
    ):
        if inner:
            kept &= np.abs(found.boxes[:, side] - edge) > _CUT
    return found.pick(kept)


def _distinct(found: Found) -> Found:
    found = found.pick(suppress(iou(found.boxes, found.boxes), found.scores, _SAME))
    return found.pick(suppress(overlap_of_smaller(found.boxes, found.boxes), found.scores, _INSIDE))


def _detections(found: Found, picture: Pixels) -> list[Detection]:
    size = np.array([picture.shape[1], picture.shape[0]], dtype=np.float64)
    detections = []
    for box, score, five in zip(found.boxes.astype(np.float64), found.scores, found.points, strict=True):
        (x1, y1), (x2, y2) = box[:2] / size, box[2:] / size
        clipped = Box.clipped(float(x1), float(y1), float(x2 - x1), float(y2 - y1))
        if clipped is not None and len(np.unique(five, axis=0)) > 1:
            marks = Landmarks.from_array(five / size)
            detections.append(Detection(clipped, marks, min(float(score), 1.0)))
    return sorted(detections, key=lambda each: each.box.area, reverse=True)


def _filled(part: Pixels, sides: tuple[int, int] | None = None) -> Pixels:
    """With black to the right and below, up to these sides (height, width) or whole cells."""
    height, width = part.shape[:2]
    tall, wide = (-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE) if sides is None else sides
    whole = np.zeros((tall, wide, 3), dtype=np.uint8)
    whole[:height, :width] = part
    return whole


def _resized(picture: Pixels, scale: float) -> Pixels:
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    image = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)


def _smaller(picture: Pixels, scale: float) -> View:
    return View(_filled(_resized(picture, scale)), scale)


def _fitted(picture: Pixels, fixed: tuple[int, int]) -> View:
    """The whole picture in a fixed input, made smaller where it must be."""
    scale = min(1.0, fixed[0] / picture.shape[0], fixed[1] / picture.shape[1])
    part = picture if scale == 1.0 else _resized(picture, scale)
    return View(_filled(part[: fixed[0], : fixed[1]], fixed), scale)


def _tiles(picture: Pixels, fixed: tuple[int, int]) -> Iterator[View]:
    """Parts of a picture that is larger than a fixed input, at its own size."""
    if picture.shape[0] <= fixed[0] and picture.shape[1] <= fixed[1]:
        return
    for y in _starts(picture.shape[0], fixed[0]):
        for x in _starts(picture.shape[1], fixed[1]):
            yield View(_filled(picture[y : y + fixed[0], x : x + fixed[1]], fixed), 1.0, x, y)


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * _TILE_STEP))) + 1
    return [round(at) for at in np.linspace(0, length - side, count)]
