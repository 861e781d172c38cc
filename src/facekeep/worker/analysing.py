"""The loop that turns waiting photos into faces: claim, hand to the children, store, group."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace

from facekeep.actions import analyse
from facekeep.actions.analyse import Claimed
from facekeep.actions.context import Context, State
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, FailureCode, PhotoFault, UsageError
from facekeep.domain.faces import PhotoAnalysis
from facekeep.store import photos
from facekeep.worker.children import Children

log = logging.getLogger(__name__)

GROUP_EVERY = 250
"""Photos between two groupings, so that people appear while a long scan goes on."""

STORE_TRIES = 3  # a user may change the very faces that are being stored; the second try sees the change

RATE_WINDOW_S = 15.0

LOOK_EVERY_S, LOOK_SHARE = 1.0, 30.0

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Progress:
    """What this worker did since it began; `waiting` counts photos that anybody has still to look at."""

    state: State = "idle"
    done: int = 0
    failed: int = 0
    faces: int = 0
    waiting: int = 0
    rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None when nothing is known yet."""
        return self.waiting / self.rate if self.rate > 0 else None


class Analyser:
    """Runs photos through the children. One a process; `progress` is called from the thread that runs."""

    def __init__(
        self, ctx: Context, children: Children, progress: Callable[[Progress], None] = lambda _: None
    ) -> None:
        self._ctx, self._children, self._tell = ctx, children, progress
        self._progress = Progress()
        self._in_hand: dict[Future[PhotoAnalysis], Claimed] = {}
        self._since_grouping = 0
        self._renewed = self._look_at = 0.0
        self._finished: deque[float] = deque(maxlen=2000)

    def run(self, stop: Stop) -> Progress:
        """Work until nothing is due or `stop`; then what is in hand is finished, the rest given back."""
        with self._alive() as worker:
            try:
                self._work(worker, stop)
            finally:
                self._let_go()
        if not stop():
            self._group(stop)
        self._say(state="idle")
        return self._progress

    @contextmanager
    def _alive(self) -> Iterator[int]:
        """Hold a lock that the server drops when this process dies, and so its leases end at once."""
        worker = random.getrandbits(31)
        with self._ctx.database.hold(photos.WORKER_LOCK, worker):
            with self._ctx.database.write() as writer:
                photos.return_orphans(writer)
            yield worker

    def _work(self, worker: int, stop: Stop) -> None:
        while not stop():
            room = 2 * self._children.count - len(self._in_hand)
            claimed = analyse.claim(self._ctx, worker, room) if room > 0 else []
            for item in claimed:
                self._in_hand[self._children.analyse(item.path)] = item
            if not self._in_hand:
                return
            self._collect()
            self._renew()
            if self._since_grouping >= GROUP_EVERY:
                self._group(stop)

    def _collect(self) -> None:
        self._look_ahead()
        finished, _ = wait(self._in_hand, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in finished:
            self._store(self._in_hand.pop(future), future)
        self._say(state="analysing")

    def _store(self, claimed: Claimed, future: Future[PhotoAnalysis]) -> None:
        try:
            analysis = future.result()
        except CancelledError:  # the children were sent home
            analyse.give_back(self._ctx, [claimed])
        except PhotoFault as fault:
            log.info("photo %d: %s: %s", claimed.photo, fault.failure, fault.message)
            analyse.record_failure(self._ctx, claimed, fault)
            self._count(failed=1)
        else:
            if self._recorded(claimed, analysis):
                self._count(done=1, faces=len(analysis.faces))

    def _recorded(self, claimed: Claimed, analysis: PhotoAnalysis) -> bool:
        try:
            return self._stored(claimed, analysis)
        except UsageError as error:  # also a value that the database refuses: this photo's trouble alone
            fault = PhotoFault(FailureCode.INTERNAL, f"its faces cannot be stored: {error.message}")
            analyse.record_failure(self._ctx, claimed, fault)
            self._count(failed=1)
            return False

    def _stored(self, claimed: Claimed, analysis: PhotoAnalysis) -> bool:
        for _ in range(STORE_TRIES - 1):
            try:
                return analyse.record(self._ctx, claimed, analysis)
            except Conflict as conflict:
                log.info("photo %d: stored again: %s", claimed.photo, conflict.message)
        return analyse.record(self._ctx, claimed, analysis)

    def _let_go(self) -> None:
        """Finish what a child has begun and give back what waits for one."""
        waiting = [future for future in self._in_hand if future.cancel()]
        analyse.give_back(self._ctx, [self._in_hand.pop(future) for future in waiting])
        for future in wait(self._in_hand).done:
            self._store(self._in_hand.pop(future), future)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > analyse.LEASE_S / 3:
            analyse.renew(self._ctx, list(self._in_hand.values()))
            self._renewed = time.monotonic()

    def _group(self, stop: Stop) -> None:
        self._since_grouping = 0
        self._say(state="grouping")
        for _ in range(STORE_TRIES):
            try:
                while not stop() and group_new_faces(self._ctx).faces:
                    self._say(state="grouping")
                    self._renew()
                return
            except Conflict as conflict:  # the user changed the same faces or people
                log.info("grouping gave way: %s", conflict.message)

    def _count(self, *, done: int = 0, failed: int = 0, faces: int = 0) -> None:
        now = self._progress
        self._finished.append(time.monotonic())
        self._since_grouping += done
        self._progress = replace(
            now,
            done=now.done + done,
            failed=now.failed + failed,
            faces=now.faces + faces,
            waiting=max(0, now.waiting - 1),
            rate=self._rate(),
        )

    def _rate(self) -> float:
        recent = [at for at in self._finished if self._finished[-1] - at <= RATE_WINDOW_S]
        passed = recent[-1] - recent[0]
        return (len(recent) - 1) / passed if passed > 0 else 0.0

    def _look_ahead(self) -> None:
        began = time.monotonic()
        if began >= self._look_at:
            with self._ctx.database.read() as reader:
                self._progress = replace(self._progress, waiting=photos.busy_count(reader))
            # Counting a million takes a second: never more than a small part of the time goes into it.
            now = time.monotonic()
            self._look_at = now + max(LOOK_EVERY_S, LOOK_SHARE * (now - began))

    def _say(self, *, state: State) -> None:
        self._progress = replace(self._progress, state=state)
        self._tell(self._progress)
