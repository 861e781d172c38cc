"""Watching children at work: who takes too long or too much memory is ended, and it is told why."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.worker.starting import Living, resident

TIMEOUT_S = 120.0
"""A photo takes some tens of milliseconds here, a raw one seconds; only a hang takes minutes."""

MEMORY_BYTES = 3072 << 20
"""A 160-megapixel PNG of 16 bits, the hungriest that the pixel limit lets through, takes 1.35 GB in all."""

IDLE_S = 120.0

TASKS_A_CHILD = 2000
"""A child is replaced after so many photos: whatever a codec leaks is bounded."""

PREPARE_S = 300.0
"""For a child to become ready. The first of all makes the models from their weights, the others wait."""

LOOK_EVERY_S = 0.05

FROZEN_S = 1.0
"""Without a look for so long, this process was not running, and nor were its children: a container paused, a
machine asleep. That time does not count against the photos in hand."""

COUNT_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one child may take. `timeout_s` a photo; `memory_bytes` resident, None for all there is;
    `idle_s` without work before it is ended; `tasks` before it is replaced."""

    timeout_s: float = TIMEOUT_S
    memory_bytes: int | None = MEMORY_BYTES
    idle_s: float = IDLE_S
    tasks: int = TASKS_A_CHILD


class Turn:
    """One request in the hands of one child. Made by `Watcher.over`."""

    def __init__(self, child: Living, deadline: float) -> None:
        self.child = child
        self.began = time.monotonic()
        self.deadline = deadline
        self.peak = resident(child.pid)  # already now: a death may come before the first look
        """The most resident bytes that were seen."""
        self.taken = False
        """Whether the child has seen the photo: until then nothing is its fault."""
        self.verdict: PhotoFault | None = None
        """Why the child was ended, where the watcher did it."""


class Watcher:
    """One thread that looks at the children of a pool while any has work. Thread-safe."""

    def __init__(self, limits: ChildLimits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._turns: list[Turn] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self.kills = OomKills()

    @contextmanager
    def over(self, child: Living) -> Iterator[Turn]:
        """Watch a child that is given a request, until the end of the block."""
        turn = Turn(child, time.monotonic() + PREPARE_S)
        with self._changed:
            self._turns.append(turn)
            self._begin()
            self._changed.notify()
        try:
            yield turn
        finally:
            with self._changed:
                self._turns.remove(turn)

    def taken(self, turn: Turn) -> None:
        """The child has the photo: from here its time runs."""
        turn.peak = max(turn.peak, resident(turn.child.pid))
        with self._changed:
            turn.taken = True
            turn.began = time.monotonic()
            turn.deadline = turn.began + self._limits.timeout_s

    def close(self) -> None:
        """Look no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="children-watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        looked_at = time.monotonic()
        while True:
            with self._changed:
                if not self._turns:
                    self._changed.wait_for(lambda: self._closed or self._turns)
                    looked_at = time.monotonic()
                if self._closed:
                    return
                turns = list(self._turns)
                frozen_s = time.monotonic() - looked_at
                if frozen_s > FROZEN_S:
                    for turn in turns:
                        turn.deadline += frozen_s
            looked_at = time.monotonic()
            self.kills.note()
            for turn in turns:
                self._look(turn)
            time.sleep(LOOK_EVERY_S)

    def _look(self, turn: Turn) -> None:
        size = resident(turn.child.pid)
        turn.peak = max(turn.peak, size)
        limit = self._limits.memory_bytes
        if limit is not None and size > limit:
            self._condemn(turn, FailureCode.OUT_OF_MEMORY, f"it took more than {megabytes(limit)} of memory")
        elif time.monotonic() > turn.deadline:
            allowed = self._limits.timeout_s if turn.taken else PREPARE_S
            self._condemn(turn, FailureCode.TIMEOUT, f"no answer within {allowed:.0f} seconds")

    def _condemn(self, turn: Turn, failure: FailureCode, message: str) -> None:
        with self._changed:
            if turn in self._turns and turn.verdict is None:  # else it has answered in the meantime
                turn.verdict = PhotoFault(failure, message)
                turn.child.kill()


class OomKills:
    """Whether the kernel has just ended a process because the machine, or this container, ran out of memory.

    Linux counts such ends (`oom_kill`, of all processes) and says nowhere else that may be read by anybody
    whom it ended. Elsewhere nothing is known, and the answer is no.
    """

    def __init__(
        self,
        files: Sequence[Path] = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events")),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files if sys.platform == "linux" else ()
        self._clock = clock
        self._noted_at = clock()
        # Two looks back: a count noted between the kill and our hearing of it must not hide it.
        self._before = self._last = self._count()

    def note(self) -> None:
        """Remember the count, at most once a second."""
        now = self._clock()
        if now - self._noted_at >= COUNT_EVERY_S:
            self._noted_at = now
            self._before, self._last = self._last, self._count()

    def recent(self) -> bool:
        """Whether the count has risen within the last two seconds or so of watching."""
        return self._count() > self._before

    def _count(self) -> int:
        return sum(_oom_kills(file) for file in self._files)


def _oom_kills(file: Path) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0  # an older kernel, or a container that does not show it
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def large(peak: int, limit: int | None) -> bool:
    """Whether a child was itself what filled the memory: over half of what it may have."""
    return peak > (psutil.virtual_memory().total if limit is None else limit) / 2


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size >> 20} MB"
