"""The whole way on real photographs: grouped, named, recognised later, and kept through edits."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from store_support import Bench
from tests.bench.grouping_truth import Truth, judged
from tests.unit.test_grouping_photos import person_of

from facekeep.actions import people
from facekeep.actions.regroup import ask_to_regroup, run_asked
from facekeep.domain.library_grouping import LONE
from facekeep.store.rows import FaceRow
from facekeep.worker.children import Children
from facekeep.worker.foreground import Foreground


def take(shared_photos: Path, bench: Bench, *names: str) -> None:
    for name in names:
        shutil.copy(shared_photos / "bbt" / name, bench.root / Path(name).name)


def run(bench: Bench, children: Children) -> None:
    outcome = Foreground(bench.ctx, children).run([bench.root])
    assert (outcome.errors, outcome.analysis.failed) == ({}, 0)


def of(bench: Bench, name: str) -> list[FaceRow]:
    return bench.faces(bench.photo(name).photo)


def test_who_was_named_is_recognised_in_a_later_scan(
    shared_photos: Path, bench: Bench, children: Children
) -> None:
    take(
        shared_photos,
        bench,
        *(f"{who}/{who}{n}.png" for who in ("amy", "sheldon", "raj") for n in range(1, 5)),
    )
    run(bench, children)
    assert sorted(row.faces for row in bench.people()) == [4, 4, 4]
    amy = of(bench, "amy1.png")[0].person
    assert amy is not None
    people.name_person(bench.ctx, amy, "Amy")
    take(shared_photos, bench, "amy/amy5.png", "penny/penny1.png")
    run(bench, children)
    [new] = of(bench, "amy5.png")
    assert (new.person, new.name, new.assigned_by) == (amy, "Amy", "auto")
    assert new.confidence is not None
    assert new.confidence > 0.5
    assert of(bench, "penny1.png")[0].name is None


@pytest.mark.parametrize("edit", ["saved anew", "half the size", "cropped", "turned by its metadata", "grey"])
def test_words_stay_through_edits(shared_photos: Path, bench: Bench, children: Children, edit: str) -> None:
    take(shared_photos, bench, "bbt1.jpg")
    run(bench, children)
    before = of(bench, "bbt1.jpg")
    assert len(before) >= 3
    said = {row.face: f"Person {number}" for number, row in enumerate(before)}
    for face, name in said.items():
        people.assign_face(bench.ctx, face, name=name)
    path = bench.root / "bbt1.jpg"
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    width, height = picture.size
    exif = Image.Exif()
    if edit == "half the size":
        picture = picture.resize((width // 2, height // 2))
    elif edit == "cropped":
        picture = picture.crop((width // 20, height // 20, width - width // 20, height))
    elif edit == "turned by its metadata":
        exif[0x0112] = 6
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    elif edit == "grey":
        picture = picture.convert("L")
    picture.save(path, quality=85, exif=exif)
    run(bench, children)
    after = {row.face: row for row in of(bench, "bbt1.jpg")}
    assert {face: row.name for face, row in after.items() if face in said} == said
    assert set(after) == set(said), "no face is there twice"
    assert {row.assigned_by for row in after.values()} == {"user"}


def labelled(shared_photos: Path) -> dict[str, str]:
    """Who the largest face of each labelled photo is, by its name."""
    pairs = {f"deepface/{name}": who for name, who in person_of(shared_photos / "deepface").items()}
    faces = shared_photos.glob("bbt/*/*.png")
    return pairs | {str(path.relative_to(shared_photos)): path.parent.name for path in faces}


def how_right(bench: Bench, who: dict[str, str]) -> Truth:
    group, person = [], []
    names = sorted(set(who.values()))
    for name, label in who.items():
        faces = of(bench, Path(name).name)
        if faces:
            largest = max(faces, key=lambda row: row.width * row.height)
            group.append(LONE if largest.person is None else largest.person)
            person.append(names.index(label))
    assert len(group) >= 65
    return judged(np.array(group), np.array(person))


@pytest.mark.slow
@pytest.mark.parametrize("portions", [1, 4])
def test_the_labelled_photos_are_grouped_rightly(
    shared_photos: Path, bench: Bench, children: Children, portions: int
) -> None:
    """Everybody in both sets in one library, scanned at once or in portions; and then grouped anew."""
    paths = [*shared_photos.glob("bbt/*/*.png"), *shared_photos.glob("*/*.jpg")]
    for portion in range(portions):
        for path in sorted(paths)[portion::portions]:
            shutil.copy(path, bench.root / path.name)
        run(bench, children)
    who = labelled(shared_photos)
    first = how_right(bench, who)
    ask_to_regroup(bench.ctx, dry_run=False)
    run_asked(bench.ctx)
    anew = how_right(bench, who)
    assert first.precision >= 0.98
    assert first.recall >= 0.95
    assert anew.precision >= 0.98
    assert anew.recall >= 0.95
