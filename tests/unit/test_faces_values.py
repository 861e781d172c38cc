"""The values that everything else relies on: boxes inside the frame, five landmarks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.faces import Box, Landmarks

number = st.floats(-3, 3)
wild = st.floats(allow_nan=False, allow_infinity=False, width=64)


@pytest.mark.parametrize(
    "sides",
    [
        (-0.1, 0, 0.5, 0.5),
        (0, -1e-12, 0.5, 0.5),
        (0.6, 0, 0.5, 0.5),
        (0, 0.9, 0.1, 0.2),
        (0, 0, 0, 0.5),
        (0, 0, 0.5, 0),
        (0, 0, -0.5, 0.5),
        (0.5, 0.5, 1e-20, 0.1),
        (math.nan, 0, 0.5, 0.5),
        (0, math.nan, 0.5, 0.5),
        (0, 0, math.nan, 0.5),
        (0, 0, 0.5, math.nan),
        (math.inf, 0, 0.5, 0.5),
        (-math.inf, 0, math.inf, 0.5),
        (0, 0, math.inf, 0.5),
    ],
)
def test_a_box_outside_the_frame_or_of_no_area_is_refused(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box outside the frame"):
        Box(*sides)


@given(number, number, number, number)
def test_a_clipped_box_is_inside_the_frame(x: float, y: float, width: float, height: float) -> None:
    box = Box.clipped(x, y, width, height)
    if box is None:
        right, bottom = min(x + width, 1), min(y + height, 1)
        assert right - max(x, 0) <= 1e-9 or bottom - max(y, 0) <= 1e-9
        return
    assert box.x >= 0
    assert box.y >= 0
    assert box.x + box.width <= 1
    assert box.y + box.height <= 1
    assert box.area >= 0


@given(wild, wild, wild, wild)
def test_clipping_never_fails(x: float, y: float, width: float, height: float) -> None:
    Box.clipped(x, y, width, height)


@given(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.1), st.floats(0.01, 0.1))
def test_clipping_leaves_what_is_inside(x: float, y: float, width: float, height: float) -> None:
    box = Box.clipped(x, y, width, height)
    assert box is not None
    assert (box.x, box.y) == (x, y)
    assert box.width == pytest.approx(width)
    assert box.height == pytest.approx(height)


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(1, 5000),
    st.integers(1, 5000),
)
def test_pixels_are_inside_the_photo_and_at_least_one(
    x: float, y: float, w: float, h: float, width: int, height: int
) -> None:
    box = Box.clipped(x, y, w, h)
    if box is None:
        return
    pixels = box.pixels(width, height)
    assert pixels.width >= 1
    assert pixels.height >= 1
    assert 0 <= pixels.x
    assert 0 <= pixels.y
    assert pixels.x + pixels.width <= width
    assert pixels.y + pixels.height <= height


def test_landmarks_there_and_back() -> None:
    points = np.arange(10, dtype=np.float64).reshape(5, 2) / 10
    landmarks = Landmarks.from_array(points)
    assert landmarks.left_eye == (0.0, 0.1)
    assert landmarks.right_mouth == (0.8, 0.9)
    assert np.array_equal(landmarks.array(), points)


@pytest.mark.parametrize("shape", [(10,), (4, 2), (5, 3), (2, 5)])
def test_landmarks_are_five_points(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        Landmarks.from_array(np.zeros(shape))
