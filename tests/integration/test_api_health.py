"""Being watched over: /readyz and /metrics on a real server, also while the database is away or hangs."""

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from fastapi import FastAPI
from interface_support import Filled, filled, serving
from prometheus_client.parser import text_string_to_metric_families

from facekeep import __version__, bootstrap
from facekeep.api.app import create_app
from facekeep.api.looks import Costly
from facekeep.domain.errors import StorageFault
from facekeep.store import steering
from facekeep.store.database import Database
from facekeep.store.migrate import HEAD
from facekeep.store.photos import WORKER_LOCK
from facekeep.store.steering import Beat

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
    return create_app(data.ctx, page=tmp_path)


def with_database(data: Filled, database: Database, page: Path) -> FastAPI:
    return create_app(replace(data.ctx, database=database), page=page)


@pytest.fixture
def away(data: Filled, tmp_path: Path) -> Iterator[FastAPI]:
    """A server whose database refuses every connection."""
    with Database("postgresql://facekeep@127.0.0.1:9/facekeep") as database:
        yield with_database(data, database, tmp_path)


@pytest.fixture
def hung(data: Filled, tmp_path: Path) -> Iterator[FastAPI]:
    """A server whose database takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://facekeep@127.0.0.1:{port}/facekeep?connect_timeout=2"
        with Database(url) as database:
            yield with_database(data, database, tmp_path)


def metrics(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found: dict[str, Any], name: str, **labels: str) -> float:
    """Of the one sample with these labels."""
    (one,) = [
        sample
        for sample in found[name].samples
        if not sample.name.endswith("_created") and labels.items() <= sample.labels.items()
    ]
    return float(one.value)


# Readiness -------------------------------------------------------------------------------------------------


def test_a_server_without_models_is_not_ready_and_one_with_them_is(app: FastAPI, data: Filled) -> None:
    with serving(app) as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        problem = answer.json()
        assert (problem["code"], [lack["where"] for lack in problem["errors"]]) == ("not_ready", ["models"])
        bootstrap.prepare_models(data.settings)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_a_schema_of_another_version_is_not_ready(app: FastAPI, data: Filled) -> None:
    with data.ctx.database.write() as writer:
        writer.run("UPDATE schema_version SET version_num = '9999'")
    try:
        with serving(app) as client:
            problem = client.get("/readyz").json()
    finally:
        with data.ctx.database.write() as writer:
            writer.run("UPDATE schema_version SET version_num = %(head)s", {"head": HEAD})
    assert "9999" in {lack["where"]: lack["message"] for lack in problem["errors"]}["schema"]


@pytest.mark.parametrize("kind", ["away", "hung"])
def test_a_database_that_does_not_answer_is_told_soon(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facekeep.api.routes.health.READY_PATIENCE_S", 0.5)
    monkeypatch.setattr("facekeep.api.routes.health.METRICS_PATIENCE_S", 0.5)
    with serving(request.getfixturevalue(kind)) as client:
        answer = client.get("/readyz", timeout=10)
        assert answer.status_code == 503
        assert [lack["where"] for lack in answer.json()["errors"]] == ["database"]
        assert client.get("/healthz").status_code == 200
        found = metrics(client)
        assert value(found, "facekeep_database_up") == 0
        assert "process_resident_memory_bytes" in found
        assert "facekeep_photos" not in found


def test_it_answers_while_every_thread_for_requests_waits(
    data: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More requests than the server has threads, all waiting for a database that hangs."""
    monkeypatch.setattr("facekeep.api.routes.health.READY_PATIENCE_S", 0.3)
    held, waiting = threading.Event(), threading.Semaphore(0)

    class Holding(Database):
        def read(self) -> Any:
            waiting.release()
            held.wait(60)
            return data.ctx.database.read()

    app = with_database(data, Holding("unused"), tmp_path)
    with serving(app) as client:

        def ask() -> None:
            with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as other:
                assert other.get(f"{API}/people").status_code == 200

        askers = [threading.Thread(target=ask) for _ in range(45)]
        for asker in askers:
            asker.start()
        for _ in range(40):  # as many threads as the server has
            assert waiting.acquire(timeout=30)
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        held.set()
        for asker in askers:
            asker.join()


# Metrics ---------------------------------------------------------------------------------------------------

KINDS = {
    "facekeep_build_info": "gauge",
    "facekeep_database_up": "gauge",
    "facekeep_photos": "gauge",
    "facekeep_failures": "gauge",
    "facekeep_unreadable_paths": "gauge",
    "facekeep_faces": "gauge",
    "facekeep_faces_ungrouped": "gauge",
    "facekeep_people": "gauge",
    "facekeep_people_named": "gauge",
    "facekeep_libraries": "gauge",
    "facekeep_queue_photos": "gauge",
    "facekeep_leases_stuck": "gauge",
    "facekeep_paused": "gauge",
    "facekeep_workers": "gauge",
    "facekeep_breakers_open": "gauge",
    "facekeep_last_success_age_seconds": "gauge",
    "facekeep_photos_analysed": "counter",
    "facekeep_photos_failed": "counter",
    "facekeep_faces_found": "counter",
    "facekeep_photos_per_second": "gauge",
    "facekeep_photos_in_hand": "gauge",
    "facekeep_worker_silent_seconds": "gauge",
    "facekeep_children_alive": "gauge",
    "facekeep_children_died": "counter",
    "facekeep_children_memory_bytes": "gauge",
    "facekeep_counts_age_seconds": "gauge",
}
"""docs/operations.md names each; a test says so."""

WORKER = Beat(
    id=17, role="worker", host="attic", pid=4711, version=__version__, state="analysing", done=120, failed=3,
    faces=310, rate=11.5, in_hand=4, message="",
    children={"count": 2, "alive": 2, "busy": 1, "started": 5, "died": 3, "memory_bytes": 400_000_000},
    breakers=[{"code": "storage", "library": 1, "state": "open", "seconds": 5, "trips": 1, "message": "odd"}],
)  # fmt: skip


@pytest.fixture
def working(data: Filled) -> Iterator[None]:
    """A worker that lives, and one that died."""
    with data.ctx.database.write() as writer:
        steering.beat(writer, WORKER)
        steering.beat(writer, replace(WORKER, id=18, pid=1))
    try:
        with data.ctx.database.hold(WORKER_LOCK, WORKER.id):
            yield
    finally:
        with data.ctx.database.write() as writer:
            steering.leave(writer, 17)
            steering.leave(writer, 18)


def test_every_metric_has_its_type_and_help(app: FastAPI, working: None) -> None:
    with serving(app) as client:
        found = metrics(client)
    ours = {name: family.type for name, family in found.items() if name.startswith("facekeep_")}
    assert ours == KINDS
    assert all(family.documentation for family in found.values())
    assert "process_resident_memory_bytes" in found


def test_the_numbers_are_those_of_the_database(app: FastAPI, working: None) -> None:
    with serving(app) as client:
        found = metrics(client)
    assert [value(found, "facekeep_photos", state=state) for state in ("done", "waiting", "failed")] == [
        5, 0, 1,
    ]  # fmt: skip
    assert value(found, "facekeep_failures", code="unreadable") == 1
    assert value(found, "facekeep_failures", code="crashed") == 0
    assert (value(found, "facekeep_faces"), value(found, "facekeep_people")) == (8, 2)
    assert value(found, "facekeep_build_info", version=__version__, schema=HEAD) == 1
    worker = {"role": "worker", "host": "attic", "pid": "4711"}
    assert value(found, "facekeep_photos_analysed", **worker) == 120
    assert value(found, "facekeep_children_died", **worker) == 3
    assert value(found, "facekeep_children_memory_bytes", **worker) == 400_000_000
    assert value(found, "facekeep_workers", role="worker") == 1, "the dead one is not counted"
    assert value(found, "facekeep_breakers_open", code="storage", library="1") == 1
    assert value(found, "facekeep_last_success_age_seconds") >= 0


def test_every_metric_is_in_the_document(repo_root: Path) -> None:
    text = (repo_root / "docs" / "operations.md").read_text(encoding="utf-8")
    shown = {name + ("_total" if kind == "counter" else "") for name, kind in KINDS.items()}
    assert set(re.findall(r"`(facekeep_\w+)`", text)) == shown


def test_metrics_tell_no_path_and_no_name(app: FastAPI, data: Filled) -> None:
    with serving(app) as client:
        assert str(data.photos.parent) not in client.get("/metrics").text


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_strangers_are_refused_there_too(app: FastAPI, path: str) -> None:
    with serving(app) as client:
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert client.get(path, headers=foreign).status_code == 403


# Costly looks ----------------------------------------------------------------------------------------------


def test_a_costly_look_takes_a_tenth_of_the_time_at_most_and_serves_everybody() -> None:
    looks = []

    def look() -> int:
        looks.append(time.monotonic())
        time.sleep(0.2)
        return len(looks)

    costly = Costly(look)
    askers = [threading.Thread(target=costly.get) for _ in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert (len(looks), costly.get().found) == (1, 1)
    assert costly._until - looks[0] >= 10 * 0.2


def test_a_look_that_failed_is_not_remembered() -> None:
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        if len(looks) == 1:
            raise StorageFault("away")
        return 7

    costly = Costly(look)
    with pytest.raises(StorageFault):
        costly.get()
    assert costly.get().found == 7
