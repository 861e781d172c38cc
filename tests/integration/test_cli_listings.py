"""The listing commands and `name` on a real database."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_support import Ran, command, environment
from embedded_support import open_folder
from interface_support import BROKEN, Filled, filled, refill
from typer.testing import CliRunner

from facekeep.cli.main import app
from facekeep.store import steering
from facekeep.store.photos import WORKER_LOCK
from facekeep.store.steering import Beat


@pytest.fixture(scope="module")
def server() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as data:
            yield data
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data(server: Filled) -> Filled:
    refill(server)
    return server


def facekeep(data: Filled, *arguments: object, status: int = 0) -> Ran:
    result = CliRunner().invoke(app, [*map(str, arguments), "--home", str(data.settings.home)])
    assert result.exit_code == status, result.stderr
    return Ran(result.exit_code, result.stdout, result.stderr)


def items(data: Filled, *arguments: object) -> list[dict[str, Any]]:
    return facekeep(data, *arguments, "--json").items


def test_status_is_one_object(server: Filled) -> None:
    (status,) = items(server, "status")
    assert {key: status[key] for key in ("photos", "faces", "people", "named", "waiting", "failed")} == {
        "photos": 6, "faces": 8, "people": 2, "named": 0, "waiting": 0, "failed": 1,
    }  # fmt: skip
    text = facekeep(server, "status").out
    assert "6 photos: 5 done, 0 waiting, 1 failed" in text
    assert str(server.photos) in text


def test_faces_have_the_keys_of_the_contract(server: Filled) -> None:
    faces = items(server, "faces")
    assert len(faces) == 8
    for face in faces:
        assert set(face) >= {
            "face", "photo", "files", "box", "box_px", "landmarks", "score", "quality", "source",
            "person", "name", "assigned_by", "confidence", "model",
        }  # fmt: skip
        assert set(face["box"]) == set(face["box_px"]) == {"x", "y", "width", "height"}
        assert [len(point) for point in face["landmarks"]] == [2] * 5
        assert all(isinstance(value, int) for value in face["box_px"].values())
    assert sum(face["person"] is None for face in faces) == 1


def test_faces_of_a_person_of_a_photo_and_of_nobody(server: Filled) -> None:
    person = items(server, "people")[0]["person"]
    assert {face["person"] for face in items(server, "faces", "--person", person)} == {person}
    (alone,) = items(server, "faces", "--unassigned")
    assert items(server, "faces", "--photo", alone["photo"]) == [alone]
    assert items(server, "faces", "--person", 999) == []


def test_paths_that_are_not_utf8_are_shown(server: Filled) -> None:
    files = {file for face in items(server, "faces") for file in face["files"]}
    assert str(server.photos / "caf\\xe9.png") in files
    assert "caf\\xe9" in facekeep(server, "faces").out or "a.png" in facekeep(server, "faces").out


def test_a_table_says_what_it_leaves_out(server: Filled) -> None:
    text = facekeep(server, "faces", "--limit", 3).out
    assert len(text.splitlines()) == 5
    assert "3 of 8 faces" in text
    assert "of" not in facekeep(server, "people").out.splitlines()[-1]


def test_people_have_the_keys_of_the_contract(server: Filled) -> None:
    people = items(server, "people")
    assert [(p["name"], p["faces"], p["photos"], p["hidden"]) for p in people] == [
        (None, 4, 4, False),
        (None, 3, 3, False),
    ]
    assert items(server, "people", "--named") == []
    assert items(server, "people", "--unnamed") == people


def test_failures_have_the_keys_of_the_contract(server: Filled) -> None:
    (failure,) = items(server, "failures")
    assert set(failure) >= {"photo", "files", "code", "message", "attempts", "permanent", "retry_at"}
    assert (failure["code"], Path(failure["files"][0]).name) == ("unreadable", BROKEN)
    assert items(server, "failures", "--code", "crashed") == []
    assert BROKEN in facekeep(server, "failures").out


def test_a_reader_that_leaves_early_ends_a_listing_quietly(server: Filled) -> None:
    line = " ".join(f"'{part}'" for part in command("faces", "--json"))
    script = f"set -o pipefail; {line} | head -1"
    home = server.settings.home
    done = subprocess.run(["bash", "-c", script], env=environment(home), capture_output=True, check=False)
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)


def test_naming_a_person(data: Filled) -> None:
    person = items(data, "people")[0]["person"]
    assert "Ada Lovelace" in facekeep(data, "name", person, "  Ada  Lovelace ").out
    (named,) = items(data, "people", "--named")
    assert (named["person"], named["name"]) == (person, "Ada Lovelace")
    assert {face["assigned_by"] for face in items(data, "faces", "--person", person)} == {"user"}
    (row,) = items(data, "name", person, "Ada King")
    assert row["name"] == "Ada King"
    assert "no name" in facekeep(data, "name", person, "--remove").out
    assert items(data, "people", "--named") == []


def test_a_name_that_is_taken_is_explained(data: Filled) -> None:
    ada, other = (person["person"] for person in items(data, "people"))
    facekeep(data, "name", ada, "Ada")
    refused = facekeep(data, "name", other, "ada", status=2)
    assert f"person {ada} is named Ada already" in refused.err
    assert "--merge" in refused.err
    assert "--new" in refused.err
    assert facekeep(data, "name", ada, "ADA").status == 0, "oneself is no namesake"


def test_merging_into_the_one_of_that_name(data: Filled) -> None:
    ada, other = (person["person"] for person in items(data, "people"))
    facekeep(data, "name", ada, "Ada")
    (row,) = items(data, "name", other, "Ada", "--merge")
    assert (row["person"], row["name"], row["faces"]) == (ada, "Ada", 7)
    assert len(items(data, "people")) == 1


def test_another_one_of_the_same_name(data: Filled) -> None:
    ada, other = (person["person"] for person in items(data, "people"))
    facekeep(data, "name", ada, "Ada")
    facekeep(data, "name", other, "Ada", "--new")
    assert [person["name"] for person in items(data, "people")] == ["Ada", "Ada"]
    (alone,) = items(data, "faces", "--unassigned")
    refused = facekeep(data, "name", "--face", alone["face"], "Ada", "--merge", status=2)
    assert "several" in refused.err


def test_naming_by_a_face(data: Filled) -> None:
    person = items(data, "people")[1]["person"]
    face = items(data, "faces", "--person", person)[0]["face"]
    assert items(data, "name", "--face", face, "Grace")[0]["person"] == person
    (alone,) = items(data, "faces", "--unassigned")
    (row,) = items(data, "name", "--face", alone["face"], "Alan")
    assert (row["name"], row["faces"]) == ("Alan", 1)
    assert row["person"] not in (person, None)


def test_a_lone_face_joins_somebody_who_is_there(data: Filled) -> None:
    ada = items(data, "people")[0]["person"]
    facekeep(data, "name", ada, "Ada")
    (alone,) = items(data, "faces", "--unassigned")
    (row,) = items(data, "name", "--face", alone["face"], "Ada", "--merge")
    assert (row["person"], row["faces"]) == (ada, 5)


@pytest.mark.parametrize(
    "arguments",
    [["999", "Ada"], ["--face", "999", "Ada"], ["1", " "], ["1", "x" * 201], ["1", "a\tb\x1b[0m"]],
)
def test_a_name_that_cannot_be_given(data: Filled, arguments: list[str]) -> None:
    before = items(data, "people")
    facekeep(data, "name", *arguments, status=2)
    assert items(data, "people") == before


def test_retry_puts_failures_back(data: Filled) -> None:
    assert "1 photo" in facekeep(data, "failures", "--retry").out
    (status,) = items(data, "status")
    assert status["waiting"] == 1


def test_failures_are_counted_by_reason_first(data: Filled) -> None:
    text = facekeep(data, "failures").out
    first, second = text.split("\n\n")
    assert "unreadable" in first
    assert "not tried again until the file changes" in first
    assert BROKEN in second
    assert "not by itself" in second


def photo_that_failed(data: Filled) -> int:
    (failure,) = items(data, "failures")
    return int(failure["photo"])


def test_one_failure_in_full(data: Filled) -> None:
    photo = photo_that_failed(data)
    with data.ctx.database.write() as writer:
        writer.run("UPDATE failure SET detail = 'Traceback: odd'")
    (found,) = items(data, "failures", "show", photo)
    assert found == items(data, "failures")[0] | {"detail": "Traceback: odd"}
    text = facekeep(data, "failures", "show", photo).out
    for said in (BROKEN, "Traceback: odd", "means: not a picture", "attempts: 1"):
        assert said in text
    assert "no failure" in facekeep(data, "failures", "show", 999, status=2).err


@pytest.mark.parametrize("how", [["--all"], ["--code", "unreadable"], ["PHOTO"]])
def test_failures_are_tried_again(data: Filled, how: list[str]) -> None:
    photo = str(photo_that_failed(data))
    said = facekeep(data, "failures", "retry", *[photo if word == "PHOTO" else word for word in how]).out
    assert "1 photo will be looked at again" in said
    assert items(data, "status")[0]["waiting"] == 1


@pytest.mark.parametrize(
    "how", [[], ["1", "--all"], ["--code", "crashed", "--all"], ["0"], ["x"], ["--code", "bad luck"]]
)
def test_what_to_try_again_must_be_said_once(data: Filled, how: list[str]) -> None:
    facekeep(data, "failures", "retry", *how, status=2)
    assert items(data, "status")[0]["waiting"] == 0


def test_an_option_in_the_wrong_place_is_not_lost_silently(data: Filled) -> None:
    home = str(data.settings.home)
    result = CliRunner().invoke(app, ["failures", "--code", "crashed", "retry", "--all", "--home", home])
    assert result.exit_code == 2
    result = CliRunner().invoke(app, ["failures", "--home", home, "retry", "--all"])
    assert (result.exit_code, "1 photo" in result.stdout) == (0, True)


def test_giving_up_until_it_is_named(data: Filled) -> None:
    photo = photo_that_failed(data)
    said = facekeep(data, "failures", "give-up", photo, 999).out
    assert "1 photo will not be looked at again" in said
    assert "1 other had no failure" in said
    assert items(data, "failures")[0]["given_up"] is True
    assert "given up" in facekeep(data, "failures").out
    assert "0 photos" in facekeep(data, "failures", "retry", "--all").out
    assert "1 photo" in facekeep(data, "failures", "retry", photo).out
    facekeep(data, "failures", "give-up", status=2)


def test_pause_is_shown_until_resumed(data: Filled) -> None:
    assert items(data, "status")[0]["paused"] is False
    assert "facekeep resume" in facekeep(data, "pause").out
    assert items(data, "status")[0]["paused"] is True
    assert "paused since" in facekeep(data, "status").out
    facekeep(data, "resume")
    assert "paused" not in facekeep(data, "status").out


def test_status_shows_who_works_and_what_is_paused(data: Filled) -> None:
    pause = {
        "code": "storage",
        "library": 1,
        "state": "open",
        "seconds": 9,
        "trips": 1,
        "message": "disk odd",
    }
    beat = Beat(
        id=7, role="worker", host="attic", pid=4711, version="0.1.0", state="analysing", done=5, failed=1,
        faces=9, rate=2.5, in_hand=2, children={}, breakers=[pause], message="",
    )  # fmt: skip
    facekeep(data, "failures", "retry", "--all")
    with data.ctx.database.hold(WORKER_LOCK, 7):
        with data.ctx.database.write() as writer:
            steering.beat(writer, beat)
            steering.beat(writer, replace(beat, id=8, pid=1))
        text = facekeep(data, "status").out
        (status,) = items(data, "status")
        assert "asked 1 worker" in facekeep(data, "models", "release").out
    for said in (
        "attic:4711",
        "died",
        "2.5 photos a second",
        "storage: library 1 is paused",
        "disk odd",
        "1 due",
    ):
        assert said in text
    assert (status["workers"], status["rate"], status["due"]) == (1, 2.5, 1)
    with data.ctx.database.write() as writer:
        steering.forget_dead(writer)


def test_doctor_on_a_used_data_folder(data: Filled) -> None:
    found = {item["name"]: item for item in facekeep(data, "doctor", "--json").items}
    assert found["database"]["detail"].startswith("answers; schema")
    assert "running" in found["private server"]["detail"]
    assert found["libraries"]["state"] == "ok"
    assert found["photos"]["state"] == "warn"


def test_doctor_tells_of_a_library_that_is_away(data: Filled) -> None:
    aside = data.photos.with_name("aside")
    data.photos.rename(aside)
    try:
        found = {item["name"]: item for item in facekeep(data, "doctor", "--json").items}
    finally:
        aside.rename(data.photos)
    assert found["libraries"]["state"] == "warn"
    assert str(data.photos) in found["libraries"]["detail"]
