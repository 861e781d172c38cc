"""The background work of `facekeep serve` and `facekeep worker`: folders to scan, photos to look at.

Each thread outlives a database that is away: one walks folders (not in a mere worker), one looks at photos.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from facekeep.actions import forgetting, review
from facekeep.actions.context import Activity, Context, Painter
from facekeep.actions.scan import scan_library
from facekeep.domain.errors import FacekeepError, LibraryOffline
from facekeep.library.mounts import Mounts
from facekeep.store import libraries, listing
from facekeep.worker.analysing import Analyser, Progress
from facekeep.worker.children import Children
from facekeep.worker.presence import Role
from facekeep.worker.reembedding import Reembedder

log = logging.getLogger(__name__)

IDLE_S = (
    5.0  # between looks at the queue when nobody wakes us: photos that are due again, other processes' scans
)
QUIET_S = 0.3
"""Who decides one thing after the other is not held up: what follows from it waits for so long a gap."""

LONGEST_BURST_S = 10.0
"""But no longer than this."""

LONGEST_PAUSE_S = 60.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Paused:
    """Why a loop pauses, for the page."""

    message: str = ""


class Background:
    """Background threads over a context. A context manager; leaving it finishes what is in hand."""

    def __init__(
        self,
        ctx: Context,
        children: Children,
        painter: Painter | None,
        *,
        role: Role = "serve",
    ) -> None:
        self._stopping = threading.Event()
        self._scan_wanted, self._work_wanted = threading.Event(), threading.Event()
        self._walking: Path | None = None
        self._progress = Progress()
        self._paused = _Paused()
        self._mounts = Mounts()
        self._expiry_due = 0.0  # at once; then daily
        # Actions done through this context wake the threads; what the page shows comes from them.
        self.context = replace(ctx, activity=self.activity, wake=self.wake, renderer=painter, looker=painter)
        self._analyser = Analyser(self.context, children, self._analysed, role=role)
        self._reembedder = Reembedder(self.context, children, lambda: self._analyser.presence.number)
        self._analyser.beside = self._reembedder.beside
        self.snapshot = self._analyser.snapshot
        self._threads = [threading.Thread(target=self._look_at_photos, name="analysis")]
        if role == "serve":
            self._threads.append(threading.Thread(target=self._walk_folders, name="scans"))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Ask both threads to end."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """There may be something to do."""
        self._scan_wanted.set()
        self._work_wanted.set()

    def activity(self) -> Activity:
        """What is going on now."""
        progress, walking = self._progress, self._walking
        held_up = self._paused.message if self._paused.message else self._held_up()
        message = held_up if held_up else progress.message
        state = progress.state if progress.state != "idle" or walking is None else "scanning"
        return Activity(
            state="paused" if held_up and progress.state == "idle" else state,
            photos_done=progress.done,
            faces_found=progress.faces,
            rate=progress.rate if state == "analysing" else 0.0,
            seconds_left=progress.seconds_left if state == "analysing" else None,
            message=message,
        )

    def _held_up(self) -> str:
        if self._analyser.paused:
            return "paused; resume to go on"
        held_up = [pause.message for pause in self._analyser.pauses()]
        resting = self._reembedder.said.message
        return "; ".join([*held_up, resting] if resting else held_up)

    def _look_at_photos(self) -> None:
        self._keep(self._run_analysis, self._work_wanted)

    def _walk_folders(self) -> None:
        self._keep(self._run_scans, self._scan_wanted)

    def _keep(self, work: Callable[[threading.Event], None], wanted: threading.Event) -> None:
        """Outlive the database and the disk: begin anew, after pauses that grow while they are away."""
        pause = 1.0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                work(wanted)
            except FacekeepError as error:
                pause = 1.0 if time.monotonic() - began > LONGEST_PAUSE_S else pause
                log.warning("%s; trying again in %.0f s", error.message, pause)
                self._paused = _Paused(error.message)
                self._analyser.troubled(error.message, turned=wanted is self._work_wanted)
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _turns(self, wanted: threading.Event) -> Iterator[None]:
        """One turn at once, then one whenever something is wanted, and every few seconds."""
        while not self._stopping.is_set():
            wanted.clear()
            if self._stopping.is_set():  # asked between the two lines above, and now cleared
                return
            yield
            self._paused = _Paused()
            if wanted.wait(IDLE_S):
                self._wait_for_a_gap(wanted)

    def _wait_for_a_gap(self, wanted: threading.Event) -> None:
        end = time.monotonic() + LONGEST_BURST_S
        while wanted.is_set() and not self._stopping.is_set() and time.monotonic() < end:
            wanted.clear()
            wanted.wait(QUIET_S)

    def _run_analysis(self, wanted: threading.Event) -> None:
        wiper = forgetting.Wiper(self.context)
        with self._analyser.presence:  # also while idle: others see that this worker lives
            for _ in self._turns(wanted):
                wiper.turn()
                self._analyser.run(self._stopping.is_set)
                if self._reembedder.run(self._stopping.is_set):
                    wanted.set()  # there is more of it: the next turn begins at once
                self._analyser.turned()

    def _run_scans(self, wanted: threading.Event) -> None:
        for _ in self._turns(wanted):
            self._expire_daily()
            self._scan_what_is_asked_for()

    def _expire_daily(self) -> None:
        if time.monotonic() >= self._expiry_due:
            review.expire(self.context)
            self._expiry_due = time.monotonic() + DAY_S

    def _scan_what_is_asked_for(self) -> None:
        self._look_for_returned()
        with self.context.database.read() as reader:
            queue = libraries.open_scans(reader)
        for library in queue:
            if not self._stopping.is_set():
                self._scan(library)

    def _scan(self, library: int) -> None:
        with self.context.database.read() as reader:
            self._walking = Path(os.fsdecode(libraries.root(reader, library)))
        try:
            scan_library(self.context, library, stop=self._stopping.is_set)
        except LibraryOffline as error:
            log.warning("%s", error.message)  # recorded with the scan; the library waits, nothing is charged
        finally:
            self._walking = None
            self._work_wanted.set()

    def _look_for_returned(self) -> None:
        """A library whose mount is back is scanned without being asked."""
        with self.context.database.read() as reader:
            away = [row for row in listing.libraries(reader) if not row.online]
        for row in away:
            if not self._mounts.is_away(Path(os.fsdecode(row.root))):
                with self.context.database.write() as writer:
                    libraries.request_scan(writer, row.library)

    def _analysed(self, progress: Progress) -> None:
        self._progress = progress
