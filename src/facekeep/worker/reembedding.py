"""Embeds the faces that are known already under another model pack, beside the analysis of new photos."""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from pathlib import Path

from facekeep.actions import embedding, models
from facekeep.actions.context import Context
from facekeep.actions.embedding import Task
from facekeep.domain.errors import Conflict, FailureCode, MachineFault, ModelFault, PhotoFault, UsageError
from facekeep.library.mounts import Mounts
from facekeep.store.packs import PutOff, Use
from facekeep.worker.child import Embedded
from facekeep.worker.children import Children, PoolClosed
from facekeep.worker.presence import Beside

log = logging.getLogger(__name__)

SLICE_S = 10.0
"""New photos are looked at first: after so long it is asked whether there are some."""

REST_S = 30.0
"""After a fault of this machine, before the next try."""

MOST_TRIES = 3
"""A photo that fails so often by its own fault is reported and not waited for."""

AWAY_S, AGAIN_S = 60.0, 5.0

RATE_WINDOW_S = 15.0

_MAYBE_AWAY = frozenset((FailureCode.MISSING_FILE, FailureCode.TIMEOUT, FailureCode.STORAGE))

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """How this work is: photos done since it began, a second, and why it rests."""

    working: bool = False
    done: int = 0
    rate: float = 0.0
    message: str = ""


class Reembedder:
    """Runs slices of the work. One a process; everything but `said` and `beside` belongs to one thread."""

    def __init__(self, ctx: Context, children: Children, worker: Callable[[], int]) -> None:
        """`worker` gives the number of the advisory lock that this worker holds while it lives."""
        self._ctx, self._children, self._worker = ctx, children, worker
        self._mounts = Mounts()
        self._in_hand: dict[Future[Embedded], Task] = {}
        self._held: tuple[Task, ...] = ()
        self._finished: deque[float] = deque(maxlen=2000)
        self._rest_until = 0.0
        self.said = Said()

    def beside(self) -> Beside | None:
        """For this worker's sign of life; None when it does not do this now."""
        if not self.said.working:
            return None
        held = tuple((task.photo, task.token) for task in self._held)
        return Beside("embedding", self.said.rate, held)

    def run(self, stop: Stop) -> bool:
        """One slice; whether there is more that could be done now."""
        if time.monotonic() < self._rest_until:
            return False
        found = embedding.target(self._ctx)
        if not found.filled:  # whoever began died before all was queued
            models.fill(self._ctx)
        if not found.settled:
            models.settle(self._ctx)
        try:
            more = self._slice(found, stop)
        except ModelFault as fault:  # the files of the pack are not on this machine
            self._rest(fault.message)
            return False
        except PoolClosed:
            return False
        finally:
            self._let_go()
        if not more and found.wanted is not None and not stop():
            models.finish(self._ctx)
        return more

    def _slice(self, found: Use, stop: Stop) -> bool:
        ends = time.monotonic() + SLICE_S
        while not stop() and time.monotonic() < ends:
            room = 2 * self._children.count - len(self._in_hand)
            claimed = embedding.claim(self._ctx, found, self._worker(), room) if room > 0 else []
            self._hand_out(claimed)
            if not self._in_hand:
                return False
            self._collect()
            if self._rest_until > time.monotonic():
                return False
        return not stop()

    def _hand_out(self, claimed: list[Task]) -> None:
        self._say(working=bool(claimed) or bool(self._in_hand))
        for task in claimed:
            if not task.faces:  # gone meanwhile, or embedded by somebody else
                embedding.record(self._ctx, task, None)
            elif (fault := _changed(task)) is not None:
                self._failed(task, fault)
            else:
                asked = self._children.embed(
                    task.path, task.landmarks, pack=task.label, long_side=task.long_side
                )
                self._in_hand[asked] = task
        self._note_held()

    def _collect(self) -> None:
        for future in wait(self._in_hand, timeout=0.5, return_when=FIRST_COMPLETED).done:
            self._store(self._in_hand.pop(future), future)
        self._note_held()
        self._say(working=True)

    def _store(self, task: Task, future: "Future[Embedded]") -> None:
        try:
            vectors = future.result().vectors
            if embedding.record(self._ctx, task, vectors):
                self._finished.append(time.monotonic())
                self._say(done=self.said.done + 1)
        except CancelledError:
            embedding.give_back(self._ctx, [task])
        except MachineFault as fault:
            embedding.give_back(self._ctx, [task])
            self._rest(fault.message)
        except PhotoFault as fault:
            self._failed(task, fault)
        except (Conflict, UsageError) as error:  # a value that the database refuses: this photo's alone
            self._failed(task, PhotoFault(FailureCode.INTERNAL, f"not stored: {error.message}"))

    def _failed(self, task: Task, fault: PhotoFault) -> None:
        away = fault.failure is FailureCode.LIBRARY_OFFLINE
        away = away or (fault.failure in _MAYBE_AWAY and self._mounts.is_away(task.root))
        charged = not away
        code = FailureCode.LIBRARY_OFFLINE if away else fault.failure
        wait_s = AWAY_S if away or code is FailureCode.MISSING_FILE else AGAIN_S
        log.info("photo %d: not embedded: %s: %s", task.photo, code.value, fault.message)
        embedding.put_off(self._ctx, task, PutOff(code, fault.message, charged, wait_s, MOST_TRIES))

    def _rest(self, message: str) -> None:
        if self.said.message != message:
            log.warning("embedding rests: %s", message)
        self._rest_until = time.monotonic() + REST_S
        self._say(message=message)

    def _let_go(self) -> None:
        """Finish what a child has begun, give back what waits for one."""
        waiting = [future for future in self._in_hand if future.cancel()]
        embedding.give_back(self._ctx, [self._in_hand.pop(future) for future in waiting])
        for future in wait(self._in_hand).done:
            self._store(self._in_hand.pop(future), future)
        self._note_held()
        self._say(working=False)

    def _note_held(self) -> None:
        self._held = tuple(self._in_hand.values())  # replaced whole: another thread reads it

    def _say(
        self, *, working: bool | None = None, done: int | None = None, message: str | None = None
    ) -> None:
        now = self.said
        self.said = Said(
            now.working if working is None else working,
            now.done if done is None else done,
            self._rate(),
            ("" if done is not None else now.message) if message is None else message,
        )

    def _rate(self) -> float:
        now = time.monotonic()
        recent = [at for at in self._finished if now - at <= RATE_WINDOW_S]
        return len(recent) / max(now - recent[0], 1.0) if recent else 0.0


def _changed(task: Task) -> PhotoFault | None:
    """A file that is not the one that was scanned has other faces, or the same elsewhere."""
    try:
        stat = Path(task.path).stat()
    except OSError:
        return None  # the child says what is wrong with it
    if (stat.st_size, stat.st_mtime_ns) == (task.size_bytes, task.mtime_ns):
        return None
    name = os.fsdecode(task.path.name)
    return PhotoFault(FailureCode.MISSING_FILE, f"{name} has changed since it was scanned")
