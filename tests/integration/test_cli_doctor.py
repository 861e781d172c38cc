"""`facekeep doctor` finds what is wrong with a used data folder, and says what to do."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_support import run
from embedded_support import open_folder
from interface_support import Filled, filled, refill
from typer.testing import CliRunner

from facekeep.cli.checks import database, disks, libraries, machine, patience
from facekeep.cli.main import app
from facekeep.settings import load
from facekeep.store import about, steering
from facekeep.store.photos import WORKER_LOCK
from facekeep.store.steering import Beat
from facekeep.worker.health import HealthFile, Snapshot

Found = dict[str, dict[str, str]]


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


def doctor(data: Filled) -> Found:
    ran = CliRunner().invoke(app, ["doctor", "--json", "--home", str(data.settings.home)])
    assert ran.exit_code in (0, 3), ran.stderr
    return {item["name"]: item for item in map(json.loads, ran.stdout.splitlines())}


def state(found: Found, name: str) -> str:
    """Every check that is not in order says what to do."""
    check = found[name]
    assert (check["state"] == "ok") or check["advice"], check
    return check["state"]


def test_a_used_data_folder_is_looked_at_from_all_sides(data: Filled) -> None:
    found = doctor(data)
    assert set(found) >= {
        "python", "platform", "settings", "memory", "gpu", "data folder", "disk space", "cache",
        "weight files", "models", "private server", "database", "clock", "libraries", "library 1", "photos",
        "workers", "leases", "pauses", "page", "server",
    }  # fmt: skip
    assert {name for name in found if state(found, name) == "fail"} == set()
    assert "the CPU is used" in found["gpu"]["detail"]
    assert "pgvector" in found["clock"]["detail"]
    assert str(libraries.mount_point(data.photos)) in found["library 1"]["detail"]
    assert "readable" in found["library 1"]["detail"]


def test_photos_that_are_gone_from_a_folder_that_is_there(data: Filled) -> None:
    aside = data.photos.parent / "a.png"
    (data.photos / "a.png").rename(aside)
    try:
        check = doctor(data)["library 1"]
    finally:
        aside.rename(data.photos / "a.png")
    assert (check["state"], "1 of 7 photos are not there" in check["detail"]) == ("warn", True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to be")
def test_photos_that_may_not_be_read(data: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every file can be read, so another user asks."""
    (data.photos / "a.png").chmod(0o600)
    script = (
        "import os, sys, pathlib\n"
        "from facekeep.cli.checks.libraries import _sample\n"
        "os.setuid(65534)\n"
        "print(_sample(pathlib.Path(sys.argv[1]), [os.fsencode(name) for name in sys.argv[2:]]).refused)"
    )
    files = [data.photos / "a.png", data.photos / "b.png"]
    done = subprocess.run(
        [sys.executable, "-c", script, data.photos, *files], capture_output=True, check=True
    )
    (data.photos / "a.png").chmod(0o644)
    assert done.stdout.strip() == b"1"


def test_an_empty_mount_point_is_told_apart(data: Filled) -> None:
    aside = data.photos.with_name("aside")
    data.photos.rename(aside)
    data.photos.mkdir()
    try:
        check = doctor(data)["libraries"]
    finally:
        data.photos.rmdir()
        aside.rename(data.photos)
    assert check["state"] == "warn"
    assert "its disk is not mounted" in check["detail"]


def test_a_disk_that_hangs_is_waited_for_so_long_only() -> None:
    over = threading.Event()
    assert patience.within(over.wait, False, patience_s=0.05) is False
    over.set()
    assert patience.within(lambda: 7, 0) == 7


BEAT = Beat(
    id=5, role="worker", host="attic", pid=4711, version="0.1.0", state="analysing", done=1, failed=0,
    faces=1, rate=1.0, in_hand=1, children={}, breakers=[], message="",
)  # fmt: skip
PAUSE = {"code": "storage", "library": 1, "state": "open", "seconds": 9, "trips": 1, "message": "disk odd"}


@pytest.fixture
def lease_that_ended(data: Filled) -> None:
    with data.ctx.database.write() as writer:
        writer.run(
            "UPDATE photo SET state = 'waiting', due_at = now() - interval '1 hour', "
            "leased_by = gen_random_uuid(), leased_worker = 5 WHERE id = 1"
        )


def test_workers_that_died_are_told(data: Filled, lease_that_ended: None) -> None:
    with data.ctx.database.write() as writer:
        steering.beat(writer, BEAT)
    found = doctor(data)
    assert "attic:4711 died" in found["workers"]["detail"]
    assert state(found, "leases") == "ok", "the next worker takes it up"
    with data.ctx.database.write() as writer:
        steering.forget_dead(writer)


def test_workers_that_hang_and_what_they_pause_are_told(data: Filled, lease_that_ended: None) -> None:
    with data.ctx.database.hold(WORKER_LOCK, 5):
        with data.ctx.database.write() as writer:
            steering.beat(writer, replace(BEAT, breakers=[PAUSE]))
            writer.run("UPDATE worker SET seen_at = now() - interval '5 minutes'")
        found = doctor(data)
    assert "for 5 min" in found["workers"]["detail"]
    assert [state(found, name) for name in ("workers", "leases", "pauses")] == ["warn"] * 3
    assert found["pauses"]["detail"] == "storage in library 1: disk odd"
    with data.ctx.database.write() as writer:
        steering.forget_dead(writer)


def test_a_pause_of_the_user_is_told(data: Filled) -> None:
    with data.ctx.database.write("user") as writer:
        steering.set_paused(writer, True)
    check = doctor(data)["pauses"]
    with data.ctx.database.write("user") as writer:
        steering.set_paused(writer, False)
    assert (check["state"], "facekeep resume" in check["advice"]) == ("warn", True)


def wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")


def test_health_files_that_are_not_true_any_more_are_told(data: Filled) -> None:
    home = data.settings.home
    working = Snapshot(state="working")
    with HealthFile(home, "scan", lambda: working, interval_s=0.01) as file:
        wait_for(file.path)
        name = file.path.name
        assert doctor(data)[name]["state"] == "ok"
    stuck = replace(working, beat_at=time.monotonic() - 600)
    with HealthFile(home, "scan", lambda: stuck, interval_s=60) as file:
        wait_for(file.path)
        assert "10 min" in doctor(data)[name]["detail"]
        os.utime(file.path, (time.time() - 3600, time.time() - 3600))
        assert "said nothing for 60 min" in doctor(data)[name]["detail"]
        written = json.loads(file.path.read_bytes())
    died = home / "health.json"
    died.write_text(json.dumps(written | {"pid": 2**22 + 1, "role": "serve"}))
    found = doctor(data)
    died.unlink()
    assert (state(found, "health.json"), "when it ended" in found["health.json"]["detail"]) == ("warn", True)


def test_a_clock_that_is_off_is_told(data: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr("facekeep.cli.checks.database.time.time", lambda: real() + 90)
    with data.ctx.database.read() as reader:
        check = database._clock(reader)
    assert (check.state, "90 s behind" in check.detail, bool(check.advice)) == ("warn", True, True)


def test_memory_that_does_not_suffice_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine_memory", lambda: 2**30)
    many = load({"home": tmp_path, "workers": 8}, environ={"FACEKEEP_CHILD_MEMORY_MEGABYTES": "512"})
    assert "FACEKEEP_WORKERS to 2" in machine.memory(many).advice
    large = load({"home": tmp_path, "workers": 1}, environ={"FACEKEEP_CHILD_MEMORY_MEGABYTES": "4096"})
    assert "FACEKEEP_CHILD_MEMORY_MEGABYTES to 819" in machine.memory(large).advice


def test_a_cache_that_may_fill_the_disk_is_told(tmp_path: Path) -> None:
    huge = load({"home": tmp_path}, environ={"FACEKEEP_CACHE_MEGABYTES": "10000000"})
    assert "FACEKEEP_CACHE_MEGABYTES" in disks.cache(huge).advice


@pytest.mark.parametrize("start", ["--start", "--no-start"])
def test_a_server_at_rest_is_started_only_when_it_may(used_home: Path, start: str) -> None:
    ran = run(used_home, "doctor", start, "--json")
    found = {item["name"]: item for item in ran.items}
    if start == "--start":
        assert "started now to look inside" in found["private server"]["detail"]
    else:
        assert found["private server"]["detail"].endswith("not running")
        assert "not looked into" in found["database"]["detail"]
        assert "libraries" not in found


def test_the_database_tells_of_itself(data: Filled) -> None:
    with data.ctx.database.read() as reader:
        server = about.server(reader)
        assert len(about.some_files(reader, 1, 3)) == 3
    assert (server.version[0].isdigit(), server.bytes > 2**20) == (True, True)
