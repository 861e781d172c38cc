"""Faces embedded on every core at once: a process for each, as a scan has it, and the same for dlib.

Each process holds its models and its faces before the clock starts. dlib's call keeps Python's global lock
and works on one core, so that threads do not help it: processes do.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.pool import Pool
from typing import Any

from tests.bench.weights import RESNET, weights

from facekeep.domain.faces import Pixels
from facekeep.inference.bundled import PackFiles
from facekeep.inference.embedding import embed_chips
from facekeep.inference.sessions import Sessions


@dataclass(slots=True)
class _Held:
    """What one process works with."""

    ours: Sessions | None = None
    theirs: Any = None
    chips: list[Pixels] = field(default_factory=list)


_held = _Held()


def _load(files: PackFiles, chips: list[Pixels]) -> None:
    import dlib

    _held.ours = Sessions(files, threads=1)
    _held.theirs = dlib.face_recognition_model_v1(weights(RESNET))
    _held.chips = chips


def _embed_ours() -> None:
    assert _held.ours is not None
    embed_chips(_held.ours, _held.chips)


def _embed_theirs() -> None:
    _held.theirs.compute_face_descriptor(_held.chips, 0)


class EveryCore:
    """Processes that are warm, one a core; each embeds the same faces when asked."""

    def __init__(self, processes: Sequence[Pool]) -> None:
        self._processes = processes

    def ours(self) -> None:
        """All faces by facekeep, once in every process."""
        self._in_all(_embed_ours)

    def theirs(self) -> None:
        """All faces by dlib in one call, once in every process."""
        self._in_all(_embed_theirs)

    def _in_all(self, work: Callable[[], None]) -> None:
        for running in [process.apply_async(work) for process in self._processes]:
            running.get()


@contextmanager
def every_core(cores: int, files: PackFiles, chips: Sequence[Pixels]) -> Iterator[EveryCore]:
    """A process for each core, ended at the end."""
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = [
            stack.enter_context(spawn.Pool(1, initializer=_load, initargs=(files, list(chips))))
            for _ in range(cores)
        ]
        ready = EveryCore(pools)
        ready.ours()
        ready.theirs()
        yield ready
        for pool in pools:
            pool.close()
            pool.join()
