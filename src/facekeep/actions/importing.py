"""Importing photos from a mounted device: copied into a library, proven, on record at once, never twice.

Each file is a step of its own: read, written under a hidden name, read back, given its name and recorded; the
last two under a lock that only imports take. Killed at any point, the next run finds what was done: on
record, or by content where the name was given and the record was not.
"""

# Paths are bytes here; pathlib knows only text.
# ruff: noqa: PTH116, PTH117, PTH118, PTH119, PTH121
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, Literal

from facekeep.actions.context import Context
from facekeep.actions.receiving import ImportedFile, ImportJob, Listed, receiving_library
from facekeep.domain import media
from facekeep.domain.errors import EnvironmentFault, LibraryOffline, PhotoFault, StorageFault, UsageError
from facekeep.library import copying, rules, walk
from facekeep.library.copying import Draft, Times
from facekeep.library.device import Device
from facekeep.library.identity import display_path
from facekeep.library.walk import FoundFile, WalkProblem

BATCH = 200  # files whose sizes are asked for at once

SPOOL_BYTES = 8 * 2**20  # of the list of what is on the device that stay in memory

Stage = Literal["looking", "recording", "copying"]
Outcome = Literal["done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How far it is. `files` and `size` (bytes) are what the device holds; known once `looking` is over."""

    stage: Stage = "looking"
    files: int = 0
    size: int = 0
    size_done: int = 0
    copied: int = 0
    size_copied: int = 0
    renamed: int = 0
    there: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """Files that are settled, one way or another."""
        return self.copied + self.there + self.failed


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How it ended. `others`: files that are no photos, by name ending. `links`: those that lead elsewhere.

    `cleared`: half-made copies of killed imports. `fault`: what stopped it, if anything did.
    """

    outcome: Outcome
    counts: ImportCounts
    others: Mapping[str, int]
    links: int
    cleared: int
    fault: EnvironmentFault | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told, and who may end it."""

    progress: Callable[[ImportCounts], None] = lambda _counts: None
    file: Callable[[ImportedFile], None] = lambda _file: None
    stop: Callable[[], bool] = lambda: False


class _Stopped(Exception):
    """The user said so, in the middle of a file."""


def import_files(ctx: Context | None, job: ImportJob, watch: Watch | None = None) -> ImportReport:
    """Copy every photo of the source that the library has not by content. Nothing is ever overwritten.

    Without a context (a dry run before anything was stored) nothing is known to be there already. Raises
    UsageError for folders that cannot be used, LibraryOffline when one of them is away at the start; what
    goes wrong later is in the report, with what was done until then.
    """
    check_job(job)
    return _Import(ctx, job, Watch() if watch is None else watch).run()


def check_job(job: ImportJob) -> None:
    """UsageError when the folders cannot be used; LibraryOffline when the source is away or shows nothing."""
    for folder in (job.source, job.library):
        walk.check_root(folder, own=job.own)
    source, library = (os.path.realpath(os.fsencode(path)) for path in (job.source, job.library))
    if walk.within(source, library) or walk.within(library, source) or os.path.samefile(source, library):
        raise UsageError(
            f"{display_path(source)} and {display_path(library)}: one is inside the other",
            hint="Photos that are in the library already are not imported; scan it instead.",
        )
    _check_folder(job, source)
    if not os.listdir(source):
        raise LibraryOffline(
            f"{display_path(source)}: nothing is in it",
            hint="Unlock the phone, or check the card and its mount.",
        )


def _check_folder(job: ImportJob, source: bytes) -> None:
    parts = job.below.split(b"/") if job.below else []
    if os.path.isabs(job.folder) or b".." in parts:
        raise UsageError(
            f"{job.folder}: not a folder inside the library", hint="Give a name such as 2024/Rome."
        )
    for part in parts:
        why = rules.skip_by_name(part, b"")
        if why is not None:
            raise UsageError(
                f"{job.folder}: a scan would not look into it ({why})", hint="Give another name."
            )
    target = os.path.realpath(os.path.join(os.fsencode(job.library), job.below))
    own = (os.path.realpath(os.fsencode(path)) for path in job.own)
    if walk.within(target, source) or any(walk.within(target, path) for path in own):
        raise UsageError(f"{job.folder}: it leads out of the library", hint="Give another name.")


class _Import:
    def __init__(self, ctx: Context | None, job: ImportJob, watch: Watch) -> None:
        self.job, self.watch = job, watch
        self.source, self.root = (os.path.realpath(os.fsencode(path)) for path in (job.source, job.library))
        self.device, self.disk = Device(job.source), Device(job.library)
        self.library = receiving_library(ctx, job)
        self.counts = ImportCounts()
        self.others: Counter[str] = Counter()
        self.links = self.cleared = 0

    def run(self) -> ImportReport:
        fault: EnvironmentFault | None = None
        outcome: Outcome = "done"
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES, "w+", encoding="ascii") as spool:
            try:
                self._prepare()
                self._look(spool)
                self._copy_all(spool)
            except _Stopped:
                outcome = "stopped"
            except EnvironmentFault as error:
                outcome, fault = "failed", error
        return ImportReport(outcome, self.counts, self.others, self.links, self.cleared, fault)

    def _prepare(self) -> None:
        if self.library.needs_scan:
            self._tell(replace(self.counts, stage="recording"))
            self.library.scan(self.watch.stop)
            self._go_on()
        if not self.job.dry_run:
            self.cleared = copying.clear_leftovers(self.root, self.job.below)

    def _look(self, spool: IO[str]) -> None:
        """List what is on the device, so that it is known how much there is to do."""
        self._tell(replace(self.counts, stage="looking"))
        times = _TimesSeen(self.source)
        found = walk.walk(
            self.job.source,
            skip=self.job.own,
            known=times.see,
            stop=self.watch.stop,
            on_skip=self._skipped,
            on_other=self._other,
            leave=False,
        )
        for item in found:
            if isinstance(item, WalkProblem):
                self._unlisted(item)
            else:
                spool.write(_line(item, times.atime_ns))
                self._tell(
                    replace(self.counts, files=self.counts.files + 1, size=self.counts.size + item.size)
                )
        self._go_on()

    def _copy_all(self, spool: IO[str]) -> None:
        spool.seek(0)
        self._tell(replace(self.counts, stage="copying"))
        while lines := list(islice(spool, BATCH)):
            files = [_found(line) for line in lines]
            known = self.library.sizes([file.size for file in files])
            for file in files:
                self._go_on()
                self._one(file, file.size in known)

    def _one(self, file: "Listed", may_be_there: bool) -> None:
        before = self.counts.size_done
        try:
            done = self._settled(file, may_be_there)
            self.device.answered(os.path.join(self.source, file.path))
            self._tell(_added(self.counts, done, before + file.size))
            self.watch.file(done)
        except PhotoFault as fault:
            self._failed(file.path, fault)
            self._tell(replace(self.counts, size_done=before + file.size))

    def _settled(self, file: "Listed", may_be_there: bool) -> ImportedFile:
        path = os.path.join(self.source, file.path)
        if may_be_there or self.job.dry_run:
            content = copying.content_hash(path, self._told)
            there = self.library.find(content)
            if there is not None:
                return ImportedFile(file.path, "there", there, file.size)
            self._tell(replace(self.counts, size_done=self.counts.size_done - file.size))
            if self.job.dry_run:
                return self._would_copy(file, content)
        return self._copied(file, path)

    def _copied(self, file: "Listed", path: bytes) -> ImportedFile:
        target, name = _target(self.job, file)
        folder = os.path.join(self.root, target)
        self._check_target(folder)
        made = copying.make_folder(self.root, target)
        try:
            with Draft(folder) as draft:
                content = draft.fill(path, file.times, self._told)
                return self.library.put(file, draft, target, name, content)
        finally:
            copying.drop_empty(made)

    def _would_copy(self, file: "Listed", content: bytes) -> ImportedFile:
        target, wanted = _target(self.job, file)
        for name in copying.names(wanted):
            path = os.path.join(self.root, target, name)
            if self.library.is_there(os.path.join(target, name), file.size, content):
                return ImportedFile(file.path, "there", os.path.join(target, name), file.size)
            if not os.path.lexists(path) and self.library.claim(os.path.join(target, name), content):
                return ImportedFile(file.path, "copied", os.path.join(target, name), file.size)
        raise AssertionError("names never end")

    def _check_target(self, folder: bytes) -> None:
        """A link in the library may lead anywhere; the device and our own folders are never written to."""
        if self.disk.is_replaced():
            raise StorageFault(
                f"{display_path(self.root)}: the library's disk has gone away",
                hint="Connect or mount it, then run the same command: what was copied is not copied again.",
            )
        real = os.path.realpath(folder)
        for path in (self.source, *(os.path.realpath(os.fsencode(own)) for own in self.job.own)):
            if walk.within(real, path):
                raise StorageFault(
                    f"{display_path(folder)}: a link that leads out of the library",
                    hint="Remove that link, or import into another --folder.",
                )

    def _failed(self, path: bytes, fault: PhotoFault) -> None:
        """Report a file; raises LibraryOffline when it failed because the device is gone."""
        self.device.failed(fault)
        self._tell(replace(self.counts, failed=self.counts.failed + 1))
        self.watch.file(ImportedFile(path, "failed", message=fault.message))

    def _unlisted(self, problem: WalkProblem) -> None:
        """A file or folder that could not even be looked at."""
        self.device.listed(PhotoFault(problem.code, problem.message))
        self._tell(replace(self.counts, files=self.counts.files + 1, failed=self.counts.failed + 1))
        self.watch.file(ImportedFile(problem.path, "failed", message=problem.message))

    def _told(self, count: int) -> None:
        self._go_on()
        self._tell(replace(self.counts, size_done=self.counts.size_done + count))

    def _tell(self, counts: ImportCounts) -> None:
        self.counts = counts
        self.watch.progress(counts)

    def _go_on(self) -> None:
        if self.watch.stop():
            raise _Stopped

    def _skipped(self, _path: bytes, why: str) -> None:
        if why == walk.LEADS_ELSEWHERE:
            self.links += 1

    def _other(self, path: bytes) -> None:
        ending = media.ending(os.path.basename(path))
        # The endings that are known and the commonest of the others: a bounded number of names.
        name = ending if ending in self.others or len(self.others) < 100 else ""
        self.others[name] += 1


@dataclass(slots=True)
class _TimesSeen:
    """The access time of the file met last: the walk asks of each before it opens it, which changes that."""

    source: bytes
    atime_ns: int = field(default=0)

    def see(self, path: bytes) -> None:
        self.atime_ns = os.stat(os.path.join(self.source, path)).st_atime_ns


def _line(file: FoundFile, atime_ns: int) -> str:
    # Latin-1 maps each byte to one character, whatever the names are; JSON makes one line of it.
    fields = [file.path.decode("latin-1"), file.size, file.media_type, atime_ns, file.mtime_ns]
    return json.dumps(fields) + "\n"


def _found(line: str) -> Listed:
    path, size, media_type, atime_ns, mtime_ns = json.loads(line)
    return Listed(path.encode("latin-1"), size, media_type, Times(atime_ns, mtime_ns))


def _target(job: ImportJob, file: Listed) -> tuple[bytes, bytes]:
    """Folder in the library, and name."""
    folder, _, name = file.path.rpartition(b"/")
    return b"/".join(part for part in (job.below, folder) if part), name


def _added(counts: ImportCounts, file: ImportedFile, size_done: int) -> ImportCounts:
    if file.outcome != "copied" or file.file is None:
        return replace(counts, size_done=size_done, there=counts.there + 1)
    renamed = os.path.basename(file.file) != os.path.basename(file.source)
    return replace(
        counts,
        size_done=size_done,
        copied=counts.copied + 1,
        size_copied=counts.size_copied + file.size,
        renamed=counts.renamed + renamed,
    )
