"""A child as the product has it, but for photos with a mark behind their end: those do to it what they say.

The marks are in the files, so nothing in the product knows of them. What they do is real: signals, hangs,
memory that is really taken.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from facekeep.worker import child

MARK = b"\nFAULT:"


class Wordless(Exception):
    """Nothing to say."""


def run(*arguments: Any) -> None:
    """A child's whole life."""
    real = child._Hands.perform

    def perform(hands: child._Hands, request: child.Request) -> Any:
        fault = _fault_of(request.path)
        if fault is not None:
            FAULTS[fault]()
        return real(hands, request)

    child._Hands.perform = perform  # type: ignore[method-assign, assignment]
    child.run(*arguments)


def _fault_of(path: os.PathLike[str]) -> str | None:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 40))
            _, mark, fault = file.read().rpartition(MARK)
    except OSError:
        return None  # its own fault is met by the product
    return fault.decode() if mark else None


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _segfault() -> None:
    ctypes.string_at(0)


def _abort() -> None:
    os.abort()


def _hang() -> None:
    time.sleep(3600)


def _spin() -> None:
    """A hang that takes a core, and holds the interpreter's lock as codecs may."""
    ctypes.PyDLL(None).sleep(3600)


def _grow() -> None:
    """Take memory and really use it, until somebody stops it; 100 MB at a time, 32 GB at most."""
    held = []
    for _ in range(320):
        held.append(bytearray(b"\1") * (100 << 20))
    raise SystemExit(f"nobody stopped it at {len(held)}")


def _creep() -> None:
    """Take memory slowly, by pieces too small to be noticed one by one."""
    held = []
    for _ in range(8000):
        held.append(bytearray(b"\1") * (4 << 20))
        time.sleep(0.001)
    raise SystemExit(f"nobody stopped it at {len(held)}")


def _leave() -> None:
    sys.exit(3)


def _vanish() -> None:
    os._exit(0)


def _wordless() -> None:
    raise Wordless


FAULTS: dict[str, Callable[[], None]] = {
    "kill": _kill,
    "segfault": _segfault,
    "abort": _abort,
    "hang": _hang,
    "spin": _spin,
    "grow": _grow,
    "creep": _creep,
    "leave": _leave,
    "vanish": _vanish,
    "wordless": _wordless,
}

CODES = {
    "kill": "crashed",
    "segfault": "crashed",
    "abort": "crashed",
    "hang": "timeout",
    "spin": "timeout",
    "grow": "out_of_memory",
    "creep": "out_of_memory",
    "leave": "crashed",
    "vanish": "crashed",
    "wordless": "internal",
}
"""What each is to be recorded as."""
