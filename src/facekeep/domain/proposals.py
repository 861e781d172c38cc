"""One person twice: pairs of people or groups who look like one, to be asked about, with the reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facekeep.domain.agglomeration import apartness, off_centre
from facekeep.domain.growth import Known
from facekeep.domain.likeness import Library, Likeness
from facekeep.domain.neighbours import near_pairs

COMPARED = 200
"""Faces of each that are compared for the reason: the first ones; the count is said beside it."""

NEIGHBOURS = 8
"""Others who are looked at for each."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Two who may be one, by their index among those given; `one < other`."""

    one: int
    other: int
    distance: float
    """Euclidean, between their means."""
    doubt: float
    """0 is the same mean, 1 the limit for asking."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for it, face by face. Distances are Euclidean."""

    near: int
    """Pairs at or below the distance asked for,"""
    compared: int
    """of so many that were compared."""
    nearest: float
    mean: float
    shared_photos: int


def same_person_twice(
    known: Known,
    likeness: Likeness,
    library: Library,
    *,
    apart: Collection[tuple[int, int]] = (),
    seed: int = 0,
) -> list[Alike]:
    """Who may be one, least doubt first. Never two who share a photo, nor those that a user keeps `apart`."""
    if len(known) < 2:
        return []
    reach = float(likeness.askable(known.weight, known.weight.max(keepdims=True), library).max()) ** 0.5
    pairs = near_pairs(known.mean, reach, neighbours=NEIGHBOURS, seed=seed)
    off = off_centre(known.nodes, pairs.one, pairs.other, likeness, library)
    limit = likeness.askable(known.weight[pairs.one], known.weight[pairs.other], library, off)
    doubt = apartness(known.nodes, pairs.one, pairs.other, likeness) / limit
    photos = known.photos
    refused = {(min(pair), max(pair)) for pair in apart}
    found = [
        Alike(one, other, float(pairs.squared[index]) ** 0.5, float(doubt[index]))
        for index, (one, other) in enumerate(zip(pairs.one.tolist(), pairs.other.tolist(), strict=True))
        if doubt[index] <= 1.0 and (one, other) not in refused and photos[one].isdisjoint(photos[other])
    ]
    return sorted(found, key=lambda alike: (alike.doubt, alike.one, alike.other))


def reason(
    one: npt.NDArray[np.floating],
    other: npt.NDArray[np.floating],
    near: float,
    photos: Sequence[Collection[int]] = ((), ()),
) -> Reason:
    """Compare the faces of two people, shapes (n, d) and (m, d); `near` is what counts as such."""
    first, second = one[:COMPARED].astype(np.float64), other[:COMPARED].astype(np.float64)
    squares = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    distances = np.sqrt(np.maximum(squares - 2 * first @ second.T, 0.0))
    return Reason(
        near=int((distances <= near).sum()),
        compared=distances.size,
        nearest=float(distances.min()),
        mean=float(distances.mean()),
        shared_photos=len(set(photos[0]) & set(photos[1])),
    )
