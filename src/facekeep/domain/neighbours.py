"""Which vectors are near each other: a graph of nearest neighbours, without comparing each with all.

The vectors are sorted into cells around centres found by a few rounds of k-means on a sample. Each vector is
compared with the members of the few cells whose centres are nearest to it: an inverted file, as it is called,
done in matrix products. Deterministic for a seed.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.floating]
Single = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Whole = npt.NDArray[np.int32]

NEIGHBOURS = 10
"""Nearest of each vector that are kept; linkage needs a way from face to face, not every pair."""

PROBES = 4
"""Cells in which each vector is looked up. Four find 92 % of the neighbours of one person, eight 96 %, at
twice the time; two faces that miss each other meet through a third."""

CELL = 400
"""Members of a cell, on average."""

EXACT = 4 * CELL
"""Up to so many vectors, each is compared with all."""

ROUNDS = 3
SAMPLE = 40
"""Vectors a cell on which the centres are found."""

BLOCK = 4096
"""Vectors compared with all centres at once."""

ROWS = 1024
"""Vectors compared with the members of a cell at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of indexes, `one < other`, each pair once, rising; the squared Euclidean distance of each."""

    one: Ids
    other: Ids
    squared: Single

    def __len__(self) -> int:
        return len(self.one)


NO_PAIRS = Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class _Cells:
    """Members of each cell and, for each, those that are looked up in it, with the probe it is to them."""

    members: list[Ids]
    visitors: list[Ids]
    probe: list[Ids]


def silent() -> None:
    """Tell nobody that it goes on."""


def near_pairs(
    vectors: Vectors,
    reach: float,
    *,
    neighbours: int = NEIGHBOURS,
    seed: int = 0,
    threads: int = 1,
    tick: Callable[[], None] = silent,
) -> Pairs:
    """Pairs at a Euclidean distance of at most `reach`, of which one is among the nearest of the other.

    Memory besides the vectors: about 70 bytes a neighbour and vector. `tick` is called now and then, from any
    of the threads; what it raises ends the search. Raises ValueError where a number is not finite.
    """
    squares = _squared_norms(vectors)
    if len(vectors) < 2:
        return NO_PAIRS
    few = len(vectors) <= EXACT
    cells = _one_cell(len(vectors)) if few else _cells(vectors, squares, seed, threads)
    probes = 1 if few else PROBES
    shape = (len(vectors), probes, neighbours)
    found, squared = np.full(shape, -1, dtype=np.int32), np.full(shape, np.inf, dtype=np.float32)

    def look(cell: int) -> None:
        tick()
        who, probe = cells.visitors[cell], cells.probe[cell]
        ids, near = _nearest(vectors, squares, who, cells.members[cell], reach**2, neighbours)
        found[who, probe, : ids.shape[1]] = ids
        squared[who, probe, : ids.shape[1]] = near

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(look, range(len(cells.members))))
    return _pairs(found.reshape(len(vectors), -1), squared.reshape(len(vectors), -1), neighbours)


def _squared_norms(vectors: Vectors) -> Single:
    squares = np.empty(len(vectors), dtype=np.float32)
    for rows in _blocks(len(vectors), 65536):
        block = vectors[rows].astype(np.float32, copy=False)
        squares[rows] = np.einsum("ij,ij->i", block, block)
    if not np.isfinite(squares).all():
        raise ValueError("a vector has a number that is not finite")
    return squares


def _blocks(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))


def _one_cell(count: int) -> _Cells:
    everything = np.arange(count)
    return _Cells([everything], [everything], [np.zeros(count, dtype=np.int64)])


def _cells(vectors: Vectors, squares: Single, seed: int, threads: int) -> _Cells:
    centres = _centres(vectors, np.random.default_rng(seed))
    nearest = np.empty((len(vectors), PROBES), dtype=np.int32)

    def look(rows: slice) -> None:
        distances = _to_centres(vectors[rows].astype(np.float32, copy=False), centres)
        distances += squares[rows, None] / 2
        kept = _least(np.maximum(distances, 0.0, out=distances), PROBES)
        order = np.argsort(np.take_along_axis(distances, kept, axis=1), axis=1, kind="stable")
        nearest[rows] = np.take_along_axis(kept, order, axis=1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(look, _blocks(len(vectors), BLOCK)))
    members = _by_value(nearest[:, 0].astype(np.int64), len(centres))
    slots = _by_value(nearest.ravel().astype(np.int64), len(centres))
    return _Cells(members, [s // PROBES for s in slots], [s % PROBES for s in slots])


def _centres(vectors: Vectors, random: np.random.Generator) -> Single:
    count = len(vectors) // CELL
    chosen = np.sort(random.choice(len(vectors), min(len(vectors), SAMPLE * count), replace=False))
    sample = vectors[chosen].astype(np.float32)
    centres = sample[random.choice(len(sample), count, replace=False)]
    for _ in range(ROUNDS):
        nearest = np.concatenate(
            [_to_centres(sample[rows], centres).argmin(axis=1) for rows in _blocks(len(sample), BLOCK)]
        )
        order = np.argsort(nearest, kind="stable")
        kinds, starts, sizes = np.unique(nearest[order], return_index=True, return_counts=True)
        centres[kinds] = np.add.reduceat(sample[order], starts) / sizes[:, None]
    return centres


def _to_centres(vectors: Single, centres: Single) -> Single:
    """Half the squared distances, without the part that is the same for all centres."""
    halves = np.einsum("ij,ij->i", centres, centres) / 2
    return np.asarray(halves - vectors @ centres.T)


def _by_value(values: Ids, count: int) -> list[Ids]:
    """For each value from 0 to `count`, the indexes that have it, rising."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.searchsorted(values[order], np.arange(1, count)))


def _nearest(
    vectors: Vectors, squares: Single, who: Ids, members: Ids, reach: float, neighbours: int
) -> tuple[Whole, Single]:
    """Of each, the nearest members, at most `neighbours`; -1 at infinity where there are fewer in reach."""
    width = min(neighbours, len(members))
    ids = np.empty((len(who), width), dtype=np.int32)
    near = np.empty((len(who), width), dtype=np.float32)
    base = vectors[members].astype(np.float32, copy=False)
    for rows in _blocks(len(who), ROWS):
        asked = who[rows]
        squared: Single = -2 * vectors[asked].astype(np.float32, copy=False) @ base.T
        squared += squares[asked, None]
        squared += squares[members]
        np.maximum(squared, 0.0, out=squared)
        squared[asked[:, None] == members] = np.inf
        column = _least(squared, width)
        near[rows] = np.take_along_axis(squared, column, axis=1)
        ids[rows] = members[column]
    ids[near > reach] = -1
    near[near > reach] = np.inf
    return ids, near


def _least(values: Single, width: int) -> Whole:
    """Columns of the least of each row, in no order; like argpartition, at a third of its time.

    Numbers that are not negative are in the order of their bits, so the column can take the place of the
    lowest ones, and one partition of whole numbers finds both. Values within 0.1 % may change places.
    """
    low = np.int32((1 << (values.shape[1] - 1).bit_length()) - 1)
    packed = (values.view(np.int32) & ~low) | np.arange(values.shape[1], dtype=np.int32)
    packed.partition(width - 1, axis=1)
    return np.asarray(packed[:, :width] & low)


def _pairs(found: Whole, squared: Single, neighbours: int) -> Pairs:
    """The nearest of all that the probes found, as pairs."""
    ones, others, distances = [], [], []
    for rows in _blocks(len(found), 65536):
        near, ids = squared[rows], found[rows]
        if near.shape[1] > neighbours:
            kept = _least(near, neighbours)
            near, ids = np.take_along_axis(near, kept, axis=1), np.take_along_axis(ids, kept, axis=1)
        row, column = np.nonzero(np.isfinite(near))
        ones.append(row + rows.start)
        others.append(ids[row, column].astype(np.int64))
        distances.append(near[row, column])
    if not ones:
        return NO_PAIRS
    return _once(np.concatenate(ones), np.concatenate(others), np.concatenate(distances), len(found))


def _once(one: Ids, other: Ids, squared: Single, count: int) -> Pairs:
    keys = np.minimum(one, other) * count + np.maximum(one, other)
    keys, first = np.unique(keys, return_index=True)
    return Pairs(keys // max(count, 1), keys % max(count, 1), squared[first])
