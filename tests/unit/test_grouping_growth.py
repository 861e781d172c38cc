"""Adding to a grouped library, grouping it anew, and asking who is one person twice."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.face_generator import BUNDLED_LIKE, Crowd, library
from tests.bench.grouping_shelf import Shelf, empty
from tests.bench.grouping_truth import Truth, judged
from tests.unit.grouping_crowds import DIMENSIONS, LIKENESS, crowd, partition, seeds

from facekeep.domain.agglomeration import NOWHERE
from facekeep.domain.growth import Growth, Known, grow
from facekeep.domain.library_grouping import CLEAR, LONE, Faces, group_library, summed_up
from facekeep.domain.likeness import BUNDLED_LIKENESS, Library
from facekeep.domain.neighbours import Ids
from facekeep.domain.proposals import reason, same_person_twice
from facekeep.domain.regrouping import Past, Regrouped, regroup

portions = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def known(faces: Faces, group: Ids, named: tuple[int, ...] = ()) -> Known:
    """The groups of faces that are in one, numbered from 0."""
    inside = np.flatnonzero(group != LONE)
    nodes = summed_up(faces.vectors[inside], faces.weight[inside], group[inside])
    photos = [frozenset(faces.photo[group == one].tolist()) for one in range(len(nodes))]
    return Known(
        nodes.mean, nodes.weight, nodes.scatter, photos, np.isin(np.arange(len(nodes)), np.array(named))
    )


def nobody() -> Known:
    none = np.zeros(0)
    return Known(np.zeros((0, DIMENSIONS), dtype=np.float32), none, none, [], none.astype(bool))


def at(place: float, *photos: int, quality: float = 1.0) -> Faces:
    """Faces at one place, each in a photo."""
    vectors = np.zeros((len(photos), DIMENSIONS), dtype=np.float32)
    vectors[:, 0] = place
    return Faces(vectors, np.array(photos, dtype=np.int64), np.full(len(photos), quality))


def in_portions(faces: Faces, sizes: list[int]) -> tuple[Shelf, list[Ids]]:
    """Added a portion at a time, and the groups after each."""
    shelf, start, after = empty(LIKENESS, DIMENSIONS), 0, []
    for size in [*sizes, len(faces)]:
        shelf.add(faces.some(slice(start, start + size)))
        start += size
        after.append(shelf.group.copy())
        if start >= len(faces):
            break
    return shelf, after


@settings(deadline=None)
@given(seeds, portions)
def test_whoever_is_in_a_group_stays_in_it_whatever_comes(seed: int, sizes: list[int]) -> None:
    faces, _ = crowd(seed, 40, photos=40)
    _, after = in_portions(faces, sizes)
    for before, later in itertools.pairwise(after):
        grouped = np.flatnonzero(before != LONE)
        assert np.array_equal(before[grouped], later[grouped])


@settings(deadline=None)
@given(seeds, portions, st.integers(1, 20))
def test_in_whatever_portions_faces_of_one_photo_stay_apart(seed: int, sizes: list[int], photos: int) -> None:
    faces, _ = crowd(seed, 30, people=2, photos=photos)
    shelf, _ = in_portions(faces, sizes)
    for together in partition(shelf.group):
        assert len({int(faces.photo[face]) for face in together}) == len(together) > 1


def test_in_whatever_order_easy_people_are_told_apart() -> None:
    """Of 3,000 such crowds one had two people in one group: strangers are near by chance now and then."""
    truths = [told_apart(seed) for seed in range(200)]
    assert sum(truth.precision < 1.0 for truth in truths) <= 1
    assert np.mean([truth.recall for truth in truths]) >= 0.95


def told_apart(seed: int) -> Truth:
    faces, person = crowd(seed, 40, people=3)
    order = np.random.default_rng(seed + 1_000_000).permutation(40)
    shelf, _ = in_portions(faces.some(order), [5] * 8)
    return judged(shelf.group, person[order])


@settings(deadline=None)
@given(seeds)
def test_the_same_again_gives_the_same(seed: int) -> None:
    faces, _ = crowd(seed, 30)
    old = known(faces, group_library(faces, LIKENESS))
    new, _ = crowd(seed, 40)
    some = new.some(slice(30, 40))
    assert grow(some, old, LIKENESS, Library(40)) == grow(some, old, LIKENESS, Library(40))


def test_a_library_grown_little_by_little_is_right() -> None:
    made = library(BUNDLED_LIKE, Crowd(1500, seed=3))
    faces = Faces(made.vectors, made.photo, made.quality)
    shelf = empty(BUNDLED_LIKENESS, faces.vectors.shape[1])
    for start in range(0, 1500, 100):
        shelf.add(faces.some(slice(start, start + 100)))
    truth = judged(shelf.group, made.person)
    assert truth.precision >= 0.99
    assert truth.recall >= 0.85


def test_nothing_added_to_nothing() -> None:
    assert grow(at(0.0), nobody(), LIKENESS, Library(0)) == Growth({}, {}, [])


def test_one_face_is_alone_until_a_second_comes() -> None:
    assert grow(at(0.0, 1), nobody(), LIKENESS, Library(1)) == Growth({}, {}, [])
    assert grow(at(0.0, 1, 2), nobody(), LIKENESS, Library(2)) == Growth({}, {}, [[0, 1]])


def test_a_face_joins_the_group_that_is_there_and_not_one_of_its_own_photo() -> None:
    old = known(at(0.0, 1, 2), np.zeros(2, dtype=np.int64))
    assert grow(at(0.0, 3), old, LIKENESS, Library(3)).joined == {0: 0}
    assert grow(at(0.0, 2), old, LIKENESS, Library(3)) == Growth({}, {}, [])
    assert len(grow(at(0.0, 3, 3), old, LIKENESS, Library(4)).joined) == 1


def test_a_rejected_face_stays_out() -> None:
    old = known(at(0.0, 1, 2), np.zeros(2, dtype=np.int64))
    for quality in (1.0, CLEAR / 2):
        new = at(0.0, 3, quality=quality)
        assert grow(new, old, LIKENESS, Library(3)).joined == {0: 0}
        assert grow(new, old, LIKENESS, Library(3), apart=np.array([[0, 0]])).joined == {}


def test_a_named_person_takes_nobody_in_but_is_proposed() -> None:
    old = known(at(0.0, 1, 2), np.zeros(2, dtype=np.int64), named=(0,))
    assert grow(at(0.0, 3, 4), old, LIKENESS, Library(4)) == Growth({}, {0: 0, 1: 0}, [])


def test_two_groups_do_not_join_however_alike() -> None:
    old = known(at(0.0, 1, 2, 3, 4), np.array([0, 0, 1, 1]))
    grown = grow(at(0.0, *range(5, 15)), old, LIKENESS, Library(14))
    assert set(grown.joined) == set(range(10))
    [alike] = same_person_twice(old, LIKENESS, Library(14))
    assert (alike.one, alike.other, alike.doubt) == (0, 1, 0.0)


def test_poor_faces_found_nothing_and_join_what_is_clear() -> None:
    poor = at(0.0, 1, 2, 3, quality=CLEAR / 2)
    assert grow(poor, nobody(), LIKENESS, Library(3)) == Growth({}, {}, [])
    both = poor.followed_by(at(0.0, 4, 5))
    assert grow(both, nobody(), LIKENESS, Library(5)).founded == [[0, 1, 2, 3, 4]]


def test_ids_are_never_used_again() -> None:
    shelf = empty(LIKENESS, DIMENSIONS)
    shelf.add(at(0.0, 1, 2))
    shelf.group[:] = LONE
    shelf.add(at(9.0, 3, 4))
    assert len(shelf.group) == 4
    assert 0 not in shelf.group


def past(
    group: list[int], kept: tuple[int, ...] = (), closed: tuple[int, ...] = (), rejected: Ids = NOWHERE
) -> Past:
    return Past(
        np.array(group, dtype=np.int64),
        np.isin(np.arange(len(group)), np.array(kept)),
        frozenset(closed),
        rejected,
    )


def ids(found: Regrouped) -> list[int | None]:
    """Who each face is: None for nobody, -1 for somebody new."""
    names = [-1 if person is None else person for person in found.identity]
    return [None if one == LONE else names[one] for one in found.group.tolist()]


def test_a_group_stays_who_it_is_by_its_largest_overlap() -> None:
    found = regroup(at(0.0, *range(6)), past([40, 40, 40, 17, 17, LONE]), LIKENESS)
    assert ids(found) == [40] * 6
    assert found.successor == {17: 0}


def test_of_equal_overlaps_the_older_person_stays() -> None:
    assert ids(regroup(at(0.0, *range(4)), past([40, 40, 17, 17]), LIKENESS)) == [17] * 4


def test_a_group_that_falls_apart_leaves_its_id_to_the_larger_part() -> None:
    faces = at(0.0, 1, 2, 3).followed_by(at(9.0, 4, 5))
    assert ids(regroup(faces, past([8] * 5), LIKENESS)) == [8, 8, 8, -1, -1]


def test_what_the_user_said_stays_even_against_all_likeness() -> None:
    faces = at(0.0, 1, 2, 3).followed_by(at(9.0, 4, 5))
    found = regroup(faces, past([8, 8, 7, 8, LONE], kept=(0, 3)), LIKENESS)
    assert [ids(found)[face] for face in (0, 3)] == [8, 8]


def test_named_people_neither_take_in_nor_lose_anybody() -> None:
    found = regroup(at(0.0, *range(5)), past([3, 3, 5, 5, LONE], kept=(0, 1), closed=(3,)), LIKENESS)
    assert ids(found) == [3, 3, 5, 5, 5]


def test_two_people_of_whom_the_user_spoke_do_not_become_one() -> None:
    found = regroup(at(0.0, *range(6)), past([3, 3, 5, 5, LONE, LONE], kept=(0, 2)), LIKENESS)
    assert ids(found)[0] == 3
    assert ids(found)[2] == 5
    assert set(ids(found)) == {3, 5}


def test_a_rejected_face_never_comes_back() -> None:
    rejected = np.array([[2, 3]])
    held = regroup(at(0.0, *range(4)), past([3, 3, LONE, LONE], kept=(0, 1), rejected=rejected), LIKENESS)
    assert ids(held)[2] != 3
    loose = regroup(at(0.0, *range(4)), past([3, 3, LONE, LONE], rejected=rejected), LIKENESS)
    assert ids(loose)[2] != 3


@settings(deadline=None)
@given(seeds)
def test_whatever_the_past_the_user_s_word_and_ids_are_kept(seed: int) -> None:
    faces, _ = crowd(seed, 30, photos=40)
    random = np.random.default_rng(seed)
    group = np.where(random.random(30) < 0.7, random.integers(10, 16, size=30), LONE)
    kept = (group != LONE) & ((random.random(30) < 0.3) | (group == 10))
    pairs = np.stack([random.integers(30, size=4), random.integers(10, 16, size=4)], axis=1)
    rejected = pairs[group[pairs[:, 0]] != pairs[:, 1]]
    found = regroup(faces, Past(group, kept, frozenset({10}), rejected), LIKENESS)
    now = ids(found)
    assert all(now[face] == group[face] for face in np.flatnonzero(kept))
    assert {face for face, person in enumerate(now) if person == 10} == set(np.flatnonzero(group == 10))
    assert not any(now[face] == person for face, person in rejected.tolist())
    stays = [person for person in found.identity if person is not None]
    assert len(stays) == len(set(stays))
    assert set(stays) <= set(group.tolist())
    assert not set(found.successor) & set(stays)


def test_the_same_person_twice_is_told_but_not_who_shares_a_photo() -> None:
    faces = at(0.0, 1, 2, 3, 4, 4, 5)
    groups = known(faces, np.array([0, 0, 1, 1, 2, 2]))
    found = same_person_twice(groups, LIKENESS, Library(100))
    assert [(alike.one, alike.other) for alike in found] == [(0, 1), (0, 2)]
    assert [(a.one, a.other) for a in same_person_twice(groups, LIKENESS, Library(100), apart={(1, 0)})] == [
        (0, 2)
    ]
    assert same_person_twice(nobody(), LIKENESS, Library(0)) == []


def test_strangers_are_not_asked_about() -> None:
    made = library(BUNDLED_LIKE, Crowd(2000, seed=8, look_alikes=0.0, blurs=0.0))
    faces = Faces(made.vectors, made.photo, made.quality)
    several = np.flatnonzero(np.bincount(made.person)[made.person] > 3)
    truth = np.unique(made.person[several], return_inverse=True)[1]
    found = same_person_twice(known(faces.some(several), truth), BUNDLED_LIKENESS, Library(2000))
    assert len(found) <= 0.05 * (truth.max() + 1)


def test_one_person_cut_in_two_is_found() -> None:
    made = library(BUNDLED_LIKE, Crowd(2000, seed=8, look_alikes=0.0, blurs=0.0))
    faces = Faces(made.vectors, made.photo, made.quality)
    several = np.flatnonzero(np.bincount(made.person)[made.person] > 11)
    truth = np.unique(made.person[several], return_inverse=True)[1]
    halves = 2 * truth + np.arange(len(truth)) % 2
    halves = np.unique(halves, return_inverse=True)[1]
    apart = Faces(faces.vectors[several], np.arange(len(several)), faces.quality[several])
    found = {
        (a.one, a.other) for a in same_person_twice(known(apart, halves), BUNDLED_LIKENESS, Library(2000))
    }
    assert {(2 * one, 2 * one + 1) for one in range(int(truth.max()) + 1)} <= found


def test_the_reason_counts_near_pairs() -> None:
    why = reason(at(0.0, 1, 2).vectors, at(0.3, 3, 4, 5).vectors, 0.5, ((1, 2), (2, 3)))
    assert (why.near, why.compared, why.shared_photos) == (6, 6, 1)
    assert why.nearest == pytest.approx(0.3)
    assert why.mean == pytest.approx(0.3)
    assert reason(at(0.0, 1).vectors, at(0.6, 2).vectors, 0.5).near == 0
