"""A worker on a machine where the photos are not mounted, beside one that sees them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_support import command, environment
from store_support import Bench
from tests.chaos import audit, invariants
from tests.chaos.face_photos import write_faces
from tests.chaos.place import Place, open_place
from tests.chaos.rig import eventually, open_context

PHOTOS = 40

# With mounts of its own, of which one hides the photos: so it is on another machine.
ELSEWHERE = 'mount -t tmpfs none "$0" && exec "$@"'


@pytest.mark.full_form
def test_a_worker_that_sees_no_photos_condemns_none(models: Path) -> None:
    with open_place(models) as place:
        write_faces(place.photos, PHOTOS, side=480)
        with open_context(place.conninfo, place.home) as ctx:
            bench = Bench(ctx, place.photos)
            bench.scan()
            audit.install(place.conninfo)
            with _blind_worker(place) as blind:
                eventually(lambda: _pauses(bench) == 1, "it has seen that there is nothing")
                time.sleep(6)  # past its first probe
                assert bench.status().waiting == PHOTOS
                assert bench.value("SELECT online FROM library"), "others may see it"
                with place.started("worker", "--workers", 1) as sighted:
                    eventually(lambda: bench.status().done == PHOTOS, "the other looks at all", 60)
                    sighted.send_signal(signal.SIGINT)
                    sighted.wait(60)
                assert blind.poll() is None
                blind.send_signal(signal.SIGINT)
                blind.wait(60)
        assert invariants.charged(place.conninfo) == {}
        assert invariants.broken(place.conninfo) == {}
        recorded = audit.read(place.conninfo)
        assert (recorded.finished_again, recorded.failed) == (0, 0)


@contextmanager
def _blind_worker(place: Place) -> "Iterator[subprocess.Popen[bytes]]":
    if not sys.platform.startswith("linux") or not _can_hide():
        pytest.skip("NOT PROVEN: a worker without the photos' mount: needs root's right to mount")
    words = ["unshare", "-m", "sh", "-c", ELSEWHERE, str(place.photos), *command("worker", "--workers", "2")]
    more = {name: os.environ[name] for name in ("FACEKEEP_PG_FOLDER",) if name in os.environ}
    with (place.folder / "blind.log").open("wb") as log:
        variables = environment(place.home, **more)
        process = subprocess.Popen(words, env=variables, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _can_hide() -> bool:
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def _pauses(bench: Bench) -> int:
    query = "SELECT coalesce(sum(jsonb_array_length(breakers)), 0) FROM worker"
    return int(str(bench.value(query)))
