"""A small process on Linux from which children are forked: it has imported what they need, and no more.

A child that is started anew costs 0.5 s of processor time, a forked one 0.2 s, and they share the memory of
what was imported. The nursery has one thread, no model, no database, and ends with its parent; its
children end with it.
"""

import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from facekeep.worker.confine import Entry, call_me, confine


@dataclass(frozen=True, slots=True)
class Orders:
    """What the parent says first."""

    entry: Entry
    models_folder: Path
    memory_bytes: int | None


def main(descriptor: int) -> None:
    """The nursery's whole life; `descriptor` is its end of a pair of sockets."""
    call_me("facekeep-nurse")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Before numpy is imported: its threads would be of no use in a child, and must not be there at a fork.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with Connection(descriptor) as parent:
        try:
            sys.path[:] = parent.recv()
            orders: Orders = parent.recv()
        except (EOFError, OSError):
            return  # it is gone already
        _preload(orders.models_folder)
        _Nursery(parent, orders).run()


def _preload(models_folder: Path) -> None:
    from facekeep.inference.preload import preload

    preload(models_folder)
    gc.collect()
    gc.freeze()  # a collection in a child would write to, and so copy, every page it was born with


class _Nursery:
    def __init__(self, parent: Connection, orders: Orders) -> None:
        self._parent, self._orders = parent, orders
        self._lives: dict[int, Connection] = {}
        self._socket = socket.socket(fileno=os.dup(parent.fileno()))
        self._bell, ringer = os.pipe()
        self._ringer = ringer
        for end in (self._bell, ringer):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _heard)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)

    def run(self) -> None:
        """Fork a child whenever the parent sends its pipes; tell how each one ended."""
        while True:
            ready, _, _ = select.select([self._socket.fileno(), self._bell], [], [])
            if self._bell in ready:
                os.read(self._bell, 4096)
                self._bury()
            if self._socket.fileno() in ready and not self._bear():
                return

    def _bear(self) -> bool:
        try:
            _, descriptors, _, _ = socket.recv_fds(self._socket, 1, 2)
        except OSError:
            return False
        if len(descriptors) != 2:
            return False  # the parent is gone
        pipe, life = (Connection(descriptor) for descriptor in descriptors)
        with pipe:
            self._fork(pipe, life)
        return True

    def _fork(self, pipe: Connection, life: Connection) -> None:
        nurse = os.getpid()
        try:
            child = os.fork()
        except OSError as error:
            _tell(life, error)
            life.close()
            return
        if child == 0:
            life.close()
            _live(lambda: self._grow_up(nurse, pipe))
        self._lives[child] = life
        _tell(life, child)

    def _grow_up(self, nurse: int, pipe: Connection) -> None:
        """The life of a child."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._socket.close()
        self._parent.close()
        os.close(self._bell)
        os.close(self._ringer)
        for sibling in self._lives.values():
            sibling.close()
        self._lives.clear()
        confine(self._orders.memory_bytes, nurse)
        self._orders.entry(pipe, self._orders.models_folder)

    def _bury(self) -> None:
        while self._lives:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            life = self._lives.pop(child)
            _tell(life, os.waitstatus_to_exitcode(status))
            life.close()


def _live(life: Callable[[], None]) -> NoReturn:
    """Nothing that a child does may come back into the nursery's loop."""
    code = 1
    try:
        life()
        code = 0
    except BaseException:  # noqa: BLE001 - the end of the process: whatever it is, it is told and no more
        traceback.print_exc()
    finally:
        os._exit(code)


def _tell(life: Connection, what: int | OSError) -> None:
    try:
        life.send(what)
    except OSError:
        return  # the parent has let go of this child, or is gone; the loop will see which


def _heard(_signal: int, _frame: object) -> None:
    """Python only writes to the wakeup descriptor for signals that have a handler."""
