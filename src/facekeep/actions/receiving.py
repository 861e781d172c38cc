"""The library that an import copies into: what it holds already, and how it takes a file in."""

# Paths are bytes here; pathlib knows only text.
# ruff: noqa: PTH116, PTH118
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from facekeep.actions.context import Context
from facekeep.actions.libraries import add_library
from facekeep.actions.scan import scan_library
from facekeep.domain.errors import Conflict, LibraryOffline
from facekeep.library import copying, walk
from facekeep.library.copying import Draft, Placed, Times
from facekeep.library.identity import display_path
from facekeep.store import imports, libraries, photos
from facekeep.store.database import Reader, Writer
from facekeep.store.photos import HashedFile

CONFLICT_TRIES = 3  # a scan may record the same content in the same moment


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What is to be copied, and where to. `own`: facekeep's own folders, which are left alone."""

    source: Path
    library: Path
    folder: str = ""
    dry_run: bool = False
    own: Sequence[Path] = ()

    @property
    def below(self) -> bytes:
        """The folder in the library, as bytes; empty for its root."""
        return b"/".join(part for part in os.fsencode(self.folder).split(b"/") if part not in (b"", b"."))


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of one file. Paths are relative to the source and to the library."""

    source: bytes
    outcome: Literal["copied", "there", "failed"]
    file: bytes | None = None
    size: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A photo on the device as it was listed. `path` is relative to the source."""

    path: bytes
    size: int
    media_type: str | None
    times: Times


def receiving_library(ctx: Context | None, job: ImportJob) -> "ReceivingLibrary":
    """The library, taken in if it is new; a dry run changes nothing. LibraryOffline."""
    if ctx is None:
        return ReceivingLibrary(None, job, None)
    with ctx.database.read() as reader:
        known = libraries.find(reader, os.path.realpath(os.fsencode(job.library)))
    if known is None and not job.dry_run:
        known = add_library(ctx, job.library).library
    return ReceivingLibrary(ctx, job, known)


class ReceivingLibrary:
    """The library that is copied into, as far as it is on record; nothing is, without a context."""

    def __init__(self, ctx: Context | None, job: ImportJob, number: int | None) -> None:
        self.source, self.root = (os.path.realpath(os.fsencode(path)) for path in (job.source, job.library))
        self.ctx = None if number is None else ctx
        self.number = -1 if number is None else number
        self.needs_scan = self._check_online(job)
        self._would: dict[bytes, bytes] = {}
        self._taken: set[bytes] = set()

    def _check_online(self, job: ImportJob) -> bool:
        """Whether what it holds has yet to be recorded. LibraryOffline."""
        if self.ctx is None:
            return False
        with self.ctx.database.read() as reader:
            had_photos = libraries.has_files(reader, self.number)
            scanned = imports.ever_scanned(reader, self.number)
        if walk.is_offline(job.library, had_photos=had_photos):
            raise LibraryOffline(
                f"{display_path(self.root)}: the library's folder is gone or empty",
                hint="Connect or mount its disk, then run it again. Nothing was copied.",
            )
        return not scanned and not job.dry_run

    def scan(self, stop: Callable[[], bool]) -> None:
        """Record what it holds, so that nothing is copied that is there under another name."""
        assert self.ctx is not None
        scan_library(self.ctx, self.number, stop=stop)

    def sizes(self, asked: Sequence[int]) -> set[int]:
        """Which of these sizes in bytes any photo on record has."""
        if self.ctx is None:
            return set()
        with self.ctx.database.read() as reader:
            return imports.sizes(reader, asked)

    def find(self, content: bytes) -> bytes | None:
        """Where it has that content, on the disk and not on record only; or would have, in a dry run."""
        if self.ctx is None or content in self._would:
            return self._would.get(content)
        with self.ctx.database.read() as reader:
            return self._held(reader, content)

    def _held(self, reader: Reader, content: bytes) -> bytes | None:
        held = imports.held(reader, self.number, content)
        return next((file.path for file in held if self.is_there(file.path, file.size, content)), None)

    def is_there(self, path: bytes, size: int, content: bytes) -> bool:
        """Whether the file at a path in the library has that content: read, not believed."""
        full = os.path.join(self.root, path)
        # Through a link, the library may show the device's own files: those are no copies.
        return not walk.within(os.path.realpath(full), self.source) and copying.holds(full, size, content)

    def claim(self, path: bytes, content: bytes) -> bool:
        """In a dry run: whether the name is free, now taken."""
        if path in self._taken:
            return False
        self._would[content] = path
        self._taken.add(path)
        return True

    def put(self, file: Listed, draft: Draft, folder: bytes, name: bytes, content: bytes) -> ImportedFile:
        """Give the copy its name and record it, in one step as other imports see it."""
        assert self.ctx is not None
        for attempt in range(CONFLICT_TRIES):
            try:
                with self.ctx.database.write() as writer:
                    imports.be_alone(writer, self.number)
                    put = self._put(writer, file, draft, folder, name, content)
                break
            except Conflict:
                if attempt == CONFLICT_TRIES - 1:
                    raise
        self.ctx.wake()
        return put

    def _put(
        self, writer: Writer, file: Listed, draft: Draft, folder: bytes, wanted: bytes, content: bytes
    ) -> ImportedFile:
        held = self._held(writer, content) if draft.placed is None else None
        if held is not None:  # another import was quicker
            return ImportedFile(file.path, "there", held, file.size)
        for name in copying.names(wanted):
            path = os.path.join(folder, name)
            on_record = imports.content_at(writer, self.number, path)
            if on_record not in (None, content):  # its file is away; it is not forgotten for another's sake
                continue
            # Tried again after a conflict, the copy has its name already.
            placed = draft.placed == name or draft.place(name)
            if placed or self.is_there(path, file.size, content):
                self._record(writer, path, draft.state() if placed else None, file, content)
                return ImportedFile(file.path, "copied" if placed else "there", path, file.size)
        raise AssertionError("names never end")

    def _record(
        self, writer: Writer, path: bytes, placed: Placed | None, file: Listed, content: bytes
    ) -> None:
        if placed is None:
            status = os.stat(os.path.join(self.root, path))
            placed = Placed(status.st_size, status.st_mtime_ns)
        row = HashedFile(path, placed.size, placed.mtime_ns, content, file.media_type)
        scan = imports.open_scan(writer, self.number)
        libraries.set_online(writer, self.number, True)
        photos.put_file(writer, self.number, scan, row, None)
