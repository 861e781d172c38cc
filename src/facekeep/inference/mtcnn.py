"""Finds faces and their five points: MTCNN (Zhang et al. 2016), three networks that look ever closer.

P-Net looks at every place of an image pyramid whose levels shrink by the square root of two, R-Net at
what P-Net proposes, O-Net at what R-Net keeps. Crops for the latter two are taken from the pyramid level
where the face has about the right size, so that no crop shrinks by more than two. Every level is bordered
with copies of its edge: half a face's width, whatever its size, so that faces cut by the frame are found.

Coordinates in here are pixels of the picture, x1, y1, x2, y2, pixel edges at whole numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from PIL import Image

from facekeep.domain.faces import Box, Detection, Landmarks, Pixels
from facekeep.domain.geometry import iou, overlap_of_smaller, squares, suppress
from facekeep.inference.sessions import Sessions

Floats = npt.NDArray[np.float32]

SMALLEST_FACE = 20
"""Side of the smallest face looked for, in pixels of the picture."""

_WINDOW = 12  # pixels that P-Net sees at once
_STRIDE = 2  # pixels between its windows
_BORDER = 24  # pixels of copied edge at every level: half of O-Net's crop
_MOST_CANDIDATES = 1000  # looked at closer, the best first; bounds the work on pictures full of texture
_BATCH = {"rnet": 256, "onet": 64}

P_THRESHOLD, R_THRESHOLD, O_THRESHOLD = 0.6, 0.7, 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The picture at one scale. `planes` is (1, 3, height, width), raw colours, with the border around it."""

    scale: float
    """Pixels of this level for one pixel of the picture."""
    planes: Floats

    def here(self, boxes: Floats) -> Floats:
        """Boxes of the picture in pixels of `planes`."""
        return (boxes * self.scale + _BORDER).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes (n, 4) and how sure the last network was of each (n,), 0 to 1."""

    boxes: Floats
    scores: Floats

    def pick(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "Candidates":
        return Candidates(self.boxes[which], self.scores[which])

    def distinct(self, most: float) -> "Candidates":
        """Without those that overlap a surer one by more than `most`."""
        return self.pick(suppress(iou(self.boxes, self.boxes), self.scores, most))


def detect(sessions: Sessions, picture: Pixels) -> list[Detection]:
    """The faces in a picture (height, width, 3), largest first."""
    levels = list(pyramid(picture))
    proposed = propose(sessions, levels)
    refined = refine(sessions, levels, proposed)
    found, points = finish(sessions, levels, refined)
    height, width = picture.shape[:2]
    return _detections(found, points, np.array([width, height], dtype=np.float64))


def pyramid(picture: Pixels) -> Iterator[Level]:
    """The picture itself, then the levels at which the smallest to the largest face fill P-Net's window."""
    image = Image.fromarray(picture)
    yield Level(1.0, _planes(image))
    first = _WINDOW / SMALLEST_FACE
    chains = [_scaled(image, first), _scaled(image, first * sqrt(0.5))]
    scales = [first, first * sqrt(0.5)]
    index = 0
    # A face may be cut by the frame to half, so the largest is twice the picture's shorter side.
    while min(chains[index % 2].size) * 2 >= _WINDOW:
        yield Level(scales[index % 2], _planes(chains[index % 2]))
        chains[index % 2] = _halved(chains[index % 2])
        scales[index % 2] /= 2
        index += 1


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    # Sides are rounded up and `box` goes past the edge by less than a pixel's worth, so the scale is exact.
    width, height = (max(1, round(side * scale)) for side in image.size)
    box = (0.0, 0.0, min(image.width, width / scale), min(image.height, height / scale))
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)


def _halved(image: Image.Image) -> Image.Image:
    return image.reduce(2)


def _planes(image: Image.Image) -> Floats:
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    planes = np.empty((1, 3, height + 2 * _BORDER, width + 2 * _BORDER), dtype=np.float32)
    inner = slice(_BORDER, -_BORDER)
    planes[0, :, inner, inner] = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    planes[:, :, inner, :_BORDER] = planes[:, :, inner, _BORDER : _BORDER + 1]
    planes[:, :, inner, -_BORDER:] = planes[:, :, inner, -_BORDER - 1 : -_BORDER]
    planes[:, :, :_BORDER] = planes[:, :, _BORDER : _BORDER + 1]
    planes[:, :, -_BORDER:] = planes[:, :, -_BORDER - 1 : -_BORDER]
    return planes


def propose(sessions: Sessions, levels: list[Level]) -> Candidates:
    """P-Net over all levels but the picture itself."""
    parts = [_propose_at(sessions, level) for level in levels[1:]]
    together = Candidates(
        np.concatenate([np.empty((0, 4), np.float32), *(part.boxes for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.scores for part in parts)]),
    )
    best = np.argsort(-together.scores, kind="stable")[:_MOST_CANDIDATES]
    return together.pick(best).distinct(0.7)


def _propose_at(sessions: Sessions, level: Level) -> Candidates:
    outside = _BORDER - _WINDOW // 2  # windows reach out of the frame by half
    view = np.ascontiguousarray(level.planes[:, :, outside:-outside, outside:-outside])
    logit, offsets = sessions.run("pnet", {"picture": view}, ["logit", "offsets"])
    rows, columns = np.nonzero(logit[0, 0] > _logit(P_THRESHOLD))
    corners = np.stack([columns, rows], axis=1).astype(np.float32) * _STRIDE
    windows = np.concatenate([corners, corners + _WINDOW], axis=1)
    boxes = windows + offsets[0, :, rows, columns] * _WINDOW
    scores = 1 / (1 + np.exp(-logit[0, 0, rows, columns]))
    boxes = ((boxes + outside - _BORDER) / level.scale).astype(np.float32)
    return Candidates(boxes, scores).distinct(0.5)


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def refine(sessions: Sessions, levels: list[Level], proposed: Candidates) -> Candidates:
    """R-Net on every proposal."""
    boxes = squares(proposed.boxes)
    score, offsets = _run_on_crops(sessions, "rnet", levels, boxes, ("score", "offsets"))
    sure = score[:, 0] > R_THRESHOLD
    return Candidates(_moved(boxes, offsets)[sure], score[sure, 0]).distinct(0.7)


def finish(sessions: Sessions, levels: list[Level], refined: Candidates) -> tuple[Candidates, Floats]:
    """O-Net on what is left: the faces, and the five points of each, shape (n, 5, 2)."""
    boxes = squares(refined.boxes)
    score, offsets, points = _run_on_crops(sessions, "onet", levels, boxes, ("score", "offsets", "points"))
    sides = (boxes[:, 2:] - boxes[:, :2])[:, None, :]
    placed: Floats = boxes[:, None, :2] + points.reshape(-1, 2, 5).transpose(0, 2, 1) * sides
    faces = Candidates(_moved(boxes, offsets), score[:, 0])
    sure = np.flatnonzero(score[:, 0] > O_THRESHOLD)
    faces, placed = faces.pick(sure), placed[sure]
    kept = suppress(overlap_of_smaller(faces.boxes, faces.boxes), faces.scores, 0.7)
    return faces.pick(kept), placed[kept]


def _moved(boxes: Floats, offsets: Floats) -> Floats:
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes + offsets * np.concatenate([sides, sides], axis=1), dtype=np.float32)


_SIDES = {"rnet": 24, "onet": 48}
_WIDTHS = {"score": 1, "offsets": 4, "points": 10}


def _run_on_crops(
    sessions: Sessions, model: str, levels: list[Level], boxes: Floats, outputs: tuple[str, ...]
) -> list[Floats]:
    """The outputs of a network on crops of the boxes, in their order."""
    results = [np.empty((len(boxes), _WIDTHS[name]), dtype=np.float32) for name in outputs]
    for start in range(0, len(boxes), _BATCH[model]):
        batch = slice(start, start + _BATCH[model])
        crops = _crops(sessions, _SIDES[model], levels, boxes[batch])
        for whole, part in zip(results, sessions.run(model, {"crops": crops}, outputs), strict=True):
            whole[batch] = part
    return results


def _crops(sessions: Sessions, side: int, levels: list[Level], boxes: Floats) -> Floats:
    crops = np.empty((len(boxes), 3, side, side), dtype=np.float32)
    at = _nearest_level(side, levels, boxes)
    for index in np.unique(at):
        here = at == index
        level = levels[index]
        inputs = {"picture": level.planes, "boxes": level.here(boxes[here])}
        (crops[here],) = sessions.run(f"crop{side}", inputs, ["crops"])
    return crops


def _nearest_level(side: int, levels: list[Level], boxes: Floats) -> npt.NDArray[np.intp]:
    """For each box the smallest level where it still has `side` pixels; the picture itself where none has."""
    scales = np.array([level.scale for level in levels])
    enough = (boxes[:, 2] - boxes[:, 0])[:, None] * scales[None, :] >= side * 0.9
    enough[:, 0] = True
    return np.asarray(len(levels) - 1 - np.argmax(enough[:, ::-1], axis=1), dtype=np.intp)


def _detections(found: Candidates, points: Floats, size: npt.NDArray[np.float64]) -> list[Detection]:
    detections = []
    for box, score, five in zip(found.boxes.astype(np.float64), found.scores, points, strict=True):
        (x1, y1), (x2, y2) = box[:2] / size, box[2:] / size
        clipped = Box.clipped(float(x1), float(y1), float(x2 - x1), float(y2 - y1))
        if clipped is not None:
            detections.append(Detection(clipped, Landmarks.from_array(five / size), float(score)))
    return sorted(detections, key=_by_area, reverse=True)


def _by_area(detection: Detection) -> float:
    return detection.box.area
