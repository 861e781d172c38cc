"""Grouping: a partition, by average linkage, that never joins what must stay apart."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facekeep.domain.faces import Vector
from facekeep.domain.grouping import Node, group

LIMIT = 0.6


def points(seed: int, count: int, spread: float = 0.4) -> list[Vector]:
    """Faces of a few people in eight dimensions; all distances differ."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 4), 8))
    chosen = centres[random.integers(len(centres), size=count)]
    return list(np.asarray(chosen + spread * random.normal(size=(count, 8)) / np.sqrt(8), dtype=np.float32))


def faces(vectors: Sequence[Vector], photos: Sequence[int] | None = None) -> list[Node]:
    where = range(len(vectors)) if photos is None else photos
    return [Node.of_face(vector, photo) for vector, photo in zip(vectors, where, strict=True)]


def naive(vectors: Sequence[Vector], photos: Sequence[int], apart: set[tuple[int, int]]) -> list[list[int]]:
    """Average linkage as the textbook has it: all pairs of all parts, again at every step."""
    parts = [[i] for i in range(len(vectors))]
    exact = np.array(vectors, dtype=np.float64)

    def distance(one: list[int], other: list[int]) -> float:
        pairs = list(itertools.product(one, other))
        if any(photos[i] == photos[j] or (i, j) in apart or (j, i) in apart for i, j in pairs):
            return np.inf
        return float(np.mean([np.sum((exact[i] - exact[j]) ** 2) for i, j in pairs]))

    while len(parts) > 1:
        best, one, other = min(
            (distance(parts[i], parts[j]), i, j) for i, j in itertools.combinations(range(len(parts)), 2)
        )
        if best > LIMIT**2:
            break
        parts[one] = sorted(parts[one] + parts[other])
        del parts[other]
    return sorted(parts)


cases = st.tuples(st.integers(0, 10**6), st.integers(0, 14), st.integers(1, 20))


def drawn(case: tuple[int, int, int]) -> tuple[list[Vector], list[int], set[tuple[int, int]]]:
    seed, count, photos = case
    random = np.random.default_rng(seed + 1)
    where = [int(photo) for photo in random.integers(photos, size=count)]
    pairs = {(int(a), int(b)) for a, b in random.integers(max(1, count), size=(count // 3, 2)) if a != b}
    return points(seed, count), where, pairs


@settings(deadline=None)
@given(cases)
def test_it_equals_the_naive_average_linkage(case: tuple[int, int, int]) -> None:
    vectors, photos, apart = drawn(case)
    assert group(faces(vectors, photos), LIMIT, apart=apart) == naive(vectors, photos, apart)


@given(cases)
def test_it_is_a_partition(case: tuple[int, int, int]) -> None:
    vectors, photos, apart = drawn(case)
    parts = group(faces(vectors, photos), LIMIT, apart=apart)
    assert sorted(itertools.chain(*parts)) == list(range(len(vectors)))
    assert all(part == sorted(part) for part in parts)


@given(cases)
def test_what_must_stay_apart_does(case: tuple[int, int, int]) -> None:
    vectors, photos, apart = drawn(case)
    for part in group(faces(vectors, photos), 1e9, apart=apart):
        assert len({photos[i] for i in part}) == len(part)
        assert not any((i, j) in apart for i, j in itertools.permutations(part, 2))


@given(cases, st.integers(0, 10**6))
def test_the_order_of_the_nodes_does_not_matter(case: tuple[int, int, int], seed: int) -> None:
    vectors, photos, apart = drawn(case)
    order = [int(i) for i in np.random.default_rng(seed).permutation(len(vectors))]
    place = {old: new for new, old in enumerate(order)}
    shuffled = group(
        faces([vectors[i] for i in order], [photos[i] for i in order]),
        LIMIT,
        apart={(place[a], place[b]) for a, b in apart},
    )
    back = sorted(sorted(order[i] for i in part) for part in shuffled)
    assert back == group(faces(vectors, photos), LIMIT, apart=apart)


@given(st.integers(0, 10**6), st.integers(2, 10), st.integers(1, 6))
def test_a_group_known_by_its_statistics_counts_as_its_members(seed: int, inside: int, new: int) -> None:
    """A tight group stands for itself: the partition of the rest is that with its members in its place."""
    random = np.random.default_rng(seed)
    centre = random.normal(size=8)
    tight = [np.asarray(centre + 1e-3 * random.normal(size=8), dtype=np.float32) for _ in range(inside)]
    others = [
        np.asarray(centre + random.normal(size=8) * random.uniform(0.05, 0.3), dtype=np.float32)
        for _ in range(new)
    ]
    array = np.array(tight, dtype=np.float64)
    known = Node(
        inside,
        np.asarray(array.mean(axis=0), dtype=np.float32),
        float((array**2).sum(axis=1).mean()),
        frozenset(range(100, 100 + inside)),
    )
    short = group([known, *faces(others)], LIMIT)
    long = group(faces([*tight, *others], [*range(100, 100 + inside), *range(new)]), LIMIT)
    expanded = sorted(
        sorted(itertools.chain(*(range(inside) if i == 0 else [i + inside - 1] for i in part)))
        for part in short
    )
    assert expanded == long


def test_distance_to_a_wide_group_is_the_mean_over_its_members() -> None:
    """Two members at -1 and 1: the mean is 0, but a face at 0 is at distance 1 of both, not at 0."""
    wide = Node(2, np.zeros(1, dtype=np.float32), 1.0, frozenset((1, 2)))
    middle = Node.of_face(np.zeros(1, dtype=np.float32), 3)
    assert group([wide, middle], 0.999) == [[0], [1]]
    assert group([wide, middle], 1.001) == [[0, 1]]


def test_a_group_stays_apart_from_the_photos_it_is_in() -> None:
    known = Node(2, np.zeros(8, dtype=np.float32), 0.0, frozenset((7, 8)))
    same = np.zeros(8, dtype=np.float32)
    assert group([known, Node.of_face(same, 8), Node.of_face(same, 9)], LIMIT) == [[0, 2], [1]]


def test_apartness_goes_over_to_the_union() -> None:
    """0 and 1 join first; 2 must not follow because it may not be with 0."""
    vectors = [np.full(8, value, dtype=np.float32) for value in (0.0, 0.01, 0.02)]
    assert group(faces(vectors), LIMIT, apart={(2, 0)}) == [[0], [1, 2]] or group(
        faces(vectors), LIMIT, apart={(2, 0)}
    ) == [[0, 1], [2]]


@pytest.mark.parametrize("count", [0, 1])
def test_few_faces(count: int) -> None:
    assert group(faces(points(1, count)), LIMIT) == [[i] for i in range(count)]


def test_identical_faces_join() -> None:
    same = points(3, 1)[0]
    assert group(faces([same] * 50), 0.0) == [list(range(50))]


def test_the_limit_itself_is_within() -> None:
    near, far = np.zeros(1, dtype=np.float32), np.full(1, 0.5, dtype=np.float32)
    assert group(faces([near, far]), 0.5) == [[0, 1]]
    assert group(faces([near, far]), 0.4999) == [[0], [1]]


def test_a_thousand_faces_are_quick_enough_to_be_whole() -> None:
    vectors = points(5, 1000, spread=0.05)
    parts = group(faces(vectors), LIMIT)
    assert sorted(itertools.chain(*parts)) == list(range(1000))
    assert len(parts) < 400
