"""A worker's sign of life: its lock, its row, its leases, kept up from a thread of its own."""

import logging
import os
import random
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from facekeep import __version__
from facekeep.actions.context import Context
from facekeep.domain.errors import FacekeepError
from facekeep.store import packs, photos, steering
from facekeep.store.steering import Beat

log = logging.getLogger(__name__)

Role = Literal["serve", "worker", "scan"]

BEAT_S = 5.0
"""Between two signs of life; never more than a quarter of a lease."""

LOCK_TRIES = 5


@dataclass(frozen=True, slots=True)
class Said:
    """What the worker has to say of itself. `held`: photos in hand, each with the token of its claim."""

    state: str = "idle"
    done: int = 0
    failed: int = 0
    faces: int = 0
    rate: float = 0.0
    held: tuple[tuple[int, UUID], ...] = ()
    children: dict[str, Any] = field(default_factory=dict)
    breakers: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """Other work of the worker's, and what it has in hand for that. `rate` in photos a second."""

    state: str
    rate: float
    held: tuple[tuple[int, UUID], ...]


class Presence:
    """A context manager that may be entered again inside itself. Raises StorageFault when it cannot begin.

    While it lives, nobody takes over what this worker has in hand, and the row in `worker` says how it is.
    When the database was away, it takes its lock again by itself.
    """

    def __init__(
        self, ctx: Context, role: Role, look: Callable[[], Said], release: Callable[[], None] = lambda: None
    ) -> None:
        self._ctx, self._role, self._look, self._release = ctx, role, look, release
        self.number = 0
        self._depth = 0
        self._released_at: datetime | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock: AbstractContextManager[bool] | None = None

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._begin()
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._end()

    def _begin(self) -> None:
        self._take_lock()
        try:
            with self._ctx.database.write() as writer:
                photos.return_orphans(writer)
                packs.return_orphans(writer)
                steering.forget_dead(writer)
                self._released_at = steering.control(writer).released_at
                steering.beat(writer, self._beat_of(self._look()))
        except BaseException:
            self._drop_lock()
            raise
        self._ending.clear()
        self._thread = threading.Thread(target=self._keep, name="presence", daemon=True)
        self._thread.start()

    def _end(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        with suppress(FacekeepError), self._ctx.database.write() as writer:
            steering.leave(writer, self.number)
        self._drop_lock()

    def _keep(self) -> None:
        every = min(BEAT_S, self._ctx.rules.lease_s / 4)
        quiet = False
        while not self._ending.wait(every):
            try:
                self._beat()
                quiet = False
            except FacekeepError as error:
                if not quiet:  # once for an outage, however long
                    log.warning("no sign of life to the database: %s", error.message)
                quiet = True

    def _beat(self) -> None:
        said = self._look()
        with self._ctx.database.write() as writer:
            steering.renew(writer, said.held, lease_s=self._ctx.rules.lease_s)
            packs.renew(writer, said.held, lease_s=self._ctx.rules.lease_s)
            steering.beat(writer, self._beat_of(said))
            control, ours = steering.control(writer), steering.holds(writer, self.number)
        if not ours:
            self._drop_lock()
            self._take_lock(again=True)
        if control.released_at != self._released_at:
            self._released_at = control.released_at
            self._release()

    def _take_lock(self, *, again: bool = False) -> None:
        for _ in range(LOCK_TRIES):
            if not again:
                self.number = random.getrandbits(31)
            lock = self._ctx.database.hold(photos.WORKER_LOCK, self.number)
            if lock.__enter__():
                self._lock = lock
                return
            lock.__exit__(None, None, None)
            if (
                again
            ):  # the server has not noticed yet that the old connection is gone; the next beat asks again
                return

    def _drop_lock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(FacekeepError), ExitStack() as stack:
                stack.push(lock.__exit__)

    def _beat_of(self, said: Said) -> Beat:
        return Beat(
            id=self.number,
            role=self._role,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            state=said.state,
            done=said.done,
            failed=said.failed,
            faces=said.faces,
            rate=said.rate,
            in_hand=len(said.held),
            children=said.children,
            breakers=said.breakers,
            message=said.message,
        )
