"""kill -9 of the real program, again and again: the end is that of a run that nobody disturbed."""

import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest
from tests.chaos import audit, figures, invariants
from tests.chaos.face_photos import write_faces
from tests.chaos.place import Place, open_place
from tests.chaos.plan import Plan
from tests.chaos.rig import eventually
from worker_support import child_processes, gone

LONGEST_LIFE_S = 120.0


@pytest.mark.full_form
@pytest.mark.timeout(3600)
def test_killed_at_any_moment_it_ends_as_if_never_disturbed(models: Path, tmp_path: Path, plan: Plan) -> None:
    with open_place(models) as disturbed, open_place(models) as clean:
        for place in (disturbed, clean):
            write_faces(place.photos, plan.kill_photos, side=480)
        audit.install(disturbed.conninfo)
        chance, midway = random.Random(50), 0
        orphans: list[psutil.Process] = []
        for left in range(plan.kills, 0, -1):
            midway += _one_life(disturbed, chance, plan.kill_photos, left, orphans)
        assert midway >= 0.8 * plan.kills, "it was done before it could be disturbed"
        for place in (disturbed, clean):
            ran = place.run("scan", place.photos)
            assert ran.status == 0, ran.out + ran.err
        assert invariants.charged(disturbed.conninfo) == {}
        assert invariants.broken(disturbed.conninfo) == {}
        assert invariants.results(disturbed.conninfo) == invariants.results(clean.conninfo)
        assert invariants.people(disturbed.conninfo) == invariants.people(clean.conninfo)
        assert invariants.count(disturbed.conninfo, "SELECT count(*) FROM face") == plan.kill_photos
        recorded = audit.read(disturbed.conninfo)
        assert (recorded.finished_again, recorded.failed) == (0, 0)
        eventually(lambda: gone(orphans), "the children of the killed are gone")
        figures.tell(
            "Killed",
            f"{plan.kills} times over {plan.kill_photos} photos, {midway} times with photos still to do; "
            f"{recorded.claimed_again} photos claimed again, none finished twice, none charged",
        )


def _one_life(
    place: Place, chance: random.Random, photos: int, left: int, orphans: list[psutil.Process]
) -> bool:
    """Start a scan and kill it at a random moment, so early that enough is left for those to come."""
    before = _done(place)
    wanted = before + chance.randrange(0, max(1, (photos - before) // (left + 1)))
    with place.started("scan", place.photos) as process:
        deadline = time.monotonic() + LONGEST_LIFE_S
        # One life in four ends before it has begun to work: while it migrates, connects, walks or loads.
        if left % 4:
            while process.poll() is None and _done(place) < wanted and time.monotonic() < deadline:
                time.sleep(0.01)
        else:
            time.sleep(chance.uniform(0.2, 2.0))
        time.sleep(chance.uniform(0.0, 0.1))
        if process.poll() is None:
            orphans += child_processes(process.pid)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    return _done(place) < photos


def _done(place: Place) -> int:
    return invariants.count(place.conninfo, "SELECT count(*) FROM photo WHERE state = 'done'")
