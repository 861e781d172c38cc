"""kill -9 at any moment, run again: the end is that of a run that nobody disturbed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from store_support import Bench, Cluster, context, write_photo
from tests.chaos import audit, invariants
from worker_support import child_processes, eventually, gone, write_astronauts

from facekeep.store.database import Database
from facekeep.worker.children import Children
from facekeep.worker.foreground import Foreground

TEMPLATE = "template_facekeep"
KILLS = 10
PHOTOS = 32

SCAN_AND_LOOK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from store_support import context
from facekeep.store.database import Database
from facekeep.worker.children import Children
from facekeep.worker.foreground import Foreground

if __name__ == "__main__":
    _, _, conninfo, home, models, photos = sys.argv
    children = Children(2, Path(models))
    with Database(conninfo) as database:
        Foreground(context(database, Path(home)), children).run([Path(photos)])
    children.close()
"""

SLOW_SCAN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from store_support import context
from facekeep.actions import scan
from facekeep.library import identity
from facekeep.store.database import Database

real, scan.BATCH = identity.content_hash, 5

def slowly(path):
    time.sleep(0.02)
    return real(path)

identity.content_hash = slowly
if __name__ == "__main__":
    _, _, conninfo, home, library = sys.argv
    with Database(conninfo) as database:
        scan.scan_library(context(database, Path(home)), int(library))
"""


@contextmanager
def running(folder: Path, program: str, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process; killed at the end, with the children that it had."""
    script = folder / "program.py"
    script.write_text(program)
    support = Path(__file__).parents[1] / "integration"
    words = [sys.executable, str(script), str(support), *map(str, arguments)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def look(conninfo: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode()).fetchall()


def outcome(conninfo: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a run decides, without ids and times."""
    return {
        "photos": look(
            conninfo,
            """SELECT p.content_hash, p.state, p.due_at, p.leased_by, p.leased_worker, p.width, f.path
               FROM photo p JOIN photo_file f ON f.photo_id = p.id ORDER BY f.path""",
        ),
        "faces": look(
            conninfo,
            """SELECT p.content_hash, f.x, f.y, f.width, f.height, f.score, f.quality, e.vector::text
               FROM face f JOIN photo p ON p.id = f.photo_id JOIN embedding e ON e.face_id = f.id
               ORDER BY p.content_hash, f.x, f.y""",
        ),
        "people": look(
            conninfo,
            """SELECT array_agg(p.content_hash ORDER BY p.content_hash), a.decided_by
               FROM assignment a JOIN photo p ON p.id = a.photo_id
               GROUP BY a.person_id, a.decided_by ORDER BY 1""",
        ),
        "failures": look(conninfo, "SELECT * FROM failure"),
    }


def progress(conninfo: str) -> int:
    """Rows that tell how far it got."""
    [(count,)] = look(conninfo, "SELECT count(*) + count(*) FILTER (WHERE state = 'done') FROM photo")
    return int(count)


@pytest.mark.slow
def test_killed_ten_times_it_ends_as_if_never_disturbed(
    cluster: Cluster, models: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    write_astronauts(photos, PHOTOS, side=160)
    disturbed, clean = cluster.database(TEMPLATE), cluster.database(TEMPLATE)
    moments = random.Random(20)
    orphans: list[psutil.Process] = []
    midway = 0
    for kill in range(KILLS):
        with running(tmp_path, SCAN_AND_LOOK, disturbed, tmp_path / "home", models, photos) as process:
            # From the very start (no connection yet) to the middle of photos, never later than the end.
            wanted = min(progress(disturbed) + kill % 3, 2 * PHOTOS)
            eventually(lambda wanted=wanted: progress(disturbed) >= wanted, "it works")  # type: ignore[misc]
            time.sleep(moments.uniform(0.0, 0.2))
            if process.poll() is None:
                orphans += child_processes(process.pid)
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                midway += progress(disturbed) < 2 * PHOTOS
    assert midway >= KILLS // 2, "it was done before it could be disturbed"
    for conninfo in (disturbed, clean):
        with running(tmp_path, SCAN_AND_LOOK, conninfo, tmp_path / "home", models, photos) as process:
            said = process.communicate(timeout=120)[1]
            assert process.returncode == 0, said.decode()
    assert outcome(disturbed) == outcome(clean)
    assert len(outcome(clean)["faces"]) == PHOTOS
    assert len(outcome(clean)["photos"]) == PHOTOS
    assert invariants.broken(disturbed) == {}
    eventually(lambda: gone(orphans), "the children of the killed are gone")


def test_the_same_folder_by_two_processes_at_once(cluster: Cluster, models: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write_astronauts(photos, 12, side=160)
    conninfo = cluster.database(TEMPLATE)
    audit.install(conninfo)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    with (
        running(tmp_path / "one", SCAN_AND_LOOK, conninfo, tmp_path / "home", models, photos) as one,
        running(tmp_path / "two", SCAN_AND_LOOK, conninfo, tmp_path / "home", models, photos) as two,
    ):
        for process in (one, two):
            said = process.communicate(timeout=120)[1]
            assert process.returncode == 0, said.decode()
    found = outcome(conninfo)
    assert len(found["photos"]) == len(found["faces"]) == 12
    assert {row[1] for row in found["photos"]} == {"done"}
    assert [len(row[0]) for row in found["people"]] == [12]
    assert found["failures"] == []
    assert audit.read(conninfo).once == 12
    assert invariants.broken(conninfo) == {}


@pytest.mark.slow
def test_a_scan_killed_in_the_middle_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    conninfo = cluster.database(TEMPLATE)
    with Database(conninfo) as database:
        bench = Bench(context(database, tmp_path / "home"), tmp_path / "photos")
        gone_before = write_photo(bench.root / "gone.png", "gone")
        bench.scan()
        gone_before.unlink()
        for number in range(60):
            write_photo(bench.root / f"{number % 4}" / f"{number:02}.png", str(number))
        for part in (5, 20, 40):
            with running(tmp_path, SLOW_SCAN, conninfo, tmp_path / "home", bench.library) as process:
                eventually(lambda part=part: len(bench.files()) > part, "it records")  # type: ignore[misc]
                process.kill()
        assert bench.value("SELECT count(*) FROM scan WHERE state = 'running'") == 1
        assert bench.files()["gone.png"] == "present"
        known = len(bench.files())
        report = bench.scan()
        assert report.outcome == "done"
        assert report.counts.files_seen == 60
        assert report.counts.photos_new == 61 - known
        assert bench.files()["gone.png"] == "missing"
        assert bench.value("SELECT count(*) FROM photo") == 61
        assert bench.value("SELECT count(*) FROM photo_file") == 61
        assert bench.value("SELECT count(DISTINCT content_hash) FROM photo") == 61


def test_who_waits_for_a_scan_takes_it_over_when_its_process_is_killed(
    cluster: Cluster, models: Path, tmp_path: Path
) -> None:
    conninfo = cluster.database(TEMPLATE)
    children = Children(1, models)
    with Database(conninfo) as database:
        bench = Bench(context(database, tmp_path / "home"), tmp_path / "photos")
        for number in range(100):
            write_photo(bench.root / f"{number:03}.png", str(number))
        with running(tmp_path, SLOW_SCAN, conninfo, tmp_path / "home", bench.library) as first:
            eventually(lambda: len(bench.files()) > 5, "the first scans")
            notes: set[str] = set()
            second = Foreground(bench.ctx, children, progress=lambda now: notes.add(now.note))
            waiting = threading.Thread(target=second.run, args=([bench.root],))
            waiting.start()
            eventually(lambda: any("another facekeep is scanning" in note for note in notes), "it waits")
            first.kill()
            waiting.join()
        children.close()
        assert bench.value("SELECT count(*) FROM photo") == 100
        assert bench.value("SELECT count(*) FROM scan WHERE state = 'done'") == 1
        assert bench.value("SELECT count(*) FROM scan") == 1
