"""`health.json`: how this process is, written by a thread of its own, also while the work is idle or stuck.

The thread never asks the database: it writes what the work said last, and how long ago the main loop turned.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

import psutil

from facekeep import __version__

log = logging.getLogger(__name__)

State = Literal["starting", "idle", "working", "paused", "stuck", "stopping", "stopped"]
Role = Literal["serve", "worker", "scan"]

INTERVAL_S = 5.0
STALE_S = 30.0
"""A file that was not written for so long tells of a process that died, hangs, or has a full disk."""
ALLOWANCE_S = 120.0
"""The longest that one turn of a main loop may take by default: storing waits for the database."""
PATIENCE_S = 2.0
"""How long the end waits for the thread: a disk that hangs must not keep the process."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Photos by what they wait for, as counted last."""

    due: int = 0
    leased: int = 0
    retry_later: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the work says of itself. Taken without waiting for anything.

    `beat_at` is `time.monotonic()` of the main loop's last turn, `allowance_s` how long one may take.
    `last_success_at` in seconds since 1970. `breakers` and `children` as they are shown everywhere.
    """

    state: State = "starting"
    beat_at: float = field(default_factory=time.monotonic)
    allowance_s: float = ALLOWANCE_S
    queue: Queue | None = None
    done: int = 0
    failed: int = 0
    faces: int = 0
    rate: float = 0.0
    leases_in_hand: int = 0
    breakers: Sequence[Mapping[str, object]] = ()
    children: Mapping[str, object] = field(default_factory=dict)
    last_success_at: float | None = None
    last_error: str = ""
    message: str = ""


class HealthFile:
    """Writes the file every `interval_s` while its block runs; then once more, as `stopped`, or removes it.

    `look` is called in this object's thread. The server's file is `health.json` and stays; those of other
    roles carry their process's number and go.
    """

    def __init__(
        self, home: Path, role: Role, look: Callable[[], Snapshot], *, interval_s: float = INTERVAL_S
    ) -> None:
        self.path = home / file_name(role, os.getpid())
        self._role, self._look, self._interval_s = role, look, interval_s
        self._started = time.time()
        self._ended = threading.Event()
        self._last: Snapshot = Snapshot()
        self._troubles: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def __enter__(self) -> Self:
        tidy(self.path.parent)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(PATIENCE_S)
        if not self._thread.is_alive():
            self._end()

    def report(self) -> dict[str, object]:
        """What the file would say now."""
        said = self._last = self._look()
        return self._describe(said, self._status(said))

    def _run(self) -> None:
        while True:
            self._write_now()
            if self._ended.wait(self._interval_s):
                return

    def _write_now(self) -> None:
        try:
            report = self.report()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the work, this must go on telling
            self._complain("work", f"the work cannot say how it is: {error!r}")
            report = self._describe(self._last, "stuck")
        else:
            self._troubles.pop("work", None)
        self._write(report)

    def _end(self) -> None:
        if self._role == "serve":
            self._write(self._describe(self._last, "stopped"))
        else:
            with suppress(OSError):
                self.path.unlink()

    def _status(self, said: Snapshot) -> State:
        late = time.monotonic() - said.beat_at > said.allowance_s
        return "stuck" if late and said.state not in ("stopping", "stopped") else said.state

    def _describe(self, said: Snapshot, status: State) -> dict[str, object]:
        return {
            "status": status,
            "role": self._role,
            "version": __version__,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": _time(self._started),
            "written_at": _time(time.time()),
            "loop_age_s": round(max(0.0, time.monotonic() - said.beat_at), 1),
            "queue": _queue(said.queue),
            "rate": round(said.rate, 3),
            "done": said.done,
            "failed": said.failed,
            "faces": said.faces,
            "leases_in_hand": said.leases_in_hand,
            "breakers": list(said.breakers),
            "children": dict(said.children),
            "last_success_at": None if said.last_success_at is None else _time(said.last_success_at),
            "last_error": said.last_error,
            "message": said.message,
        }

    def _write(self, report: Mapping[str, object]) -> None:
        try:
            _replace(self.path, json.dumps(report, indent=1, default=str).encode() + b"\n")
        except OSError as error:
            self._complain("file", f"{self.path.name} cannot be written: {error.strerror}")
        else:
            self._troubles.pop("file", None)

    def _complain(self, kind: str, about: str) -> None:
        # Once for each trouble: it comes back every few seconds.
        if self._troubles.get(kind) != about:
            self._troubles[kind] = about
            log.warning("%s", about)


def file_name(role: Role, pid: int) -> str:
    """The name of a process's file in the data folder."""
    return "health.json" if role == "serve" else f"health-{role}-{pid}.json"


@dataclass(frozen=True, slots=True)
class Found:
    """A file that somebody left. `alive`: its process runs on this machine; None for another machine's."""

    path: Path
    report: Mapping[str, object]
    age_s: float
    alive: bool | None


def find(home: Path) -> list[Found]:
    """The health files of a data folder that can be read."""
    found = (_found(path) for path in sorted(home.glob("health*.json")))
    return [each for each in found if each is not None]


def tidy(home: Path) -> None:
    """Remove what processes that were killed left behind; the server's file is written over anyway."""
    for each in find(home):
        if each.alive is False and each.path.name != "health.json":
            with suppress(OSError):
                each.path.unlink()
    for left in home.glob("health*.json.*.new"):
        with suppress(OSError, ValueError):
            if not psutil.pid_exists(int(left.name.split(".")[-2])):
                left.unlink()


def _found(path: Path) -> Found | None:
    try:
        age_s = time.time() - path.stat().st_mtime
        report = json.loads(path.read_bytes())
        here = report["host"] == socket.gethostname()
        return Found(path, report, age_s, psutil.pid_exists(int(report["pid"])) if here else None)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _replace(path: Path, content: bytes) -> None:
    """All of it or what was there before, whatever happens meanwhile."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _queue(queue: Queue | None) -> dict[str, int] | None:
    if queue is None:
        return None
    return {"due": queue.due, "leased": queue.leased, "retry_later": queue.retry_later}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
