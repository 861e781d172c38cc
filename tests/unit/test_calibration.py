"""The calibration's own sums, on a small library."""

import numpy as np
import pytest
from tests.bench.calibration import (
    RULES,
    Faces,
    Pairs,
    aged,
    area,
    gallery,
    identified,
    pairs,
    tar_at,
    upper,
)

from facekeep.domain.eras import age


@pytest.fixture(scope="module")
def made() -> Faces:
    return aged(600, seed=3)


def test_the_library_is_as_told(made: Faces) -> None:
    again = aged(600, seed=3)
    assert np.array_equal(made.vectors, again.vectors)
    assert len(made.taken) == len(made.person) == 600
    taken = {
        int(photo): day.year for photo, day in zip(made.photo, made.taken, strict=True) if day is not None
    }
    for person, photo in zip(made.person, made.photo, strict=True):
        assert taken[int(photo)] >= made.born[int(person)].year


def test_people_age(made: Faces) -> None:
    """Two faces of one person that are far apart in time are farther from each other."""
    soon: list[float] = []
    late: list[float] = []
    for person in np.unique(made.person):
        mine = np.flatnonzero((made.person == person) & made.clear)
        for i, one in enumerate(mine):
            for other in mine[i + 1 :]:
                first, second = made.taken[one], made.taken[other]
                assert first is not None and second is not None  # noqa: PT018 - for the type checker
                far = float(np.linalg.norm(made.vectors[one] - made.vectors[other]))
                (late if abs(age(first, second)) > 12 else soon).append(far)
    assert np.mean(late) > np.mean(soon) + 0.05


def test_what_cannot_be_measured_is_not_told() -> None:
    found = Pairs(np.linspace(0.3, 0.5, 50), np.linspace(0.45, 1.0, 1000))
    assert tar_at(found, 1e-3) is None
    limit, accepted = tar_at(found, 0.1) or (0.0, 0.0)
    assert limit == pytest.approx(0.505)
    assert accepted == 1.0
    assert 0.9 < area(found) < 1.0
    assert upper(0, 1962) == pytest.approx(3 / 1962)
    assert upper(10, 1000) == pytest.approx(0.0184, abs=0.001)


def test_no_rule_puts_faces_on_the_wrong_person_often(made: Faces) -> None:
    known = gallery(made, least=5, per_era=8, in_all=24)
    told = {name: identified(known, rule, queries=200) for name, rule in RULES.items()}
    assert all(one.wrong <= 0.02 for one in told.values())
    ours, before = told["facekeep"], told["nearest three"]
    assert ours.auto > 0.6
    assert ours.strangers_asked < before.strangers_asked
    assert pairs(made).genuine.mean() < pairs(made).impostor.mean()
