"""The aligned chip: what is cut out, what becomes of detail, and what lies beyond the edge."""

import numpy as np
import numpy.typing as npt
import pytest

from facekeep.domain.faces import Landmarks
from facekeep.domain.geometry import CHIP_POINTS, apply, inverse
from facekeep.inference.embedding import alignment, chip, share_in_picture


def placed(scale: float, angle: float, x: float, y: float) -> npt.NDArray[np.float64]:
    """Where the chip lies: (2, 3), from chip to picture."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, [x, y]])


def waves(height: int, width: int) -> npt.NDArray[np.uint8]:
    down, across = np.mgrid[0:height, 0:width]
    red = 128 + 90 * np.sin((across + 0.5) / 37)
    green = 128 + 90 * np.sin((down + 0.5) / 29)
    blue = (across + down) * 255 / (height + width)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def expected(points: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    x, y = points[:, 0], points[:, 1]
    red, green = 128 + 90 * np.sin(x / 37), 128 + 90 * np.sin(y / 29)
    return np.stack([red, green, (x + y - 1) * 255 / (height + width)], axis=-1)


CENTRES = np.stack(np.meshgrid(np.arange(150) + 0.5, np.arange(150) + 0.5), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("scale", [0.3, 0.9, 1.0, 1.4, 2.3, 3.6])
@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2])
def test_every_pixel_comes_from_where_the_transform_says(scale: float, angle: float) -> None:
    height, width = 900, 1100
    there = placed(scale, angle, 520.0, 430.0)
    there[:, 2] -= there[:, :2] @ [75, 75]
    got = chip(waves(height, width), inverse(there)).reshape(-1, 3)
    assert np.abs(got - expected(apply(there, CENTRES), height, width)).max() <= 4


def test_the_picture_itself_comes_back_unchanged() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    assert np.array_equal(chip(picture, placed(1.0, 0.0, 0.0, 0.0)), picture)


def test_fine_detail_of_a_large_face_becomes_grey_not_noise() -> None:
    checks = np.indices((800, 800)).sum(axis=0) % 2 * 255
    picture = np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)
    made = chip(picture, inverse(placed(4.0, 0.0, 100.0, 100.0)))
    assert np.abs(made.astype(int) - 127).max() <= 2


def test_beyond_the_edge_the_edge_goes_on() -> None:
    picture = np.full((60, 80, 3), 40, dtype=np.uint8)
    picture[:, -1] = 200
    made = chip(picture, inverse(placed(1.0, 0.0, 0.0, -50.0)))
    assert np.all(made[:, 85:] == 200)
    assert np.all(made[:, :75] == 40)


def test_a_face_wholly_outside_still_gives_a_chip() -> None:
    picture = np.full((60, 80, 3), 77, dtype=np.uint8)
    assert np.all(chip(picture, inverse(placed(2.0, 0.3, 5000.0, -4000.0))) == 77)


def test_a_face_a_thousand_times_the_picture_costs_no_more() -> None:
    picture = np.full((600, 800, 3), 77, dtype=np.uint8)
    made = chip(picture, inverse(placed(5e5, 0.3, -3e7, -3e7)))
    assert np.abs(made.astype(int) - 77).max() <= 2  # averages over so many pixels are rounded coarsely


def test_landmarks_in_fractions_land_on_the_chips_points() -> None:
    there = placed(2.2, 0.3, 300.0, 150.0)
    points = apply(there, CHIP_POINTS) / [1000, 600]
    found = alignment(Landmarks.from_array(points), 1000, 600)
    assert np.allclose(apply(found, points * [1000, 600]), CHIP_POINTS)


def test_the_share_in_the_picture() -> None:
    inside = inverse(placed(1.0, 0.2, 100.0, 100.0))
    half = inverse(placed(1.0, 0.0, -75.0, 10.0))
    assert share_in_picture(inside, 600, 600) == 1.0
    assert share_in_picture(half, 600, 600) == pytest.approx(0.5, abs=0.04)
    assert share_in_picture(inverse(placed(1.0, 0.0, 700.0, 0.0)), 600, 600) == 0.0
