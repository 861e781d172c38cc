"""Memory of a scan by the real program: the peak of all its processes, and whether it grows."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import process_tree, program, variety
from tests.bench.photos import Annotated
from tests.bench.plan import Plan
from tests.bench.plot import chart
from tests.bench.process_tree import MEASURE, Memory
from tests.bench.results import Figure, Result
from tests.bench.trend import Slope, slope

from facekeep.store import embedded

WARM_UP, END = 0.5, 0.97
"""The part of the run that growth is judged by, as shares of its time.

Before it, models and caches fill, and each child's heap reaches the size that the most demanding photos need:
one process took some 500 photos for that, and then held its level through three passes over the same photos
(docs/benchmarks.md). After it, the children are sent home.
"""

GROWTH_NEEDS = 1000
"""Photos below which there is no settled part to judge growth by."""

PARTS = {
    "working": "all processes, without the database's cache of its files",
    "children": "the children",
    "main": "the main process",
    "database": "the database server, without its cache",
    "cache": "the database's cache, which has a bound (shared_buffers)",
}


DRAWN = ("total", "children", "main", "cache")


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at a moment, in seconds since the scan began."""

    at: float
    memory: Memory


def run(plan: Plan, photos: Sequence[Annotated], scratch: Path, picture: Path | None) -> Result:
    """Scan `plan.memory_photos` different photos; draw the course into `picture` when given."""
    folder = scratch / "varied"
    variety.make([photo.path for photo in photos], plan.memory_photos, folder, plan.cores)
    with program.home() as home:
        samples = _watch_scan(folder, home, plan)
    if picture is not None:
        picture.write_text(_drawn(samples, plan.memory_photos), "utf-8")
    return Result(figures=_figures(samples, plan.memory_photos))


def _watch_scan(folder: Path, home: Path, plan: Plan) -> list[Sample]:
    command = [sys.executable, "-m", "facekeep", "scan", str(folder), "--home", str(home)]
    samples: list[Sample] = []
    with (home / "scan.log").open("wb") as log:
        scan = subprocess.Popen([*command, "--workers", str(plan.cores)], stdout=log, stderr=log)
        start = time.monotonic()
        while scan.poll() is None:
            memory = process_tree.measure(scan.pid, _postmaster(home))
            samples.append(Sample(time.monotonic() - start, memory))
            time.sleep(plan.memory_sample_s)
    if scan.returncode:
        raise SystemExit(f"the scan failed:\n{(home / 'scan.log').read_text('utf-8', 'replace')}")
    return samples


def _postmaster(home: Path) -> int | None:
    """The database server's first process; None while there is none."""
    try:
        return int((embedded.describe(home).data_folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _settled(samples: Sequence[Sample]) -> list[Sample]:
    """Without the warm-up and without the end."""
    end = samples[-1].at
    return [each for each in samples if WARM_UP * end < each.at < END * end]


def growth(samples: Sequence[Sample], photos: int, part: str) -> Slope:
    """Megabytes for each thousand photos, at the run's mean rate, after the warm-up."""
    settled = _settled(samples)
    found = slope([each.at for each in settled], [getattr(each.memory, part) for each in settled])
    return found.scaled(samples[-1].at / photos * 1000)


def _figures(samples: Sequence[Sample], photos: int) -> tuple[Figure, ...]:
    peak = max((each.memory for each in samples), key=lambda memory: memory.total)
    figures = [
        Figure(
            f"Peak memory of the process tree, scan of {photos:,} photos ({MEASURE})",
            f"{peak.total:.0f} MB (children {peak.children:.0f}, main {peak.main:.0f}, "
            f"database {peak.database:.0f} and its cache {peak.cache:.0f})",
        ),
        Figure(f"The whole scan of {photos:,} varied photos", f"{photos / samples[-1].at:.1f} photos/s"),
    ]
    if photos >= GROWTH_NEEDS:
        figures += [_growth_figure(samples, photos, part) for part in PARTS]
    return tuple(figures)


def _growth_figure(samples: Sequence[Sample], photos: int, part: str) -> Figure:
    found = growth(samples, photos, part)
    return Figure(
        f"Growth after warm-up per 1,000 photos: {PARTS[part]}",
        f"{found.value:+.1f} MB (95 %: {found.low:+.1f} to {found.high:+.1f})",
    )


def _drawn(samples: Sequence[Sample], photos: int) -> str:
    end = samples[-1].at
    lines = {
        part: [(each.at / end * photos, getattr(each.memory, part)) for each in samples] for part in DRAWN
    }
    return chart(
        f"Memory during a scan of {photos:,} different photos ({MEASURE})", "photos, by time", "MB", lines
    )
