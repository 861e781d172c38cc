"""Every way in which a child may die, hang, swell or stammer: the right code, on that photo and no other."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import faulty_children
import psutil
import pytest
from worker_support import child_processes, eventually, gone, nurseries, write_astronauts

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.worker.child import DETAIL_BYTES
from facekeep.worker.children import ChildLimits, Children
from facekeep.worker.starting import Spawner
from facekeep.worker.watching import OomKills

C = FailureCode
LIMIT = 500 << 20
"""Well above what a child needs for these small photos (200 MB)."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    [path] = write_astronauts(tmp_path, 1)
    return path


@pytest.fixture(scope="module")
def pool(models: Path) -> Iterator[Children]:
    """One child at a time, in which photos may do harm."""
    made = Children(1, models, limits=ChildLimits(memory_bytes=LIMIT), entry=faulty_children.run)
    yield made
    made.close()


def poisoned(photo: Path, verb: str) -> Path:
    """A sound photo whose name tells the child what to do."""
    return Path(shutil.copy(photo, photo.with_name(f"{verb}-{photo.name}")))


def fault_of(pool: Children, path: Path, long_side: int | None = None) -> PhotoFault:
    fault = pool.analyse(path, long_side).exception()
    assert isinstance(fault, PhotoFault), fault
    assert fault.message.strip()
    return fault


@pytest.mark.parametrize(
    ("verb", "code", "message"),
    [
        ("segv", C.CRASHED, "(signal 11)"),
        ("kill", C.CRASHED, "(signal 9)"),
        ("abort", C.CRASHED, "(signal 6)"),
        ("exit", C.CRASHED, "(exit status 3)"),
        ("sysexit", C.CRASHED, "SystemExit: 5"),
        ("keyboard", C.CRASHED, "KeyboardInterrupt: without a message"),
        ("nonsense", C.CRASHED, "answered nonsense"),
        ("leap", C.OUT_OF_MEMORY, "not enough memory"),
        ("numpy", C.OUT_OF_MEMORY, "Unable to allocate"),
        ("runtime", C.OUT_OF_MEMORY, "not enough memory"),
        ("grow", C.OUT_OF_MEMORY, "more than 500 MB of memory"),
    ],
)
def test_a_death_is_the_fault_of_the_photo_that_the_child_held(
    pool: Children, photo: Path, verb: str, code: FailureCode, message: str
) -> None:
    pool.analyse(photo).result()
    held = child_processes()
    fault = fault_of(pool, poisoned(photo, verb))
    assert (fault.failure, message in fault.message) == (code, True), fault.message
    assert fault.detail
    assert gone(held), "nobody knows in what state its memory is"
    assert len(pool.analyse(photo).result().faces) == 1


@pytest.mark.parametrize(
    ("verb", "code", "message"),
    [
        ("wordless", C.INTERNAL, "Wordless: without a message"),
        ("tongueless", C.INTERNAL, "Tongueless: its message cannot be read: RuntimeError"),
        ("deep", C.INTERNAL, "ValueError: xxx"),
        ("empty", C.UNREADABLE, "unreadable (nothing more is known)"),
    ],
)
def test_an_error_without_words_is_recorded(
    pool: Children, photo: Path, verb: str, code: FailureCode, message: str
) -> None:
    fault = fault_of(pool, poisoned(photo, verb))
    assert (fault.failure, fault.message.startswith(message)) == (code, True), fault.message
    assert len(fault.message) <= 1000
    assert 0 < len(fault.detail.encode()) <= DETAIL_BYTES


@pytest.mark.parametrize("verb", ["segv", "wordless", "runtime"])
def test_a_fault_tells_the_size_really_tried(pool: Children, photo: Path, verb: str) -> None:
    """Half of a size above the photo's own would be the same picture again."""
    path = poisoned(photo, verb)
    assert fault_of(pool, path).long_side == 256
    assert fault_of(pool, path, 200).long_side == 200
    assert pool.analyse(photo, 200).result().long_side == 200
    assert pool.analyse(photo).result().long_side == 256


def test_what_has_no_header_was_tried_as_asked(pool: Children, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    assert fault_of(pool, tmp_path / "text.jpg", 700).long_side == 700


@pytest.mark.parametrize("verb", ["hang", "stop"])
def test_a_child_that_hangs_is_ended(models: Path, photo: Path, verb: str) -> None:
    pool = Children(1, models, limits=ChildLimits(timeout_s=3), entry=faulty_children.run)
    try:
        future = pool.analyse(poisoned(photo, verb))
        eventually(lambda: pool._watcher._turns, "a child lives")
        held = [psutil.Process(turn.child.pid) for turn in pool._watcher._turns]
        fault = future.exception()
        assert isinstance(fault, PhotoFault)
        assert (fault.failure, fault.long_side) == (C.TIMEOUT, 256)
        assert gone(held)
        assert len(pool.analyse(photo).result().faces) == 1
        assert pool.state().died == 1
    finally:
        pool.close()


@pytest.mark.parametrize(("limit", "code"), [(250 << 20, C.OUT_OF_MEMORY), (3 << 30, C.INTERNAL)])
def test_the_kernels_end_of_a_child_is_its_photos_fault_if_it_was_large(
    models: Path, photo: Path, limit: int, code: FailureCode
) -> None:
    """The kernel cannot be driven there in a test: the kill is real, the count of such kills a file."""
    count = photo.with_name("vmstat")
    count.write_text("nr_free_pages 5\noom_kill 0\n")
    pool = Children(1, models, limits=ChildLimits(memory_bytes=limit), entry=faulty_children.run)
    try:
        pool.analyse(photo).result()
        pool._watcher.kills = OomKills([count])
        fault = fault_of(pool, poisoned(photo, "oom"))
    finally:
        pool.close()
    assert fault.failure is code, (fault.message, fault.detail)
    assert "the machine ran out of memory" in fault.message
    assert fault.hint


def test_a_child_that_dies_before_it_takes_a_photo_costs_nothing(
    models: Path, photo: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(models, tmp_path / "models")
    pool = Children(1, folder, entry=faulty_children.run_and_die_once_unready)
    try:
        assert len(pool.analyse(photo).result().faces) == 1
        assert (pool.state().started, pool.state().died) == (2, 1)
    finally:
        pool.close()


def test_children_that_never_live_are_the_machines_fault(models: Path, photo: Path) -> None:
    pool = Children(1, models, entry=faulty_children.die_at_once)
    try:
        fault = fault_of(pool, photo)
    finally:
        pool.close()
    assert fault.failure is C.INTERNAL
    assert "no child process stays alive" in fault.message
    assert "exit status 9" in fault.message
    assert fault.hint


def test_models_that_cannot_be_made_are_the_machines_fault(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    pool = Children(1, tmp_path / "file" / "models")
    try:
        fault = fault_of(pool, photo)
    finally:
        pool.close()
    assert fault.failure is C.INTERNAL
    assert "models cannot be written" in fault.message
    assert "writable" in fault.hint


def test_a_limit_too_low_for_the_models_is_the_machines_fault(models: Path, photo: Path) -> None:
    pool = Children(1, models, limits=ChildLimits(memory_bytes=30 << 20))
    try:
        fault = fault_of(pool, photo)
    finally:
        pool.close()
    assert fault.failure is C.INTERNAL
    assert "30 MB" in fault.message


def test_what_stops_a_service_leaves_children_to_finish(pool: Children, photo: Path) -> None:
    """A service manager signals every process of a service, Ctrl-C every process of a terminal."""
    pool.analyse(photo).result()
    future = pool.analyse(poisoned(photo, "slow"))
    for process in [*child_processes(), *nurseries()]:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
    assert len(future.result().faces) == 1


def test_photos_in_hand_are_not_charged_when_the_nursery_goes(pool: Children, photo: Path) -> None:
    pool.analyse(photo).result()
    future = pool.analyse(poisoned(photo, "hang"))
    eventually(lambda: any(turn.taken for turn in pool._watcher._turns), "it is taken")
    [nurse], held = nurseries(), child_processes()
    nurse.kill()
    fault = future.exception()
    assert isinstance(fault, PhotoFault)
    assert fault.failure is C.INTERNAL
    assert len(pool.analyse(photo).result().faces) == 1
    eventually(lambda: gone(held), "its children end with it")


@pytest.mark.parametrize("how", ["forked", "spawned"])
def test_nobody_outlives_a_parent_that_is_killed(models: Path, photo: Path, how: str) -> None:
    script = [sys.executable, str(Path(faulty_children.__file__)), how, str(models)]
    path = [*sys.path, os.environ.get("PYTHONPATH", "")]
    with subprocess.Popen(
        [*script, str(poisoned(photo, "hang"))],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    ) as parent:
        assert parent.stdout is not None
        try:
            assert parent.stdout.readline() == b"taken\n"
            family = psutil.Process(parent.pid).children(recursive=True)
            assert len(family) == 2  # the child, and the nursery or multiprocessing's own helper
        finally:
            parent.kill()
    eventually(lambda: gone(family), "all have ended")


def test_spawned_children_do_the_same(models: Path, photo: Path) -> None:
    """As on systems that cannot fork safely."""
    pool = Children(1, models)
    pool._starter = Spawner(lambda: faulty_children.run, models, LIMIT)
    try:
        before = len(child_processes())
        assert len(pool.analyse(photo).result().faces) == 1
        assert len(child_processes()) == before + 1
        fault = fault_of(pool, poisoned(photo, "segv"))
        assert (fault.failure, "signal 11" in fault.message) == (C.CRASHED, True)
        assert fault_of(pool, poisoned(photo, "leap")).failure is C.OUT_OF_MEMORY
    finally:
        pool.close()
    assert len(child_processes()) == before
