"""Memory comes back: children end when idle or asked to, and the process they are forked from as well."""

import os
import threading
from pathlib import Path

import faulty_children
import psutil
from worker_support import child_processes, eventually, nurseries, write_astronauts

from facekeep.worker.children import ChildLimits, Children

NONE_ALIVE = (0, 0)


def held_bytes(before: set[psutil.Process]) -> int:
    """Memory of the processes below this one that were not there before, a page shared by n as an nth.

    What earlier tests left running may end at any time, and database servers come and go: neither counts.
    """
    new = set(psutil.Process().children(recursive=True)) - before
    return sum(each.memory_full_info().pss for each in new if each.name() != "postgres")


def family() -> tuple[int, int]:
    return len(child_processes()), len(nurseries())


def test_idle_children_end_and_their_memory_returns(models: Path, tmp_path: Path) -> None:
    [photo] = write_astronauts(tmp_path, 1)
    before = set(psutil.Process().children(recursive=True))
    pool = Children(2, models, limits=ChildLimits(idle_s=1.5))
    try:
        for _ in range(2):
            assert len(pool.analyse(photo).result().faces) == 1
            state = pool.state()
            assert (state.alive, state.busy, state.died) == (1, 0, 0)
            assert state.memory_bytes > 100 << 20
            assert held_bytes(before) > 100 << 20
            eventually(lambda: family() == NONE_ALIVE, "all end")
            assert held_bytes(before) < 1 << 20
            eventually(lambda: pool.state().alive == 0, "the pool knows")
            assert pool.state().memory_bytes == 0
        assert pool.state().started == 2
    finally:
        pool.close()


def test_release_ends_idle_children_now_and_busy_ones_after_their_photo(models: Path, tmp_path: Path) -> None:
    photos = write_astronauts(tmp_path, 2)
    slow = photos[0].rename(tmp_path / "slow-a.png")
    pool = Children(2, models, entry=faulty_children.run)
    try:
        pool.release()  # nobody is there
        first = pool.analyse(slow)
        eventually(lambda: any(turn.taken for turn in pool._watcher._turns), "it is taken")
        pool.release()
        assert len(first.result().faces) == 1
        eventually(lambda: family() == NONE_ALIVE, "it goes home")
        assert len(pool.analyse(photos[1]).result().faces) == 1
        assert (pool.state().started, pool.state().died) == (2, 0)
        pool.release()
        eventually(lambda: family() == NONE_ALIVE, "it goes home at once")
    finally:
        pool.close()


def test_release_loses_no_request(models: Path, tmp_path: Path) -> None:
    photos = write_astronauts(tmp_path, 12)
    pool = Children(2, models)
    try:
        futures = [pool.analyse(photo) for photo in photos]
        for future in futures[::4]:
            future.result()
            pool.release()
        assert [len(future.result().faces) for future in futures] == [1] * 12
    finally:
        pool.close()


def test_single_requests_wake_one_child(models: Path, tmp_path: Path) -> None:
    [photo] = write_astronauts(tmp_path, 1)
    pool = Children(3, models)
    try:
        for _ in range(4):
            pool.analyse(photo).result()
        assert pool.state().started == 1
    finally:
        pool.close()


def test_the_nursery_has_one_thread_and_open_files_do_not_gather(models: Path, tmp_path: Path) -> None:
    """A fork of a process with threads may inherit a lock that nobody opens."""
    [photo] = write_astronauts(tmp_path, 1)
    crash = photo.rename(tmp_path / "segv-a.png")
    pool = Children(1, models, entry=faulty_children.run)
    try:
        pool.analyse(crash).exception()
        [nurse] = nurseries()
        assert nurse.num_threads() == 1
        before = (nurse.num_fds(), len(os.listdir("/proc/self/fd")), threading.active_count())
        for _ in range(5):
            pool.analyse(crash).exception()
        eventually(lambda: nurse.num_fds() <= before[0], "the nursery lets go")
        assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before[1:]
        assert (pool.state().started, pool.state().died, pool.state().alive) == (6, 6, 0)
    finally:
        pool.close()
