"""The background work of `facekeep serve`: scans that are asked for, photos that are due, people to group.

Two threads, each outliving a database that is away: one walks folders, one looks at photos.
"""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from facekeep.actions.context import Activity, Context, Renderer
from facekeep.actions.scan import scan_library
from facekeep.domain.errors import FacekeepError, LibraryOffline
from facekeep.library.walk import is_offline
from facekeep.store import libraries, listing
from facekeep.worker.analysing import Analyser, Progress
from facekeep.worker.children import Children

log = logging.getLogger(__name__)

IDLE_S = (
    5.0  # between looks at the queue when nobody wakes us: photos that are due again, other processes' scans
)
LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Paused:
    """Why a loop pauses, for the page."""

    message: str = ""


class Background:
    """Background threads over a context. A context manager; leaving it finishes what is in hand."""

    def __init__(self, ctx: Context, children: Children, painter: Renderer) -> None:
        self._stopping = threading.Event()
        self._scan_wanted, self._work_wanted = threading.Event(), threading.Event()
        self._walking: Path | None = None
        self._progress = Progress()
        self._paused = _Paused()
        # Actions done through this context wake the threads; what the page shows comes from them.
        self.context = replace(ctx, activity=self.activity, wake=self.wake, renderer=painter)
        self._analyser = Analyser(self.context, children, self._analysed)
        self._threads = [
            threading.Thread(target=self._loop, args=(step, wanted), name=name)
            for name, step, wanted in (
                ("scans", self._run_scans, self._scan_wanted),
                ("analysis", self._run_analysis, self._work_wanted),
            )
        ]

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
        progress, walking, paused = self._progress, self._walking, self._paused.message
        state = progress.state if progress.state != "idle" or walking is None else "scanning"
        return Activity(
            state="paused" if paused else state,
            photos_done=progress.done,
            faces_found=progress.faces,
            rate=progress.rate if state == "analysing" else 0.0,
            seconds_left=progress.seconds_left if state == "analysing" else None,
            message=paused,
        )

    def _loop(self, step: Callable[[], None], wanted: threading.Event) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            wanted.clear()
            if self._stopping.is_set():  # asked between the two lines above, and now cleared
                return
            try:
                step()
                self._paused, pause = _Paused(), 1.0
                wanted.wait(IDLE_S)
            except FacekeepError as error:  # the database or disk is away: wait for it, growing slower
                log.warning("%s; trying again in %.0f s", error.message, pause)
                self._paused = _Paused(error.message)
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _run_analysis(self) -> None:
        self._analyser.run(self._stopping.is_set)

    def _run_scans(self) -> None:
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
            if not is_offline(Path(os.fsdecode(row.root))):
                with self.context.database.write() as writer:
                    libraries.request_scan(writer, row.library)

    def _analysed(self, progress: Progress) -> None:
        self._progress = progress
