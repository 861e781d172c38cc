"""Finds faces with YuNet (Wu et al. 2023): one look, cells of 8, 16 and 32 pixels, one answer a cell."""

import numpy as np

from facekeep.domain.faces import Detection, Pixels
from facekeep.inference import views
from facekeep.inference.sessions import Sessions
from facekeep.inference.views import Floats, Found

STRIDES = (8, 16, 32)

LEAST_SCORE = 0.8
"""Of the mean (geometric) of "a face" and "something". With OpenCV's default, 0.9, it misses more faces; with
less, what else it finds is blurred beyond recognition (docs/models.md)."""

_OUTPUTS = [f"{what}_{stride}" for what in ("cls", "obj", "bbox", "kps") for stride in STRIDES]


def detect(sessions: Sessions, picture: Pixels) -> list[Detection]:
    """The faces in a picture (height, width, 3), largest first."""
    name, shape = sessions.input_of("detector")

    def look(pixels: Pixels) -> Found:
        # Blue, green, red, as they are: what it learned from was read by OpenCV.
        planes = np.ascontiguousarray(pixels[:, :, ::-1].transpose(2, 0, 1)[None], dtype=np.float32)
        outputs = sessions.run("detector", {name: planes}, _OUTPUTS)
        return decode(dict(zip(_OUTPUTS, outputs, strict=True)), pixels.shape[1])

    return views.detect(picture, fixed_sides(shape), look)


def fixed_sides(shape: tuple[int | None, ...]) -> tuple[int, int] | None:
    """Height and width of an input (1, 3, height, width) that takes no others; else None."""
    height, width = shape[2:4]
    return None if height is None or width is None else (height, width)


def decode(outputs: dict[str, Floats], width: int) -> Found:
    """What the network says, in pixels of its input, which is `width` wide."""
    return views.together([_decoded(outputs, stride, width // stride) for stride in STRIDES])


def _decoded(outputs: dict[str, Floats], stride: int, columns: int) -> Found:
    face, thing, offsets, marks = (outputs[f"{what}_{stride}"][0] for what in ("cls", "obj", "bbox", "kps"))
    scores = np.sqrt(np.clip(face[:, 0], 0, 1) * np.clip(thing[:, 0], 0, 1))
    sure = np.flatnonzero(scores >= LEAST_SCORE)
    cells = np.stack([sure % columns, sure // columns], axis=1).astype(np.float32)
    centres = (cells + offsets[sure, :2]) * stride
    halves = np.exp(np.minimum(offsets[sure, 2:], 10.0)) * stride / 2
    points = (marks[sure].reshape(-1, 5, 2) + cells[:, None]) * stride
    boxes = np.concatenate([centres - halves, centres + halves], axis=1)
    return Found(boxes.astype(np.float32), scores[sure].astype(np.float32), points.astype(np.float32))
