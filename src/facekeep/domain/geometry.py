"""Boxes that overlap, and the turn, scale and shift that brings a face upright.

Boxes here are arrays of shape (n, 4), x1, y1, x2, y2 in any one unit; points have shape (k, 2), x and y.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Matrix = npt.NDArray[np.float64]

CHIP_SIDE = 150
"""Side of the aligned face the bundled embedder takes, in pixels (dlib's, with its padding of 0.25)."""

CHIP_POINTS = np.array(
    [[48.4, 43.3], [103.4, 43.1], [74.5, 77.4], [51.5, 104.7], [100.6, 104.8]], dtype=np.float64
)
"""Where MTCNN's five points go in the chip, in pixels: about where they lie in dlib's own chips.

Measured there over 115 faces, then moved to the middle of a flat optimum (docs/models.md).
"""


def areas(boxes: Array) -> Array:
    """Shape (n,)."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def intersections(first: Array, second: Array) -> Array:
    """Area that each box of the first shares with each of the second: shape (n, m)."""
    width = np.minimum(first[:, None, 2], second[None, :, 2]) - np.maximum(
        first[:, None, 0], second[None, :, 0]
    )
    height = np.minimum(first[:, None, 3], second[None, :, 3]) - np.maximum(
        first[:, None, 1], second[None, :, 1]
    )
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0))


def iou(first: Array, second: Array) -> Array:
    """Shared area over the area of both together: shape (n, m), 0 to 1."""
    shared = intersections(first, second)
    return _ratio(shared, areas(first)[:, None] + areas(second)[None, :] - shared)


def overlap_of_smaller(first: Array, second: Array) -> Array:
    """Shared area over the area of the smaller box, so that a box inside another gives 1: shape (n, m)."""
    shared = intersections(first, second)
    return _ratio(shared, np.minimum(areas(first)[:, None], areas(second)[None, :]))


def _ratio(shared: Array, whole: Array) -> Array:
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def suppress(overlaps: Array, scores: Array, most: float) -> npt.NDArray[np.intp]:
    """Indices to keep, best score first, such that no two overlap by more than `most`.

    `overlaps` is a square matrix such as `iou(boxes, boxes)`. Greedy: the best is kept, what overlaps it
    goes, then the best of the rest. Equal scores keep their order.
    """
    order = np.argsort(-scores, kind="stable")
    clash = (overlaps > most)[np.ix_(order, order)]
    alive = np.ones(len(order), dtype=bool)
    kept = []
    for rank in range(len(order)):
        if alive[rank]:
            kept.append(rank)
            alive &= ~clash[rank]
    return np.asarray(order[kept], dtype=np.intp)


def squares(boxes: Array) -> Array:
    """The boxes made square about their centres, by their longer side."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([centres - half, centres + half], axis=1)


def similarity(source: Matrix, target: Matrix) -> Matrix:
    """The turn, scale and shift that brings the source points nearest to the target: shape (2, 3), for
    column vectors.

    Least squares without mirroring (Umeyama 1991, which in the plane is a division of complex numbers).
    Raises ValueError when the source points are one point or not finite.
    """
    if not np.isfinite(source).all():
        raise ValueError("points are not finite")
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    (a, b), (c, d) = (source - source_mean).T, (target - target_mean).T
    spread = float(np.sum(a * a + b * b))
    if spread <= 0.0:
        raise ValueError("points are all the same")
    cosine = float(np.sum(a * c + b * d)) / spread
    sine = float(np.sum(a * d - b * c)) / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, target_mean - turn @ source_mean])


def inverse(transform: Matrix) -> Matrix:
    """The transform back, shape (2, 3)."""
    turn = np.linalg.inv(transform[:, :2])
    return np.column_stack([turn, -turn @ transform[:, 2]])


def scale_of(transform: Matrix) -> float:
    """How many target pixels one source pixel becomes."""
    return float(np.hypot(transform[0, 0], transform[1, 0]))


def apply(transform: Matrix, points: Matrix) -> Matrix:
    """The points moved: shape (k, 2)."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])
