"""A few isolated child processes, each holding one photo: what crashes or hangs costs that photo alone."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from facekeep.domain.errors import EnvironmentFault, FailureCode, MachineFault, PhotoFault
from facekeep.domain.faces import Box, Landmarks, MeasuredFace, PhotoAnalysis
from facekeep.domain.packs import BUNDLED, WORKING_LONG_SIDE
from facekeep.worker import child
from facekeep.worker.asking import DEATH_S, Asker, NotTaken
from facekeep.worker.child import (
    Analyse,
    Answer,
    Crop,
    Embed,
    Embedded,
    Failed,
    Look,
    Measure,
    Request,
    Thumbnail,
)
from facekeep.worker.confine import Entry
from facekeep.worker.starting import Living, resident, starter
from facekeep.worker.watching import ChildLimits, Watcher

__all__ = ["ChildLimits", "Children", "ChildrenState", "PoolClosed"]

log = logging.getLogger(__name__)

START_TRIES = 3


class PoolClosed(EnvironmentFault):
    """The children were sent home: nothing more can be asked of them."""


@dataclass(frozen=True, slots=True)
class ChildrenState:
    """A pool at one moment. `started` and `died` since it was made; who was sent home did not die.

    `memory_bytes`: resident in all children; what they share, some 60 MB, is counted for each.
    """

    count: int
    alive: int
    busy: int
    started: int
    died: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class _Task:
    request: Request
    future: Future[Answer]


@dataclass(slots=True)
class _Seat:
    """One thread that feeds one child at a time."""

    thread: threading.Thread | None = None
    child: Living | None = None
    tasks: int = 0
    busy: bool = False
    sent_home: bool = False
    """Asked to end its child as soon as it holds nothing."""


class Children:
    """A pool of `count` children. Thread-safe. Children start when first needed, and end when idle."""

    def __init__(
        self,
        count: int,
        models_folder: Path,
        *,
        limits: ChildLimits | None = None,
        entry: Entry | None = None,
    ) -> None:
        """`entry`: another life for the children than `child.run`, for tests of what may go wrong in it."""
        self.count = count
        self._limits = ChildLimits() if limits is None else limits
        self._starter = starter(
            lambda: child.run if entry is None else entry, models_folder, self._limits.memory_bytes
        )
        self._watcher = Watcher(self._limits)
        self._asker = Asker(self._watcher, self._limits)
        self._tasks: deque[_Task] = deque()  # as long as callers let it grow: they ask for a few at a time
        self._seats = [_Seat() for _ in range(count)]
        self._changed = threading.Condition()
        self._started = self._died = 0
        self._closed = False

    @property
    def timeout_s(self) -> float:
        """The longest that a child may hold a photo."""
        return self._limits.timeout_s

    def submit(self, request: Request) -> Future[Answer]:
        """Queue a request. Its future fails with PhotoFault, or is cancelled by `close`.

        PoolClosed when closed already.
        """
        future: Future[Answer] = Future()
        with self._changed:
            if self._closed:
                raise PoolClosed("facekeep is stopping", hint="Start it again.")
            self._tasks.append(_Task(request, future))
            self._begin()
            self._changed.notify_all()
        return future

    def analyse(
        self, path: Path, long_side: int | None = None, *, pack: str = BUNDLED.label
    ) -> Future[PhotoAnalysis]:
        """Look at a photo scaled down to `long_side` pixels, by default to the models' own working size."""
        side = WORKING_LONG_SIDE if long_side is None else min(long_side, WORKING_LONG_SIDE)
        return cast(Future[PhotoAnalysis], self.submit(Analyse(path, side, pack)))

    def embed(
        self, path: Path, faces: Sequence[Landmarks], *, pack: str, long_side: int | None = None
    ) -> Future[Embedded]:
        """Embed the faces at these landmarks under a pack: one row each, in their order."""
        side = WORKING_LONG_SIDE if long_side is None else min(long_side, WORKING_LONG_SIDE)
        return cast(Future[Embedded], self.submit(Embed(path, side, pack, tuple(faces))))

    def crop(self, path: Path, box: Box, size: int) -> Future[bytes]:
        """A square around a face."""
        return cast(Future[bytes], self.submit(Crop(path, box, size)))

    def thumbnail(self, path: Path, long_side: int) -> Future[bytes]:
        """The upright photo, smaller."""
        return cast(Future[bytes], self.submit(Thumbnail(path, long_side)))

    def measure(
        self, path: Path, boxes: Sequence[Box], *, pack: str = BUNDLED.label
    ) -> Future[tuple[MeasuredFace, ...]]:
        """What is in some boxes of a photo."""
        request = Measure(path, tuple(boxes), pack)
        return cast(Future[tuple[MeasuredFace, ...]], self.submit(request))

    def look(self, content: bytes, *, pack: str = BUNDLED.label) -> Future[PhotoAnalysis]:
        """The faces in a picture that lies in no file."""
        return cast(Future[PhotoAnalysis], self.submit(Look(content, pack=pack)))

    def release(self) -> None:
        """Give memory back: idle children end now, busy ones after their photo. Requests start new ones."""
        with self._changed:
            for seat in self._seats:
                seat.sent_home = seat.child is not None
            self._changed.notify_all()

    def state(self) -> ChildrenState:
        """How many children live, work and died, and what they hold."""
        with self._changed:
            living = [seat.child.pid for seat in self._seats if seat.child is not None]
            busy = sum(seat.busy for seat in self._seats)
            started, died = self._started, self._died
        memory = sum(resident(pid) for pid in living)
        return ChildrenState(self.count, len(living), busy, started, died, memory)

    def close(self) -> None:
        """End every child now. Requests still queued or in hand are cancelled, nobody is charged."""
        with self._changed:
            self._closed = True
            waiting = list(self._tasks)
            self._tasks.clear()
            for seat in self._seats:
                if seat.child is not None:
                    seat.child.kill()
            self._changed.notify_all()
        for task in waiting:
            _cancel(task.future)
        for seat in self._seats:
            if seat.thread is not None:
                seat.thread.join()
        self._watcher.close()
        self._starter.close()

    def _begin(self) -> None:
        for number, seat in enumerate(self._seats):
            if seat.thread is None:
                name = f"child-{number}"
                seat.thread = threading.Thread(target=self._feed, args=(seat,), name=name, daemon=True)
                seat.thread.start()

    def _feed(self, seat: _Seat) -> None:
        while not self._closed:
            task = self._next(seat)
            if task is None:
                self._rest(seat)
            elif task.future.set_running_or_notify_cancel():
                self._perform(seat, task)
            seat.busy = False
        self._dismiss(seat)

    def _next(self, seat: _Seat) -> _Task | None:
        """The next task; None when the child is to go home, or the pool closes."""
        with self._changed:
            idle_s = self._limits.idle_s if seat.child is not None else None
            self._changed.wait_for(lambda: self._closed or seat.sent_home or self._mine(seat), idle_s)
            if self._closed or seat.sent_home or not self._mine(seat):
                return None
            seat.busy = True
            return self._tasks.popleft()

    def _mine(self, seat: _Seat) -> bool:
        """Whether there is work for this seat: one without a child leaves it to idle children, if enough."""
        ready = sum(other.child is not None and not other.busy for other in self._seats)
        return len(self._tasks) > (0 if seat.child is not None else ready)

    def _rest(self, seat: _Seat) -> None:
        self._dismiss(seat)
        self._starter.rest()

    def _perform(self, seat: _Seat, task: _Task) -> None:
        try:
            answer = self._ask(seat, task.request)
        except PhotoFault as fault:
            self._dismiss(seat)
            answer = Failed.of(fault)
        except Exception as error:  # noqa: BLE001 - a dead seat would leave its requests unanswered for ever
            self._dismiss(seat)
            said = f"no child could be started or asked ({type(error).__name__}: {error})"
            hint = "Run `facekeep doctor`."
            answer = Failed(FailureCode.INTERNAL, said, hint, repr(error), machine=True)
        if isinstance(answer, Failed) and self._closed:
            task.future.set_exception(CancelledError())  # too late to cancel it otherwise
        elif isinstance(answer, Failed):
            task.future.set_exception(answer.fault())
        else:
            task.future.set_result(answer)

    def _ask(self, seat: _Seat, request: Request) -> Answer | Failed:
        reason = ""
        for _ in range(START_TRIES):
            with self._watcher.over(self._ready(seat)) as turn:
                try:
                    answer = self._asker.ask(turn, request)
                except NotTaken as untaken:
                    reason = str(untaken)
                    log.info("a child died before it took a photo: %s", reason)
                    self._lost()
                except PhotoFault:
                    self._lost()
                    raise
                else:
                    self._settle(seat, answer)
                    return answer
            self._dismiss(seat)
        raise MachineFault(
            f"no child process stays alive on this machine: {reason}",
            hint="Run `facekeep doctor`; it checks the models, the memory and the installation.",
        )

    def _settle(self, seat: _Seat, answer: Answer | Failed) -> None:
        seat.tasks += 1
        if seat.tasks >= self._limits.tasks or (isinstance(answer, Failed) and answer.spent):
            self._dismiss(seat)

    def _ready(self, seat: _Seat) -> Living:
        if seat.child is not None:
            return seat.child
        born = self._starter.start()
        with self._changed:
            seat.child, seat.tasks = born, 0
            self._started += 1
            if self._closed:
                born.kill()
        return born

    def _lost(self) -> None:
        with self._changed:
            self._died += 1

    def _dismiss(self, seat: _Seat) -> None:
        with self._changed:
            gone, seat.child = seat.child, None
            seat.sent_home = False
        if gone is not None:
            gone.kill()
            gone.pipe.close()
            gone.exit_code(DEATH_S)


def _cancel(future: Future[Answer]) -> None:
    """Cancelled, and whoever waits for it is told."""
    if future.cancel():
        future.set_running_or_notify_cancel()
