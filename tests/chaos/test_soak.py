"""Thousands of photos in one process: memory, files, threads stay as they are; the models go at the end."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import skimage
from embedded_support import postmaster_pid
from tests.bench import process_tree, variety
from tests.bench.plot import chart
from tests.bench.process_tree import MEASURE, Memory
from tests.bench.trend import Slope, slope
from tests.chaos import figures, invariants
from tests.chaos.place import Place, open_place
from tests.chaos.plan import Plan
from tests.chaos.rig import eventually
from worker_support import child_processes

SETTLED = 0.4
"""The part of the run before which caches and heaps fill."""

IDLE_S = 5

LEVEL_MEGABYTES = 3.0
"""Growth for each thousand photos that cannot be told from noise in one run."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment: photos looked at, and what the program takes. `files` and `threads` of the main process,
    `child_files` and `child_threads` of the child that has most."""

    photos: int
    memory: Memory
    files: int
    threads: int
    child_files: int
    child_threads: int


@pytest.mark.full_form
@pytest.mark.timeout(7200)
def test_a_soak_leaves_everything_level(models: Path, tmp_path: Path, plan: Plan) -> None:
    with open_place(models) as place:
        photos = tmp_path / "photos"
        _make_photos(photos, plan.soak_photos)
        idle = {"FACEKEEP_MODELS_IDLE_SECONDS": str(IDLE_S)}
        with place.started("serve", photos, "--port", "0", **idle) as server:
            began = time.monotonic()
            samples = _watched(place, server.pid, plan.soak_photos)
            took = time.monotonic() - began
            _told(samples, took)
            eventually(lambda: child_processes(server.pid) == [], "the children are sent home")
            after = process_tree.measure(server.pid, postmaster_pid(place.home))
        figures.tell("Soak: main process at the end, models released", f"{after.main:.0f} MB, children 0 MB")
        assert after.children == 0
        settled = samples[int(SETTLED * len(samples)) :]
        growth = _growth(settled, "working")
        assert growth.low <= 0 or growth.value < LEVEL_MEGABYTES, growth
        for counted in ("files", "threads", "child_files", "child_threads"):
            _assert_level(settled, counted)
        assert invariants.charged(place.conninfo) == {}


def _make_photos(folder: Path, count: int) -> None:
    """A fifth of them all different; the others copies of these that differ behind the picture's end."""
    variety.make(_sources(), count // 5, folder, 2)
    first = sorted(folder.rglob("*.jpg"))
    for number in range(count - count // 5):
        copy = folder / f"again-{number // 500:02}" / f"{number:05}.jpg"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(first[number % len(first)].read_bytes() + f"again {number}".encode())


def _sources() -> list[Path]:
    shared = Path(__file__).resolve().parents[3] / "shared" / "photos" / "deepface"
    found = sorted(shared.glob("**/*.jpg"))
    return found if found else [Path(skimage.__file__).parent / "data" / "astronaut.png"]


def _watched(place: Place, program: int, photos: int) -> list[Sample]:
    samples: list[Sample] = []
    while not samples or samples[-1].photos < photos:
        time.sleep(2.0)
        samples.append(_sample(place, program))
    return samples


def _sample(place: Place, program: int) -> Sample:
    done = invariants.count(place.conninfo, "SELECT count(*) FROM photo WHERE state <> 'waiting'")
    main = psutil.Process(program)
    inside = [(_files(child), _threads(child)) for child in child_processes(program)]
    memory = process_tree.measure(program, postmaster_pid(place.home))
    most_files = max((files for files, _ in inside), default=0)
    most_threads = max((threads for _, threads in inside), default=0)
    return Sample(done, memory, main.num_fds(), main.num_threads(), most_files, most_threads)


def _files(process: psutil.Process) -> int:
    try:
        return int(process.num_fds())
    except psutil.Error:
        return 0


def _threads(process: psutil.Process) -> int:
    try:
        return int(process.num_threads())
    except psutil.Error:
        return 0


def _growth(samples: Sequence[Sample], part: str) -> Slope:
    """Megabytes for each thousand photos."""
    found = slope([each.photos for each in samples], [getattr(each.memory, part) for each in samples])
    return found.scaled(1000)


def _assert_level(samples: Sequence[Sample], counted: str) -> None:
    """The most at any time of the second half is not above the most of the first, but for a photo in hand."""
    values: list[Any] = [getattr(each, counted) for each in samples]
    half = len(values) // 2
    figures.tell(f"Soak: {counted.replace('_', ' ')}", f"{min(values)} to {max(values)}")
    assert max(values[half:]) <= max(values[:half]) + 3, counted


def _told(samples: Sequence[Sample], took: float) -> None:
    settled = samples[int(SETTLED * len(samples)) :]
    photos = samples[-1].photos
    peak = max(each.memory.total for each in samples)
    figures.tell("Soak", f"{photos:,} photos, {photos / took:.1f} photos/s, peak {peak:.0f} MB ({MEASURE})")
    for part in ("working", "children", "main", "database"):
        found = _growth(settled, part)
        figures.tell(
            f"Soak: growth of {part} for each 1,000 photos after warm-up",
            f"{found.value:+.2f} MB (95 %: {found.low:+.2f} to {found.high:+.2f})",
        )
    folder = figures.results_folder()
    if folder is not None:
        lines = {
            part: [(each.photos, getattr(each.memory, part)) for each in samples]
            for part in ("total", "children", "main", "cache")
        }
        title = f"Memory while the server looks at {photos:,} different photos ({MEASURE})"
        (folder / "soak.svg").write_text(chart(title, "photos", "MB", lines), "utf-8")
