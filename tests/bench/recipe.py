"""The usual recipe of the face_recognition library, on dlib itself, which is what that library calls.

Facts taken from its defaults: the whole picture is decoded to RGB; dlib's HOG detector looks for faces after
the picture is enlarged once (`number_of_times_to_upsample=1`, `model="hog"`); each is aligned by the 5-point
predictor (`face_encodings(model="small")`) and encoded once (`num_jitters=1`). Its command line tool first
shrinks pictures to at most 1600 pixels, which is measured apart. It runs in a pool of processes, one a core,
as that tool's `--cpus` does.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tests.bench.truth import Boxes, boxes_of
from tests.bench.weights import FIVE_POINTS, RESNET, weights

SHRUNK_SIDE = 1600


@dataclass(slots=True)
class _Models:
    """dlib's three models of one process."""

    detector: Any = None
    predictor: Any = None
    encoder: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What the recipe makes of one photo: boxes as fractions, and one vector for each."""

    boxes: Boxes
    encodings: list[Any] = field(default_factory=list)


_models = _Models()


def load() -> None:
    """Load the models of this process."""
    import dlib

    _models.detector = dlib.get_frontal_face_detector()
    _models.predictor = dlib.shape_predictor(weights(FIVE_POINTS))
    _models.encoder = dlib.face_recognition_model_v1(weights(RESNET))


def look(path: Path, *, shrink: bool) -> Looked:
    """Decode, detect, encode."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if shrink and max(picture.size) > SHRUNK_SIDE:
        picture.thumbnail((SHRUNK_SIDE, SHRUNK_SIDE), Image.Resampling.LANCZOS)
    pixels = np.array(picture)
    rectangles = _models.detector(pixels, 1)
    shapes = [_models.predictor(pixels, rectangle) for rectangle in rectangles]
    encodings = [np.array(_models.encoder.compute_face_descriptor(pixels, shape, 1)) for shape in shapes]
    return Looked(fractions(rectangles, pixels.shape[1], pixels.shape[0]), encodings)


def fractions(rectangles: Sequence[Any], width: int, height: int) -> Boxes:
    """dlib's rectangles, whose last row and column belong to them, as boxes in the frame."""
    size = np.array([width, height, width, height])
    rows = [(found.left(), found.top(), found.right() + 1, found.bottom() + 1) for found in rectangles]
    return np.asarray(np.clip(boxes_of(rows) / size, 0.0, 1.0), dtype=np.float64)


class Recipe:
    """A pool that is warm: every process has its models."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_at(self, paths: Sequence[Path], *, shrink: bool = False) -> list[Looked]:
        """All photos, in their order, side by side."""
        return list(self._pool.imap(partial(look, shrink=shrink), paths, chunksize=1))


@contextmanager
def open_recipe(cores: int) -> Iterator[Recipe]:
    """A process for each core, ended at the end."""
    with multiprocessing.get_context("spawn").Pool(cores, initializer=load) as pool:
        pool.map(_ready, range(cores), chunksize=1)
        yield Recipe(pool)
        pool.close()
        pool.join()


def _ready(_: int) -> bool:
    return _models.encoder is not None
