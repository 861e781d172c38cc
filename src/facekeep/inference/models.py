"""The models as the rest of facekeep sees them: `prepare`, then one `FaceModels` in each process.

`opened` gives those of any pack by its label.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from facekeep.domain.faces import AnalysedFace, Detection, Landmarks, Pixels, Quality
from facekeep.domain.geometry import CHIP_SIDE, Matrix, scale_of
from facekeep.domain.packs import BUNDLED, WORKING_LONG_SIDE, ModelPack
from facekeep.domain.quality import quality
from facekeep.inference import mtcnn, packs, scrfd, yunet
from facekeep.inference.bundled import MODELS, PackFiles, prepare
from facekeep.inference.embedding import alignment, chip, embed_chips, share_in_picture
from facekeep.inference.measure import exposed
from facekeep.inference.sessions import Sessions

__all__ = ["WORKING_LONG_SIDE", "FaceModels", "Models", "PackFiles", "opened", "prepare"]


class Models(Protocol):
    """The models of one pack. One a process; safe to share between threads."""

    @property
    def pack(self) -> ModelPack:
        """Which."""

    def load(self) -> None:
        """Load every model now rather than at its first use. Raises ModelFault."""

    def detect(self, picture: Pixels) -> list[Detection]:
        """The faces in a picture, largest first."""

    def analyse(self, picture: Pixels) -> tuple[AnalysedFace, ...]:
        """The faces in a picture, embedded and measured, largest first."""

    def describe(self, picture: Pixels, detections: Sequence[Detection]) -> tuple[AnalysedFace, ...]:
        """These, embedded and measured, in their order. ValueError: they cannot be aligned."""

    def embed(self, picture: Pixels, landmarks: Sequence[Landmarks]) -> npt.NDArray[np.float32]:
        """Embeddings of the faces at these landmarks, shape (n, d). ValueError: they cannot be aligned."""

    def release(self) -> None:
        """Frees the models' memory; they are loaded again when next needed."""


def opened(models_folder: Path, label: str = BUNDLED.label) -> Models:
    """The models of a pack, whose files are made (bundled) or must be there. ModelFault when they are not."""
    if label == BUNDLED.label:
        return FaceModels(prepare(models_folder))
    return DownloadedModels(models_folder, label)


class FaceModels:
    """Detects, aligns, embeds and measures faces. One a process; safe to share between threads.

    Pictures are upright, uint8, RGB, (height, width, 3), at most WORKING_LONG_SIDE long.
    """

    pack: ModelPack = BUNDLED

    def __init__(self, files: PackFiles, *, threads: int = 1) -> None:
        self._sessions = Sessions(files, threads=threads)

    def load(self) -> None:
        """Load every model now rather than at its first use. Raises ModelFault."""
        self._sessions.load(MODELS)

    def detect(self, picture: Pixels) -> list[Detection]:
        """The faces in a picture, largest first."""
        return mtcnn.detect(self._sessions, picture)

    def analyse(self, picture: Pixels) -> tuple[AnalysedFace, ...]:
        """The faces in a picture, embedded and measured, largest first."""
        return self.describe(picture, self.detect(picture))

    def describe(self, picture: Pixels, detections: Sequence[Detection]) -> tuple[AnalysedFace, ...]:
        """These faces of a picture, embedded and measured, in their order.

        Raises ValueError when the points of a face are all the same.
        """
        transforms = [_alignment(picture, found.landmarks) for found in detections]
        chips = [chip(picture, transform) for transform in transforms]
        return _analysed(picture, detections, transforms, chips, embed_chips(self._sessions, chips))

    def embed(self, picture: Pixels, landmarks: Sequence[Landmarks]) -> npt.NDArray[np.float32]:
        """Embeddings of the faces at these landmarks, shape (n, 128), for faces that no detector found.

        Raises ValueError when the points of a face are all the same.
        """
        chips = [chip(picture, _alignment(picture, five)) for five in landmarks]
        return embed_chips(self._sessions, chips)

    def release(self) -> None:
        """Frees the models' memory; they are loaded again when next needed."""
        self._sessions.release()


class DownloadedModels:
    """The same of a pack that was downloaded. Quality is measured as for the bundled one, on its chip."""

    def __init__(self, models_folder: Path, label: str, *, threads: int = 1) -> None:
        """Raises ModelFault when its files are missing or altered."""
        self._files = packs.check(models_folder, label)
        self._recipe = packs.recipe_of(label)
        self._sessions = Sessions(self._files, threads=threads)

    @property
    def pack(self) -> ModelPack:
        return self._recipe.pack

    def load(self) -> None:
        self._sessions.load(packs.MODELS)

    def detect(self, picture: Pixels) -> list[Detection]:
        find = {"yunet": yunet.detect, "scrfd": scrfd.detect}[self._recipe.detector]
        return find(self._sessions, picture)

    def analyse(self, picture: Pixels) -> tuple[AnalysedFace, ...]:
        return self.describe(picture, self.detect(picture))

    def describe(self, picture: Pixels, detections: Sequence[Detection]) -> tuple[AnalysedFace, ...]:
        transforms = [_alignment(picture, found.landmarks) for found in detections]
        chips = [chip(picture, transform) for transform in transforms]
        vectors = self.embed(picture, [found.landmarks for found in detections])
        return _analysed(picture, detections, transforms, chips, vectors)

    def embed(self, picture: Pixels, landmarks: Sequence[Landmarks]) -> npt.NDArray[np.float32]:
        return packs.embed(self._sessions, self._recipe, picture, landmarks)

    def release(self) -> None:
        self._sessions.release()


def _analysed(
    picture: Pixels,
    detections: Sequence[Detection],
    transforms: Sequence[Matrix],
    chips: Sequence[Pixels],
    vectors: npt.NDArray[np.float32],
) -> tuple[AnalysedFace, ...]:
    rows = zip(detections, transforms, chips, vectors, strict=True)
    return tuple(
        AnalysedFace(
            box=found.box,
            landmarks=found.landmarks,
            score=found.score,
            quality=_quality(picture, found, transform, face),
            embedding=embedding,
        )
        for found, transform, face, embedding in rows
    )


def _alignment(picture: Pixels, landmarks: Landmarks) -> Matrix:
    height, width = picture.shape[:2]
    return alignment(landmarks, width, height)


def _quality(picture: Pixels, found: Detection, transform: Matrix, face: Pixels) -> Quality:
    height, width = picture.shape[:2]
    measured = exposed(face, share_in_picture(transform, width, height))
    return quality(found.landmarks, width / height, CHIP_SIDE / scale_of(transform), measured)
