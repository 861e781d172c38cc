"""Scanning a library: what is on the disk becomes photos and files in the database.

Resumable at any point, because every batch is one transaction and a file on record is not read again.
Incremental by size and modification time. Only a complete walk of an online root marks files as missing.
Edited files come last: only when every new file is on record is it known whether what was in an edited file
has moved elsewhere (`a.jpg` renamed, and another photo put in its place), and so whose photo it is.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from facekeep.actions.context import Context
from facekeep.domain.errors import Conflict, FacekeepError, FailureCode, LibraryOffline, PhotoFault
from facekeep.library import identity, walk
from facekeep.library.walk import FoundFile, WalkProblem
from facekeep.store import libraries, photos
from facekeep.store.database import Writer
from facekeep.store.libraries import ScanCounts
from facekeep.store.photos import HashedFile, KnownFile

SCAN_LOCK = 4_201_002  # advisory lock space: one scan of a library at a time, over all processes

BATCH = 200  # files a transaction: a killed scan repeats at most the hashing of these

EDITED_AT_ONCE = (
    20_000  # edited files kept for the end, some ten megabytes; with more, the first go in before
)

CONFLICT_TRIES = 3  # two libraries scanned at once may record one content in the same moment

HASHERS = 2  # hashing is bound by the disk; two keep it busy while the other waits

Progress = Callable[[ScanCounts], None]
Stop = Callable[[], bool]
Outcome = Literal["done", "stopped", "joined"]
Later = dict[int, list[int]]
"""For an edited file: the other edited files of its photo that are recorded after it."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """How a scan ended. `joined`: another process was scanning this library."""

    outcome: Outcome
    scan: int
    counts: ScanCounts


@dataclass(frozen=True, slots=True)
class Hashed:
    """A new or changed file, read; or why it could not be."""

    file: HashedFile | WalkProblem
    known: KnownFile | None

    @property
    def edited(self) -> bool:
        """A file on record with other content now."""
        return self.known is not None and isinstance(self.file, HashedFile)


def never() -> bool:
    """Do not stop."""
    return False


def untold(_: ScanCounts) -> None:
    """Tell nobody."""


def scan_library(
    ctx: Context, library_id: int, *, progress: Progress = untold, stop: Stop = never
) -> ScanReport:
    """Walk one library and record what is there.

    When another process is scanning it, returns `joined` at once. Raises LibraryOffline when the root is
    gone or suddenly empty: then nothing is marked missing. NotFound for an unknown library.
    """
    with ctx.database.write() as writer:
        root = Path(os.fsdecode(libraries.root(writer, library_id)))
        scan = libraries.request_scan(writer, library_id)
    with ctx.database.hold(SCAN_LOCK, library_id) as ours:
        if not ours:
            return ScanReport("joined", scan, ScanCounts())
        with ctx.database.write() as writer:
            started = libraries.start_scan(writer, scan)
        if not started:  # stopped, or done by somebody else, between asking and holding the lock
            return ScanReport("joined", scan, ScanCounts())
        return _Scan(ctx, library_id, root, scan, progress, stop).run()


class _Scan:
    def __init__(
        self, ctx: Context, library: int, root: Path, scan: int, progress: Progress, stop: Stop
    ) -> None:
        self.ctx, self.library, self.root, self.scan = ctx, library, root, scan
        self.progress, self.stop = progress, stop
        self.counts = ScanCounts()
        self.stopped = False
        self.edited: list[Hashed] = []
        self.known = _KnownFiles(ctx, library)

    def run(self) -> ScanReport:
        with self._ended_whatever_happens():
            self._check_online()
            with ThreadPoolExecutor(HASHERS, thread_name_prefix="hash") as pool:
                for batch in _batches(self._found(), BATCH):
                    self._record(list(pool.map(self._read, batch)))
                    if self.stopped or self.stop():
                        self.stopped = True
                        break
            return self._end()

    @contextmanager
    def _ended_whatever_happens(self) -> Iterator[None]:
        try:
            yield
        except FacekeepError as error:
            with self.ctx.database.write() as writer:
                if isinstance(error, LibraryOffline):
                    libraries.set_online(writer, self.library, False)
                libraries.end_scan(writer, self.scan, "failed", self.counts, error.message)
            raise

    def _check_online(self) -> None:
        with self.ctx.database.read() as reader:
            had_photos = libraries.has_files(reader, self.library)
        if walk.is_offline(self.root, had_photos=had_photos):
            raise LibraryOffline(
                f"{identity.display_path(os.fsencode(self.root))}: the folder is gone, empty or unreadable",
                hint="Connect or mount its disk, then scan again. Nothing was marked as missing.",
            )
        with self.ctx.database.write() as writer:
            libraries.set_online(writer, self.library, True)

    def _found(self) -> Iterator[FoundFile | WalkProblem]:
        own = (self.ctx.home, self.ctx.cache_folder, self.ctx.models_folder)
        return walk.walk(self.root, skip=own, known=self.known.size_and_time, stop=self.stop)

    def _read(self, found: FoundFile | WalkProblem) -> Hashed | KnownFile:
        if isinstance(found, WalkProblem):
            return Hashed(found, None)
        known = self.known.get(found.path)
        if found.unchanged and known is not None:
            return known
        path = os.path.join(os.fsencode(self.root), found.path)  # noqa: PTH118 - bytes
        try:
            digest = identity.content_hash(path)
        except PhotoFault as fault:
            return Hashed(WalkProblem(found.path, fault.failure, fault.message), known)
        file = HashedFile(found.path, found.size, found.mtime_ns, digest, found.media_type)
        return Hashed(file, known)

    def _record(self, batch: list[Hashed | KnownFile]) -> None:
        unchanged = [item.id for item in batch if isinstance(item, KnownFile)]
        read = [item for item in batch if isinstance(item, Hashed)]
        new = [item for item in read if not item.edited]
        self.edited += [item for item in read if item.edited]
        # In one order, so that two scans adding the same contents cannot wait for each other for ever.
        self._write(sorted(new, key=_by_content), unchanged, seen=len(batch))
        if len(self.edited) >= EDITED_AT_ONCE:
            self._record_edited()

    def _record_edited(self) -> None:
        edited, self.edited = sorted(self.edited, key=_by_content), []
        later = _edited_later(edited)
        for start in range(0, len(edited), BATCH):
            self._write(edited[start : start + BATCH], [], later=later)

    def _write(
        self, read: list[Hashed], unchanged: list[int], *, seen: int = 0, later: Later | None = None
    ) -> None:
        """One transaction."""
        for attempt in range(CONFLICT_TRIES):
            try:
                with self.ctx.database.write() as writer:
                    photos.mark_seen(writer, self.scan, unchanged)
                    outcomes = [self._put(writer, item, later) for item in read]
                    counts = _added(self.counts, seen, outcomes)
                    going = libraries.scan_progress(writer, self.scan, counts)
                break
            except Conflict:
                if attempt == CONFLICT_TRIES - 1:
                    raise
        self.counts, self.stopped = counts, not going
        self.progress(self.counts)
        self.ctx.wake()

    def _put(self, writer: Writer, item: Hashed, later: Later | None) -> str:
        if isinstance(item.file, HashedFile):
            edited = later[item.known.id] if later is not None and item.known is not None else ()
            return photos.put_file(writer, self.library, self.scan, item.file, item.known, edited=edited)
        problem = item.file
        if problem.code is FailureCode.MISSING_FILE:  # vanished between the listing and the reading
            return "gone"
        photos.put_problem(writer, self.library, self.scan, problem.path, problem.code, problem.message)
        return "problem"

    def _end(self) -> ScanReport:
        outcome: Literal["done", "stopped"] = "stopped" if self.stopped or self.stop() else "done"
        if outcome == "done":  # after an interrupted walk they are read again the next time
            self._record_edited()
        with self.ctx.database.write() as writer:
            if outcome == "done":
                missing = photos.finish_walk(writer, self.library, self.scan)
                self.counts = replace(self.counts, files_missing=missing)
            libraries.end_scan(writer, self.scan, outcome, self.counts)
        self.progress(self.counts)
        return ScanReport(outcome, self.scan, self.counts)


class _KnownFiles:
    """What is on record, a folder at a time, in the order of the walk: memory of the two latest folders."""

    def __init__(self, ctx: Context, library: int) -> None:
        self.ctx, self.library = ctx, library
        self._folders: dict[bytes, dict[bytes, KnownFile]] = {}

    def get(self, path: bytes) -> KnownFile | None:
        folder = path.rpartition(b"/")[0]
        files = self._folders.get(folder)
        if files is None:
            with self.ctx.database.read() as reader:
                files = photos.files_in(reader, self.library, folder)
            # A batch may hold the tail of one folder and many small ones; keep enough for one batch.
            while len(self._folders) >= BATCH:
                self._folders.pop(next(iter(self._folders)), None)
            self._folders[folder] = files
        return files.get(path)

    def size_and_time(self, path: bytes) -> tuple[int, int] | None:
        known = self.get(path)
        return None if known is None else (known.size_bytes, known.mtime_ns)


def _batches(found: Iterator[FoundFile | WalkProblem], size: int) -> Iterator[list[FoundFile | WalkProblem]]:
    while batch := list(islice(found, size)):
        yield batch


def _by_content(item: Hashed) -> bytes:
    return item.file.hash if isinstance(item.file, HashedFile) else b""


def _edited_later(edited: Sequence[Hashed]) -> Later:
    later: Later = {}
    of_photo: defaultdict[int, list[int]] = defaultdict(list)
    for item in reversed(edited):
        if item.known is not None:
            later[item.known.id] = list(of_photo[item.known.photo_id])
            of_photo[item.known.photo_id].append(item.known.id)
    return later


def _added(counts: ScanCounts, seen: int, outcomes: list[str]) -> ScanCounts:
    return replace(
        counts,
        files_seen=counts.files_seen + seen - outcomes.count("gone"),
        photos_new=counts.photos_new + outcomes.count("new"),
        photos_changed=counts.photos_changed + outcomes.count("changed"),
        problems=counts.problems + outcomes.count("problem"),
    )
