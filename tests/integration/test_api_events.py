"""Live status on a real server: everybody who watches, those who leave, and a server that stops."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from fastapi import FastAPI
from interface_support import Filled, filled, refill, serving

from facekeep.actions.people import name_person
from facekeep.api.app import create_app
from facekeep.api.events import StatusFeed
from facekeep.domain.errors import StorageFault

API = "/api/v1"


@pytest.fixture(scope="module")
def data() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def app(data: Filled, tmp_path: Path) -> FastAPI:
    refill(data)
    return create_app(data.ctx, page=tmp_path)


def events(client: httpx.Client) -> Generator[tuple[str, dict[str, Any]], None, None]:
    """Name and data of each event, until the stream ends."""
    with client.stream("GET", f"{API}/events", timeout=60) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield kind, json.loads(line.removeprefix("data: "))


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("did not happen within 30 s")


def feed_of(app: FastAPI) -> StatusFeed:
    feed: StatusFeed = app.state.feed
    return feed


def test_the_status_comes_at_once_and_after_a_change(app: FastAPI, data: Filled) -> None:
    with serving(app) as client:
        stream = events(client)
        kind, first = next(stream)
        assert kind == "status"
        assert first == client.get(f"{API}/status").json()
        name_person(data.ctx, first_person(data), "Ada")
        kind, second = next(stream)
        assert (kind, second["named"]) == ("status", first["named"] + 1)
        stream.close()


def test_many_watchers_share_one_look(app: FastAPI) -> None:
    looks = []
    feed = feed_of(app)
    look = feed._look
    feed._look = lambda: (looks.append(1), look())[1]  # type: ignore[func-returns-value]
    with serving(app) as client, ThreadPoolExecutor(30) as pool:
        streams = [events(client) for _ in range(30)]
        firsts = list(pool.map(next, streams))
        assert len({json.dumps(first) for first in firsts}) == 1
        assert feed.watchers == 30
        # Thirty at once would have looked thirty times; one look serves all that came before it was done.
        assert len(looks) < 15
        list(pool.map(lambda stream: stream.close(), streams))
        wait_until(lambda: feed.watchers == 0)
        time.sleep(0.6)
        seen = len(looks)
        time.sleep(1.2)
        assert len(looks) == seen, "nobody watches, and still it looks"


def test_watchers_do_not_keep_the_server_from_stopping(app: FastAPI) -> None:
    started = threading.Barrier(6)

    def watch(client: httpx.Client) -> int:
        stream = events(client)
        next(stream)
        started.wait(30)
        return len(list(stream))

    with ThreadPoolExecutor(5) as pool:
        with serving(app) as client:
            watching = [pool.submit(watch, client) for _ in range(5)]
            started.wait(30)
        # `serving` asserts that the server's thread has ended; here, that every stream ended in order.
        assert [future.result(30) for future in watching] == [0] * 5
    assert feed_of(app).watchers == 0


def test_a_watcher_that_vanishes_is_forgotten(app: FastAPI) -> None:
    with serving(app) as client:
        with httpx.Client(base_url=client.base_url, trust_env=False) as other:
            stream = events(other)
            next(stream)
            assert feed_of(app).watchers == 1
            stream.close()
        wait_until(lambda: feed_of(app).watchers == 0)
        assert next(events(client))[0] == "status"


def test_a_quiet_stream_is_kept_alive(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facekeep.api.events.KEEP_ALIVE_S", 0.1)
    with serving(app) as client, client.stream("GET", f"{API}/events") as stream:
        assert ": keep-alive" in stream.iter_lines()


def test_a_database_that_is_away_is_told_and_its_return_too(app: FastAPI) -> None:
    feed, away = feed_of(app), threading.Event()
    look = feed._look

    def look_or_fail() -> str:
        if away.is_set():
            raise StorageFault("the database does not answer", hint="Run `facekeep doctor`.")
        return look()

    feed._look = look_or_fail
    with serving(app) as client:
        stream = events(client)
        assert next(stream)[0] == "status"
        away.set()
        problem = {
            "code": "storage", "detail": "the database does not answer", "hint": "Run `facekeep doctor`.",
        }  # fmt: skip
        assert next(stream) == ("problem", problem)
        away.clear()
        assert next(stream)[0] == "status"


def test_a_mistake_of_ours_does_not_silence_the_feed(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    feed, broken = feed_of(app), threading.Event()
    look = feed._look
    feed._look = lambda: "x"[1] if broken.is_set() else look()
    with serving(app) as client:
        stream = events(client)
        next(stream)
        broken.set()
        kind, problem = next(stream)
        assert (kind, problem["code"]) == ("problem", "internal")
        broken.clear()
        assert next(stream)[0] == "status"
    assert "IndexError" in caplog.text


def first_person(data: Filled) -> int:
    from facekeep.store import listing

    with data.ctx.database.read() as reader:
        return listing.people(reader).items[0].person
