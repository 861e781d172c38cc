"""Finds faces with SCRFD (Guo et al. 2021): one look, cells of 8, 16 and 32 pixels, two answers a cell."""

import numpy as np

from facekeep.domain.errors import ModelFault
from facekeep.domain.faces import Detection, Pixels
from facekeep.inference import views
from facekeep.inference.sessions import Sessions
from facekeep.inference.views import Floats, Found
from facekeep.inference.yunet import STRIDES, fixed_sides

ANSWERS = 2
"""A cell."""

LEAST_SCORE = 0.5
"""InsightFace's own."""


def detect(sessions: Sessions, picture: Pixels) -> list[Detection]:
    """The faces in a picture (height, width, 3), largest first. ModelFault: a network of another make."""
    name, shape = sessions.input_of("detector")
    names = sessions.outputs_of("detector")
    if len(names) != 3 * len(STRIDES):
        raise ModelFault(
            f"the detector gives {len(names)} outputs instead of 9: it is not an SCRFD with points"
        )

    def look(pixels: Pixels) -> Found:
        planes = (pixels.transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 128.0
        outputs = sessions.run("detector", {name: np.ascontiguousarray(planes)}, names)
        return decode(outputs, pixels.shape[1])

    return views.detect(picture, fixed_sides(shape), look)


def decode(outputs: list[Floats], width: int) -> Found:
    """What the network says, in pixels of its input, which is `width` wide: the scores of the three strides,
    then their boxes, then their points."""
    flat = [output.reshape(-1, output.shape[-1]) for output in outputs]
    parts = zip(STRIDES, flat[:3], flat[3:6], flat[6:], strict=True)
    return views.together([_decoded(stride, width // stride, *part) for stride, *part in parts])


def _decoded(stride: int, columns: int, scores: Floats, reach: Floats, marks: Floats) -> Found:
    sure = np.flatnonzero(scores[:, 0] >= LEAST_SCORE)
    cells = sure // ANSWERS
    corners = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32) * stride
    sides = reach[sure] * stride
    boxes = np.concatenate([corners - sides[:, :2], corners + sides[:, 2:]], axis=1)
    points = corners[:, None] + marks[sure].reshape(-1, 5, 2) * stride
    return Found(boxes.astype(np.float32), scores[sure, 0], points.astype(np.float32))
