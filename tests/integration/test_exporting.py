"""What is known of people, written down: complete, of one moment, in its documented form."""

import base64
import csv
import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from store_support import PNG, Bench, face

from facekeep.actions import details, exporting, people
from facekeep.actions.exporting import Format, Wanted
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import EnvironmentFault, NotFound
from facekeep.store import forgetting

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "people.schema.json").read_text("utf-8"))
ODD = b'caf\xe9\n"x".png'


def exported(bench: Bench, form: Format = "jsonl", **wanted: Any) -> bytes:
    return b"".join(exporting.encoded(bench.ctx, Wanted(**wanted), form))


def records(bench: Bench, **wanted: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(bench, **wanted).splitlines()]


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in found if record["kind"] == kind]


@pytest.fixture
def ada(bench: Bench) -> int:
    """Ada in three photos with Bob, who has no name; one face of his was said not to be her."""
    for name in ("a.png", "b.png", "c.png"):
        bench.put(name, face("ada"), face("bob", 1))
    while group_new_faces(bench.ctx).faces:
        pass
    person = bench.faces()[0].person
    assert person is not None
    people.name_person(bench.ctx, person, "Ada Lovelace")
    edit: details.Edit = {"aliases": ["Countess"], "notes": "maths\n=1+1", "favourite": True}
    details.edit_person(bench.ctx, person, edit)
    his = next(row.face for row in bench.faces() if row.person != person)
    with bench.ctx.database.write("user") as writer:
        writer.run(f"INSERT INTO rejection VALUES ({his}, {person})")
        writer.run(
            f"INSERT INTO pin SELECT min(face_id), {person} FROM assignment WHERE person_id = {person}"
        )
        writer.run("INSERT INTO circle (name) VALUES ('Family')")
        writer.run(f"INSERT INTO member SELECT id, {person} FROM circle")
    return person


def test_all_that_was_said_is_in_it(bench: Bench, ada: int) -> None:
    found = records(bench)
    assert [record["kind"] for record in found] == ["header", "person", "circle", *["photo"] * 3, "end"]
    [person] = of_kind(found, "person")
    assert person == {
        "kind": "person", "person": ada, "name": "Ada Lovelace", "aliases": ["Countess"], "birth_date": None,
        "notes": "maths\n=1+1", "favourite": True, "hidden": False, "auto": True,
    }  # fmt: skip
    assert of_kind(found, "circle")[0]["people"] == [ada]
    faces = [one for photo in of_kind(found, "photo") for one in photo["faces"]]
    assert [one["person"] for one in faces].count(ada) == 3
    assert sorted(map(len, (one["rejected"] for one in faces))) == [0, 0, 0, 1]
    assert [one["pinned"] for one in faces].count(True) == 1
    assert {one["assigned_by"] for one in faces if one["person"]} == {"user"}
    assert found[-1] == {"kind": "end", "people": 1, "photos": 3, "faces": 4}
    hashes = [photo["sha256"] for photo in of_kind(found, "photo")]
    assert hashes == sorted(hashes)
    names = {file["path"] for photo in of_kind(found, "photo") for file in photo["files"]}
    assert names == {"a.png", "b.png", "c.png"}
    assert "vectors" not in faces[0]


@pytest.mark.parametrize("wanted", [{}, {"unnamed": True, "vectors": True}], ids=["plain", "everything"])
def test_it_has_its_documented_form(bench: Bench, ada: int, wanted: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in exported(bench, "jsonl", **wanted).splitlines()]
    whole = json.loads(exported(bench, "json", **wanted))
    assert [record | {"made_at": ""} for record in lines] == [record | {"made_at": ""} for record in whole]
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(whole, SCHEMA, format_checker=jsonschema.FormatChecker())
    for key in ("sha256", "faces"):
        broken = [{k: v for k, v in record.items() if k != key} for record in whole]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_unnamed_people_and_vectors_by_choice(bench: Bench, ada: int) -> None:
    found = records(bench, unnamed=True, vectors=True)
    assert [person["name"] for person in of_kind(found, "person")].count(None) == 1
    faces = [one for photo in of_kind(found, "photo") for one in photo["faces"]]
    assert len(faces) == 6
    vectors = bench.tuples("SELECT vector FROM embedding ORDER BY face_id")
    told = [np.asarray(one["vectors"]["bundled-1"], dtype=np.float32) for one in faces]
    stored = {vector.tobytes() for (vector,) in vectors}
    assert {vector.tobytes() for vector in told} == stored


def test_one_person(bench: Bench, ada: int) -> None:
    found = records(bench, people=(ada,))
    assert [record["person"] for record in of_kind(found, "person")] == [ada]
    with pytest.raises(NotFound, match="no person 999"):
        records(bench, people=(ada, 999))


def test_odd_paths_survive(bench: Bench) -> None:
    with open(os.fsencode(bench.root) + b"/" + ODD, "wb") as file:
        file.write(PNG + b"odd")
    bench.scan()
    bench.look({"odd": (face("ada"),)})
    people.assign_face(bench.ctx, bench.faces()[0].face, name="Ada")
    [photo] = of_kind(records(bench), "photo")
    [file_record] = photo["files"]
    assert base64.b64decode(file_record["path_base64"]) == ODD
    rows = list(csv.DictReader(io.StringIO(exported(bench, "csv").decode(), newline="")))
    assert rows[0]["path"].endswith('caf\\xe9\n"x".png')


def test_csv_has_a_line_for_each_face_and_rejection(bench: Bench, ada: int) -> None:
    details.edit_person(bench.ctx, ada, {"birth_date": date(1815, 12, 10)})
    rows = list(csv.DictReader(io.StringIO(exported(bench, "csv").decode(), newline="")))
    assert [row["kind"] for row in rows].count("face") == 4
    [rejection] = [row for row in rows if row["kind"] == "rejection"]
    assert (rejection["name"], rejection["birth_date"]) == ("Ada Lovelace", "1815-12-10")
    assert rejection["x"] != ""
    nobody = [row for row in rows if row["kind"] == "face" and row["name"] == ""]
    assert len(nobody) == 1
    assert all(Path(row["path"]).is_file() for row in rows)


def test_a_file_comes_whole_and_is_remembered(bench: Bench, ada: int, tmp_path: Path) -> None:
    target = tmp_path / "people.jsonl"
    done = exporting.export_file(bench.ctx, target, Wanted(), "jsonl")
    assert (done.people, done.photos, done.faces) == (1, 3, 4)
    assert target.stat().st_mode & 0o777 == 0o600
    before = target.read_bytes()

    def breaks(_: object) -> None:
        raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        exporting.export_file(bench.ctx, target, Wanted(), "jsonl", breaks)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "people"))] == [
        target.name
    ]
    with pytest.raises(EnvironmentFault):
        exporting.export_file(bench.ctx, tmp_path / "none" / "people.csv", Wanted(), "csv")
    exporting.export_file(bench.ctx, target, Wanted(vectors=True), "jsonl")
    with bench.ctx.database.read() as reader:
        assert [(copy.place, copy.vectors) for copy in forgetting.copies(reader)] == [(bytes(target), True)]
