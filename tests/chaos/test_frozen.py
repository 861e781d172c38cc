"""A worker that is frozen in the middle of its work, as by `docker pause` or a sleeping machine."""

import signal
import time
from pathlib import Path

import psutil
import pytest
from store_support import Bench
from tests.chaos import audit, invariants
from tests.chaos.face_photos import write_faces
from tests.chaos.place import open_place
from tests.chaos.rig import eventually, open_context

PHOTOS = 60
TIMEOUT_S, LEASE_S = 2, 5


@pytest.mark.full_form
def test_a_frozen_worker_harms_nothing_and_goes_on(models: Path) -> None:
    """Frozen for longer than a photo may take and a lease lasts; another takes over meanwhile."""
    short = {"FACEKEEP_TIMEOUT_SECONDS": str(TIMEOUT_S), "FACEKEEP_LEASE_SECONDS": str(LEASE_S)}
    with open_place(models) as place:
        write_faces(place.photos, PHOTOS, side=480)
        with open_context(place.conninfo, place.home) as ctx:
            bench = Bench(ctx, place.photos)
            bench.scan()
            audit.install(place.conninfo)
            with place.started("worker", "--workers", 2, **short) as first:
                eventually(lambda: bench.status().done >= 5, "it is at it")
                _all(first.pid, signal.SIGSTOP)
                done = bench.status().done
                time.sleep(LEASE_S + 1)
                with place.started("worker", "--workers", 1, **short) as second:
                    eventually(lambda: bench.status().done > done, "another goes on")
                    second.send_signal(signal.SIGINT)
                    second.wait(60)
                _all(first.pid, signal.SIGCONT)
                eventually(lambda: bench.status().done == PHOTOS, "the first goes on as well")
                first.send_signal(signal.SIGINT)
                first.wait(60)
        assert invariants.charged(place.conninfo) == {}
        assert invariants.broken(place.conninfo) == {}
        recorded = audit.read(place.conninfo)
        assert (recorded.finished_again, recorded.failed) == (0, 0)
        assert invariants.count(place.conninfo, "SELECT count(*) FROM face") == PHOTOS


def _all(program: int, what: signal.Signals) -> None:
    root = psutil.Process(program)
    for process in [root, *root.children(recursive=True)]:
        process.send_signal(what)
