"""What grouping anew would change, groups that have grown, sums in blocks, and being told to stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.grouping_crowds import LIKENESS, crowd, seeds

from facekeep.domain import library_grouping
from facekeep.domain.agglomeration import NOWHERE
from facekeep.domain.growth import Known, grow, grown
from facekeep.domain.library_grouping import LONE, Faces, group_library, summed_up
from facekeep.domain.likeness import BUNDLED_LIKENESS, Library
from facekeep.domain.neighbours import near_pairs
from facekeep.domain.pack_likeness import likeness_of
from facekeep.domain.packs import BUNDLED, ModelPack, Thresholds
from facekeep.domain.regrouping import Difference, Past, Regrouped, difference, moving


def past(group: list[int], kept: tuple[int, ...] = (), closed: frozenset[int] = frozenset()) -> Past:
    flags = np.isin(np.arange(len(group)), np.array(kept, dtype=np.int64))
    return Past(np.array(group), flags, closed, NOWHERE)


def after(group: list[int], identity: list[int | None]) -> Regrouped:
    return Regrouped(np.array(group), identity, {})


def test_nothing_changes() -> None:
    before, then = past([7, 7, 9, 9, LONE]), after([0, 0, 1, 1, LONE], [7, 9])
    assert moving(before, then).tolist() == []
    assert difference(before, then) == Difference(stay=2, change=0, new=0, gone=0, moved=0)


def test_what_changes_is_counted() -> None:
    """7 loses a face to 9 and one to nobody, 8 is gone, and two who were nobody's are somebody new."""
    before = past([7, 7, 7, 7, 9, 9, 8, 8, LONE, LONE, 5, 5])
    then = after([0, 0, 1, LONE, 1, 1, 1, 1, 2, 2, 3, 3], [7, 9, None, 5])
    assert moving(before, then).tolist() == [2, 3, 6, 7, 8, 9]
    assert difference(before, then) == Difference(stay=1, change=2, new=1, gone=1, moved=6)


def test_kept_faces_and_named_people_do_not_count_as_moving() -> None:
    before = past([7, 7, 3, 3], kept=(0, 2, 3), closed=frozenset((3,)))
    then = after([0, 1, 2, 2], [7, None, 3])
    assert moving(before, then).tolist() == [1]
    assert difference(before, then).stay == 0


def known_of(faces: Faces, group: np.ndarray) -> Known:
    inside = np.flatnonzero(group != LONE)
    nodes = summed_up(faces.vectors[inside], faces.weight[inside], group[inside])
    photos = [frozenset(faces.photo[group == one].tolist()) for one in range(len(nodes))]
    return Known(nodes.mean, nodes.weight, nodes.scatter, photos, np.zeros(len(nodes), dtype=bool))


@settings(deadline=None)
@given(seeds, st.integers(2, 30))
def test_groups_that_have_grown_are_what_they_are_counted_anew(seed: int, more: int) -> None:
    faces = crowd(seed, 60 + more, people=5)[0]
    old, new = faces.some(slice(60)), faces.some(slice(60, None))
    group = group_library(old, LIKENESS)
    known = known_of(old, group)
    growth = grow(new, known, LIKENESS, Library(len(faces)))
    counted = np.full(len(new), LONE)
    for face, at in growth.joined.items():
        counted[face] = at
    for at, some in enumerate(growth.founded):
        counted[some] = len(known) + at
    found, anew = grown(new, known, growth), known_of(faces, np.concatenate([group, counted]))
    assert np.allclose(found.mean, anew.mean, atol=1e-4)
    assert np.allclose(found.weight, anew.weight)
    assert np.allclose(found.scatter, anew.scatter, atol=1e-3)
    assert list(found.photos) == list(anew.photos)


def test_sums_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    vectors, weight = random.normal(size=(500, 8)).astype(np.float32), random.random(500) + 0.1
    group = random.integers(20, size=500)
    whole = summed_up(vectors, weight, group)
    monkeypatch.setattr(library_grouping, "ROWS", 7)
    some = summed_up(vectors, weight, group)
    expected = [np.average(vectors[group == one], axis=0, weights=weight[group == one]) for one in range(20)]
    assert np.allclose(whole.mean, expected, atol=1e-6)
    assert np.allclose(some.mean, whole.mean, atol=1e-6)
    assert np.allclose(some.scatter, whole.scatter)


class Enough(Exception):
    """Raised from within."""


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("calls", [1, 4])
def test_whoever_is_told_may_end_it(threads: int, calls: int) -> None:
    faces = crowd(3, 2500, people=20)[0]
    told: list[int] = []

    def tick() -> None:
        told.append(1)
        if len(told) >= calls:
            raise Enough

    with pytest.raises(Enough):
        group_library(faces, LIKENESS, threads=threads, tick=tick)
    with pytest.raises(Enough):
        near_pairs(faces.vectors, 1.0, tick=lambda: tick())


def test_a_pack_without_numbers_of_its_own_gets_careful_ones() -> None:
    assert likeness_of(BUNDLED) is BUNDLED_LIKENESS
    other = ModelPack("other", 1, "", "", 512, 0.9, 1.1, Thresholds(1.2, 1.0, 1.2, 1.2, 0.1))
    found = likeness_of(other)
    assert found.within < 1.2**2 < found.between
    same = ModelPack("like", 1, "", "", 128, 0.5, 3.0, BUNDLED.thresholds)
    assert likeness_of(same).between < BUNDLED_LIKENESS.between
