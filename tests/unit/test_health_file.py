"""health.json: written in one piece, also while the work is stuck or the disk is full."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facekeep.worker import health
from facekeep.worker.health import HealthFile, Queue, Snapshot


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("did not happen within 12 s")


def read(file: HealthFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.path.read_bytes())
    return found


class Loop:
    """A main loop that turns until it is made to block, and says so as a worker does."""

    def __init__(self) -> None:
        self.now = Snapshot(state="idle", allowance_s=0.3)
        self.held = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Loop":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            with self.held:  # what a loop blocks on: a lock, a database, a disk
                self.now = replace(self.now, state="working", beat_at=time.monotonic())


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as running:
        yield running


def test_a_loop_that_blocks_is_stuck_and_one_that_turns_again_is_not(tmp_path: Path, loop: Loop) -> None:
    with HealthFile(tmp_path, "serve", lambda: loop.now, interval_s=0.02) as file:
        wait_until(lambda: file.path.exists() and read(file)["status"] == "working")
        with loop.held:
            wait_until(lambda: read(file)["status"] == "stuck")
            first = read(file)
            wait_until(lambda: read(file)["written_at"] > first["written_at"])
            assert first["loop_age_s"] >= 0.3
        wait_until(lambda: read(file)["status"] == "working")
    assert read(file)["status"] == "stopped"


def test_every_key_is_there(tmp_path: Path) -> None:
    said = Snapshot(
        state="paused", queue=Queue(3, 2, 1), breakers=[{"code": "storage"}], children={"alive": 2},
        last_success_at=0.0, last_error="odd", message="the disk is away",
    )  # fmt: skip
    report = HealthFile(tmp_path, "worker", lambda: said).report()
    assert set(report) == {
        "status", "role", "version", "host", "pid", "started_at", "written_at", "loop_age_s", "queue", "rate",
        "done", "failed", "faces", "leases_in_hand", "breakers", "children", "last_success_at", "last_error",
        "message",
    }  # fmt: skip
    assert (report["status"], report["pid"]) == ("paused", os.getpid())
    assert report["queue"] == {"due": 3, "leased": 2, "retry_later": 1}
    assert report["last_success_at"] == "1970-01-01T00:00:00.000Z"


def test_every_key_is_in_the_document(repo_root: Path, tmp_path: Path) -> None:
    text = (repo_root / "docs" / "operations.md").read_text(encoding="utf-8")
    part = text.split("## Health files")[1].split("\n## ")[0]
    assert [key for key in HealthFile(tmp_path, "scan", Snapshot).report() if f"`{key}`" not in part] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, really full when it is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs to be allowed to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


class Idle:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Snapshot:
        self.asked += 1
        return Snapshot(state="idle")


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "cannot be written" in record.getMessage()]


def test_a_full_disk_is_told_once_and_outlived(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    look = Idle()
    with caplog.at_level(logging.WARNING), HealthFile(small_disk, "serve", look, interval_s=0.01) as file:
        wait_until(lambda: file.path.exists())
        fill(small_disk / "filler")
        before = file.path.read_bytes()
        full_since = look.asked
        wait_until(lambda: look.asked > full_since + 20)
        assert json.loads(file.path.read_bytes())["status"] == json.loads(before)["status"]
        (small_disk / "filler").unlink()
        stale = read(file)["written_at"]
        wait_until(lambda: read(file)["written_at"] > stale)
    assert complaints(caplog) == ["health.json cannot be written: No space left on device"]
    assert [path.name for path in small_disk.iterdir()] == ["health.json"]


def test_a_folder_that_went_away_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = tmp_path / "home"
    home.mkdir()
    look = Idle()
    with caplog.at_level(logging.WARNING), HealthFile(home, "scan", look, interval_s=0.01):
        wait_until(lambda: look.asked > 3)
        home.rename(tmp_path / "aside")
        wait_until(lambda: look.asked > 20)
    assert len(complaints(caplog)) == 1


def test_nobody_ever_reads_half_a_file(tmp_path: Path) -> None:
    said = Snapshot(state="idle", message="x" * 20_000)
    with HealthFile(tmp_path, "serve", lambda: said, interval_s=0.0) as file:
        wait_until(file.path.exists)
        for _ in range(300):
            assert len(read(file)["message"]) == 20_000


def test_work_that_cannot_say_how_it_is_counts_as_stuck(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def look() -> Snapshot:
        raise KeyError("odd")

    with HealthFile(tmp_path, "serve", look, interval_s=0.01) as file:
        wait_until(lambda: file.path.exists() and read(file)["status"] == "stuck")
    assert len([record for record in caplog.records if "cannot say" in record.getMessage()]) == 1


def test_files_of_others_than_the_server_go_with_their_process(tmp_path: Path) -> None:
    with HealthFile(tmp_path, "worker", Snapshot, interval_s=0.01) as file:
        wait_until(file.path.exists)
        assert file.path.name == f"health-worker-{os.getpid()}.json"
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_found_and_tidied_away(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from facekeep.worker.health import HealthFile, Snapshot\n"
        "file = HealthFile(pathlib.Path(sys.argv[1]), 'worker', Snapshot)\n"
        "file._write(file.report())\n"
        "print(file.path.name, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, check=False)
    name = died.stdout.decode().strip()
    ours = HealthFile(tmp_path, "worker", Snapshot)
    ours._write(ours.report())
    assert {each.path.name: each.alive for each in health.find(tmp_path)} == {
        name: False,
        ours.path.name: True,
    }
    (tmp_path / "health.json").write_text("{")
    (tmp_path / f"{name}.999999999.new").write_text("")
    health.tidy(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {ours.path.name, "health.json"}
