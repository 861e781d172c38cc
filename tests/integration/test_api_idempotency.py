"""Idempotency keys on a real server: the same request twice, at once, changed, and after a crash between."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from account_support import API, ELSEWHERE, key_of, nobody, people_with_roles
from embedded_support import open_folder
from interface_support import Filled, filled, refill, serving

from facekeep.actions.people import name_person
from facekeep.api import keeping
from facekeep.api.app import create_app
from facekeep.api.safety import MAX_BODY_BYTES
from facekeep.domain.accounts import Role
from facekeep.store import answers

REPLAYED = "Idempotency-Replayed"


@pytest.fixture(scope="module")
def data() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(data: Filled) -> Iterator[httpx.Client]:
    with serving(create_app(data.ctx, page=data.photos)) as client:
        yield client


@pytest.fixture
def api(data: Filled, server: httpx.Client) -> httpx.Client:
    refill(data)
    nobody(data.ctx)
    return server


@pytest.fixture
def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def split(api: httpx.Client) -> tuple[str, dict[str, Any]]:
    """A request that makes somebody new each time that it is done."""
    person = api.get(f"{API}/people").json()["items"][0]["person"]
    face = api.get(f"{API}/faces", params={"person": person}).json()["items"][0]["face"]
    return f"{API}/people/{person}/split", {"faces": [face], "name": "Hedy"}


def named_hedy(api: httpx.Client) -> int:
    return int(api.get(f"{API}/people", params={"q": "Hedy"}).json()["total"])


def decisions(api: httpx.Client) -> int:
    return int(api.get(f"{API}/journal", params={"actor": "user"}).json()["total"])


def test_sent_twice_it_is_done_once(api: httpx.Client, key: dict[str, str]) -> None:
    path, body = split(api)
    first = api.post(path, json=body, headers=key)
    again = api.post(path, json=body, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")
    assert REPLAYED not in first.headers
    for name in ("content-type", "x-facekeep-decision"):
        assert again.headers[name] == first.headers[name]
    assert "x-content-type-options" in again.headers
    assert (named_hedy(api), decisions(api)) == (1, 1)
    assert api.post(path, json=body).status_code == 400, "without a key it is asked anew: the face is gone"


def test_another_request_under_the_same_key_is_refused(api: httpx.Client, key: dict[str, str]) -> None:
    path, body = split(api)
    assert api.post(path, json=body, headers=key).status_code == 200
    for other in (
        api.post(path, json={**body, "name": "Grace"}, headers=key),
        api.post(f"{path}?x=1", json=body, headers=key),
        api.post(f"{API}/faces/remove", json={"faces": [1]}, headers=key),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert decisions(api) == 1


def test_what_was_refused_may_be_tried_again(api: httpx.Client, key: dict[str, str]) -> None:
    path, body = split(api)
    wrong = {**body, "faces": [999]}
    first = api.post(path, json=wrong, headers=key)
    assert first.status_code in (400, 404)
    assert REPLAYED not in api.post(path, json=wrong, headers=key).headers
    assert api.post(path, json=body, headers=key).status_code == 200


def test_what_wrote_nothing_is_answered_again_too(
    api: httpx.Client, data: Filled, key: dict[str, str]
) -> None:
    body = {"faces": [1], "person": api.get(f"{API}/faces/1").json()["person"]}
    name_person(data.ctx, body["person"], "Ada")
    first = api.post(f"{API}/faces/move", json=body, headers=key)
    assert "x-facekeep-decision" not in first.headers
    again = api.post(f"{API}/faces/move", json=body, headers=key)
    assert (again.headers[REPLAYED], again.json()) == ("true", first.json())


def test_libraries_are_created_under_a_key(api: httpx.Client, data: Filled, key: dict[str, str]) -> None:
    body = {"root": str(data.photos)}
    first = api.post(f"{API}/libraries", json=body, headers=key)
    again = api.post(f"{API}/libraries", json=body, headers=key)
    assert (first.status_code, again.status_code, again.headers[REPLAYED]) == (201, 201, "true")


def test_at_the_same_moment_one_is_done_and_the_others_wait(api: httpx.Client, key: dict[str, str]) -> None:
    path, body = split(api)
    barrier = threading.Barrier(8)

    def send(_: int) -> httpx.Response:
        barrier.wait(30)
        return api.post(path, json=body, headers=key)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(send, range(8)))
    done = [answer for answer in said if answer.status_code == 200]
    assert len([answer for answer in done if REPLAYED not in answer.headers]) == 1
    for answer in said:
        if answer.status_code != 200:
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
            assert answer.headers["retry-after"] == "1"
    assert (named_hedy(api), decisions(api)) == (1, 1)


def test_while_another_server_answers_it_is_in_progress(
    api: httpx.Client, data: Filled, key: dict[str, str]
) -> None:
    path, body = split(api)
    scope = {"method": "POST", "path": path, "query_string": b"", "state": {}}
    asked = keeping._asked(scope, key["Idempotency-Key"], b"")
    with answers.under_way(data.ctx.database, asked) as ours:
        assert ours
        assert api.post(path, json=body, headers=key).json()["code"] == "idempotency_in_progress"
    assert api.post(path, json=body, headers=key).status_code == 200


def test_a_server_that_dies_before_it_answers_has_done_it_once(
    api: httpx.Client, data: Filled, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored with its key in one transaction, and then nothing: as if killed just there."""
    path, body = split(api)
    monkeypatch.setattr("facekeep.api.keeping._keep", lambda *_: None)
    first = api.post(path, json=body, headers=key)
    monkeypatch.undo()
    again = api.post(path, json=body, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_answer_lost")
    assert again.headers["x-facekeep-decision"] == first.headers["x-facekeep-decision"]
    assert (named_hedy(api), decisions(api)) == (1, 1)


DIES = """
import os, sys, uuid
from facekeep.store import answers
from facekeep.store.answers import Asked
from facekeep.store.database import Database
conninfo, commits = sys.argv[1], sys.argv[2] == "after"
asked = Asked(0, sys.argv[3], bytes(32), 7)
database = Database(conninfo)
database.__enter__()
hold = answers.under_way(database, asked)
assert hold.__enter__()
mine = database.on_behalf(None, lambda writer: (answers.enter(writer, asked), commits or os._exit(9)))
with mine.write("user", verb="name") as writer:
    writer.run("INSERT INTO person (name) VALUES ('Hedy')")
os._exit(9)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_process_leaves_both_or_neither(api: httpx.Client, data: Filled, when: str) -> None:
    """The key's row and what was done go together, and the lock goes with the process."""
    conninfo = data.ctx.database._where()
    died = subprocess.run([sys.executable, "-c", DIES, conninfo, when, f"k-{when}"], timeout=60, check=False)
    assert died.returncode == 9
    asked = answers.Asked(0, f"k-{when}", bytes(32), 7)
    with data.ctx.database.read() as reader:
        kept = answers.get(reader, asked)
    assert named_hedy(api) == (1 if when == "after" else 0)
    assert (kept is not None) == (when == "after")
    if kept is not None:
        assert (kept.status, kept.decision is not None) == (None, True)
    for _ in range(100):
        with answers.under_way(data.ctx.database, asked) as ours:
            if ours:
                return
    raise AssertionError("the lock outlived its process")


def test_each_account_has_keys_of_its_own(api: httpx.Client, data: Filled, key: dict[str, str]) -> None:
    roles = people_with_roles(data.ctx)
    path, body = f"{API}/failures/retry", {"code": "crashed"}
    admin = ELSEWHERE | key_of(data.ctx, roles[Role.ADMIN])
    assert api.post(path, json=body, headers=key | admin).status_code == 200
    local = api.post(path, json={"code": "timeout"}, headers=key)
    assert (local.status_code, REPLAYED in local.headers) == (200, False)
    viewer = ELSEWHERE | key_of(data.ctx, roles[Role.VIEWER])
    assert api.post(path, json=body, headers=key | viewer).status_code == 403
    assert api.post(path, json=body, headers=key | admin).headers[REPLAYED] == "true"


def test_a_secret_is_never_kept(api: httpx.Client, data: Filled, key: dict[str, str]) -> None:
    roles = people_with_roles(data.ctx)
    body = {"name": "nas", "account": roles[Role.VIEWER]}
    made = api.post(f"{API}/keys", json=body, headers=key)
    assert made.status_code == 201
    again = api.post(f"{API}/keys", json=body, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_answer_lost")
    assert api.get(f"{API}/keys").json()["total"] == 1
    new = {"name": "eve", "role": "viewer", "password": "four plain dull words"}
    assert api.post(f"{API}/accounts", json=new, headers=key).status_code == 201
    with data.ctx.database.read() as reader:
        kept = str(reader.tuples("SELECT * FROM kept_answer"))
        assert reader.value("SELECT count(*) FROM kept_answer") == 1, "of accounts nothing is kept"
    assert made.json()["secret"] not in kept


def test_after_a_day_a_key_is_new(api: httpx.Client, data: Filled, key: dict[str, str]) -> None:
    path, body = f"{API}/failures/retry", {"code": "crashed"}
    api.post(path, json=body, headers=key)
    with data.ctx.database.write() as writer:
        writer.run("UPDATE kept_answer SET began_at = now() - interval '24 hours 1 second'")
    assert REPLAYED not in api.post(path, json={"code": "timeout"}, headers=key).headers


@pytest.mark.parametrize("given", ["", "x" * 256, "a\tb", '""'])
def test_a_key_that_is_none(api: httpx.Client, given: str) -> None:
    answer = api.post(f"{API}/failures/retry", json={"code": "crashed"}, headers={"Idempotency-Key": given})
    assert (answer.status_code, answer.json()["code"]) == (400, "usage")


def test_quotes_as_the_draft_has_them_are_no_part_of_it(api: httpx.Client) -> None:
    path, body = f"{API}/failures/retry", {"code": "crashed"}
    api.post(path, json=body, headers={"Idempotency-Key": '"abc"'})
    assert api.post(path, json=body, headers={"Idempotency-Key": "abc"}).headers[REPLAYED] == "true"


def test_a_body_that_is_too_large_is_refused_with_a_key_as_well(
    api: httpx.Client, key: dict[str, str]
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * MAX_BODY_BYTES
        yield b"x"

    answer = api.post(f"{API}/faces/move", content=pieces(), headers=key)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
