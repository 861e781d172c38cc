"""From five points to an embedding: the aligned chip cut out of the picture, and dlib's network on it."""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
import numpy.typing as npt
from PIL import Image

from facekeep.domain.faces import Landmarks, Pixels
from facekeep.domain.geometry import CHIP_POINTS, CHIP_SIDE, Matrix, apply, inverse, scale_of, similarity
from facekeep.inference.sessions import Sessions

Floats = npt.NDArray[np.float32]

DIMENSIONS = 128
_GRID = 15  # points a side at which the chip is asked whether it lies in the picture
_BATCH = 16  # faces at once: the network needs about 2 MB a face


def alignment(landmarks: Landmarks, width: int, height: int) -> Matrix:
    """From pixels of a picture of that size to pixels of the chip, shape (2, 3).

    Raises ValueError when the points cannot be aligned, such as all the same.
    """
    return similarity(landmarks.array() * [width, height], CHIP_POINTS)


def chip(picture: Pixels, transform: Matrix) -> Pixels:
    """The aligned face: shape (150, 150, 3). What lies outside the picture is copied from its edge.

    A face larger than the chip is first reduced by whole numbers, averaging, so that no detail turns into
    noise.
    """
    back = inverse(transform)
    factor = max(1, floor(1 / scale_of(transform)))
    part, left, top = _cut(picture, back, factor)
    # PIL maps pixel centres: (x + 0.5, y + 0.5) of the chip through the matrix to the part.
    matrix = back.copy()
    matrix[:, 2] -= [left, top]
    matrix /= factor
    image = Image.fromarray(part).reduce(factor) if factor > 1 else Image.fromarray(part)
    warped = image.transform(
        (CHIP_SIDE, CHIP_SIDE), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BILINEAR
    )
    return np.asarray(warped)


def _cut(picture: Pixels, back: Matrix, factor: int) -> tuple[Pixels, int, int]:
    """The part of the picture that the chip needs, bordered with copies of its edge; and its left and top."""
    corners = apply(back, np.array([[0, 0], [CHIP_SIDE, 0], [0, CHIP_SIDE], [CHIP_SIDE, CHIP_SIDE]], float))
    margin = 2 * factor
    left, top = (floor(low) - margin for low in corners.min(axis=0))
    right, bottom = (ceil(high) + margin for high in corners.max(axis=0))
    height, width = picture.shape[:2]
    rows = np.clip(np.arange(top, bottom), 0, height - 1)
    columns = np.clip(np.arange(left, right), 0, width - 1)
    return picture[rows[:, None], columns[None, :]], left, top


def share_in_picture(transform: Matrix, width: int, height: int) -> float:
    """How much of the chip shows the picture rather than copies of its edge, 0 to 1."""
    steps = (np.arange(_GRID) + 0.5) * (CHIP_SIDE / _GRID)
    points = apply(inverse(transform), np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2))
    return float(np.mean(((points >= 0) & (points <= [width, height])).all(axis=1)))


def embed_chips(sessions: Sessions, chips: Sequence[Pixels]) -> Floats:
    """Shape (n, 128), one row a chip; not normalised, compared by Euclidean distance."""
    embeddings = np.empty((len(chips), DIMENSIONS), dtype=np.float32)
    for start in range(0, len(chips), _BATCH):
        batch = np.stack(chips[start : start + _BATCH])
        (embeddings[start : start + len(batch)],) = sessions.run("embedder", {"chips": batch}, ["embeddings"])
    return embeddings
