"""Overlaps, suppression and the transform that brings a face upright."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.geometry import (
    CHIP_POINTS,
    apply,
    inverse,
    iou,
    overlap_of_smaller,
    scale_of,
    similarity,
    squares,
    suppress,
)

sides = st.floats(0.5, 50.0)
places = st.floats(-50.0, 50.0)
box = st.tuples(places, places, sides, sides).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
some_boxes = st.lists(box, min_size=1, max_size=12).map(lambda rows: np.array(rows, dtype=np.float64))


def test_iou_of_known_boxes() -> None:
    first = np.array([[0.0, 0.0, 2.0, 2.0]])
    second = np.array(
        [[1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0], [0.0, 0.0, 1.0, 1.0]]
    )
    assert iou(first, second)[0] == pytest.approx([1 / 7, 1.0, 0.0, 1 / 4])
    assert overlap_of_smaller(first, second)[0] == pytest.approx([1 / 4, 1.0, 0.0, 1.0])


def test_a_box_of_no_area_overlaps_nothing() -> None:
    point = np.array([[1.0, 1.0, 1.0, 1.0]])
    assert iou(point, point)[0, 0] == 0.0
    assert overlap_of_smaller(point, point)[0, 0] == 0.0


@given(some_boxes)
def test_iou_is_symmetric_and_one_with_itself(boxes: np.ndarray) -> None:
    overlaps = iou(boxes, boxes)
    assert np.allclose(overlaps, overlaps.T)
    assert np.allclose(np.diag(overlaps), 1.0)
    assert overlaps.min() >= 0.0
    assert overlaps.max() <= 1.0 + 1e-9


@given(some_boxes, st.floats(0.1, 0.9), st.randoms(use_true_random=False))
def test_what_is_kept_is_apart_and_what_is_dropped_has_a_better_neighbour(boxes, most, random) -> None:  # type: ignore[no-untyped-def]
    scores = np.array([random.random() for _ in boxes])
    overlaps = iou(boxes, boxes)
    kept = suppress(overlaps, scores, most)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    for one in kept:
        assert all(overlaps[one, other] <= most for other in kept if other != one)
    for dropped in set(range(len(boxes))) - set(kept.tolist()):
        better = [k for k in kept if scores[k] >= scores[dropped]]
        assert any(overlaps[dropped, k] > most for k in better)


def test_suppressing_nothing_keeps_nothing() -> None:
    none = np.empty((0, 4))
    assert suppress(iou(none, none), np.empty(0), 0.5).size == 0


@given(some_boxes)
def test_squares_keep_centre_and_longer_side(boxes: np.ndarray) -> None:
    made = squares(boxes)
    width, height = (made[:, 2:] - made[:, :2]).T
    assert np.allclose(width, height)
    assert np.allclose(width, (boxes[:, 2:] - boxes[:, :2]).max(axis=1))
    assert np.allclose(made[:, :2] + made[:, 2:], boxes[:, :2] + boxes[:, 2:])


@given(st.floats(-np.pi, np.pi), st.floats(0.05, 20.0), places, places)
def test_a_known_turn_scale_and_shift_is_found_again(
    angle: float, scale: float, dx: float, dy: float
) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    known = np.column_stack([turn, [dx, dy]])
    found = similarity(CHIP_POINTS, apply(known, CHIP_POINTS))
    assert np.allclose(found, known, atol=1e-6 * max(1.0, scale))
    assert scale_of(found) == pytest.approx(scale)
    assert np.allclose(apply(inverse(found), apply(found, CHIP_POINTS)), CHIP_POINTS, atol=1e-6)


def test_similarity_is_the_least_squares_one() -> None:
    """Against numpy's solver for x' = ax - by + c, y' = bx + ay + d on points that fit no similarity."""
    random = np.random.default_rng(3)
    source, target = random.normal(size=(5, 2)), random.normal(size=(5, 2))
    rows = [[(x, -y, 1, 0), (y, x, 0, 1)] for x, y in source]
    (a, b, c, d), *_ = np.linalg.lstsq(np.concatenate(rows), target.ravel(), rcond=None)
    assert np.allclose(similarity(source, target), [[a, -b, c], [b, a, d]])


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    mirrored = CHIP_POINTS * [-1.0, 1.0]
    assert np.linalg.det(similarity(mirrored, CHIP_POINTS)[:, :2]) > 0


@pytest.mark.parametrize("points", [np.ones((5, 2)), np.full((5, 2), np.nan)])
def test_points_that_say_nothing_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="points are"):
        similarity(points, CHIP_POINTS)
