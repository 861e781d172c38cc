"""Looking again at a photo: faces keep who they are through edits, and do not become somebody else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.faces import Box, Vector
from facekeep.domain.packs import BUNDLED
from facekeep.domain.reconcile import STRANGER, apart, pair_faces

T = BUNDLED.thresholds
LEFT, RIGHT = Box(0.1, 0.1, 0.2, 0.2), Box(0.6, 0.1, 0.2, 0.2)


def vector(seed: int) -> Vector:
    direction = np.random.default_rng(seed).normal(size=128)
    return np.asarray(1.4 * direction / np.linalg.norm(direction), dtype=np.float32)


def at(distance: float, seed: int = 1) -> Vector:
    """A vector at that distance from vector(seed)."""
    away = vector(999)
    return np.asarray(vector(seed) + away * distance / np.linalg.norm(away), dtype=np.float32)


def moved(box: Box, dx: float) -> Box:
    return Box(box.x + dx, box.y, box.width, box.height)


def test_nothing_pairs_with_nothing() -> None:
    assert pair_faces([], [(LEFT, vector(1))], T) == {}
    assert pair_faces([(LEFT, vector(1))], [], T) == {}


def test_the_same_place_is_the_same_face() -> None:
    old = [(LEFT, vector(1)), (RIGHT, vector(2))]
    new = [(moved(RIGHT, 0.02), at(0.3, 2)), (moved(LEFT, 0.02), at(0.3, 1))]
    assert pair_faces(old, new, T) == {0: 1, 1: 0}


def test_a_little_overlap_is_not_the_same_place() -> None:
    assert pair_faces([(LEFT, None)], [(moved(LEFT, 0.1), vector(1))], T) == {}
    assert pair_faces([(LEFT, None)], [(moved(LEFT, 0.05), vector(1))], T) == {0: 0}


def test_after_a_crop_likeness_tells() -> None:
    old = [(LEFT, vector(1)), (RIGHT, vector(2))]
    new = [(moved(RIGHT, 0.2), at(0.2, 2)), (moved(LEFT, 0.25), at(0.2, 1))]
    assert pair_faces(old, new, T) == {0: 1, 1: 0}


def test_a_crop_that_puts_one_face_where_another_was() -> None:
    old = [(LEFT, vector(1)), (RIGHT, vector(2))]
    assert pair_faces(old, [(LEFT.__class__(0.11, 0.1, 0.2, 0.2), at(0.2, 2))], T) == {0: 1}


def test_another_picture_under_the_same_name_has_other_faces() -> None:
    assert pair_faces([(LEFT, vector(1))], [(moved(LEFT, 0.01), vector(2))], T) == {}


@pytest.mark.parametrize(("distance", "paired"), [(0.3, True), (0.7, True), (0.74, False), (1.5, False)])
def test_in_one_place_faces_may_differ_as_far_as_edits_make_them(distance: float, paired: bool) -> None:
    assert STRANGER * T.same == pytest.approx(0.72)
    found = pair_faces([(LEFT, vector(1))], [(moved(LEFT, 0.01), at(distance))], T)
    assert found == ({0: 0} if paired else {})


@pytest.mark.parametrize(("distance", "paired"), [(0.2, True), (0.49, True), (0.51, False)])
def test_elsewhere_faces_must_be_a_clear_match(distance: float, paired: bool) -> None:
    assert pair_faces([(LEFT, vector(1))], [(RIGHT, at(distance))], T) == ({0: 0} if paired else {})


def test_a_face_without_a_vector_is_told_by_its_place_alone() -> None:
    old = [(LEFT, None), (RIGHT, None)]
    assert pair_faces(old, [(moved(LEFT, 0.01), vector(5)), (Box(0.4, 0.7, 0.1, 0.1), vector(6))], T) == {
        0: 0
    }


def test_not_even_the_very_same_box_makes_a_stranger_the_same_face() -> None:
    assert pair_faces([(LEFT, vector(1))], [(LEFT, vector(2))], T) == {}


def test_two_faces_never_have_the_very_same_box() -> None:
    near = apart(LEFT, {LEFT})
    assert near != LEFT
    assert near.width == pytest.approx(LEFT.width)
    assert apart(LEFT, {LEFT, near}) not in {LEFT, near}
    assert apart(RIGHT, {LEFT}) is RIGHT


def test_place_goes_before_likeness() -> None:
    """Twins side by side: each stays where it was, though each resembles the other as much."""
    old = [(LEFT, vector(1)), (RIGHT, at(0.1))]
    new = [(moved(LEFT, 0.01), at(0.1)), (moved(RIGHT, 0.01), vector(1))]
    assert pair_faces(old, new, T) == {0: 0, 1: 1}


corner = st.floats(0.0, 0.7)
boxes = st.builds(Box, corner, corner, st.floats(0.05, 0.3), st.floats(0.05, 0.3))
known = st.lists(st.tuples(boxes, st.one_of(st.none(), st.integers(0, 9).map(vector))), max_size=6)
found = st.lists(st.tuples(boxes, st.integers(0, 9).map(vector)), max_size=6)


@given(known, found)
def test_pairs_are_one_to_one(old: list[tuple[Box, Vector | None]], new: list[tuple[Box, Vector]]) -> None:
    pairs = pair_faces(old, new, T)
    assert len(set(pairs.values())) == len(pairs)
    assert all(0 <= j < len(new) and 0 <= i < len(old) for j, i in pairs.items())


@given(st.lists(boxes, max_size=8, unique=True))
def test_looking_again_at_the_same_finds_the_same(unique: list[Box]) -> None:
    faces = [(box, vector(100 + number)) for number, box in enumerate(unique)]
    assert pair_faces(list(faces), faces, T) == {i: i for i in range(len(faces))}


def test_where_a_user_has_spoken_the_place_decides() -> None:
    old = [(LEFT, vector(1)), (RIGHT, vector(2))]
    stranger = [(moved(LEFT, 0.01), vector(3))]
    assert pair_faces(old, stranger, T) == {}
    assert pair_faces(old, stranger, T, firm=[0]) == {0: 0}
    assert pair_faces(old, stranger, T, firm=[1]) == {}


def test_a_drawn_box_is_larger_than_the_detectors() -> None:
    head = Box(LEFT.x - 0.06, LEFT.y - 0.06, 0.32, 0.32)
    assert pair_faces([(head, None)], [(LEFT, vector(1))], T) == {}
    assert pair_faces([(head, None)], [(LEFT, vector(1))], T, firm=[0]) == {0: 0}


def test_of_two_the_one_that_fits_better_has_the_place() -> None:
    head = Box(LEFT.x - 0.06, LEFT.y - 0.06, 0.32, 0.32)
    old = [(head, None), (LEFT, vector(1))]
    assert pair_faces(old, [(moved(LEFT, 0.01), at(0.2))], T, firm=[0]) == {0: 1}


def test_what_was_put_away_is_known_in_a_cropped_picture() -> None:
    assert pair_faces([(LEFT, vector(1))], [(RIGHT, at(0.2))], T, firm=[0]) == {0: 0}
