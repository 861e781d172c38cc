"""Small made-up libraries for the tests of grouping."""

import numpy as np
from hypothesis import strategies as st

from facekeep.domain.library_grouping import LONE, Faces
from facekeep.domain.likeness import Likeness
from facekeep.domain.neighbours import Ids

DIMENSIONS = 24
LIKENESS = Likeness(within=0.18, within_dimensions=18.0, between=0.6, between_dimensions=42.0)

seeds = st.integers(0, 10**6)
counts = st.integers(0, 40)


def crowd(seed: int, count: int, *, people: int = 6, photos: int | None = None) -> tuple[Faces, Ids]:
    """Faces of a few equally different people, and who they are; one a photo, or in so many `photos`."""
    random = np.random.default_rng(seed)
    centres = np.eye(people, DIMENSIONS) * 0.21**0.5
    person = random.integers(people, size=count)
    vectors = centres[person] + random.normal(size=(count, DIMENSIONS)) * (0.05 / DIMENSIONS) ** 0.5
    photo = np.arange(count) if photos is None else random.integers(photos, size=count)
    quality = np.where(random.random(count) < 0.1, 0.1, random.uniform(0.3, 1.0, count))
    return Faces(vectors.astype(np.float32), photo, quality), person


def partition(group: Ids) -> set[frozenset[int]]:
    """The faces of each group."""
    return {frozenset(np.flatnonzero(group == one).tolist()) for one in set(group.tolist()) - {LONE}}
