"""Boxes that users draw: what is cut out around them, at which size, and which detection is meant."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.faces import AnalysedFace, Box, Detection, Landmarks, Pixels, Quality
from facekeep.domain.packs import WORKING_LONG_SIDE
from facekeep.inference import drawn

fractions = st.floats(0.0, 1.0)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    box = Box.clipped(draw(fractions), draw(fractions), draw(fractions), draw(fractions))
    return Box(0.0, 0.0, 1e-9, 1e-9) if box is None else box


class Seeing:
    """Models that see faces where they are told to, in fractions of what they are shown."""

    def __init__(self, *seen: Box) -> None:
        self.seen = seen
        self.shown: list[tuple[int, ...]] = []

    def detect(self, picture: Pixels) -> list[Detection]:
        self.shown.append(picture.shape)
        return [Detection(box, Landmarks.usual(box), 0.9) for box in self.seen]

    def describe(self, picture: Pixels, detections: Sequence[Detection]) -> tuple[AnalysedFace, ...]:
        good = Quality(1, 1, 1, 1, 1)
        return tuple(
            AnalysedFace(each.box, each.landmarks, each.score, good, np.ones(128, np.float32))
            for each in detections
        )


@given(boxes(), st.integers(1, 400), st.integers(1, 400))
def test_any_box_of_any_picture_gives_something_to_look_at(box: Box, width: int, height: int) -> None:
    models = Seeing()
    [found] = drawn.measure(models, np.zeros((height, width, 3), np.uint8), [box])
    [(rows, columns, _)] = models.shown
    assert 1 <= rows <= 1000
    assert 1 <= columns <= 1000
    assert found.score is None
    assert (found.quality.pose, found.quality.overall) == (0.0, drawn.GUESSED)


def test_a_detection_in_the_box_is_the_face() -> None:
    # The box in the middle is a part of 1 / 2.5 of what is shown around it.
    models = Seeing(Box(0.32, 0.32, 0.36, 0.36))
    box = Box(0.4, 0.4, 0.2, 0.2)
    [found] = drawn.measure(models, np.zeros((1000, 1000, 3), np.uint8), [box])
    assert found.score == 0.9
    usual = Landmarks.usual(Box(0.41, 0.41, 0.18, 0.18)).array()
    assert found.landmarks.array() == pytest.approx(usual, abs=1e-6)


@pytest.mark.parametrize(
    "beside", [Box(0.0, 0.0, 0.3, 0.3), Box(0.0, 0.0, 1.0, 1.0), Box(0.48, 0.48, 0.02, 0.02)]
)
def test_what_is_beside_it_or_of_another_size_is_not(beside: Box) -> None:
    [found] = drawn.measure(Seeing(beside), np.zeros((1000, 1000, 3), np.uint8), [Box(0.4, 0.4, 0.2, 0.2)])
    assert found.score is None


def test_a_small_face_is_looked_at_closer() -> None:
    large, small, tiny = Box(0.1, 0.1, 0.5, 0.5), Box(0.1, 0.1, 0.05, 0.05), Box(0.1, 0.1, 0.01, 0.01)
    assert drawn.working_side(4000, 3000, [large]) == WORKING_LONG_SIDE
    assert drawn.working_side(4000, 3000, [small]) == 3200
    assert drawn.working_side(4000, 3000, [large, tiny]) == drawn.LARGEST_SIDE


@given(boxes())
def test_the_usual_points_lie_in_the_box(box: Box) -> None:
    points = Landmarks.usual(box).array()
    assert ((points >= [box.x, box.y]) & (points <= [box.x + box.width, box.y + box.height])).all()
