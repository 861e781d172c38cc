"""Isolated children: what crashes or hangs costs the photo that a child held, and nothing else."""

import shutil
import threading
from concurrent.futures import CancelledError, wait
from pathlib import Path

import pytest
from worker_support import (
    bomb,
    child_processes,
    eventually,
    gone,
    write_astronauts,
    write_bad_files,
)

from facekeep.domain.errors import EnvironmentFault, FailureCode, PhotoFault
from facekeep.domain.faces import Box
from facekeep.worker.child import Analyse
from facekeep.worker.children import ChildLimits, Children


def test_a_child_looks_at_a_photo(children: Children, tmp_path: Path) -> None:
    [path] = write_astronauts(tmp_path, 1)
    analysis = children.analyse(path).result()
    assert (analysis.facts.width, analysis.facts.media_type) == (256, "image/png")
    [face] = analysis.faces
    assert face.score > 0.9
    assert face.embedding.shape == (128,)


def test_bad_files_fail_with_their_code_and_the_rest_is_done(children: Children, tmp_path: Path) -> None:
    codes = write_bad_files(tmp_path)
    good = write_astronauts(tmp_path / "good", 3)
    futures = {name: children.analyse(tmp_path / name) for name in codes}
    wanted = [children.analyse(path) for path in good]
    assert [len(future.result().faces) for future in wanted] == [1, 1, 1]
    for name, code in codes.items():
        fault = futures[name].exception()
        assert isinstance(fault, PhotoFault), name
        assert fault.failure == code, name
        assert fault.message


def test_a_bomb_is_refused_without_its_memory(children: Children, tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb())
    fault = children.analyse(tmp_path / "bomb.png").exception()
    assert isinstance(fault, PhotoFault)
    assert fault.failure is FailureCode.TOO_LARGE
    [process] = child_processes()
    assert process.memory_info().rss < 1500 * 2**20


def test_a_file_that_is_gone_is_missing(children: Children, tmp_path: Path) -> None:
    fault = children.analyse(tmp_path / "gone.png").exception()
    assert isinstance(fault, PhotoFault)
    assert fault.failure is FailureCode.MISSING_FILE


def test_a_crash_costs_the_photo_that_the_child_held(
    faults: None, children: Children, tmp_path: Path
) -> None:
    good = write_astronauts(tmp_path, 4)
    shutil.copy(good[0], tmp_path / "crash.png")
    futures = [children.analyse(path) for path in [*good[:2], tmp_path / "crash.png", *good[2:]]]
    crashed = futures.pop(2).exception()
    assert isinstance(crashed, PhotoFault)
    assert crashed.failure is FailureCode.CRASHED
    assert "signal 11" in crashed.message
    assert [len(future.result().faces) for future in futures] == [1, 1, 1, 1]


def test_a_killed_child_costs_the_photo_that_it_held(faults: None, models: Path, tmp_path: Path) -> None:
    paths = write_astronauts(tmp_path, 2)
    shutil.copy(paths[0], tmp_path / "hang.png")
    pool = Children(1, models)
    try:
        held, *others = [pool.analyse(path) for path in [tmp_path / "hang.png", *paths]]
        eventually(lambda: any(turn.taken for turn in pool._watcher._turns), "it is taken")
        [victim] = child_processes()
        victim.kill()
        fault = held.exception()
        assert isinstance(fault, PhotoFault)
        assert fault.failure is FailureCode.CRASHED
        assert "signal 9" in fault.message
        assert [len(future.result().faces) for future in others] == [1, 1]
        assert gone([victim])
    finally:
        pool.close()


def test_a_child_that_died_idle_costs_nothing(models: Path, tmp_path: Path) -> None:
    [path] = write_astronauts(tmp_path, 1)
    pool = Children(1, models)
    try:
        pool.analyse(path).result()
        [victim] = child_processes()
        victim.kill()
        eventually(lambda: gone([victim]), "it is dead")
        assert len(pool.analyse(path).result().faces) == 1
    finally:
        pool.close()


def test_a_child_is_replaced_after_its_share(models: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    pool = Children(1, models, limits=ChildLimits(tasks=2))
    started = []
    try:
        for _ in range(4):
            assert pool.analyse(tmp_path / "text.jpg").exception() is not None
            started.append(pool.state().started)
    finally:
        pool.close()
    assert started == [1, 1, 2, 2]
    assert pool.state().died == 0


def test_closing_cancels_what_waits_and_what_is_held(models: Path, tmp_path: Path) -> None:
    paths = write_astronauts(tmp_path, 6)
    pool = Children(1, models)
    futures = [pool.analyse(path) for path in paths]
    eventually(child_processes, "a child lives")
    processes = child_processes()
    processes[0].suspend()
    closing = threading.Thread(target=pool.close)
    closing.start()
    assert not wait(futures, timeout=60).not_done, "somebody would wait for ever"
    closing.join()
    for future in futures:
        with pytest.raises(CancelledError):
            future.result()
    assert gone(processes)
    with pytest.raises(EnvironmentFault):
        pool.analyse(paths[0])


def test_closing_before_anything_was_asked(models: Path) -> None:
    Children(2, models).close()


def test_an_unstartable_child_fails_its_photo_and_leaves_nobody_waiting(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Children(1, models)

    def no_room() -> None:
        raise OSError(11, "Resource temporarily unavailable")

    try:
        with monkeypatch.context() as patch:
            patch.setattr(pool._starter, "start", no_room)
            fault = pool.submit(Analyse(tmp_path)).exception(timeout=60)
        assert isinstance(fault, PhotoFault)
        assert fault.failure is FailureCode.INTERNAL
        [path] = write_astronauts(tmp_path, 1)
        assert len(pool.analyse(path).result().faces) == 1
    finally:
        pool.close()


def test_children_draw_pictures(children: Children, tmp_path: Path) -> None:
    [path] = write_astronauts(tmp_path, 1)
    crop = children.crop(path, Box(0.2, 0.1, 0.4, 0.4), 96).result()
    small = children.thumbnail(path, 64).result()
    assert crop[:2] == small[:2] == b"\xff\xd8"
    fault = children.thumbnail(tmp_path / "gone.png", 64).exception()
    assert isinstance(fault, PhotoFault)


def test_many_threads_share_the_children(children: Children, tmp_path: Path) -> None:
    paths = write_astronauts(tmp_path, 8)
    found: list[int] = []

    def ask(path: Path) -> None:
        found.append(len(children.analyse(path).result().faces))

    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8
    assert len(child_processes()) == 2
