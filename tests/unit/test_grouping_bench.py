"""The benchmark of grouping measures what it says, on few faces. Nothing here depends on how fast."""

import numpy as np
import pytest
from tests.bench import grouping
from tests.bench.face_generator import ARCFACE_LIKE, BUNDLED_LIKE, Crowd, FaceModel, library
from tests.bench.grouping_rivals import RIVALS


@pytest.mark.slow
def test_the_first_grouping_additions_and_the_others_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "ADDITIONS", (1, 20))
    rows = grouping.measure(*grouping.PACKS[0], [400], limit_s=120.0, rivals=True, threads=1)
    ours = [row for row in rows if row.what.startswith("facekeep")]
    assert next(row.what for row in ours) == "facekeep, first grouping"
    assert all(row.truth is not None and row.truth.precision >= 0.9 for row in ours)
    assert len(rows) - len(ours) == len(RIVALS)
    assert all(row.truth is not None or "not installed" in row.note for row in rows)


def distances(model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """Euclidean, between clear faces of one person, and of two; no person counts for more than six faces."""
    made = library(model, Crowd(6000, seed=2, look_alikes=0.0))
    clear = np.flatnonzero(made.quality >= 0.3)
    order = clear[np.argsort(made.person[clear], kind="stable")]
    person = made.person[order]
    some = order[np.arange(len(order)) - np.searchsorted(person, person) < 6]
    vectors, person = made.vectors[some].astype(np.float64), made.person[some]
    squares = np.square(vectors).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * vectors @ vectors.T, 0.0))
    same, once = person[:, None] == person, np.triu(np.ones(apart.shape, dtype=bool), 1)
    return apart[same & once], apart[~same & once]


@pytest.mark.parametrize("model", [BUNDLED_LIKE, ARCFACE_LIKE], ids=lambda model: model.name)
def test_generated_faces_are_as_far_from_each_other_as_they_should(model: FaceModel) -> None:
    within, between = distances(model)
    assert within.mean() == pytest.approx(model.within, rel=0.06)
    assert within.std() == pytest.approx(model.within_sd, rel=0.35)
    assert between.mean() == pytest.approx(model.between, rel=0.03)
    assert between.std() == pytest.approx(model.between_sd, rel=0.25)


def test_a_generated_library_is_made_of_what_was_asked_for() -> None:
    crowd = Crowd(5000, seed=4)
    made, again = library(BUNDLED_LIKE, crowd), library(BUNDLED_LIKE, crowd)
    assert np.array_equal(made.vectors, again.vectors)
    sizes = np.bincount(made.person)
    assert sizes.sum() == 5000
    assert 0.09 <= (sizes == 1).sum() / 5000 <= 0.12
    assert 40 <= sizes.max() <= 100
    assert np.median(sizes[sizes > 1]) <= 5
    assert 0.04 <= (made.quality < 0.3).mean() <= 0.06
    pairs = np.stack([made.photo, made.person])
    assert np.unique(pairs, axis=1).shape[1] == 5000, "nobody is twice in a photo"
    assert np.bincount(made.photo).max() > 3
