"""The embedder against dlib itself: the same chips, the same numbers."""

import importlib.util
from pathlib import Path

import dlib
import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image

from facekeep.domain.faces import Pixels
from facekeep.inference.bundled import SOURCES
from facekeep.inference.embedding import alignment, chip, embed_chips
from facekeep.inference.models import WORKING_LONG_SIDE, FaceModels, prepare
from facekeep.inference.sessions import Sessions

CLOSE = 1e-4


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    prepare(folder)
    return folder


@pytest.fixture(scope="module")
def sessions(models_folder: Path) -> Sessions:
    return Sessions(prepare(models_folder))


@pytest.fixture(scope="module")
def models(models_folder: Path) -> FaceModels:
    return FaceModels(prepare(models_folder))


@pytest.fixture(scope="module")
def dlibs_own() -> "dlib.face_recognition_model_v1":
    weights = SOURCES["embedder"]
    spec = importlib.util.find_spec(weights.package)
    assert spec is not None
    assert spec.origin is not None
    return dlib.face_recognition_model_v1(str(Path(spec.origin).parent / weights.path))


def by_dlib(network: "dlib.face_recognition_model_v1", chips: list[Pixels]) -> npt.NDArray[np.float64]:
    return np.array([network.compute_face_descriptor(np.ascontiguousarray(one)) for one in chips])


def faces_of(models: FaceModels, picture: Pixels) -> list[Pixels]:
    height, width = picture.shape[:2]
    found = models.detect(picture)
    return [chip(picture, alignment(face.landmarks, width, height)) for face in found]


def astronaut() -> Pixels:
    picture: Pixels = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return picture


def load(path: Path) -> Pixels:
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((WORKING_LONG_SIDE, WORKING_LONG_SIDE))
    return np.asarray(picture)


def test_a_face_that_comes_with_a_package(
    models: FaceModels, sessions: Sessions, dlibs_own: "dlib.face_recognition_model_v1"
) -> None:
    chips = faces_of(models, astronaut())
    assert len(chips) == 1
    assert np.abs(embed_chips(sessions, chips) - by_dlib(dlibs_own, chips)).max() < CLOSE


def test_any_picture_whatever(sessions: Sessions, dlibs_own: "dlib.face_recognition_model_v1") -> None:
    random = np.random.default_rng(5)
    noise = random.integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)
    plain = np.stack([np.zeros((150, 150, 3), np.uint8), np.full((150, 150, 3), 255, np.uint8)])
    chips = [*noise, *plain]
    assert np.abs(embed_chips(sessions, chips) - by_dlib(dlibs_own, chips)).max() < CLOSE


def test_real_faces(
    shared_photos: Path,
    models: FaceModels,
    sessions: Sessions,
    dlibs_own: "dlib.face_recognition_model_v1",
) -> None:
    paths = [shared_photos / "bbt" / f"bbt{number}.jpg" for number in (1, 4)]
    paths += sorted(shared_photos.glob("bbt/*/*1.png"))
    chips = [one for path in paths for one in faces_of(models, load(path))]
    assert len(chips) >= 18
    embeddings = embed_chips(sessions, chips)
    assert np.abs(embeddings - by_dlib(dlibs_own, chips)).max() < CLOSE
    norms = np.linalg.norm(embeddings, axis=1)
    assert norms.min() > 1.2
    assert norms.max() < 1.8


def test_a_face_alone_and_in_a_batch_is_the_same(models: FaceModels, sessions: Sessions) -> None:
    """More chips than one batch holds, so that batches of different sizes meet."""
    face = faces_of(models, astronaut())[0]
    alone = embed_chips(sessions, [face])
    many = embed_chips(sessions, [face] * 19)
    assert np.abs(many - alone).max() < 1e-5
