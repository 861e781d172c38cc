"""Other ways to group faces, each with the settings that do best on the smallest library of the run.

They are given the clear faces alone, as vectors: they know of no quality and of no photos.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import numpy.typing as npt

from facekeep.domain.neighbours import Ids, Vectors

Method = Callable[[npt.NDArray[np.float32], float], npt.NDArray[np.integer]]


@dataclass(frozen=True, slots=True)
class Rival:
    """A way to group, and the settings to try, as parts of the distance usual within a person."""

    name: str
    method: Method
    settings: tuple[float, ...]
    most: int
    """Faces beyond which it is not tried: it compares all with all, in time or in memory."""

    def group(self, vectors: Vectors, setting: float) -> Ids:
        """-1 for a face that is in no group."""
        return np.asarray(self.method(np.asarray(vectors, dtype=np.float32), setting), dtype=np.int64)


def _dbscan(vectors: npt.NDArray[np.float32], setting: float) -> npt.NDArray[np.integer]:
    found = import_module("sklearn.cluster").DBSCAN(eps=setting, min_samples=3, n_jobs=-1)
    return np.asarray(found.fit_predict(vectors))


def _hdbscan(vectors: npt.NDArray[np.float32], setting: float) -> npt.NDArray[np.integer]:
    found = import_module("sklearn.cluster").HDBSCAN(
        min_cluster_size=2, min_samples=2, cluster_selection_epsilon=setting, n_jobs=-1, copy=True
    )
    return np.asarray(found.fit_predict(vectors))


def _whispers(vectors: npt.NDArray[np.float32], setting: float) -> npt.NDArray[np.integer]:
    import dlib

    return np.array(dlib.chinese_whispers_clustering([dlib.vector(row) for row in vectors.tolist()], setting))


RIVALS = (
    Rival("DBSCAN (scikit-learn)", _dbscan, (0.9, 1.0, 1.1, 1.2), 100_000),
    Rival("HDBSCAN (scikit-learn)", _hdbscan, (0.0, 0.8), 30_000),
    Rival("Chinese whispers (dlib)", _whispers, (0.9, 1.0, 1.1, 1.2), 30_000),
)
