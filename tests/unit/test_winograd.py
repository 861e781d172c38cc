"""Winograd's matrices against a convolution written out plainly."""

import numpy as np
import pytest

from facekeep.inference.winograd import BIAS_TAP, products, tiling


def plainly(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(channel, side, side) and (filter, channel, 3, 3) to (filter, side, side), zeros around."""
    side = picture.shape[1]
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
    windows = [padded[:, i : i + side, j : j + side] for i in range(3) for j in range(3)]
    out: np.ndarray = np.einsum("fck,kcyx->fyx", kernel.reshape(*kernel.shape[:2], 9), np.stack(windows))
    return out


@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize("side", [3, 4, 8, 9, 17])
def test_products_of_taps_are_the_convolution(side: int, tile: int) -> None:
    random = np.random.default_rng(side)
    picture = random.normal(size=(3, side, side))
    kernel = random.normal(size=(5, 3, 3, 3)).astype(np.float32)
    cut = tiling(side, tile)
    taps = np.einsum("ay,cyx,bx->cab", cut.values, picture, cut.values)
    shape = (cut.places, cut.taps, cut.places, cut.taps)
    product = np.einsum("cptqu,tufc->fptqu", taps.reshape(3, *shape), products(kernel, tile))
    product[:, :, BIAS_TAP, :, BIAS_TAP] += 7.0
    flat = product.reshape(5, cut.places * cut.taps, cut.places * cut.taps)
    found = np.einsum("ya,fab,xb->fyx", cut.results, flat, cut.results)
    assert np.abs(found - (plainly(picture, kernel) + 7.0)).max() < 1e-9


def test_tiles_of_four_need_a_quarter_of_the_multiplications() -> None:
    cut = tiling(8, 4)
    assert (cut.places * cut.taps) ** 2 * 4 == 8 * 8 * 9
