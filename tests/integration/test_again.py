"""Looking at photos again on request: what is due, what stays of the faces, and what each photo is told."""

import json
from pathlib import Path

import pytest
from interface_support import look, serving_filled
from store_support import Bench, face
from typer.testing import CliRunner

from facekeep.actions import again, people
from facekeep.cli.main import app
from facekeep.domain.errors import FailureCode, PhotoFault, UsageError


def test_a_face_that_was_missed_is_found_and_the_others_stay(bench: Bench) -> None:
    photo = bench.put("one.png", ada := face("ada"))
    named = people.assign_face(bench.ctx, bench.faces()[0].face, name="Ada")
    assert again.look_again(bench.ctx, [photo]).outcomes == ((photo, "due"),)
    assert bench.photo("one.png").state == "waiting"
    bench.look({"one.png": [ada, face("grace", 1)]})
    assert [row.name for row in bench.faces()] == ["Ada", None]
    assert bench.faces()[0].face == named.face


def test_each_photo_has_its_outcome(bench: Bench) -> None:
    done, failed = bench.put("done.png"), bench.put("failed.png")
    bench.look_again(failed)
    bench.fail(PhotoFault(FailureCode.UNREADABLE, "the file is empty"))
    away = bench.put("away.png")
    (bench.root / "away.png").unlink()
    bench.scan()
    waiting = bench.put("waiting.png")
    bench.look_again(waiting)
    told = again.look_again(bench.ctx, [done, failed, away, waiting, 10**6, done])
    assert told.outcomes == (
        (done, "due"), (failed, "due"), (away, "unreachable"), (waiting, "waiting"), (10**6, "not_found")
    )  # fmt: skip
    assert told.due == 2
    assert bench.look({}) == 3
    assert bench.status().failed == 0


def test_all_that_are_done(bench: Bench) -> None:
    for name in ("a.png", "b.png"):
        bench.put(name)
    bad = bench.put("bad.png")
    bench.look_again(bad)
    bench.fail(PhotoFault(FailureCode.UNREADABLE, "the file is empty"))
    assert again.look_again(bench.ctx, None).due == 2
    assert bench.photo("bad.png").state == "failed"


def test_a_photo_in_hand_is_not_taken_from_its_worker(bench: Bench) -> None:
    photo = bench.put("one.png")
    bench.look_again(photo)
    [claimed] = bench.claim()
    assert again.look_again(bench.ctx, [photo]).outcomes == ((photo, "waiting"),)
    assert bench.value("SELECT leased_by FROM photo") == claimed.token


def test_nothing_and_too_much_are_refused(bench: Bench) -> None:
    for photos in ([], list(range(1, again.MAX_PHOTOS + 2))):
        with pytest.raises(UsageError):
            again.look_again(bench.ctx, photos)


def test_by_the_api_and_the_command_line(tmp_path: Path) -> None:
    with serving_filled(tmp_path) as (data, api):
        answer = api.post("/api/v1/photos/detect", json={"photos": [1, 99]})
        assert answer.json() == {
            "due": 1, "items": [{"photo": 1, "outcome": "due"}, {"photo": 99, "outcome": "not_found"}]
        }  # fmt: skip
        assert api.post("/api/v1/photos/detect", json={}).status_code == 400
        assert api.post("/api/v1/photos/detect", json={"photos": [1], "all": True}).status_code == 400
        look(data.ctx, {"a.png": ("ada", "grace")})
        home = ["--home", str(data.settings.home)]
        told = CliRunner().invoke(app, ["detect", "1", "--json", *home])
        assert json.loads(told.stdout) == {"due": 1, "items": [{"photo": 1, "outcome": "due"}]}
        assert CliRunner().invoke(app, ["detect", *home]).exit_code == 2
