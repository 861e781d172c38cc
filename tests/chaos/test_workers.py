"""Several `facekeep worker` processes on one database: every photo exactly once."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from store_support import Bench
from tests.chaos import audit, figures, invariants
from tests.chaos.face_photos import write_faces
from tests.chaos.place import open_place
from tests.chaos.plan import Plan, chosen
from tests.chaos.rig import eventually, open_context

MIDDLE_RATE = """
    SELECT round(0.8 * count(*) / extract(epoch FROM
           percentile_disc(0.9) WITHIN GROUP (ORDER BY analysed_at)
           - percentile_disc(0.1) WITHIN GROUP (ORDER BY analysed_at))) FROM photo
"""
"""Photos a second, without the tenth at each end, when not all workers are at it."""


@pytest.mark.full_form
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("workers", chosen().worker_counts)
def test_every_photo_exactly_once(workers: int, models: Path, plan: Plan) -> None:
    with open_place(models) as place, ExitStack() as running:
        write_faces(place.photos, plan.worker_photos, side=1000)
        with open_context(place.conninfo, place.home) as ctx:
            bench = Bench(ctx, place.photos)
            bench.scan()
            audit.install(place.conninfo)
            for _ in range(workers):
                running.enter_context(place.started("worker", "--workers", 1))
            eventually(lambda: bench.status().done == plan.worker_photos, "all is looked at")
            assert bench.value("SELECT count(*) FROM worker") == workers
        running.close()
        recorded = audit.read(place.conninfo)
        assert (recorded.once, recorded.claimed_again) == (plan.worker_photos, 0)
        assert invariants.count(place.conninfo, "SELECT count(*) FROM face") == plan.worker_photos
        rate = invariants.count(place.conninfo, MIDDLE_RATE)
        figures.tell(f"Workers: {workers}, of one child each", f"{rate} photos/s, each photo once")
