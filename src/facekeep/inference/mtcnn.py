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
from facekeep.domain.geometry import areas, intersections, iou, overlap_of_smaller, squares, suppress
from facekeep.inference.sessions import Sessions

Floats = npt.NDArray[np.float32]

SMALLEST_FACE = 24
"""Side of the smallest face looked for, in pixels of the picture."""

_WINDOW = 12  # pixels that P-Net sees at once
_STRIDE = 2  # pixels between its windows
_BORDER = 24  # pixels of copied edge at every level: half of O-Net's crop
_LEAST_IN_FRAME = 0.4  # share of a face that must be in the frame; a mirrored one shows the rest
_MOST_CANDIDATES = 1000  # looked at closer, the best first; bounds the work on pictures full of texture
_BATCH = {"rnet": 64, "onet": 16}

P_THRESHOLD, R_THRESHOLD, O_THRESHOLD = 0.8, 0.7, 0.5

LEAST_SCORE = 0.86
_PLAIN_SIDE = 60  # faces from this width on, in pixels, need no more than the least score
_SMALL_SURER = 0.1  # how much more the smallest face needs


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


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Candidates with their five points, shape (n, 5, 2)."""

    boxes: Floats
    scores: Floats
    points: Floats

    def pick(self, which: npt.NDArray[np.intp]) -> "Faces":
        return Faces(self.boxes[which], self.scores[which], self.points[which])


def detect(sessions: Sessions, picture: Pixels) -> list[Detection]:
    """The faces in a picture (height, width, 3), largest first."""
    levels = list(pyramid(picture))
    proposed = propose(sessions, levels)
    refined = refine(sessions, levels, proposed)
    height, width = picture.shape[:2]
    return _detections(finish(sessions, levels, refined), np.array([width, height], dtype=np.float64))


def pyramid(picture: Pixels) -> Iterator[Level]:
    """The picture itself, then the levels at which the smallest to the largest face fill P-Net's window."""
    image = Image.fromarray(picture)
    yield Level(1.0, _planes(image))
    # Two chains of exact halves: averages of 2 x 2 pixels are the fastest way down.
    scale, half = _WINDOW / SMALLEST_FACE, image.reduce(2)
    chain = [(scale, half), (scale * sqrt(0.5), _scaled(half, sqrt(0.5)))]
    for scale, image in chain:
        # A face may be cut by the frame to half, so the largest is twice the picture's shorter side.
        if min(image.size) * 2 < _WINDOW:
            return
        yield Level(scale, _planes(image))
        chain.append((scale / 2, image.reduce(2)))


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    """The picture at exactly this scale: what does not fill a last row or column is left out."""
    width, height = (max(1, int(side * scale)) for side in image.size)
    part = (0, 0, min(image.width, width / scale), min(image.height, height / scale))
    return image.resize((width, height), Image.Resampling.BILINEAR, box=part)


def _planes(image: Image.Image) -> Floats:
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    planes = np.empty((1, 3, height + 2 * _BORDER, width + 2 * _BORDER), dtype=np.float32)
    inner = slice(_BORDER, -_BORDER)
    planes[0, :, inner, inner] = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    before, after = _mirrored(width)
    planes[:, :, inner, :_BORDER] = planes[:, :, inner, before]
    planes[:, :, inner, -_BORDER:] = planes[:, :, inner, after]
    before, after = _mirrored(height)
    planes[:, :, :_BORDER] = planes[:, :, before]
    planes[:, :, -_BORDER:] = planes[:, :, after]
    return planes


def _mirrored(length: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Which places the border shows before and after a row of this length that begins at _BORDER."""
    steps = np.arange(_BORDER) % (2 * length)
    back_and_forth = np.minimum(steps, 2 * length - 1 - steps)
    return _BORDER + back_and_forth[::-1], _BORDER + length - 1 - back_and_forth


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


def finish(sessions: Sessions, levels: list[Level], refined: Candidates) -> Faces:
    """O-Net on what is left; then both networks look once more at what it found.

    A face looks like one in every cut, most else only in a lucky one: the mean of the four scores tells them
    apart far better than the last score alone, which is the usual way (docs/models.md has the figures).
    """
    once = _look(sessions, levels, refined)
    sure = np.flatnonzero((once.scores > O_THRESHOLD) & _in_frame(once.boxes, levels[0]))
    kept = sure[suppress(overlap_of_smaller(once.boxes[sure], once.boxes[sure]), once.scores[sure], 0.7)]
    once, refined = once.pick(kept), refined.pick(kept)
    (again,) = _run_on_crops(sessions, "rnet", levels, squares(once.boxes), ("score",))
    twice = _look(sessions, levels, Candidates(once.boxes, again[:, 0]))
    scores: Floats = np.mean([once.scores, refined.scores, twice.scores, again[:, 0]], axis=0)
    points: Floats = np.mean([once.points, twice.points], axis=0)
    faces = Faces(once.boxes, scores, points)
    return faces.pick(np.flatnonzero(scores >= _least_score(once.boxes)))


def _look(sessions: Sessions, levels: list[Level], candidates: Candidates) -> Faces:
    boxes = squares(candidates.boxes)
    score, offsets, points = _run_on_crops(sessions, "onet", levels, boxes, ("score", "offsets", "points"))
    sides = (boxes[:, 2:] - boxes[:, :2])[:, None, :]
    placed = boxes[:, None, :2] + points.reshape(-1, 2, 5).transpose(0, 2, 1) * sides
    return Faces(_moved(boxes, offsets), score[:, 0], placed.astype(np.float32))


def _least_score(boxes: Floats) -> Floats:
    """How sure the networks must be: surer of the smallest, as most false faces are small."""
    missing = np.maximum(0, _PLAIN_SIDE - (boxes[:, 2] - boxes[:, 0])) / (_PLAIN_SIDE - SMALLEST_FACE)
    return np.asarray(LEAST_SCORE + _SMALL_SURER * missing)


def _in_frame(boxes: Floats, picture: Level) -> npt.NDArray[np.bool_]:
    """Which boxes lie in the frame by enough: the others are faces seen in the mirror of the border."""
    height, width = (side - 2 * _BORDER for side in picture.planes.shape[2:])
    frame = np.array([[0, 0, width, height]], dtype=np.float32)
    return np.asarray(intersections(boxes, frame)[:, 0] >= _LEAST_IN_FRAME * areas(boxes))


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


def _detections(found: Faces, size: npt.NDArray[np.float64]) -> list[Detection]:
    detections = []
    for box, score, five in zip(found.boxes.astype(np.float64), found.scores, found.points, strict=True):
        (x1, y1), (x2, y2) = box[:2] / size, box[2:] / size
        clipped = Box.clipped(float(x1), float(y1), float(x2 - x1), float(y2 - y1))
        if clipped is not None:
            detections.append(Detection(clipped, Landmarks.from_array(five / size), float(score)))
    return sorted(detections, key=_by_area, reverse=True)


def _by_area(detection: Detection) -> float:
    return detection.box.area
