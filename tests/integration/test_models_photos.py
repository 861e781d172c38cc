"""The bundled models on real photographs: what they find, what they do not, and whom they tell apart."""

import csv
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image

from facekeep.domain.faces import AnalysedFace, Landmarks, Pixels
from facekeep.domain.packs import BUNDLED
from facekeep.inference.models import WORKING_LONG_SIDE, FaceModels, prepare

CLEAR = 0.3  # below this quality faces look alike whoever they are (domain/quality.py)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> FaceModels:
    return FaceModels(prepare(tmp_path_factory.mktemp("models")))


def astronaut() -> Pixels:
    picture: Pixels = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return picture


def load(path: Path) -> Pixels:
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((WORKING_LONG_SIDE, WORKING_LONG_SIDE))
    return np.asarray(picture)


def test_the_one_face_of_the_astronaut(models: FaceModels) -> None:
    picture = astronaut()
    (face,) = models.analyse(picture)
    assert face.box.x < face.landmarks.left_eye[0] < face.landmarks.right_eye[0] < face.box.x + face.box.width
    assert face.landmarks.left_eye[1] < face.landmarks.nose[1] < face.landmarks.left_mouth[1]
    # The face is around column 222, row 120 of 512.
    assert face.box.x + face.box.width / 2 == pytest.approx(222 / 512, abs=0.03)
    assert face.box.y + face.box.height / 2 == pytest.approx(120 / 512, abs=0.04)
    assert face.quality.overall > 0.7
    assert face.embedding.shape == (BUNDLED.dimensions,)
    assert BUNDLED.norm_low < float(np.linalg.norm(face.embedding)) < BUNDLED.norm_high


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (11, 13), (24, 24), (1440, 40)])
def test_pictures_of_any_shape_are_looked_at(models: FaceModels, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert models.analyse(picture) == ()


def test_a_drawn_face_has_the_embedding_of_the_detected_one(models: FaceModels) -> None:
    picture = astronaut()
    (face,) = models.analyse(picture)
    again = models.embed(picture, [face.landmarks])
    assert again.shape == (1, BUNDLED.dimensions)
    assert np.allclose(again[0], face.embedding, atol=1e-6)
    assert models.embed(picture, []).shape == (0, BUNDLED.dimensions)


def test_landmarks_that_say_nothing_are_refused(models: FaceModels) -> None:
    with pytest.raises(ValueError, match="points are"):
        models.embed(astronaut(), [Landmarks.from_array(np.full((5, 2), 0.5))])


@pytest.mark.parametrize("turn", range(4))
def test_a_face_cut_by_the_frame_at_any_side_is_found_once(models: FaceModels, turn: int) -> None:
    """The face lies at column 170 to 275: cut beside the nose, then the picture is shifted to each side."""
    picture = astronaut()
    cuts = [picture[:, 215:], picture[:, :240], picture[115:], picture[:150]]
    found = models.detect(np.ascontiguousarray(cuts[turn]))
    assert len(found) == 1


FACELESS = ["brick", "coffee", "chelsea", "coins", "grass", "gravel", "moon", "page", "rocket", "text"]


@pytest.mark.parametrize("name", FACELESS)
@pytest.mark.parametrize("side", [640, WORKING_LONG_SIDE])
def test_no_faces_where_there_are_none(models: FaceModels, name: str, side: int) -> None:
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    scale = side / max(image.size)
    picture = image.resize(
        (round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC
    )
    assert models.detect(np.asarray(picture)) == []


@pytest.mark.parametrize("grain", [1, 4, 16, 40])
def test_noise_shows_nobody_clearly(models: FaceModels, grain: int) -> None:
    """Blobs of the size of faces can pass for one with the detector (1 picture in 72), never a clear one."""
    random = np.random.default_rng(grain)
    coarse = random.integers(0, 256, (960 // grain, 1280 // grain, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((1280, 960), Image.Resampling.BICUBIC)
    assert [face for face in models.analyse(np.asarray(picture)) if face.quality.overall >= CLEAR] == []


# Who is in the group photos, counted by eye: the main cast, all of whom look into the room.
CAST = {"bbt1": 4, "bbt2": 3, "bbt3": 5, "bbt4": 6, "bbt5": 5}


@pytest.mark.parametrize("name", CAST)
def test_everybody_in_the_group_photos_and_nobody_else(
    models: FaceModels, shared_photos: Path, name: str
) -> None:
    assert len(models.detect(load(shared_photos / "bbt" / f"{name}.jpg"))) == CAST[name]


def test_all_seven_in_the_selfie_three_of_them_cut_by_its_edge(
    models: FaceModels, shared_photos: Path
) -> None:
    faces = models.analyse(load(shared_photos / "deepface" / "selfie-many-people.jpg"))
    assert len(faces) == 7
    assert sum(face.quality.overall >= CLEAR for face in faces) == 4


def test_small_faces_in_a_large_group(models: FaceModels, shared_photos: Path) -> None:
    """One face, 2 % of the picture's width, at many places: nearly all must be found, and nothing else."""
    with Image.open(shared_photos / "deepface" / "img11.jpg") as image:
        tile = image.convert("RGB").resize((75, 100), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", (WORKING_LONG_SIDE, 1080), (190, 190, 195))
    places = [(x, y) for x in range(20, 1360, 110) for y in range(20, 960, 130)]
    for place in places:
        picture.paste(tile, place)
    found = models.detect(np.asarray(picture))
    assert 0.95 * len(places) <= len(found) <= len(places)


Labelled = tuple[npt.NDArray[np.float32], list[str]]


@pytest.fixture(scope="module")
def actors(models: FaceModels, shared_photos: Path) -> Labelled:
    """The 40 pictures of one face each: embeddings of the largest, and the folder's name for each."""
    paths = sorted(shared_photos.glob("bbt/*/*.png"))
    assert len(paths) == 40
    faces = [largest(models, path) for path in paths]
    return np.stack([face.embedding for face in faces]), [path.parent.name for path in paths]


@pytest.fixture(scope="module")
def pairs(shared_photos: Path) -> list[tuple[str, str, bool]]:
    with (shared_photos / "deepface" / "pairs.csv").open() as file:
        rows = [
            (row["file_x"], row["file_y"], row["Decision"].strip() == "Yes") for row in csv.DictReader(file)
        ]
    assert len(rows) == 300
    return rows


@pytest.fixture(scope="module")
def celebrities(models: FaceModels, shared_photos: Path, pairs: list[tuple[str, str, bool]]) -> Labelled:
    """The photos of the pairs: embeddings of the largest face, and one name for all paired as the same."""
    names = sorted({name for one, other, _ in pairs for name in (one, other)})
    faces = [largest(models, shared_photos / "deepface" / name) for name in names]
    return np.stack([face.embedding for face in faces]), [person_of(name, pairs) for name in names]


def largest(models: FaceModels, path: Path) -> AnalysedFace:
    faces = models.analyse(load(path))
    assert faces, f"no face found in {path.name}"
    return faces[0]


def person_of(name: str, pairs: list[tuple[str, str, bool]]) -> str:
    """The first name, in order, of all that are the same person by any chain of pairs."""
    known = {name}
    while True:
        more = {
            n for one, other, same in pairs if same and {one, other} & known for n in (one, other)
        } | known
        if more == known:
            return min(known)
        known = more


def test_the_300_pairs(
    models: FaceModels, shared_photos: Path, celebrities: Labelled, pairs: list[tuple[str, str, bool]]
) -> None:
    names = sorted({name for one, other, _ in pairs for name in (one, other)})
    vectors = dict(zip(names, celebrities[0], strict=True))
    said = [np.linalg.norm(vectors[a] - vectors[b]) <= BUNDLED.thresholds.same for a, b, _ in pairs]
    right = np.mean([answer == same for answer, (_, _, same) in zip(said, pairs, strict=True)])
    assert right >= 0.99


def test_no_two_strangers_are_near_enough_to_be_matched(actors: Labelled, celebrities: Labelled) -> None:
    vectors, names = together(actors, celebrities)
    for one, other in combinations(range(len(names)), 2):
        if names[one] != names[other]:
            distance = float(np.linalg.norm(vectors[one] - vectors[other]))
            assert distance > BUNDLED.thresholds.match, (names[one], names[other])


@pytest.mark.parametrize("which", ["actors", "celebrities", "together"])
def test_grouping(which: str, actors: Labelled, celebrities: Labelled) -> None:
    sets = {"actors": actors, "celebrities": celebrities, "together": together(actors, celebrities)}
    vectors, names = sets[which]
    precision, recall = pairwise(grouped(vectors, BUNDLED.thresholds.group), names)
    assert precision >= 0.98
    assert recall >= 0.95


def together(first: Labelled, second: Labelled) -> Labelled:
    return np.concatenate([first[0], second[0]]), first[1] + second[1]


def grouped(vectors: npt.NDArray[np.float32], limit: float) -> list[set[int]]:
    """Average linkage, plainly: merge the two groups of least mean squared distance, up to the limit."""
    squared = np.square(vectors[:, None] - vectors[None]).sum(axis=-1)
    groups = [{index} for index in range(len(vectors))]
    while len(groups) > 1:
        distance, one, other = min(
            (float(squared[np.ix_(list(a), list(b))].mean()), i, j)
            for (i, a), (j, b) in combinations(enumerate(groups), 2)
        )
        if distance > limit**2:
            break
        groups[one] |= groups.pop(other)
    return groups


def pairwise(groups: list[set[int]], names: list[str]) -> tuple[float, float]:
    put_together = {pair for group in groups for pair in combinations(sorted(group), 2)}
    belong = set(same_pairs(names))
    return len(put_together & belong) / len(put_together), len(put_together & belong) / len(belong)


def same_pairs(names: list[str]) -> Iterator[tuple[int, int]]:
    return (pair for pair in combinations(range(len(names)), 2) if names[pair[0]] == names[pair[1]])
