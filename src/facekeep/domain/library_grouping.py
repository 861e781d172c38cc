"""The grouping of a whole library at once: people from faces, each group of one person, strangers left alone.

A graph of near faces, linkage on it, and the same once more on the means of the groups found, which are known
better than any face: what one pass left in two parts, because no two of their faces were near, meets there.
Faces too poor to tell found no group; they may join one that is clear.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facekeep.domain.agglomeration import NOWHERE, Doubles, Nodes, agglomerate, doubts
from facekeep.domain.likeness import Library, Likeness
from facekeep.domain.neighbours import Ids, Pairs, near_pairs, silent

LONE = -1
"""The group of a face that is in none."""

CLEAR = 0.3
"""Quality below which a face founds no group: such faces look alike whoever they are (docs/models.md)."""

GOOD = 0.6
"""Quality from which a face counts fully for the mean of its group; a poorer one counts in proportion."""

REACH = 1.2
"""Times the distance usual within a person: pairs farther apart are not looked at."""

PASSES = 3
"""Times that groups found are looked at again as if they were faces."""

CLEARLY = 1.25
"""Times the doubt of the best group that the second must have for a poor face to join."""

ROWS = 65536
"""Faces that are summed up at once: a hundred megabytes or two."""

SETTLED = 1000
"""Clear faces from which their mean tells where the middle of all is; of fewer it is too near to each."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Embeddings of one pack, shape (n, d), float32 or float16; photo and quality of each, shape (n,).

    A quality that is not known is NaN and counts as poor. Raises ValueError where shapes differ or a number
    of a vector is not finite.
    """

    vectors: npt.NDArray[np.floating]
    photo: Ids
    quality: npt.NDArray[np.floating]

    def __post_init__(self) -> None:
        shapes = {len(self.vectors), len(self.photo), len(self.quality)}
        if self.vectors.ndim != 2 or len(shapes) != 1:
            raise ValueError("faces need as many photos and qualities as vectors, all of one length")
        if not np.isfinite(self.vectors.sum(axis=1, dtype=np.float32)).all():
            raise ValueError("a vector has a number that is not finite")

    def __len__(self) -> int:
        return len(self.photo)

    def some(self, which: Ids | slice) -> "Faces":
        """Those at some indexes, in that order."""
        return Faces(self.vectors[which], self.photo[which], self.quality[which])

    def followed_by(self, others: "Faces") -> "Faces":
        """These, then the others."""
        return Faces(
            np.concatenate([self.vectors, others.vectors]),
            np.concatenate([self.photo, others.photo]),
            np.concatenate([self.quality, others.quality]),
        )

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        """Which may found a group."""
        return np.asarray(self.quality >= CLEAR)

    @property
    def weight(self) -> Doubles:
        """How much each counts in a mean."""
        return np.asarray(np.clip(np.nan_to_num(self.quality) / GOOD, CLEAR, 1.0), dtype=np.float64)


def group_library(
    faces: Faces,
    likeness: Likeness,
    *,
    held: Ids | None = None,
    apart: Ids = NOWHERE,
    library: Library | None = None,
    seed: int = 0,
    threads: int = 1,
    tick: Callable[[], None] = silent,
) -> Ids:
    """The group of each face, shape (n,): numbers from 0 in the order of their first faces, or LONE.

    `held` says which faces are together already by somebody's word, as numbers, LONE for the others: they
    stay together, others may join them, no two of them join. `apart`, shape (m, 2), are faces that must not
    come together; faces of one photo do not anyway, save those held together. `library` is what they are
    part of, where they are not all there is. The same faces in the same order with the same seed give the
    same groups. `tick` is called now and then, from any thread; what it raises ends it. Raises ValueError
    where a vector is not finite.
    """
    held = np.full(len(faces), LONE) if held is None else held
    node = _node_of_face(faces, held)
    nodes, library = _nodes(faces, held, node), library_of(faces) if library is None else library
    separate = _between_nodes(node, np.concatenate([in_one_photo(faces.photo), apart]))
    for _ in range(PASSES):
        reach = REACH * likeness.within**0.5
        pairs = near_pairs(nodes.mean, reach, seed=seed, threads=threads, tick=tick)
        nodes, place = agglomerate(nodes, pairs, separate, likeness, library, tick)
        node = np.append(place, LONE)[node]
        separate = _between_nodes(place, separate)
        if len(nodes) == len(place):
            break
    node = with_poor(faces, node, nodes, likeness, library, apart=apart)
    return _named(node, held)


def library_of(faces: Faces) -> Library:
    """What is around a group, where these faces are all there are."""
    if faces.clear.sum() < SETTLED:
        return Library(len(faces))
    return Library(len(faces), faces.vectors.mean(axis=0, dtype=np.float64, where=faces.clear[:, None]))


def _node_of_face(faces: Faces, held: Ids) -> Ids:
    """One for each clear face and one for all that are held together; LONE for a poor face."""
    alone = np.flatnonzero((held == LONE) & faces.clear)
    kinds, together = np.unique(held[held != LONE], return_inverse=True)
    node = np.full(len(faces), LONE)
    node[held != LONE] = together
    node[alone] = len(kinds) + np.arange(len(alone))
    return node


def _nodes(faces: Faces, held: Ids, node: Ids) -> Nodes:
    kept = np.flatnonzero(held != LONE)
    alone = np.flatnonzero((held == LONE) & (node != LONE))
    groups = summed_up(faces.vectors[kept], faces.weight[kept], node[kept])
    mean = np.empty((len(groups) + len(alone), faces.vectors.shape[1]), dtype=faces.vectors.dtype)
    mean[: len(groups)] = groups.mean
    np.take(faces.vectors, alone, axis=0, out=mean[len(groups) :])
    rest = np.zeros(len(alone))
    return Nodes(
        mean,
        np.concatenate([groups.weight, faces.weight[alone]]),
        np.concatenate([groups.scatter, rest]),
        np.concatenate([groups.fixed, rest.astype(bool)]),
    )


def summed_up(vectors: npt.NDArray[np.floating], weight: Doubles, group: Ids) -> Nodes:
    """Groups of faces as nodes with a past; `group` numbers them from 0 without a gap."""
    count = int(group.max()) + 1 if len(group) else 0
    total = np.bincount(group, weight, minlength=count).astype(np.float64)
    order = np.argsort(group, kind="stable")
    mean = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    blocks = [order[start : start + ROWS] for start in range(0, len(order), ROWS)]
    for rows in blocks:
        kinds, starts = np.unique(group[rows], return_index=True)
        share = (weight[rows] / total[group[rows]])[:, None]
        mean[kinds] += np.add.reduceat(vectors[rows].astype(np.float64) * share, starts)
    scatter = np.zeros(count)
    for rows in blocks:
        squared = np.square(vectors[rows].astype(np.float64) - mean[group[rows]]).sum(axis=1)
        scatter += np.bincount(group[rows], weight[rows] * squared, minlength=count)
    return Nodes(mean, total, scatter / np.maximum(total, 1e-9), np.ones(count, dtype=bool))


def joined(first: Nodes, second: Nodes) -> Nodes:
    """The nodes of both, in the precision of the second."""
    return Nodes(
        np.concatenate([first.mean.astype(second.mean.dtype), second.mean]),
        np.concatenate([first.weight, second.weight]),
        np.concatenate([first.scatter, second.scatter]),
        np.concatenate([first.fixed, second.fixed]),
    )


def in_one_photo(photo: Ids) -> Ids:
    """All pairs of faces of one photo, shape (m, 2)."""
    order = np.argsort(photo, kind="stable")
    where, found, step = photo[order], [NOWHERE], 1
    while step < len(where) and (same := where[step:] == where[:-step]).any():
        found.append(np.stack([order[:-step][same], order[step:][same]], axis=1))
        step += 1
    return np.concatenate(found)


def _between_nodes(node: Ids, pairs: Ids) -> Ids:
    """Pairs of faces as pairs of nodes, where both are in one and not in the same."""
    found = node[pairs]
    return np.asarray(found[(found != LONE).all(axis=1) & (found[:, 0] != found[:, 1])])


def _named(node: Ids, held: Ids) -> Ids:
    """Groups of two faces and more, and those held, numbered in the order of their first faces."""
    size = np.bincount(node[node != LONE], minlength=1)
    size[node[held != LONE]] = 2
    return renumbered(np.where((node != LONE) & (size[node] > 1), node, LONE))


def renumbered(group: Ids) -> Ids:
    """The same groups, numbered from 0 in the order of their first faces."""
    inside = np.flatnonzero(group != LONE)
    kinds, first, place = np.unique(group[inside], return_index=True, return_inverse=True)
    rank = np.empty(len(kinds), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(kinds))
    result = np.full(len(group), LONE)
    result[inside] = rank[place]
    return result


def with_poor(
    faces: Faces,
    group: Ids,
    groups: Nodes,
    likeness: Likeness,
    library: Library,
    *,
    apart: Ids = NOWHERE,
    against: Ids = NOWHERE,
) -> Ids:
    """Poor faces that are in no group yet join the one that is clearly theirs.

    `group` says for each face which of the `groups` it is in. Two faces `apart`, shape (m, 2), do not come
    together, nor a face with a group in its photo, or with one it is `against`, shape (m, 2).
    """
    poor = np.flatnonzero((group == LONE) & ~faces.clear)
    size = np.bincount(group[group != LONE], minlength=len(groups))
    solid = np.flatnonzero((size > 1) | groups.fixed)
    if not len(poor) or not len(solid):
        return group
    some = Nodes(groups.mean[solid], groups.weight[solid], groups.scatter[solid], groups.fixed[solid])
    both = joined(some, Nodes.free(faces.vectors[poor], np.ones(len(poor))))
    pairs = near_pairs(both.mean, REACH * likeness.within**0.5)
    who, where, doubt = _clearly(both, pairs, len(solid), likeness, library)
    return _placed(faces.photo, group, (poor[who], solid[where], doubt), apart, against)


def _clearly(
    nodes: Nodes, pairs: Pairs, groups: int, likeness: Likeness, library: Library
) -> tuple[Ids, Ids, Doubles]:
    """Which node would join which group, counted from 0, with its doubt; where no other is nearly as near."""
    across = (pairs.one < groups) & (pairs.other >= groups)
    where, who = pairs.one[across], pairs.other[across]
    doubt = doubts(nodes, where, who, likeness, library)
    order = np.lexsort((where, doubt, who))
    where, who, doubt = where[order], who[order], doubt[order]
    first = np.concatenate([[True], who[1:] != who[:-1]]) if len(who) else doubt > 0
    second = np.append(np.where(first[1:], np.inf, doubt[1:]), np.inf)[: len(who)]
    chosen = first & (doubt <= 1.0) & (second >= CLEARLY * doubt)
    return who[chosen] - groups, where[chosen], doubt[chosen]


def _placed(photo: Ids, group: Ids, moves: tuple[Ids, Ids, Doubles], apart: Ids, against: Ids) -> Ids:
    """Put faces into groups, least doubt first. `moves` are faces, where each would go, and the doubt."""
    who, where, doubt = moves
    result = group.copy()
    inside = (group != LONE) & np.isin(photo, photo[who])
    taken = set(zip(photo[inside].tolist(), group[inside].tolist(), strict=True))
    refused = set(map(tuple, against.tolist()))
    others: dict[int, list[int]] = {}
    for one, other in [*apart.tolist(), *apart[:, ::-1].tolist()]:
        others.setdefault(one, []).append(other)
    for index in np.lexsort((who, doubt)).tolist():
        face, into = int(who[index]), int(where[index])
        met = {int(result[other]) for other in others.get(face, ())}
        if (int(photo[face]), into) not in taken and (face, into) not in refused and into not in met:
            result[face] = into
            taken.add((int(photo[face]), into))
    return result
