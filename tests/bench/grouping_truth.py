"""How right a grouping is, pair by pair and face by face."""

from dataclasses import dataclass

import numpy as np

from facekeep.domain.library_grouping import LONE
from facekeep.domain.neighbours import Ids


@dataclass(frozen=True, slots=True)
class Truth:
    """Pairs of faces put together: how many rightly, of those put together and of those that belong so.

    The B-cubed figures are means over faces, where the pairwise ones are ruled by the largest people.
    """

    precision: float
    recall: float
    face_precision: float
    face_recall: float


def judged(group: Ids, person: Ids) -> Truth:
    """A face in no group is one on its own."""
    alone = np.where(group == LONE, group.max(initial=LONE) + 1 + np.arange(len(group)), group)
    both = np.unique(np.stack([alone, person]), axis=1, return_inverse=True)[1].ravel()
    right, said, meant = _pairs(both), _pairs(alone), _pairs(person)
    size, of_group, of_person = (np.bincount(ids)[ids] for ids in (both, alone, person))
    return Truth(
        precision=right / said if said else 1.0,
        recall=right / meant if meant else 1.0,
        face_precision=float(np.mean(size / of_group)) if len(group) else 1.0,
        face_recall=float(np.mean(size / of_person)) if len(group) else 1.0,
    )


def _pairs(ids: Ids) -> float:
    counts = np.unique(ids, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())
