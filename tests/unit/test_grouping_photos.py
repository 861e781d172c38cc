"""The grouping of the labelled photographs, both sets taken as one library, everybody in them included."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.bench.grouping_truth import judged

from facekeep.domain.library_grouping import LONE, Faces, group_library
from facekeep.domain.likeness import BUNDLED_LIKENESS
from facekeep.domain.neighbours import Ids
from facekeep.inference.decode import decode
from facekeep.inference.models import WORKING_LONG_SIDE, FaceModels, prepare

pytestmark = pytest.mark.photos

UNKNOWN = -1


def person_of(folder: Path) -> dict[str, str]:
    """A name for everybody in the pairs: the first file, in order, that any chain of pairs leads to."""
    with (folder / "pairs.csv").open() as file:
        rows = [(row["file_x"], row["file_y"], row["Decision"].strip()) for row in csv.DictReader(file)]
    name = {one: one for pair in rows for one in pair[:2]}
    for _ in name:
        for one, other, decision in rows:
            if decision == "Yes":
                name[one] = name[other] = min(name[one], name[other])
    return name


@pytest.fixture(scope="module")
def photographs(shared_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Faces, Ids]:
    """Every face found, and who the largest of each photo is; UNKNOWN for the others."""
    models = FaceModels(prepare(tmp_path_factory.mktemp("models")))
    paired = person_of(shared_photos / "deepface")
    paths = sorted([*shared_photos.glob("bbt/*/*.png"), *shared_photos.glob("*/*.jpg")])
    found, names = [], []
    for photo, path in enumerate(paths):
        faces = models.analyse(decode(path, long_side=WORKING_LONG_SIDE).pixels)
        found += [(face, photo) for face in faces]
        known = path.parent.name if path.suffix == ".png" else paired.get(path.name, "")
        names += [known if index == 0 else "" for index in range(len(faces))]
    person = np.where(np.array(names) == "", UNKNOWN, np.unique(names, return_inverse=True)[1])
    vectors = np.stack([face.embedding for face, _ in found])
    quality = np.array([face.quality.overall for face, _ in found])
    return Faces(vectors, np.array([photo for _, photo in found]), quality), person


def test_of_all_photographs_together_every_group_is_one_person(photographs: tuple[Faces, Ids]) -> None:
    faces, person = photographs
    labelled = np.flatnonzero(person != UNKNOWN)
    assert len(labelled) == 65
    group = group_library(faces, BUNDLED_LIKENESS)
    truth = judged(group[labelled], person[labelled])
    assert truth.precision == 1.0
    assert truth.recall == 1.0
    assert (group[~faces.clear] == LONE).mean() >= 0.5, "faces that cannot be told stay alone"


def test_of_the_labelled_faces_alone_too(photographs: tuple[Faces, Ids]) -> None:
    """Fewer faces, so less to go by: one pair, two photos of one person far apart, is left in two parts."""
    faces, person = photographs
    labelled = np.flatnonzero(person != UNKNOWN)
    truth = judged(group_library(faces.some(labelled), BUNDLED_LIKENESS), person[labelled])
    assert truth.precision >= 0.98
    assert truth.recall >= 0.95
