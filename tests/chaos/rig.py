"""Real children, real work, and a watch on what they take, over a database that a test may ruin."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from store_support import context
from worker_support import child_processes

from facekeep.actions.context import Context, WorkRules
from facekeep.domain.failures import Rules
from facekeep.store.database import Database
from facekeep.worker import background, child
from facekeep.worker.background import Background
from facekeep.worker.children import ChildLimits, Children

MEGABYTE = 2**20

QUICK = WorkRules(Rules(first_delay_s=0.2, longest_delay_s=0.5), lease_s=20.0)
"""The product's rules with shorter waits."""


@contextmanager
def open_children(
    models: Path,
    *,
    count: int = 2,
    timeout_s: float = 120.0,
    memory_megabytes: int = 3072,
    idle_s: float = 120.0,
    entry: Callable[..., Any] = child.run,
) -> Iterator[Children]:
    """A pool with these limits; ended at the end."""
    limits = ChildLimits(timeout_s=timeout_s, memory_bytes=memory_megabytes * MEGABYTE, idle_s=idle_s)
    pool = Children(count, models, limits=limits, entry=entry)
    try:
        yield pool
    finally:
        pool.close()


@contextmanager
def open_context(
    conninfo: str | Callable[[], str], home: Path, rules: WorkRules = QUICK
) -> Iterator[Context]:
    """What actions need."""
    with Database(conninfo) as database:
        yield replace(context(database, home), rules=rules)


@contextmanager
def at_work(ctx: Context, children: Children) -> Iterator[Background]:
    """The background work of a server, which looks for what is due again more often than usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background, "IDLE_S", 0.1)
        with Background(ctx, children, None) as running:
            yield running


def eventually(check: Callable[[], object], what: str, patience_s: float = 1800.0) -> None:
    """Wait until the check holds, for as long as the full form may take."""
    deadline = time.monotonic() + patience_s
    while not check():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


@dataclass(slots=True)
class Watch:
    """A thread that looks at this process's children, some times a second. A context manager."""

    every_s: float = 0.2
    largest_child: float = 0.0
    """Megabytes, of the largest at any time."""
    largest_sum: float = 0.0
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        while not self._ending.wait(self.every_s):
            sizes = [_resident(each) for each in child_processes()]
            self.largest_child = max([self.largest_child, *sizes])
            self.largest_sum = max(self.largest_sum, sum(sizes))


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / MEGABYTE
    except psutil.Error:
        return 0.0  # it ended while we looked
