"""Grouping unknown faces into unnamed people, by average linkage, bounded by what is new.

A node is a face, or a group that exists already, known by its count, mean and mean squared norm alone: the
mean squared Euclidean distance between the members of two nodes follows from these exactly, so a group of
five thousand faces costs as much as one. Linkage updates are those of Lance and Williams for the average.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facekeep.domain.faces import Vector

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One face or one existing group. `photos` are those it is in: two nodes that share one stay apart."""

    count: int
    mean: Vector
    mean_square: float
    """Mean of the squared Euclidean norms of the members."""
    photos: frozenset[int]

    @classmethod
    def of_face(cls, vector: Vector, photo: int) -> "Node":
        """A single face."""
        return cls(1, vector, float(np.dot(vector, vector)), frozenset((photo,)))


def group(
    nodes: Sequence[Node], threshold: float, *, apart: Collection[tuple[int, int]] = ()
) -> list[list[int]]:
    """Partition the nodes; each part is a list of their indexes, rising.

    Two parts are joined, nearest first, while the root mean squared Euclidean distance between their members
    is at most `threshold`. Never joined: nodes that share a photo, and the pairs of indexes in `apart`.
    Time and memory grow with the square of the number of nodes.
    """
    if not nodes:
        return []
    distances = _mean_squared_distances(nodes)
    _keep_apart(distances, nodes, apart)
    return _linked(distances, np.array([node.count for node in nodes], dtype=np.float64), threshold**2)


def _mean_squared_distances(nodes: Sequence[Node]) -> Matrix:
    means = np.stack([node.mean for node in nodes]).astype(np.float64)
    squares = np.array([node.mean_square for node in nodes], dtype=np.float64)
    distances = squares[:, None] + squares[None, :] - 2.0 * (means @ means.T)
    np.maximum(distances, 0.0, out=distances)
    np.fill_diagonal(distances, np.inf)
    return distances


def _keep_apart(distances: Matrix, nodes: Sequence[Node], apart: Collection[tuple[int, int]]) -> None:
    in_photo: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        for photo in node.photos:
            in_photo.setdefault(photo, []).append(index)
    for together in in_photo.values():
        if len(together) > 1:
            distances[np.ix_(together, together)] = np.inf
    for one, other in apart:
        distances[one, other] = distances[other, one] = np.inf


def _linked(distances: Matrix, counts: Matrix, limit: float) -> list[list[int]]:
    members: list[list[int]] = [[index] for index in range(len(counts))]
    nearest = distances.argmin(axis=1)
    nearness = distances[np.arange(len(counts)), nearest]
    while True:
        one = int(nearness.argmin())
        if not nearness[one] <= limit:
            return sorted(sorted(part) for part in members if part)
        other = int(nearest[one])
        _join(distances, counts, one, other)
        members[one] += members[other]
        members[other] = []
        _refresh(distances, nearest, nearness, one, other)


def _join(distances: Matrix, counts: Matrix, one: int, other: int) -> None:
    """Make `one` the union. Infinity stays infinity: what was kept apart from a part is from the whole."""
    total = counts[one] + counts[other]
    row = (counts[one] * distances[one] + counts[other] * distances[other]) / total
    row[one] = row[other] = np.inf
    distances[one, :] = distances[:, one] = row
    distances[other, :] = distances[:, other] = np.inf
    counts[one] = total


def _refresh(
    distances: Matrix, nearest: npt.NDArray[np.intp], nearness: Matrix, one: int, other: int
) -> None:
    stale = np.flatnonzero((nearest == one) | (nearest == other))
    for index in {one, other, *stale.tolist()}:
        nearest[index] = distances[index].argmin()
        nearness[index] = distances[index, nearest[index]]
    # By average linkage a union is never nearer to a third than the nearer of its parts: other rows stand.
