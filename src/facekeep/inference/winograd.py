"""Winograd's way to convolve with 3 x 3 kernels: fewer multiplications for the same result.

A square of `tile` by `tile` results comes from a square of `taps` = `tile` + 2 values a side. Both values and
kernel are transformed so that a product at each of the taps x taps places takes the place of the convolution,
and the products are transformed back: 16 multiplications for 36 with tiles of 2, 36 for 144 with tiles of 4.
The matrices are those of A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015).

Here they are laid out for a whole picture side at once: row `place * taps + tap` belongs to one tap of one
tile. The border of zeros around the picture is part of the matrices.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

BIAS_TAP = 1
"""A constant added at this tap (of both axes) is added to every result of the tile."""

_VALUES = {
    2: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    4: [
        [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ],
}  # fmt: skip
_KERNEL = {
    2: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    4: [
        [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1],
    ],
}  # fmt: skip
_RESULTS = {
    2: [[1, 1, 1, 0], [0, 1, -1, -1]],
    4: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
}


@dataclass(frozen=True, slots=True, eq=False)
class Tiling:
    """One side of a picture cut into `places` tiles, of `taps` taps each.

    `values` (places * taps, side) goes from pixels to taps, `results` (side, places * taps) back.
    """

    places: int
    taps: int
    values: Doubles
    results: Doubles


def tiling(side: int, tile: int) -> Tiling:
    """For a stride of 1 and a border of one zero. `tile` is 2 or 4; it need not divide `side`."""
    taps, places = tile + 2, -(-side // tile)
    values, results = np.zeros((places, taps, side + 2 * tile)), np.zeros((side + tile, places, taps))
    for place in range(places):
        start = place * tile
        values[place, :, start : start + taps] = _VALUES[tile]
        results[start : start + tile, place] = _RESULTS[tile]
    rows = places * taps
    return Tiling(
        places, taps, values[:, :, 1 : side + 1].reshape(rows, side), results[:side].reshape(side, rows)
    )


def products(kernel: npt.NDArray[np.float32], tile: int) -> Doubles:
    """What each tap multiplies with: (filter, channel, 3, 3) to (taps, taps, filter, channel)."""
    transform = np.array(_KERNEL[tile])
    taps: Doubles = np.einsum("ai,fcij,bj->abfc", transform, kernel.astype(np.float64), transform)
    return taps
