"""The levels that MTCNN looks at: their scales, their mirrored borders, and where boxes lie in them."""

import numpy as np
import pytest

from facekeep.inference.mtcnn import SMALLEST_FACE, pyramid

BORDER = 24


@pytest.mark.parametrize(
    ("height", "width"), [(960, 1440), (333, 517), (150, 150), (40, 700), (1, 1), (5, 3)]
)
def test_every_level_has_the_scale_it_says(height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    levels = list(pyramid(picture))
    assert levels[0].scale == 1.0
    for level in levels:
        rows, columns = (side - 2 * BORDER for side in level.planes.shape[2:])
        assert abs(rows - height * level.scale) <= 1.0
        assert abs(columns - width * level.scale) <= 1.0


def test_levels_go_from_the_smallest_face_to_one_twice_the_picture() -> None:
    levels = list(pyramid(np.zeros((600, 900, 3), dtype=np.uint8)))
    scales = [level.scale for level in levels[1:]]
    assert scales[0] == 12 / SMALLEST_FACE
    assert np.allclose(np.divide(scales[:-1], scales[1:]), np.sqrt(2))
    assert 600 < 12 / scales[-1] <= 2 * 600


def test_a_mark_is_found_at_the_same_place_on_every_level() -> None:
    picture = np.zeros((480, 640, 3), dtype=np.uint8)
    picture[200:264, 320:384] = 255
    box = np.array([[320, 200, 384, 264]], dtype=np.float32)
    for level in list(pyramid(picture))[:7]:
        bright = level.planes[0, 0, BORDER:-BORDER, BORDER:-BORDER]
        total = bright.sum()
        centre_x = (bright.sum(axis=0) * (np.arange(bright.shape[1]) + 0.5)).sum() / total + BORDER
        centre_y = (bright.sum(axis=1) * (np.arange(bright.shape[0]) + 0.5)).sum() / total + BORDER
        x1, y1, x2, y2 = level.here(box)[0]
        assert centre_x == pytest.approx((x1 + x2) / 2, abs=0.3)
        assert centre_y == pytest.approx((y1 + y2) / 2, abs=0.3)


@pytest.mark.parametrize(("height", "width"), [(100, 60), (30, 25), (24, 10), (7, 3), (1, 2)])
def test_the_border_is_the_mirror_image(height: int, width: int) -> None:
    random = np.random.default_rng(1)
    picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    level = next(iter(pyramid(picture)))
    expected = np.pad(picture, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="symmetric")
    assert np.array_equal(level.planes[0].transpose(1, 2, 0), expected)
