"""What a child does to itself before it looks at a photo: it cannot outgrow, outlive or drown the others."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path

Entry = Callable[[Connection, Path], None]
"""A child's whole life, such as `child.run`: a pipe to its parent, and the folder of the models."""

HEADROOM = 256 << 20
"""Bytes of reserved memory above the limit on used memory. Stacks, arenas and tables that are reserved and
hardly used were 65 to 220 MB here; what goes beyond is a leap between two looks of the parent."""

# linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15

_KILLED_FIRST = "500"
"""Added to this process's badness, of 1000, when the machine runs out of memory: the kernel then ends a
child, which costs a photo's try, rather than the database."""


def confine(memory_bytes: int | None, parent: int) -> None:
    """Set the limits of this process, a child of the process `parent`. On Linux; little elsewhere."""
    _deaf()
    if sys.platform != "linux":
        return
    call_me("facekeep-child")
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _no_core_dump()
    _first_to_go()
    if memory_bytes is not None:
        _limit(memory_bytes + HEADROOM)


def spawned(entry: Entry, pipe: Connection, models_folder: Path, memory_bytes: int | None) -> None:
    """The life of a child that its parent has spawned rather than forked."""
    confine(memory_bytes, os.getppid())
    _die_with_parent()
    entry(pipe, models_folder)


def call_me(name: str) -> None:
    """The name, of at most 15 characters, that `ps` and `top` show for this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def _deaf() -> None:
    # Ctrl-C reaches a whole process group, a service's stop every process of it; only the parent decides
    # when a child ends, and lets it finish its photo.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _no_core_dump() -> None:
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        # One byte: as 0 it means no file, but a program that collects dumps would still be handed one.
        resource.setrlimit(resource.RLIMIT_CORE, (min(1, hard) if hard >= 0 else 1, hard))


def _first_to_go() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text(_KILLED_FIRST)
    except OSError:
        return  # not every container allows it; then the kernel chooses by size alone


def _limit(reserved: int) -> None:
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        allowed = reserved if hard < 0 else min(reserved, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def _die_with_parent() -> None:
    """Where the system does not see to it: end when the parent does, even in the middle of a photo."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            wait([sentinel])
            os._exit(1)

        threading.Thread(target=watch, name="parent", daemon=True).start()
