"""What makes a face good: each part by itself, and how they come together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.faces import Landmarks
from facekeep.domain.geometry import CHIP_POINTS
from facekeep.domain.quality import Exposed, pose, quality

FRONT = Landmarks.from_array(CHIP_POINTS / 150)
GOOD = Exposed(detail=0.02, contrast=45.0, clipped=0.0)


def moved(point: int, dx: float = 0.0, dy: float = 0.0) -> Landmarks:
    points = CHIP_POINTS.copy()
    points[point] += [dx, dy]
    return Landmarks.from_array(points / 150)


def test_a_large_sharp_frontal_face_in_good_light_is_ideal() -> None:
    assert quality(FRONT, 1.0, 200.0, GOOD).overall == 1.0


@pytest.mark.parametrize(
    ("side", "exposed", "part"),
    [
        (25.0, GOOD, "size"),
        (200.0, Exposed(0.0006, 45.0, 0.0), "sharpness"),
        (200.0, Exposed(0.02, 8.0, 0.0), "exposure"),
        (200.0, Exposed(0.02, 45.0, 0.5), "exposure"),
    ],
)
def test_each_fault_lowers_its_own_part_and_the_whole(side: float, exposed: Exposed, part: str) -> None:
    found = quality(FRONT, 1.0, side, exposed)
    parts = {name: getattr(found, name) for name in ("size", "sharpness", "pose", "exposure")}
    assert parts.pop(part) < 0.3
    assert all(value == 1.0 for value in parts.values())
    assert found.overall < 0.5


def test_a_face_cut_off_by_the_frame_is_poor_whatever_else() -> None:
    cut = Exposed(detail=0.02, contrast=45.0, clipped=0.0, seen=0.5)
    assert quality(FRONT, 1.0, 200.0, cut).overall < 0.3
    assert quality(FRONT, 1.0, 200.0, Exposed(0.02, 45.0, 0.0, seen=0.9)).overall == 1.0


def test_a_useless_part_makes_the_whole_useless() -> None:
    assert quality(FRONT, 1.0, 200.0, Exposed(0.0, 45.0, 0.0)).overall == 0.0
    assert quality(FRONT, 1.0, 5.0, GOOD).overall == 0.0


def test_turning_the_head_costs_more_the_further_it_turns() -> None:
    poses = [pose(moved(2, dx=shift), 1.0) for shift in (0, 12, 20, 30, 45)]
    assert poses == sorted(poses, reverse=True)
    assert poses[0] == 1.0
    assert poses[-1] < 0.2


def test_nodding_costs_too() -> None:
    assert pose(moved(2, dy=20), 1.0) < pose(moved(2, dy=10), 1.0) < 1.0
    assert pose(moved(2, dy=-20), 1.0) < 1.0


@given(st.floats(-np.pi, np.pi), st.floats(0.2, 5.0))
def test_leaning_and_the_shape_of_the_photo_cost_nothing(angle: float, aspect: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = (moved(2, dx=20).array() - 0.5) @ turn.T
    leaning = Landmarks.from_array(turned / [aspect, 1.0] + 0.5)
    assert pose(leaning, aspect) == pytest.approx(pose(moved(2, dx=20), 1.0))


def test_points_in_one_place_have_no_pose() -> None:
    assert pose(Landmarks.from_array(np.full((5, 2), 0.5)), 1.0) == 0.0


@given(
    st.floats(0, 500), st.floats(0, 1), st.floats(0, 128), st.floats(0, 1), st.floats(0, 1), st.floats(-1, 2)
)
def test_everything_stays_between_0_and_1(
    side: float, detail: float, contrast: float, clipped: float, seen: float, x: float
) -> None:
    points = CHIP_POINTS / 150
    points[2, 0] = x
    found = quality(Landmarks.from_array(points), 1.5, side, Exposed(detail, contrast, clipped, seen))
    for value in (found.size, found.sharpness, found.pose, found.exposure, found.overall):
        assert 0.0 <= value <= 1.0
