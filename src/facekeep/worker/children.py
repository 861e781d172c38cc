"""A few isolated child processes, each holding one photo: what crashes or hangs costs that photo alone."""

import logging
import multiprocessing
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from typing import cast

from facekeep.domain.errors import EnvironmentFault, FailureCode, PhotoFault
from facekeep.domain.faces import Box, PhotoAnalysis
from facekeep.worker import child
from facekeep.worker.child import Analyse, Answer, Crop, Failed, Request, Thumbnail

TIMEOUT_S = 120.0
"""A photo takes some tens of milliseconds here, a raw one seconds; only a hang takes minutes."""

TASKS_A_CHILD = 2000
"""A child is replaced after so many photos: whatever a codec leaks is bounded."""


log = logging.getLogger(__name__)

START_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Task:
    request: Request
    future: Future[Answer]


@dataclass(slots=True)
class _Child:
    process: BaseProcess
    pipe: Connection
    tasks: int = 0


@dataclass(slots=True)
class _Seat:
    """One thread that feeds one child at a time."""

    thread: threading.Thread | None = None
    child: _Child | None = field(default=None)


class Children:
    """A pool of `count` children. Thread-safe. Children start when first needed."""

    def __init__(self, count: int, models_folder: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self.count = count
        self._models_folder = models_folder
        self._timeout_s = timeout_s
        # `spawn`: a fork of a process with threads and a database connection inherits their locks.
        self._processes = multiprocessing.get_context("spawn")
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._seats = [_Seat() for _ in range(count)]
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, request: Request) -> Future[Answer]:
        """Queue a request. Its future fails with PhotoFault, or is cancelled by `close`.

        EnvironmentFault when closed already.
        """
        future: Future[Answer] = Future()
        with self._lock:
            if self._closed:
                raise EnvironmentFault("facekeep is stopping", hint="Start it again.")
            self._tasks.put(_Task(request, future))
            self._start()
        return future

    def analyse(self, path: Path) -> Future[PhotoAnalysis]:
        """Look at a photo."""
        return cast(Future[PhotoAnalysis], self.submit(Analyse(path)))

    def crop(self, path: Path, box: Box, size: int) -> Future[bytes]:
        """A square around a face."""
        return cast(Future[bytes], self.submit(Crop(path, box, size)))

    def thumbnail(self, path: Path, long_side: int) -> Future[bytes]:
        """The upright photo, smaller."""
        return cast(Future[bytes], self.submit(Thumbnail(path, long_side)))

    def close(self) -> None:
        """End every child now. Requests still queued or in hand are cancelled, nobody is charged."""
        with self._lock:
            self._closed = True
            children = [seat.child for seat in self._seats if seat.child is not None]
        for _ in self._seats:
            self._tasks.put(None)
        for each in children:
            each.process.kill()
        for seat in self._seats:
            if seat.thread is not None:
                seat.thread.join()
        while not self._tasks.empty():
            task = self._tasks.get()
            if task is not None:
                _cancel(task.future)

    def _start(self) -> None:
        for number, seat in enumerate(self._seats):
            if seat.thread is None:
                name = f"child-{number}"
                seat.thread = threading.Thread(target=self._feed, args=(seat,), name=name, daemon=True)
                seat.thread.start()

    def _feed(self, seat: _Seat) -> None:
        while (task := self._tasks.get()) is not None:
            if self._closed:
                _cancel(task.future)
            elif task.future.set_running_or_notify_cancel():
                self._perform(seat, task)
        self._dismiss(seat)

    def _perform(self, seat: _Seat, task: _Task) -> None:
        try:
            answer = self._ask(seat, task.request)
        except PhotoFault as fault:
            self._dismiss(seat)
            answer = Failed(fault.failure, fault.message, fault.hint)
        except Exception as error:  # noqa: BLE001 - a dead seat would leave its requests unanswered for ever
            self._dismiss(seat)
            answer = Failed(FailureCode.INTERNAL, f"no child could be asked: {error!r}", "")
        if isinstance(answer, Failed) and self._closed:
            task.future.set_exception(CancelledError())  # too late to cancel it otherwise
        elif isinstance(answer, Failed):
            task.future.set_exception(answer.fault())
        else:
            task.future.set_result(answer)

    def _ask(self, seat: _Seat, request: Request) -> Answer | Failed:
        holder = self._handed(seat, request)
        try:
            if not holder.pipe.poll(self._timeout_s):
                raise PhotoFault(FailureCode.TIMEOUT, f"no answer within {self._timeout_s:.0f} seconds")
            answer: Answer | Failed = holder.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death(holder) from error
        return answer

    def _handed(self, seat: _Seat, request: Request) -> _Child:
        """A child that has taken the request. One that died before never saw the photo: the next is asked."""
        for _ in range(START_TRIES):
            ready = self._ready(seat)
            try:
                ready.pipe.send(request)
                if ready.pipe.poll(self._timeout_s) and ready.pipe.recv() == child.TAKEN:
                    ready.tasks += 1
                    return ready
            except (EOFError, OSError):
                log.info("a child died before it took a photo")
            self._dismiss(seat)
        raise PhotoFault(FailureCode.INTERNAL, "no child process stays alive on this machine")

    def _death(self, holder: _Child) -> PhotoFault:
        holder.process.join(5)
        code = holder.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return PhotoFault(FailureCode.CRASHED, f"the process that looked at this photo died ({how})")

    def _ready(self, seat: _Seat) -> _Child:
        if seat.child is not None and (
            seat.child.tasks >= TASKS_A_CHILD or not seat.child.process.is_alive()
        ):
            self._dismiss(seat)
        if seat.child is None:
            ours, theirs = self._processes.Pipe()
            process = self._processes.Process(
                target=child.run, args=(theirs, self._models_folder), name="facekeep-child", daemon=True
            )
            process.start()
            theirs.close()
            with self._lock:
                seat.child = _Child(process, ours)
                if self._closed:
                    process.kill()
        return seat.child

    def _dismiss(self, seat: _Seat) -> None:
        with self._lock:
            gone, seat.child = seat.child, None
        if gone is not None:
            gone.pipe.close()
            gone.process.kill()
            gone.process.join()


def _cancel(future: Future[Answer]) -> None:
    """Cancelled, and whoever waits for it is told."""
    if future.cancel():
        future.set_running_or_notify_cancel()
