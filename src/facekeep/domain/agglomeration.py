"""Linkage on a graph: nodes joined nearest first, many at a time.

A group is known by the weighted mean of its faces, how they scatter around it, and their weight. For every
pair that the graph connects, the squared distance of the means over the limit for two groups of that size
(see `likeness`) is its *doubt*: up to 1 they are one. A group that scatters more than one person does is as
much farther from all others: else one that is mixed already, whose mean is near everybody, would take in more
and more.

In each round every group looks for the neighbour of least doubt; where two choose each other they join, and
so do those that had chosen one of the two. Doubt may rise only in small steps, so the order is nearly that of
one join at a time, least doubt first (as in Dhulipala and others' TeraHAC, 2023).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from facekeep.domain.likeness import Library, Likeness
from facekeep.domain.neighbours import Ids, Pairs, Single, silent

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STEPS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Doubt up to which groups are joined, one after the other; 1 is the limit."""

EDGES = 16384
"""Edges whose doubt is computed at once: with 512 numbers, some hundred megabytes."""

UNIONS = 32768
"""Groups that go into others at once."""

NOWHERE = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Faces, or groups of them, about to be joined."""

    mean: npt.NDArray[np.floating]
    """Weighted mean of each, shape (n, d). Overwritten by `agglomerate`."""
    weight: Doubles
    """Sum of the weights of its faces; a clear face weighs 1."""
    scatter: Doubles
    """Weighted mean squared distance of its faces from the mean; 0 for one face."""
    fixed: Flags
    """Groups with a past. No two of them join, whatever lies between them."""

    def __len__(self) -> int:
        return len(self.weight)

    @classmethod
    def free(cls, mean: npt.NDArray[np.floating], weight: Doubles) -> Self:
        """Single faces, none with a past."""
        return cls(mean, weight, np.zeros(len(mean)), np.zeros(len(mean), dtype=bool))


def agglomerate(
    nodes: Nodes,
    pairs: Pairs,
    apart: Ids,
    likeness: Likeness,
    library: Library,
    tick: Callable[[], None] = silent,
) -> tuple[Nodes, Ids]:
    """The groups, and for each node the index of the group that it is in.

    `apart`, shape (m, 2), are nodes that must not come together, by whatever way. Overwrites `nodes.mean`.
    `tick` is called now and then; what it raises ends it.
    """
    linkage = _Linkage(nodes, likeness, library)
    linkage.begin(pairs, apart)
    for step in STEPS:
        while linkage.join(step):
            tick()
    return linkage.groups()


def doubts(nodes: Nodes, one: Ids, other: Ids, likeness: Likeness, library: Library) -> Doubles:
    """Squared distance of the means over the limit, for each pair of nodes."""
    off = off_centre(nodes, one, other, likeness, library)
    limit = likeness.limit(nodes.weight[one], nodes.weight[other], library, off)
    return apartness(nodes, one, other, likeness) / limit


def off_centre(nodes: Nodes, one: Ids, other: Ids, likeness: Likeness, library: Library) -> Doubles | None:
    """How far the two of each pair lie from the middle of the library, the better known one counting more."""
    if library.centre is None:
        return None
    met = np.unique(np.concatenate([one, other]))
    squared, centre = np.zeros(len(nodes)), library.centre.astype(np.float32)
    for start in range(0, len(met), EDGES):
        rows = met[start : start + EDGES]
        squared[rows] = _squared(nodes.mean[rows].astype(np.float32) - centre)
    off = likeness.off(squared, nodes.weight)
    first, second = nodes.weight[one], nodes.weight[other]
    return np.asarray((first * off[one] + second * off[other]) / (first + second))


def apartness(nodes: Nodes, one: Ids, other: Ids, likeness: Likeness) -> Doubles:
    """Squared distance of the means of each pair of nodes, and what either scatters too much."""
    squared = np.empty(len(one), dtype=np.float64)
    for start in range(0, len(one), EDGES):
        rows = slice(start, start + EDGES)
        between: Single = nodes.mean[one[rows]].astype(np.float32) - nodes.mean[other[rows]]
        squared[rows] = np.einsum("ij,ij->i", between, between)
    mixed = likeness.mixed(nodes.scatter, nodes.weight)
    return np.asarray(squared + mixed[one] + mixed[other])


class _Linkage:
    """Groups under way. A pair of them is one number, `smaller * count + larger`."""

    def __init__(self, nodes: Nodes, likeness: Likeness, library: Library) -> None:
        self._mean, self._likeness, self._library = nodes.mean, likeness, library
        self._weight, self._fixed = nodes.weight.astype(np.float64), nodes.fixed.copy()
        self._scatter = nodes.scatter.astype(np.float64)
        self._count = len(nodes.mean)
        self._itself = np.arange(self._count)
        self._into = self._itself.copy()
        self._apart = self._one = self._other = np.zeros(0, dtype=np.int64)
        self._doubt = np.zeros(0)

    def begin(self, pairs: Pairs, apart: Ids) -> None:
        """Know who may be one with whom."""
        self._apart = self._keys(apart[:, 0], apart[:, 1])
        self._one, self._other, self._doubt = self._allowed(self._keys(pairs.one, pairs.other))

    def groups(self) -> tuple[Nodes, Ids]:
        """What there is now, and where each node ended."""
        into = self._into
        while (into[into] != into).any():
            into = into[into]
        kept, place = np.unique(into, return_inverse=True)
        return Nodes(self._mean[kept], self._weight[kept], self._scatter[kept], self._fixed[kept]), place

    def join(self, step: float) -> bool:
        """Join what can be joined at once up to that doubt; whether there was anything."""
        best = np.full(self._count, np.inf)
        np.minimum.at(best, self._one, self._doubt)
        np.minimum.at(best, self._other, self._doubt)
        near = np.flatnonzero(self._doubt <= step)
        into = self._chosen(self._one[near], self._other[near], self._doubt[near], best)
        self._undo_clashes(into, best)
        gone = np.flatnonzero(into != self._itself)
        if len(gone):
            self._unite(gone, into)
            self._follow(into)
        return len(gone) > 0

    def _chosen(self, one: Ids, other: Ids, doubt: Doubles, best: Doubles) -> Ids:
        """Where each goes: those that chose each other, and those that had chosen one of them."""
        of_one, of_other = doubt == best[one], doubt == best[other]
        mutual = self._once_each(one, other, np.flatnonzero(of_one & of_other))
        into, paired = self._itself.copy(), np.zeros(self._count, dtype=bool)
        head, tail = self._ordered(one[mutual], other[mutual])
        into[tail] = head
        paired[head] = paired[tail] = True
        for leaf, hub, chose in ((one, other, of_one), (other, one, of_other)):
            follows = chose & paired[hub] & ~paired[leaf]
            into[leaf[follows]] = into[hub[follows]]
        return into

    def _once_each(self, one: Ids, other: Ids, edges: Ids) -> Ids:
        """Of several edges of the same doubt at one end, the first."""
        first = np.full(self._count, len(one), dtype=np.int64)
        np.minimum.at(first, one[edges], edges)
        np.minimum.at(first, other[edges], edges)
        alone = (first[one[edges]] == edges) & (first[other[edges]] == edges)
        return np.asarray(edges[alone])

    def _ordered(self, one: Ids, other: Ids) -> tuple[Ids, Ids]:
        """Who stays and who goes: the fixed stays, then the heavier."""
        heavier = self._weight[one] >= self._weight[other]
        stays = np.where(self._fixed[one] == self._fixed[other], heavier, self._fixed[one])
        return np.where(stays, one, other), np.where(stays, other, one)

    def _undo_clashes(self, into: Ids, best: Doubles) -> None:
        """Of two that would come together and must not, the one of more doubt stays where it is."""
        rank = np.where(into == self._itself, -1.0, best)
        one, other = self._pair(self._apart)
        clash = into[one] == into[other]
        one, other = one[clash], other[clash]
        worse = (rank[one] > rank[other]) | ((rank[one] == rank[other]) & (one > other))
        out = np.where(worse, one, other)
        into[out] = out
        self._undo_second_fixed(into, rank)

    def _undo_second_fixed(self, into: Ids, rank: Doubles) -> None:
        """Of the fixed that would join the same, the first in rank does, if that is not fixed itself."""
        moving = np.flatnonzero(self._fixed & (into != self._itself))
        order = moving[np.lexsort((moving, rank[moving], into[moving]))]
        later = np.concatenate([[False], into[order][1:] == into[order][:-1]]) if len(order) else order > 0
        out = order[later | self._fixed[into[order]]]
        into[out] = out

    def _unite(self, gone: Ids, into: Ids) -> None:
        """Means and weights of the unions, some at a time: those of half a million take gigabytes."""
        gone = gone[np.argsort(into[gone], kind="stable")]
        heads, starts = np.unique(into[gone], return_index=True)
        ends = np.append(starts[1:], len(gone))
        first = 0
        while first < len(heads):
            last = max(first + 1, int(np.searchsorted(ends, starts[first] + UNIONS, side="right")))
            some = gone[starts[first] : ends[last - 1]]
            self._unite_some(heads[first:last], starts[first:last] - starts[first], some)
            first = last
        self._into[gone] = into[gone]

    def _unite_some(self, heads: Ids, starts: Ids, gone: Ids) -> None:
        weight, own = self._weight[gone], self._weight[heads]
        total = own + np.add.reduceat(weight, starts)
        squares = np.add.reduceat(weight * self._squares(gone), starts) + own * self._squares(heads)
        sums = np.add.reduceat(_times(self._mean[gone], weight), starts)
        sums += _times(self._mean[heads], own)
        mean: Single = np.asarray(sums / total[:, None], dtype=np.float32)
        self._mean[heads], self._weight[heads] = mean, total
        self._scatter[heads] = np.maximum(squares / total - _squared(mean), 0.0)
        self._fixed[heads] |= np.logical_or.reduceat(self._fixed[gone], starts)

    def _squares(self, which: Ids) -> Doubles:
        """Mean squared norm of the faces of groups."""
        return self._scatter[which] + _squared(np.asarray(self._mean[which], dtype=np.float32))

    def _follow(self, into: Ids) -> None:
        """Edges and separations of what joined become those of the union."""
        moved = into != self._itself
        moved[into[moved]] = True
        one, other = self._pair(self._apart)
        changed = moved[one] | moved[other]
        # Both parts are sorted, which makes a stable sort a mere merge.
        parts = self._apart[~changed], self._keys(into[one[changed]], into[other[changed]])
        self._apart = np.sort(np.concatenate(parts), kind="stable")
        changed = moved[self._one] | moved[self._other]
        keys = self._keys(into[self._one[changed]], into[self._other[changed]])
        kept = ~changed
        new = zip((self._one, self._other, self._doubt), self._allowed(keys), strict=True)
        self._one, self._other, self._doubt = (np.concatenate([old[kept], more]) for old, more in new)

    def _keys(self, one: Ids, other: Ids) -> Ids:
        """Each pair of different groups once, rising."""
        keys = np.minimum(one, other) * self._count + np.maximum(one, other)
        return np.unique(keys[one != other])

    def _pair(self, keys: Ids) -> tuple[Ids, Ids]:
        return keys // max(self._count, 1), keys % max(self._count, 1)

    def _allowed(self, keys: Ids) -> tuple[Ids, Ids, Doubles]:
        """Pairs that may join, with their doubt."""
        place = np.searchsorted(self._apart, keys)
        refused = np.append(self._apart, -1)[place] == keys
        one, other = self._pair(keys[~refused])
        free = ~(self._fixed[one] & self._fixed[other])
        one, other = one[free], other[free]
        nodes = Nodes(self._mean, self._weight, self._scatter, self._fixed)
        return one, other, doubts(nodes, one, other, self._likeness, self._library)


def _times(vectors: npt.NDArray[np.floating], weights: Doubles) -> Single:
    return vectors.astype(np.float32, copy=False) * weights[:, None].astype(np.float32)


def _squared(vectors: Single) -> Doubles:
    return np.asarray(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
