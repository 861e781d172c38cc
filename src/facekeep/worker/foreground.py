"""A scan that somebody waits for: walk the folders, look at what is due, until all is done or `stop`."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from facekeep.actions.context import Context
from facekeep.actions.libraries import add_library
from facekeep.actions.scan import ScanReport, scan_library
from facekeep.domain.errors import DatabaseAway, FacekeepError
from facekeep.store import libraries, photos
from facekeep.store.libraries import ScanCounts
from facekeep.worker.analysing import Analyser, Progress
from facekeep.worker.children import Children

POLL_S = 0.5

OUTAGE_S = 60.0
"""How long a scan waits for a database that does not answer; the server and workers wait without end."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ForegroundProgress:
    """The walk and the looking go on side by side. `walking` names the folder being walked, if any."""

    walking: Path | None
    counts: ScanCounts
    analysis: Progress
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: a report for each folder that could be walked, an error for each that could not."""

    reports: dict[Path, ScanReport]
    errors: dict[Path, FacekeepError]
    analysis: Progress
    stopped: bool


class Foreground:
    """One run over some folders."""

    def __init__(
        self,
        ctx: Context,
        children: Children,
        *,
        progress: Callable[[ForegroundProgress], None] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._ctx, self._tell = ctx, progress
        self._stop = threading.Event() if stop is None else stop
        self._now = ForegroundProgress(None, ScanCounts(), Progress())
        self._analyser = Analyser(ctx, children, self._analysed)
        self.snapshot = self._analyser.snapshot
        self._walked = threading.Event()
        self._before = ScanCounts()
        self._reports: dict[Path, ScanReport] = {}
        self._errors: dict[Path, FacekeepError] = {}

    def run(self, folders: Sequence[Path]) -> Outcome:
        """Add the folders as libraries, scan each, and look at every photo that is due.

        UsageError, before anything is done, when a folder is missing, a file, or not readable.
        """
        libraries = {folder: add_library(self._ctx, folder).library for folder in folders}
        with ThreadPoolExecutor(1, thread_name_prefix="walk") as walker:
            walking = walker.submit(self._walk_all, libraries)
            try:
                analysis = self._analyse_until_done()
            except BaseException:
                self._stop.set()
                raise
        walking.result()  # what went wrong there and was not foreseen is raised here
        return Outcome(self._reports, self._errors, analysis, self._stop.is_set())

    def _walk_all(self, libraries: dict[Path, int]) -> None:
        try:
            for folder, library in libraries.items():
                try:
                    self._outliving(partial(self._walk, folder, library))
                except FacekeepError as error:
                    self._errors[folder] = error
        finally:
            self._walked.set()

    def _walk(self, folder: Path, library: int) -> None:
        self._say(walking=folder)
        try:
            report = scan_library(self._ctx, library, progress=self._scanned, stop=self._stop.is_set)
            while report.outcome == "joined" and self._still_open(report.scan):
                self._say(note="another facekeep is scanning this folder; waiting for it")
                if not self._stop.wait(POLL_S) and self._still_open(report.scan):
                    # As long as the other lives, `joined` again; when it has died, its scan is ours.
                    report = scan_library(self._ctx, library, progress=self._scanned, stop=self._stop.is_set)
            self._reports[folder] = report
            self._before = _sum(self._before, report.counts)
        finally:
            self._say(walking=None, note="")

    def _still_open(self, scan: int) -> bool:
        with self._ctx.database.read() as reader:
            return not self._stop.is_set() and libraries.scan(reader, scan).state in ("queued", "running")

    def _analyse_until_done(self) -> Progress:
        while True:
            walked = self._walked.is_set()  # asked first: what the walk added last is then seen
            progress = self._outliving(lambda: self._analyser.run(self._stop.is_set))
            if self._stop.is_set() or (walked and not self._outliving(self._others_at_work)):
                return progress
            self._stop.wait(POLL_S)

    def _others_at_work(self) -> bool:
        with self._ctx.database.read() as reader:
            busy = photos.busy_count(reader)
        if self._analyser.paused:
            self._say(note="paused; `facekeep resume` goes on")
        else:
            self._say(note="waiting for another worker to finish" if busy and self._walked.is_set() else "")
        return busy > 0

    def _outliving(self, step: Callable[[], Result]) -> Result:
        """The step, begun anew while the database is away, for a while."""
        pause, away_since = POLL_S, None
        while True:
            began = time.monotonic()
            try:
                return step()
            except DatabaseAway as error:
                self._analyser.troubled(error.message)
                now = time.monotonic()
                away_since = began if away_since is None or now - began > OUTAGE_S else away_since
                if now - away_since > OUTAGE_S or self._stop.wait(pause):
                    raise
                self._say(note="the database does not answer; waiting for it")
                pause = min(2 * pause, 8.0)

    def _scanned(self, counts: ScanCounts) -> None:
        self._say(counts=_sum(self._before, counts))

    def _analysed(self, analysis: Progress) -> None:
        self._say(analysis=analysis)

    def _say(self, **changes: object) -> None:
        self._now = replace(self._now, **changes)  # type: ignore[arg-type]
        self._tell(self._now)


def _sum(one: ScanCounts, other: ScanCounts) -> ScanCounts:
    return ScanCounts(
        one.files_seen + other.files_seen,
        one.photos_new + other.photos_new,
        one.photos_changed + other.photos_changed,
        one.files_missing + other.files_missing,
        one.problems + other.problems,
    )
