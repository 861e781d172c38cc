"""The whole way on real photographs: grouped, named, recognised later, and kept through edits."""

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from store_support import Bench

from facekeep.actions import people
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
