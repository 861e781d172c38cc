"""The grouping of a whole library: who belongs together is, what must stay apart does; the same again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.face_generator import ARCFACE_LIKE, BUNDLED_LIKE, Crowd, FaceModel, library
from tests.bench.grouping_truth import judged
from tests.unit.grouping_crowds import DIMENSIONS, LIKENESS, counts, crowd, partition, seeds

from facekeep.domain.agglomeration import NOWHERE, Nodes, agglomerate
from facekeep.domain.library_grouping import CLEAR, LONE, Faces, group_library
from facekeep.domain.likeness import BUNDLED_LIKENESS, Library, Likeness
from facekeep.domain.neighbours import EXACT, Ids, near_pairs

ARCFACE_LIKENESS = Likeness(0.95**2 + 0.13**2, 40.0, 1.40**2 + 0.043**2, 400.0)


@pytest.mark.parametrize(
    ("model", "likeness"), [(BUNDLED_LIKE, BUNDLED_LIKENESS), (ARCFACE_LIKE, ARCFACE_LIKENESS)]
)
def test_a_generated_library_is_grouped_rightly(model: FaceModel, likeness: Likeness) -> None:
    """Enough faces that neighbours are searched in cells: more than are compared with all others."""
    made = library(model, Crowd(3 * EXACT, seed=5))
    group = group_library(Faces(made.vectors, made.photo, made.quality), likeness)
    truth = judged(group, made.person)
    assert truth.precision >= 0.99
    assert truth.recall >= 0.90
    strangers = np.bincount(made.person)[made.person] == 1
    assert (group[strangers] != LONE).mean() <= 0.03


def test_easy_people_are_told_apart_wholly() -> None:
    faces, person = crowd(3, 60, people=4)
    group = group_library(faces, LIKENESS)
    clear = faces.clear
    assert judged(group[clear], person[clear]).precision == 1.0
    assert judged(group[clear], person[clear]).recall >= 0.9


@settings(deadline=None)
@given(seeds, counts, st.integers(1, 30))
def test_faces_of_one_photo_and_those_kept_apart_are_never_together(
    seed: int, count: int, photos: int
) -> None:
    faces, _ = crowd(seed, count, people=2, photos=photos)
    pairs = np.random.default_rng(seed).integers(max(count, 1), size=(count // 3, 2))
    apart = pairs[pairs[:, 0] != pairs[:, 1]].reshape(-1, 2)
    group = group_library(faces, LIKENESS, apart=apart)
    for together in partition(group):
        assert len({int(faces.photo[face]) for face in together}) == len(together)
        assert not any({int(a), int(b)} <= together for a, b in apart)


@settings(deadline=None)
@given(seeds, counts)
def test_the_same_again_gives_the_same(seed: int, count: int) -> None:
    faces, _ = crowd(seed, count, photos=30)
    assert np.array_equal(group_library(faces, LIKENESS, seed=7), group_library(faces, LIKENESS, seed=7))


def test_a_library_searched_in_cells_is_the_same_again_with_more_threads() -> None:
    made = library(BUNDLED_LIKE, Crowd(2 * EXACT))
    faces = Faces(made.vectors, made.photo, made.quality)
    first, again = (group_library(faces, BUNDLED_LIKENESS, threads=threads) for threads in (1, 3))
    assert np.array_equal(first, again)


@settings(deadline=None)
@given(seeds, counts, seeds)
def test_the_order_of_the_faces_does_not_matter(seed: int, count: int, other: int) -> None:
    faces, _ = crowd(seed, count, photos=40)
    order = np.random.default_rng(other).permutation(count)
    shuffled = group_library(faces.some(order), LIKENESS)
    back = {frozenset(int(order[face]) for face in together) for together in partition(shuffled)}
    assert back == partition(group_library(faces, LIKENESS))


@settings(deadline=None)
@given(seeds, counts)
def test_groups_are_numbered_by_their_first_faces_and_have_two(seed: int, count: int) -> None:
    faces, _ = crowd(seed, count)
    group = group_library(faces, LIKENESS)
    parts = sorted(partition(group), key=min)
    assert [int(group[min(part)]) for part in parts] == list(range(len(parts)))
    assert all(len(part) > 1 for part in parts)


@settings(deadline=None)
@given(seeds, st.integers(4, 40), st.integers(1, 4))
def test_what_is_held_together_stays_and_is_never_joined_with_another(
    seed: int, count: int, words: int
) -> None:
    """The user's word may be against all likeness: even two faces of one photo."""
    faces, _ = crowd(seed, count, people=2, photos=count)
    random = np.random.default_rng(seed)
    held = np.where(random.random(count) < 0.4, random.integers(words, size=count), LONE)
    group = group_library(faces, LIKENESS, held=held)
    for word in set(held.tolist()) - {LONE}:
        [at] = set(group[held == word].tolist())
        assert at != LONE
        assert set(held[group == at].tolist()) <= {word, LONE}


@pytest.mark.parametrize("count", [0, 1])
def test_few_faces_are_in_no_group(count: int) -> None:
    faces, _ = crowd(1, count)
    assert group_library(faces, LIKENESS).tolist() == [LONE] * count


@pytest.mark.parametrize("count", [2, 50, 3 * EXACT])
def test_the_same_vector_in_many_photos_is_one_person(count: int) -> None:
    same = np.ones((count, DIMENSIONS), dtype=np.float32)
    faces = Faces(same, np.arange(count), np.ones(count))
    assert set(group_library(faces, LIKENESS).tolist()) == {0}


def test_the_same_vector_many_times_in_one_photo_is_as_many_people() -> None:
    faces = Faces(np.ones((9, DIMENSIONS), dtype=np.float32), np.zeros(9, dtype=np.int64), np.ones(9))
    assert set(group_library(faces, LIKENESS).tolist()) == {LONE}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    vectors = np.ones((3, DIMENSIONS), dtype=np.float32)
    vectors[1, 2] = value
    with pytest.raises(ValueError, match="not finite"):
        Faces(vectors, np.arange(3), np.ones(3))
    with pytest.raises(ValueError, match="not finite"):
        near_pairs(vectors, 1.0)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        Faces(np.ones((3, DIMENSIONS), dtype=np.float32), np.arange(2), np.ones(3))


def test_poor_faces_found_no_group_but_join_one() -> None:
    vectors = np.ones((6, DIMENSIONS), dtype=np.float32)
    poor = CLEAR - 0.01
    assert set(group_library(Faces(vectors, np.arange(6), np.full(6, poor)), LIKENESS)) == {LONE}
    quality = np.array([1.0, 1.0, poor, poor, np.nan, 1.0])
    photo = np.array([0, 1, 2, 2, 3, 4])
    group = group_library(Faces(vectors, photo, quality), LIKENESS)
    assert group[[0, 1, 5]].tolist() == [0, 0, 0]
    assert sorted(group[[2, 3]].tolist()) == [LONE, 0], "of two faces of one photo only one is that person"
    assert group[4] == 0, "a quality that is not known counts as poor"


def test_half_precision_is_enough() -> None:
    made = library(BUNDLED_LIKE, Crowd(2 * EXACT))
    faces = Faces(made.vectors.astype(np.float16), made.photo, made.quality)
    assert judged(group_library(faces, BUNDLED_LIKENESS), made.person).precision >= 0.99


def exact(vectors: np.ndarray, reach: float) -> set[tuple[int, int]]:
    squared = np.square(vectors[:, None].astype(np.float64) - vectors[None]).sum(axis=2)
    one, other = np.nonzero(np.triu(squared <= reach**2, 1))
    return set(zip(one.tolist(), other.tolist(), strict=True))


def test_few_vectors_are_compared_with_all() -> None:
    faces, _ = crowd(2, 60)
    found = near_pairs(faces.vectors, 0.5, neighbours=60)
    assert set(zip(found.one.tolist(), found.other.tolist(), strict=True)) == exact(faces.vectors, 0.5)
    apart = faces.vectors[found.one] - faces.vectors[found.other]
    assert found.squared == pytest.approx(np.square(apart).sum(axis=1), abs=1e-5)


def test_nearly_all_neighbours_of_one_person_are_found_in_cells() -> None:
    made = library(BUNDLED_LIKE, Crowd(4000, blurs=0.0))
    pairs = near_pairs(made.vectors, 0.45, neighbours=100)
    same = made.person[pairs.one] == made.person[pairs.other]
    order = np.argsort(made.person, kind="stable")
    meant = 0
    for some in np.split(order, np.flatnonzero(np.diff(made.person[order])) + 1):
        meant += len(exact(made.vectors[some], 0.45))
    assert int(same.sum()) >= 0.85 * meant


def test_of_several_with_a_past_none_comes_together() -> None:
    """Three groups of one place, two of them with a past, and faces between: they choose, and do not bind."""
    count = 12
    mean = np.ones((count, DIMENSIONS), dtype=np.float32)
    mean += np.random.default_rng(4).normal(size=mean.shape).astype(np.float32) * 0.01
    fixed = np.arange(count) < 4
    nodes = Nodes(mean, np.ones(count), np.zeros(count), fixed)
    groups, place = agglomerate(nodes, near_pairs(mean, 1.0), NOWHERE, LIKENESS, Library(count))
    assert len(set(place[:4].tolist())) == 4
    assert set(place.tolist()) == set(place[:4].tolist())
    assert groups.weight.sum() == pytest.approx(count)


def test_the_limit_shrinks_with_the_library_and_widens_with_the_group() -> None:
    def limit(one: float, other: float, faces: int) -> float:
        return float(BUNDLED_LIKENESS.limit(np.array(one), np.array(other), Library(faces)))

    assert limit(1, 1, 100) > limit(1, 1, 10_000) > limit(1, 1, 1_000_000)
    assert limit(1, 1000, 10**6) > limit(1, 100, 10**6) > limit(1, 10, 10**6)
    assert limit(1000, 1000, 10**6) < limit(1, 1000, 10**6), "large groups are known well: no more need be"
    assert limit(3, 7, 10**5) == limit(7, 3, 10**5)
    assert 0.3 < limit(1, 1, 10**5) ** 0.5 < 0.45
    thousand = np.array(1000.0)
    wide = float(BUNDLED_LIKENESS.askable(thousand, thousand, Library(10**6)))
    assert wide > limit(1000, 1000, 10**6), "asked sooner than joined"


def test_people_near_the_middle_of_all_have_narrower_limits() -> None:
    one, library = np.array([1.0, 1.0, 1.0]), Library(10**5)
    off = BUNDLED_LIKENESS.off(np.array([0.0, 0.25, 0.5]), np.array([50.0, 50.0, 50.0]))
    limits = BUNDLED_LIKENESS.limit(one, 50 * one, library, off)
    assert limits[0] < limits[1] < limits[2]
    assert off[0] > 0.0, "but nobody is taken for everybody's look-alike"


def test_a_mixed_group_is_farther_from_everybody() -> None:
    scatter = np.array([0.0, LIKENESS.scatter, LIKENESS.scatter + LIKENESS.apart / 4])
    mixed = LIKENESS.mixed(scatter, np.array([1.0, 50.0, 50.0]))
    assert mixed[:2].tolist() == [0.0, 0.0]
    assert mixed[2] > 0.0


def test_the_measure_of_the_tests_counts_pairs() -> None:
    group: Ids = np.array([0, 0, 0, LONE, 1, 1])
    person: Ids = np.array([5, 5, 6, 6, 7, 8])
    truth = judged(group, person)
    assert truth.precision == pytest.approx(1 / 4)
    assert truth.recall == pytest.approx(1 / 2)
