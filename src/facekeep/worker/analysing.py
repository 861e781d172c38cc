"""The loop that turns waiting photos into faces: claim, hand to the children, store, group."""

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from facekeep.actions import analyse, counting
from facekeep.actions.analyse import Claimed
from facekeep.actions.context import Context, State
from facekeep.actions.group import Watch, group_new_faces
from facekeep.actions.libraries import set_offline
from facekeep.actions.regroup import run_asked
from facekeep.actions.using import Current
from facekeep.domain.errors import Conflict, FailureCode, PhotoFault, UsageError
from facekeep.domain.faces import PhotoAnalysis
from facekeep.store import photos, steering
from facekeep.store.steering import Queue
from facekeep.worker.boxes import StaleFaces
from facekeep.worker.breaking import Claiming, Pause
from facekeep.worker.children import Children, PoolClosed
from facekeep.worker.health import Queue as HealthQueue
from facekeep.worker.health import Snapshot
from facekeep.worker.health import State as HealthState
from facekeep.worker.presence import Beside, Presence, Role, Said

log = logging.getLogger(__name__)

GROUP_EVERY = 250
"""Photos between two groupings, so that people appear while a long scan goes on."""

STORE_TRIES = 3  # a user may change the very faces that are being stored; the second try sees the change

RATE_WINDOW_S = 15.0

LOOK_EVERY_S, LOOK_SHARE = 1.0, 30.0

LOOP_ALLOWANCE_S = 60.0  # beyond a photo's own time limit: storing waits for the database, grouping computes

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
    message: str = ""

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None when nothing is known yet."""
        return self.waiting / self.rate if self.rate > 0 else None


class Analyser:
    """Runs photos through the children. One a process; `progress` is called from the thread that runs.

    `presence` may be entered around several runs, so that others see this worker while it is idle as well.
    """

    def __init__(
        self,
        ctx: Context,
        children: Children,
        progress: Callable[[Progress], None] = lambda _: None,
        *,
        role: Role = "scan",
    ) -> None:
        self._ctx, self._children, self._tell = ctx, children, progress
        self._using = Current(ctx)
        self._role = role
        self.presence = Presence(ctx, role, self._said, children.release)
        self.beside: Callable[[], Beside | None] = lambda: None
        """What else this worker does while it looks at no photos."""
        self._claiming = Claiming(ctx)
        self._stale = StaleFaces(ctx, children)
        self._progress = Progress()
        self._in_hand: dict[Future[PhotoAnalysis], Claimed] = {}
        self._waiting: deque[Claimed] = deque()
        self._held: tuple[tuple[int, UUID], ...] = ()
        self._since_grouping = 0
        self._look_at = 0.0
        self._turned = time.monotonic()
        self._began, self._trouble = False, ""
        self._stop: Stop = lambda: False
        self._queue: Queue | None = None
        self._paused = False
        self._last_success: float | None = None
        self._last_error = ""
        self._finished: deque[float] = deque(maxlen=2000)

    def run(self, stop: Stop) -> Progress:
        """Work until nothing may be claimed or `stop`; then finish what is in hand, give back the rest."""
        self._stop = stop
        with self.presence:
            self._look_ahead()
            try:
                self._work(stop)
            except PoolClosed:  # the children were sent home in the middle of it
                return self._progress
            finally:
                self._let_go()
            if not stop():
                self._look_at_boxes(stop)
                self._group(stop)
        self._say(state="idle")
        return self._progress

    def pauses(self) -> tuple[Pause, ...]:
        """What this worker does not claim now, and why."""
        return self._claiming.pauses()

    @property
    def paused(self) -> bool:
        """Whether the user has paused all work, as last seen."""
        return self._paused

    def troubled(self, message: str, *, turned: bool = True) -> None:
        """Work ended for this reason and will begin anew; for those who watch.

        `turned`: it was the loop around the runs; another thread's trouble does not show that this one lives.
        """
        self._last_error = message
        if turned:
            self.turned()
        self._trouble = message

    def turned(self) -> None:
        """The loop around the runs lives."""
        self._turned, self._began, self._trouble = time.monotonic(), True, ""

    def snapshot(self) -> Snapshot:
        """How the work is, without waiting for anything."""
        now, queue, pauses = self._progress, self._queue, self.pauses()
        return Snapshot(
            state=self._health(paused=bool(pauses)),
            beat_at=self._turned,
            allowance_s=LOOP_ALLOWANCE_S + self._children.timeout_s,
            queue=None if queue is None else HealthQueue(queue.due, queue.leased, queue.later),
            done=now.done,
            failed=now.failed,
            faces=now.faces,
            rate=now.rate if now.state == "analysing" else 0.0,
            leases_in_hand=len(self._held),
            breakers=[pause.as_json() for pause in pauses],
            children=asdict(self._children.state()),
            last_success_at=self._last_success,
            last_error=self._last_error,
            message="paused by the user" if self._paused else self._trouble,
        )

    def _health(self, *, paused: bool) -> HealthState:
        if self._stop():
            return "stopping"
        if not self._began:
            return "starting"
        idle = self._progress.state == "idle"
        if self._paused or self._trouble or (paused and idle):
            return "paused"
        return "idle" if idle else "working"

    def _said(self) -> Said:
        now, pauses, beside = self._progress, self.pauses(), self.beside()
        rate = now.rate if now.state == "analysing" else 0.0
        return Said(
            state=now.state if beside is None else beside.state,
            done=now.done,
            failed=now.failed,
            faces=now.faces,
            rate=rate if beside is None else beside.rate,
            held=self._held if beside is None else (*self._held, *beside.held),
            children=asdict(self._children.state()),
            breakers=[pause.as_json() for pause in pauses],
            message="; ".join(
                [*(pause.message for pause in pauses), *([now.message] if now.message else [])]
            ),
        )

    def _work(self, stop: Stop) -> None:
        while not stop():
            self.turned()
            self._claim()
            if not self._in_hand:
                return
            self._collect()
            if self._since_grouping >= GROUP_EVERY:
                self._group(stop)

    def _claim(self) -> None:
        """Take more in hand; a suspect only when nothing else is, and nothing else beside it."""
        room = 2 * self._children.count - len(self._in_hand)
        if not any(item.alone for item in self._in_hand.values()):
            if not self._waiting and room > 0:
                self._ctx = self._using.context()
                claimed = self._claiming.claim(self.presence.number, room)
                self._waiting.extend(sorted(claimed, key=lambda item: item.alone))
            self._hand_out()
        self._note_held()

    def _hand_out(self) -> None:
        while self._waiting and not (self._waiting[0].alone and self._in_hand):
            item = self._waiting[0]  # taken off only when a child has it: else it is given back
            asked = self._children.analyse(item.path, item.long_side, pack=self._ctx.pack.label)
            self._in_hand[asked] = item
            self._waiting.popleft()
            if item.alone:
                return

    def _note_held(self) -> None:
        # A value that is replaced whole: the presence reads it from another thread.
        held = (*self._in_hand.values(), *self._waiting)
        self._held = tuple((item.photo, item.token) for item in held)

    def _collect(self) -> None:
        self._look_ahead()
        finished, _ = wait(self._in_hand, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in finished:
            self._store(self._in_hand.pop(future), future)
        self._note_held()
        self._say(state="analysing")

    def _store(self, claimed: Claimed, future: Future[PhotoAnalysis]) -> None:
        try:
            analysis = future.result()
        except CancelledError:  # the children were sent home
            self._claiming.returned(claimed)
            analyse.give_back(self._ctx, [claimed])
        except PhotoFault as fault:
            self._failed(claimed, self._claiming.diagnosed(claimed, fault))
        else:
            self._claiming.worked(claimed)
            if self._recorded(claimed, analysis):
                self._count(done=1, faces=len(analysis.faces))

    def _failed(self, claimed: Claimed, fault: PhotoFault) -> None:
        log.info(
            "photo %d: %s: %s",
            claimed.photo,
            fault.failure.value,
            fault.message,
            extra={"photo": claimed.photo, "code": fault.failure.value},
        )
        self._claiming.failed(claimed, fault)
        self._last_error = f"photo {claimed.photo}: {fault.failure.value}: {fault.message}"
        if fault.failure is FailureCode.LIBRARY_OFFLINE and self._role != "worker":
            # Who scans says so for all, and sees it return. A worker elsewhere knows its own mount only.
            set_offline(self._ctx, claimed.library)
        analyse.record_failure(self._ctx, claimed, fault)
        if fault.failure is not FailureCode.LIBRARY_OFFLINE:
            self._count(failed=1)

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
        """Finish what a child has begun and give back what waits for one.

        Without a database both fail: then the leases end by themselves, and nobody is charged.
        """
        waiting = [future for future in self._in_hand if future.cancel()]
        untouched = [self._in_hand.pop(future) for future in waiting] + list(self._waiting)
        self._waiting.clear()
        begun = [(self._in_hand.pop(future), future) for future in wait(self._in_hand).done]
        self._note_held()
        analyse.give_back(self._ctx, untouched)
        for claimed, future in begun:
            self._store(claimed, future)

    def _look_at_boxes(self, stop: Stop) -> None:
        """What users drew or moved, and nobody could look at then."""

        def ending() -> bool:
            self.turned()
            return stop()

        if not self._paused:
            self._stale.look(ending)

    def _group(self, stop: Stop) -> None:
        self._since_grouping = 0
        self._say(state="grouping")
        run_asked(self._ctx, self._grouping, lambda: self._stops(stop))
        watch = Watch(self._grouping, lambda: self._stops(stop))
        for _ in range(STORE_TRIES):
            try:
                while not stop() and group_new_faces(self._ctx, watch).faces:
                    self.turned()
                    self._say(state="grouping")
                counting.count_left(self._ctx, lambda: self._stops(stop))
                return
            except Conflict as conflict:  # the user changed the same faces or people
                log.info("grouping gave way: %s", conflict.message)

    def _grouping(self, message: str) -> None:
        self.turned()
        self._say(state="grouping", message=message)

    def _stops(self, stop: Stop) -> bool:
        """Asked again and again while grouping computes: so it is not taken for dead."""
        self.turned()
        return stop()

    def _count(self, *, done: int = 0, failed: int = 0, faces: int = 0) -> None:
        now = self._progress
        self._finished.append(time.monotonic())
        self._last_success = time.time() if done else self._last_success
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
                self._queue, self._paused = steering.queue(reader), steering.control(reader).paused
            # Counting a million takes a second: never more than a small part of the time goes into it.
            now = time.monotonic()
            self._look_at = now + max(LOOK_EVERY_S, LOOK_SHARE * (now - began))

    def _say(self, *, state: State, message: str = "") -> None:
        self._progress = replace(self._progress, state=state, message=message)
        self._tell(self._progress)
