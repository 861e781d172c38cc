"""Eras of a life, and which faces stand for somebody."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.eras import UNDATED, era, era_order, is_near
from facekeep.domain.exemplars import IN_ALL, PER_ERA, Candidate, choose

BORN = date(1980, 6, 1)
REACH = 0.6


def candidate(
    face: int,
    at: float = 0.0,
    *,
    side: float = 0.0,
    quality: float = 0.9,
    year: int | None = 2010,
    pinned: bool = False,
) -> Candidate:
    """A face at a place along a line, or beside it."""
    vector = np.zeros(8, dtype=np.float32)
    vector[0], vector[1] = at, side
    return Candidate(face, vector, quality, None if year is None else date(year, 6, 1), pinned)


def faces(chosen: list) -> list[int]:  # type: ignore[type-arg]
    return [one.face for one in chosen]


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        (date(1980, 7, 1), "infant"),
        (date(1984, 5, 31), "infant"),
        (date(1984, 6, 2), "child"),
        (date(1993, 5, 31), "child"),
        (date(1993, 6, 2), "teen"),
        (date(2000, 6, 2), "young adult"),
        (date(2016, 6, 2), "adult"),
        (date(2036, 6, 2), "senior"),
        (None, UNDATED),
    ],
)
def test_the_era_follows_the_age(taken: date | None, name: str) -> None:
    assert era(taken, BORN) == name


def test_without_a_birth_date_eras_are_windows_of_years() -> None:
    assert era(date(2014, 12, 31), None) == "2010-2014"
    assert era(date(2015, 1, 1), None) == "2015-2019"
    names = ["senior", UNDATED, "2015-2019", "infant", "2010-2014", "teen"]
    assert sorted(names, key=era_order) == ["infant", "teen", "senior", "2010-2014", "2015-2019", UNDATED]


def test_a_child_looks_different_sooner_than_an_adult() -> None:
    assert not is_near(date(1984, 1, 1), date(1989, 1, 1), BORN)
    assert is_near(date(2014, 1, 1), date(2024, 1, 1), BORN)
    assert not is_near(date(1995, 1, 1), date(2024, 1, 1), BORN)
    assert is_near(None, date(2024, 1, 1), BORN), "nothing is known against it"


def test_the_middle_of_many_comes_before_a_better_outsider() -> None:
    crowd = [candidate(n, 0.02 * n, quality=0.7) for n in range(10)]
    outsider = candidate(99, 0.0, side=2.0, quality=1.0)
    [first] = choose([*crowd, outsider], None, REACH, per_era=1)
    assert first.face in range(3, 7)


def test_of_two_looks_both_are_taken() -> None:
    """Ten pictures with glasses and three without: the second exemplar is not one more with them."""
    glasses = [candidate(n, 0.01 * n) for n in range(10)]
    without = [candidate(20 + n, 0.8 + 0.01 * n) for n in range(3)]
    two = faces(choose([*glasses, *without], None, REACH, per_era=2))
    assert len([face for face in two if face >= 20]) == 1


def test_the_better_of_two_alike_is_taken() -> None:
    assert faces(
        choose([candidate(1, quality=0.4), candidate(2, 0.01, quality=0.9)], None, REACH, per_era=1)
    ) == [2]


def test_every_era_has_its_faces() -> None:
    many = [candidate(n, 0.3 * (n % 7), side=0.001 * n, year=2015 + n % 3) for n in range(300)]
    few = [candidate(900, 1.5, year=1982), candidate(901, 1.2, year=1990)]
    chosen = choose([*many, *few], BORN, REACH)
    assert {"infant", "child"} <= {one.era for one in chosen}
    assert len([one for one in chosen if one.era == "adult"]) <= PER_ERA


def test_poor_faces_stand_for_nobody_unless_there_is_nothing_else() -> None:
    poor = [candidate(n, quality=0.1 + 0.01 * n) for n in range(3)]
    assert faces(choose([*poor, candidate(9, 0.5)], None, REACH)) == [9]
    assert faces(choose(poor, None, REACH)) == [2]
    assert choose([], None, REACH) == []


def test_pinned_faces_always_stand() -> None:
    many = [candidate(n, 0.1 * n, year=1981 + n % 40) for n in range(200)]
    pinned = [candidate(500 + n, 5.0 + n, quality=0.05, pinned=True) for n in range(3)]
    chosen = choose([*many, *pinned], BORN, REACH)
    assert {500, 501, 502} <= set(faces(chosen))
    assert len(chosen) <= IN_ALL
    assert [one.face for one in chosen if one.pinned] == [500, 501, 502]


points = st.lists(
    st.tuples(
        st.floats(-1, 1),
        st.floats(0, 1),
        st.sampled_from([None, 1982, 1990, 2001, 2010, 2020]),
        st.booleans(),
    ),
    max_size=40,
)


@given(points, st.randoms(), st.sampled_from([None, BORN]))
def test_bounded_and_the_same_in_any_order(rows: list, random: object, born: date | None) -> None:  # type: ignore[type-arg]
    given_ = [candidate(n, at, quality=q, year=y, pinned=p) for n, (at, q, y, p) in enumerate(rows)]
    chosen = choose(given_, born, REACH)
    shuffled = list(given_)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(shuffled, born, REACH) == chosen
    assert len(faces(chosen)) == len(set(faces(chosen)))
    pins = sum(p for *_, p in rows)
    assert pins <= len(chosen) <= max(IN_ALL, pins)
    assert not rows or chosen
    assert all(one.era == era(given_[one.face].taken, born) for one in chosen)
