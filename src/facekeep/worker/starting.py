"""Starting children, as their parent sees it: forked from a nursery on Linux, spawned elsewhere."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

import psutil

import facekeep
from facekeep.worker.confine import Entry, spawned
from facekeep.worker.nursery import Orders

BIRTH_S = 60.0
"""A fork takes milliseconds, the nursery's first imports a second or two on a slow disk."""

_NURSERY = """
import sys
sys.path.append(sys.argv[2])
from facekeep.worker.nursery import main
main(int(sys.argv[1]))
"""


class Living(Protocol):
    """A child process. `pipe` is ours; the pool's thread that owns the child alone reads and writes it."""

    pipe: Connection
    pid: int

    def kill(self) -> None:
        """End it now; does not wait. May be called from any thread, and again."""

    def exit_code(self, within_s: float) -> int | None:
        """How it ended, a signal as a negative number. None when it has not, or nobody can tell any more."""

    def nobody_can_tell(self) -> bool:
        """Whether it went with the process that started it, which says nothing about what it did."""


class Starter(Protocol):
    """Makes children. Thread-safe."""

    def start(self) -> Living:
        """A new child. Raises OSError when the system has no room for one."""

    def rest(self) -> None:
        """Free what is kept for starting children, if none lives."""

    def close(self) -> None:
        """No more children; those that live end."""


def starter(entry: Callable[[], Entry], models_folder: Path, memory_bytes: int | None) -> Starter:
    """The best way on this system. `entry` is asked at the first start."""
    forks = sys.platform == "linux" and bool(sys.executable)
    if forks:
        return Nursery(entry, models_folder, memory_bytes)
    return Spawner(entry, models_folder, memory_bytes)


def resident(pid: int) -> int:
    """Bytes of memory that a process holds, what it shares with others included; 0 when it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return 0


class _Forked:
    """A child of the nursery. `life` tells its number first and, at the end, its exit code."""

    def __init__(self, pipe: Connection, life: Connection, pid: int) -> None:
        self.pipe, self.pid = pipe, pid
        self._life = life
        self._code: int | None = None
        self._lost = False

    def kill(self) -> None:
        with suppress(OSError):  # closed in this moment by the thread that has heard of its end
            # Once it has ended, its number may belong to another process.
            if not self.over and not self._life.poll(0):
                os.kill(self.pid, signal.SIGKILL)

    def exit_code(self, within_s: float) -> int | None:
        if not self.over:
            try:
                if self._life.poll(within_s):
                    self._code = self._life.recv()
            except (EOFError, OSError):
                self._lost = True
            if self._lost or self._code is not None:
                self._life.close()
        return self._code

    def nobody_can_tell(self) -> bool:
        return self._lost

    @property
    def over(self) -> bool:
        """Whether its owner has heard that it has ended."""
        return self._lost or self._code is not None


class Nursery:
    """Children forked from one process that has done their imports; it is started with the first of them."""

    def __init__(self, entry: Callable[[], Entry], models_folder: Path, memory_bytes: int | None) -> None:
        self._entry, self._models_folder, self._memory_bytes = entry, models_folder, memory_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Connection | None = None
        self._born: list[_Forked] = []

    def start(self) -> Living:
        """A new child; the nursery is started first where it does not run."""
        with self._lock:
            self._born = [child for child in self._born if not child.over]
            try:
                child = self._bear(self._awake())
            except (EOFError, BrokenPipeError, ConnectionError):
                self._end()  # it has died since the last child; once more
                child = self._bear(self._awake())
            self._born.append(child)
            return child

    def rest(self) -> None:
        """End the nursery when no child lives."""
        with self._lock:
            if all(child.over for child in self._born):
                self._end()

    def close(self) -> None:
        """End the nursery, and with it whatever child still lives."""
        with self._lock:
            self._end()

    def _awake(self) -> Connection:
        if self._control is None or self._process is None or self._process.poll() is not None:
            self._end()
            self._control = self._begin()
            self._control.send(sys.path)
            self._control.send(Orders(self._entry(), self._models_folder, self._memory_bytes))
        return self._control

    def _begin(self) -> Connection:
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            package = str(Path(facekeep.__file__).parents[1])
            self._process = subprocess.Popen(
                # -P: the current folder may hold photos, and anything else, under a module's name.
                [sys.executable, "-P", "-c", _NURSERY, str(theirs.fileno()), package],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        return ours

    def _bear(self, control: Connection) -> _Forked:
        ours, theirs = multiprocessing.Pipe()
        life, their_life = multiprocessing.Pipe(duplex=True)
        try:
            with theirs, their_life, socket.socket(fileno=os.dup(control.fileno())) as through:
                socket.send_fds(through, [b"+"], [theirs.fileno(), their_life.fileno()])
            if not life.poll(BIRTH_S):
                raise ConnectionError("no child was born")
            said = life.recv()
            if isinstance(said, OSError):
                raise said
            return _Forked(ours, life, said)
        except BaseException:
            ours.close()
            life.close()
            raise

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._born.clear()


class _Spawned:
    """A child that this process started itself."""

    def __init__(self, pipe: Connection, process: BaseProcess) -> None:
        self.pipe, self._process = pipe, process
        self.pid = int(process.pid) if process.pid is not None else 0

    def kill(self) -> None:
        self._process.kill()

    def exit_code(self, within_s: float) -> int | None:
        self._process.join(within_s)
        return self._process.exitcode

    def nobody_can_tell(self) -> bool:
        return False


class Spawner:
    """Children that begin from nothing: slower, and possible everywhere."""

    def __init__(self, entry: Callable[[], Entry], models_folder: Path, memory_bytes: int | None) -> None:
        self._entry, self._models_folder, self._memory_bytes = entry, models_folder, memory_bytes
        # A fork of a process with threads and a database connection would inherit their locks.
        self._processes = multiprocessing.get_context("spawn")

    def start(self) -> Living:
        """A new child."""
        ours, theirs = self._processes.Pipe()
        with theirs:
            process = self._processes.Process(
                target=spawned,
                args=(self._entry(), theirs, self._models_folder, self._memory_bytes),
                name="facekeep-child",
                daemon=True,
            )
            process.start()
        return _Spawned(ours, process)

    def rest(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """The pool ends each child itself."""
