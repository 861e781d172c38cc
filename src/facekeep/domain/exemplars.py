"""Which of a person's faces stand for it in matching: several, good and unlike each other, of every era."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from facekeep.domain.eras import era, era_order
from facekeep.domain.faces import Vector

PER_ERA = 8
IN_ALL = 24
"""Twice as many find nobody else, and put 2 % more faces on their person at once (docs/matching.md)."""

CLEAR = 0.3
"""A face below it looks like others whoever they are; it stands when pinned, or for want of a better one."""

LEAST_GAIN = 0.01
"""A further exemplar must cover this part of what the first one of its era does."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One of the person's faces."""

    face: int
    vector: Vector
    quality: float | None
    taken: date | None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A face that stands for its person in an era."""

    face: int
    era: str
    pinned: bool = False


def choose(
    candidates: Sequence[Candidate],
    born: date | None,
    reach: float,
    *,
    per_era: int = PER_ERA,
    in_all: int = IN_ALL,
) -> list[Exemplar]:
    """The exemplars of one person, by era. Deterministic, whatever the order of the candidates.

    In each era the faces are chosen one after the other that cover most of what is not covered yet: a face
    covers another the more the nearer it is, not at all beyond `reach` (Euclidean). Good faces cover more;
    one far from all others, such as a mistake, hardly anything. The eras take turns, so that each has some.
    Pinned faces always stand, beyond the limits as well.
    """
    ordered = sorted(candidates, key=lambda one: one.face)
    pinned = [Exemplar(one.face, era(one.taken, born), True) for one in ordered if one.pinned]
    queues = [_ranked(group, reach, per_era) for group in _by_era(_usable(ordered), born)]
    room = max(in_all - len(pinned), 0)
    chosen = [
        Exemplar(queue[turn].face, era(queue[turn].taken, born))
        for turn in range(per_era)
        for queue in queues
        if turn < len(queue)
    ]
    return sorted([*pinned, *chosen[:room]], key=lambda one: (era_order(one.era), one.face))


def _usable(candidates: Sequence[Candidate]) -> list[Candidate]:
    clear = [one for one in candidates if one.pinned or _quality(one) >= CLEAR]
    if clear or not candidates:
        return clear
    return [max(candidates, key=lambda one: (_quality(one), -one.face))]


def _by_era(candidates: Sequence[Candidate], born: date | None) -> list[list[Candidate]]:
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(era(one.taken, born), []).append(one)
    return [groups[name] for name in sorted(groups, key=era_order)]


def _ranked(group: Sequence[Candidate], reach: float, most: int) -> list[Candidate]:
    """The unpinned ones of an era in the order in which they are taken. Pinned ones cover already."""
    cover = _cover(group, reach)
    covered = np.zeros(len(group))
    for index, one in enumerate(group):
        if one.pinned:
            covered = np.maximum(covered, cover[index])
    taken: list[int] = []
    first = 0.0
    for _ in range(most - sum(one.pinned for one in group)):
        gains = np.maximum(cover - covered, 0.0).sum(axis=1)
        best = int(gains.argmax())
        first = max(first, float(gains[best]))
        if gains[best] <= LEAST_GAIN * first:
            break
        taken.append(best)
        covered = np.maximum(covered, cover[best])
    return [group[index] for index in taken if not group[index].pinned]


def _cover(group: Sequence[Candidate], reach: float) -> Floats:
    """How much each (row) covers of each other (column), by quality of both."""
    vectors = np.stack([one.vector for one in group]).astype(np.float64)
    squares = np.square(vectors).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * vectors @ vectors.T, 0.0))
    np.fill_diagonal(distances, 0.0)
    quality = np.array([max(_quality(one), 0.01) for one in group])
    near = np.maximum(1.0 - distances / reach, 0.0)
    return np.asarray(near * quality[:, None] * quality[None, :])


def _quality(one: Candidate) -> float:
    """A face that was never measured is taken for a middling one."""
    return 0.5 if one.quality is None else one.quality
