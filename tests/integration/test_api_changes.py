"""Change events on a real server: what happened, in the order of commits, again from where a client was."""

import json
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from embedded_support import open_folder
from fastapi import FastAPI
from interface_support import Filled, filled, refill, serving

from facekeep.actions.people import name_person
from facekeep.api import changes
from facekeep.api.app import create_app
from facekeep.api.events import StatusFeed

API = "/api/v1"
Event = tuple[int | None, str, dict[str, Any]]
Stream = Generator[Event, None, None]


@pytest.fixture(scope="module")
def data() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def app(data: Filled) -> FastAPI:
    refill(data)
    with data.ctx.database.write() as writer:
        writer.run("TRUNCATE event RESTART IDENTITY")
        writer.run("UPDATE feed SET last_position = 0")
    return create_app(data.ctx, page=data.photos)


def events(client: httpx.Client, **headers: str) -> Stream:
    """Id, name and data of each event, until the stream ends."""
    with client.stream("GET", f"{API}/events", timeout=60, headers=headers) as stream:
        assert stream.status_code == 200
        number, kind = None, ""
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "event":
                kind = value
            elif name == "data":
                yield number, kind, json.loads(value)
                number = None


def changed(stream: Stream, count: int) -> list[Event]:
    """The next events that are no status."""
    found: list[Event] = []
    while len(found) < count:
        event = next(stream)
        found += [event] if event[1] != "status" else []
    return found


@contextmanager
def watched(client: httpx.Client, since: int | None = None) -> Iterator[Stream]:
    stream = events(client, **({} if since is None else {"Last-Event-ID": str(since)}))
    try:
        yield stream
    finally:
        stream.close()


def begun(stream: Stream) -> int:
    """Where a new client begins: the id of its first status."""
    number, kind, _ = next(stream)
    assert kind == "status"
    assert number is not None
    return number


def name(data: Filled, person: int, name: str | None) -> int:
    name_person(data.ctx, person, name)
    with data.ctx.database.read() as reader:
        return int(reader.value("SELECT max(id) FROM decision"))


def somebody(data: Filled) -> int:
    with data.ctx.database.read() as reader:
        return int(reader.value("SELECT min(id) FROM person"))


def test_a_decision_is_told_with_what_it_was(app: FastAPI, data: Filled) -> None:
    person = somebody(data)
    with serving(app) as client, watched(client) as stream:
        start = begun(stream)
        decision = name(data, person, "Ada")
        (event,) = changed(stream, 1)
        number, kind, told = event
        assert (number, kind) == (start + 1, "change")
        faces = told.pop("faces")
        assert told == {
            "kind": "decision", "decision": decision, "verb": "name", "actor": "user", "account": None,
            "people": [person],
        }  # fmt: skip
        assert faces
        assert faces == list(dict.fromkeys(faces))


def test_photos_and_scans_are_told(app: FastAPI, data: Filled) -> None:
    with serving(app) as client, watched(client) as stream:
        begun(stream)
        refill(data)
        told = [event[2] for event in changed(stream, 9)]
    kinds = [event["kind"] for event in told]
    assert kinds.count("photo") == 6
    states = sorted(event["state"] for event in told if event["kind"] == "photo")
    assert states == ["done"] * 5 + ["failed"]


def test_who_was_away_gets_what_happened_meanwhile(app: FastAPI, data: Filled) -> None:
    person = somebody(data)
    with serving(app) as client:
        with watched(client) as stream:
            start = begun(stream)
        decisions = [name(data, person, f"Ada {number}") for number in range(5)]
        with watched(client, start) as stream:
            told = changed(stream, 5)
            assert [event[2]["decision"] for event in told] == decisions
            assert [event[0] for event in told] == list(range(start + 1, start + 6))
        with watched(client, start + 3) as stream:
            assert [event[2]["decision"] for event in changed(stream, 2)] == decisions[3:]
            decisions.append(name(data, person, "Ada again"))
            assert [event[2]["decision"] for event in changed(stream, 1)] == decisions[5:]
        by_address = client.stream("GET", f"{API}/events", params={"since": start + 4})
        with by_address as answer:
            ids = [line for line in _until(answer.iter_lines(), f"id: {start + 6}") if line.startswith("id")]
        assert ids == [f"id: {start + 4}", f"id: {start + 5}", f"id: {start + 6}"]


def _until(lines: Iterator[str], last: str) -> list[str]:
    found: list[str] = []
    for line in lines:
        found.append(line)
        if line == last:
            break
    return found


def test_none_is_lost_where_later_ones_are_committed_first(app: FastAPI, data: Filled) -> None:
    """An earlier transaction that commits after a later one: its event comes, however late."""
    person = somebody(data)
    with serving(app) as client, psycopg.connect(data.ctx.database._where()) as slow:
        with watched(client) as stream:
            start = begun(stream)
            slow.execute("SELECT set_config('facekeep.actor', 'user', true)")
            slow.execute("INSERT INTO person (name) VALUES ('Slow')")
            fast = name(data, person, "Fast")
            assert [event[2]["decision"] for event in changed(stream, 1)] == [fast]
            slow.commit()
            (late,) = changed(stream, 1)
            assert late[2]["decision"] < fast
            assert late[0] == start + 2
        with watched(client, start + 1) as stream:
            assert changed(stream, 1) == [late], "who had seen just the later one gets the earlier one"


def test_what_is_too_long_ago_is_a_reset(app: FastAPI, data: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    person = somebody(data)
    with serving(app) as client:
        with watched(client) as stream:
            start = begun(stream)
            for number in range(4):
                name(data, person, f"Ada {number}")
            changed(stream, 4)
        for unknown in (start + 1000, -5):
            with watched(client, unknown) as stream:
                assert changed(stream, 1) == [(start + 4, "reset", {})]
        with watched(client) as stream:
            begun(stream)
        with client.stream("GET", f"{API}/events", headers={"Last-Event-ID": "nonsense"}) as answer:
            lines = answer.iter_lines()
            assert "id: " not in "".join(_until(lines, "event: status"))
            _until(lines, "event: reset")
        monkeypatch.setattr(changes, "REPLAYED_MOST", 3)
        with watched(client, start) as stream:
            assert changed(stream, 1) == [(start + 4, "reset", {})]
        monkeypatch.undo()
        with data.ctx.database.write() as writer:
            writer.run("DELETE FROM event WHERE position <= %(old)s", {"old": start + 2})
        with watched(client, start + 1) as stream:
            assert changed(stream, 1) == [(start + 4, "reset", {})]
        with watched(client, start + 2) as stream:
            assert [event[1] for event in changed(stream, 2)] == ["change"] * 2


def test_events_that_nobody_saw_before_they_were_removed_leave_a_gap(app: FastAPI, data: Filled) -> None:
    with serving(app) as client:
        with watched(client) as stream:
            start = begun(stream)
        with data.ctx.database.write() as writer:
            writer.run("SELECT enter_event('photo', n, 'done') FROM generate_series(1, 11000) AS n")
        with data.ctx.database.read() as reader:
            assert int(reader.value("SELECT count(*) FROM event")) <= 10_501, "it stays small by itself"
        with watched(client, start) as stream:
            (event,) = changed(stream, 1)
            assert event[1] == "reset"


def test_many_who_watch_share_one_look(app: FastAPI, data: Filled) -> None:
    looks: list[int] = []
    feed: StatusFeed = app.state.feed
    assert feed._changes is not None
    look = feed._changes.look

    def counted() -> changes.Found:
        looks.append(1)
        return look()

    feed._changes.look = counted  # type: ignore[method-assign]
    person = somebody(data)
    with serving(app) as client:
        streams = [events(client) for _ in range(10)]
        starts = {begun(stream) for stream in streams}
        assert len(starts) == 1
        before, began = len(looks), time.monotonic()
        decision = name(data, person, "Ada")
        for stream in streams:
            assert changed(stream, 1)[0][2]["decision"] == decision
        assert len(looks) - before <= 2 + (time.monotonic() - began) / 0.5
        for stream in streams:
            stream.close()


def test_who_is_logged_in_connects_anew_now_and_then(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, data: Filled
) -> None:
    from account_support import ELSEWHERE, key_of, nobody, people_with_roles

    from facekeep.domain.accounts import Role

    monkeypatch.setattr("facekeep.api.routes.status.LONGEST_STREAM_S", 0.1)
    monkeypatch.setattr("facekeep.api.events.KEEP_ALIVE_S", 0.05)
    viewer = key_of(data.ctx, people_with_roles(data.ctx)[Role.VIEWER])
    with serving(app) as client:
        stream = events(client, **(ELSEWHERE | viewer))
        begun(stream)
        assert [event for event in stream if event[1] != "status"] == []
    nobody(data.ctx)
