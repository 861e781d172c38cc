"""Steering the work over the API: failures tried again or given up, pause and resume, the models' memory."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from interface_support import BROKEN, Filled, filled, refill, serving

from facekeep.actions import steering as actions
from facekeep.api.app import create_app
from facekeep.api.reasons import REASONS
from facekeep.domain.errors import FailureCode
from facekeep.store import steering
from facekeep.store.photos import WORKER_LOCK
from facekeep.store.steering import Beat

API = "/api/v1"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Filled, httpx.Client]]:
    folder = open_folder()
    try:
        with filled(folder) as data, serving(create_app(data.ctx, page=folder / "page")) as client:
            yield data, client
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data(server: tuple[Filled, httpx.Client]) -> Filled:
    refill(server[0])
    actions.resume(server[0].ctx)
    return server[0]


@pytest.fixture
def api(server: tuple[Filled, httpx.Client], data: Filled) -> httpx.Client:
    return server[1]


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def failure(api: httpx.Client) -> dict[str, Any]:
    (one,) = done(api.get(f"{API}/failures"))["items"]
    assert isinstance(one, dict)
    return one


# Failures --------------------------------------------------------------------------------------------------


def test_a_failure_tells_all_that_the_ledger_knows(api: httpx.Client, data: Filled) -> None:
    with data.ctx.database.write() as writer:
        writer.run("UPDATE failure SET detail = 'Traceback …', long_side = 2048, retry_long_side = 1433")
    found = failure(api)
    assert set(found) == {
        "photo", "files", "code", "message", "attempts", "tries", "permanent", "given_up", "retry_at",
        "first_at", "last_at", "long_side", "retry_long_side", "file_bytes", "file_changed_at",
    }  # fmt: skip
    assert (found["long_side"], found["retry_long_side"], found["file_bytes"]) == (2048, 1433, 0)
    one = done(api.get(f"{API}/failures/{found['photo']}"))
    assert one == found | {"detail": "Traceback …"}
    done(api.get(f"{API}/failures/999"), 404)


def test_the_summary_says_what_each_code_means_and_what_comes_next(api: httpx.Client) -> None:
    (counted,) = done(api.get(f"{API}/failures/summary"))["items"]
    assert (counted["code"], counted["count"], counted["permanent"]) == ("unreadable", 1, 1)
    assert "decoded" in counted["meaning"]
    assert "file changes" in counted["next"]


def test_every_code_has_a_meaning() -> None:
    assert set(REASONS) == set(FailureCode)
    for reason in REASONS.values():
        assert all(text and text[0].islower() and text[-1] != "." for text in (reason.meaning, reason.next))


@pytest.mark.parametrize("body", [{"all": True}, {"code": "unreadable"}, {"photos": []}])
def test_trying_again(api: httpx.Client, body: dict[str, Any]) -> None:
    if "photos" in body:
        body = {"photos": [failure(api)["photo"]]}
    assert done(api.post(f"{API}/failures/retry", json=body)) == {"retried": 1}
    assert done(api.get(f"{API}/status"))["waiting"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"photos": [1], "all": True}, 400),
        ({"photos": [1], "code": "crashed"}, 400),
        ({"photos": []}, 422),
        ({"photos": [0]}, 422),
        ({"photos": [1] * 5001}, 422),
        ({"all": False}, 422),
        ({"every": True}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    done(api.post(f"{API}/failures/retry", json=body), status)
    assert done(api.get(f"{API}/status"))["waiting"] == 0


def test_giving_up_holds_until_the_photo_is_named(api: httpx.Client) -> None:
    photo = failure(api)["photo"]
    done(api.post(f"{API}/failures/retry", json={"photos": [photo]}))
    assert done(api.post(f"{API}/failures/give-up", json={"photos": [photo, 999]})) == {"given_up": 1}
    found = failure(api)
    assert (found["given_up"], found["permanent"], found["retry_at"]) == (True, True, None)
    (counted,) = done(api.get(f"{API}/failures/summary"))["items"]
    assert (counted["given_up"], counted["permanent"]) == (1, 0)
    assert done(api.post(f"{API}/failures/retry", json={"all": True})) == {"retried": 0}
    assert done(api.post(f"{API}/failures/retry", json={"photos": [photo]})) == {"retried": 1}


# The work --------------------------------------------------------------------------------------------------


def test_pausing_and_resuming_is_seen_at_once_and_stays(api: httpx.Client, data: Filled) -> None:
    assert done(api.get(f"{API}/activity"))["paused"] is False
    paused = done(api.post(f"{API}/activity/pause"))
    assert (paused["paused"], bool(paused["paused_at"])) == (True, True)
    again = done(api.post(f"{API}/activity/pause"))
    assert again["paused_at"] == paused["paused_at"], "paused since the first time"
    with data.ctx.database.read() as reader:
        assert steering.control(reader).paused
    resumed = done(api.post(f"{API}/activity/resume"))
    assert (resumed["paused"], resumed["paused_at"]) == (False, None)


def beat(number: int, **changes: Any) -> Beat:
    pause = {"code": "storage", "library": 1, "state": "open", "seconds": 9.0, "trips": 2, "message": "odd"}
    one = Beat(
        id=number, role="worker", host="attic", pid=number, version="0.1.0", state="analysing", done=10,
        failed=1, faces=20, rate=1.5, in_hand=2, children={"count": 2, "alive": 1}, breakers=[pause],
        message="",
    )  # fmt: skip
    return replace(one, **changes)


def test_workers_and_what_holds_them_up(api: httpx.Client, data: Filled) -> None:
    nearer = {"code": "storage", "library": 1, "state": "open", "seconds": 3.0, "trips": 1, "message": "odd"}
    database = data.ctx.database
    with database.hold(WORKER_LOCK, 1), database.hold(WORKER_LOCK, 2):
        with database.write() as writer:
            for said in (beat(1), beat(2, breakers=[nearer]), beat(3)):
                steering.beat(writer, said)
        found = done(api.get(f"{API}/activity"))
        assert [worker["alive"] for worker in found["workers"]] == [True, True, False]
        assert found["rate"] == 3.0
        assert found["workers"][0]["children"] == {
            "count": 2, "alive": 1, "busy": 0, "started": 0, "died": 0, "memory_bytes": 0,
        }  # fmt: skip
        (pause,) = found["breakers"]
        assert (pause["code"], pause["library"], pause["workers"], pause["seconds"]) == ("storage", 1, 2, 3.0)
        assert done(api.post(f"{API}/models/release"), 202) == {"workers": 2}
    with database.read() as reader:
        assert steering.control(reader).released_at is not None
    with database.write() as writer:
        steering.forget_dead(writer)


@pytest.mark.parametrize(
    "path", ["activity/pause", "activity/resume", "models/release", "failures/give-up", "failures/retry"]
)
def test_no_page_of_another_site_steers(api: httpx.Client, path: str) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert api.post(f"{API}/{path}", json={"photos": [1]}, headers=foreign).status_code == 403


def test_what_failed_is_named_in_the_report_without_its_name(api: httpx.Client) -> None:
    assert BROKEN not in api.get(f"{API}/report").text
