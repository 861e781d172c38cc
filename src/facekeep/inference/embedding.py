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


def chip(picture: Pixels, transform: Matrix, side: int = CHIP_SIDE) -> Pixels:
    """The aligned face: shape (side, side, 3). What lies outside the picture is copied from its edge.

    A face larger than the chip is first reduced by whole numbers, averaging, so that no detail turns into
    noise and the work does not grow with the face.
    """
    factor = max(1, floor(1 / scale_of(transform)))
    back = inverse(transform) / factor
    corners = apply(back, np.array([[0, 0], [side, 0], [0, side], [side, side]], float))
    (left, top), (right, bottom) = np.floor(corners.min(axis=0)) - 1, np.ceil(corners.max(axis=0)) + 1
    height, width = picture.shape[:2]
    rows, columns = _places(top, bottom, ceil(height / factor)), _places(left, right, ceil(width / factor))
    image = Image.fromarray(_reduced(picture, rows, columns, factor))
    back[:, 2] -= [left, top]
    size, method = (side, side), Image.Transform.AFFINE
    return np.asarray(image.transform(size, method, tuple(back.ravel()), Image.Resampling.BILINEAR))


def _places(start: float, end: float, length: int) -> npt.NDArray[np.intp]:
    """The rows or columns from start to end of a picture of that length, the outermost in place of those
    beyond."""
    return np.asarray(np.clip(np.arange(start, end), 0, length - 1), dtype=np.intp)


def _reduced(
    picture: Pixels, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], factor: int
) -> Pixels:
    """These rows and columns of the picture made smaller by the factor, of which only that part is made."""
    top, left = rows[0], columns[0]
    part = picture[top * factor : (rows[-1] + 1) * factor, left * factor : (columns[-1] + 1) * factor]
    small = np.asarray(Image.fromarray(part).reduce(factor)) if factor > 1 else part
    placed: Pixels = small[(rows - top)[:, None], columns - left]
    return placed


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
