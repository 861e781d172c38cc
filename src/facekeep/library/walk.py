"""Walking a photo folder: every file that is, or claims to be, a photo, as a stream.

Names are bytes throughout, for not all of them are text. Order is by name within a folder, files before
subfolders, so two walks of the same tree agree. Memory is bounded by the largest single folder.
"""

# Paths are bytes here; pathlib knows only text.
# ruff: noqa: PTH113, PTH114, PTH116, PTH118, PTH119
import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from facekeep.domain import media
from facekeep.domain.errors import FailureCode, LibraryOffline, UsageError
from facekeep.domain.osfaults import failure_of
from facekeep.library import rules
from facekeep.library.identity import display_path
from facekeep.library.sniff import sniff

Known = Callable[[bytes], tuple[int, int] | None]
"""Given a path relative to the root: the size and mtime_ns on record, None for a file never seen."""

LEADS_ELSEWHERE = "a link that leads elsewhere"
"""Why a link was left alone by a walk that does not leave its root."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is a photo by its content or claims to be one by its name."""

    path: bytes
    """Relative to the root, as the file system spells it (`os.fsencode`)."""
    size: int
    mtime_ns: int
    media_type: str | None
    """By content; None when it is no supported picture, and for an unchanged file, which is not opened."""
    unchanged: bool = False
    """Size and time are those on record."""


@dataclass(frozen=True, slots=True)
class WalkProblem:
    """A folder or a photo file that could not be looked at. The walk goes on."""

    path: bytes
    code: FailureCode
    message: str


def check_root(root: Path, *, own: Sequence[Path] = ()) -> None:
    """Raise UsageError unless `root` is a folder that can be listed and is not full of derived pictures.

    `own`: facekeep's own folders, none of which may be scanned. Nothing is created or changed.
    """
    shown = display_path(os.fsencode(root))
    try:
        with os.scandir(root):
            pass
    except FileNotFoundError as error:
        hint = "check the spelling, and that its disk is connected and mounted"
        raise UsageError(f"{shown}: no such folder", hint=hint) from error
    except NotADirectoryError as error:
        raise UsageError(f"{shown}: is a file, not a folder", hint="give the folder that it is in") from error
    except PermissionError as error:
        hint = "give the user that runs facekeep the right to read and enter it"
        raise UsageError(f"{shown}: cannot be read: permission denied", hint=hint) from error
    except OSError as error:
        code, why = failure_of(error)
        fault = LibraryOffline if code is FailureCode.LIBRARY_OFFLINE else UsageError
        raise fault(f"{shown}: cannot be read: {why}", hint="check its disk or network share") from error
    _refuse_derived(root, shown, own)


def is_offline(root: Path, *, had_photos: bool = True) -> bool:
    """Whether a library is away: its root is gone, cannot be listed, or shows nothing though it had photos.

    An unmounted disk leaves an empty mount point behind; hidden entries do not count, it may hold some.
    """
    try:
        with os.scandir(os.fsencode(root)) as entries:
            return had_photos and all(entry.name.startswith(b".") for entry in entries)
    except OSError:
        return True


def walk(
    root: Path,
    *,
    skip: Sequence[Path] = (),
    known: Known = lambda _path: None,
    stop: Callable[[], bool] = lambda: False,
    on_skip: Callable[[bytes, str], None] = lambda _path, _why: None,
    on_other: Callable[[bytes], None] = lambda _path: None,
    leave: bool = True,
) -> Iterator[FoundFile | WalkProblem]:
    """Every candidate photo below `root`, and every folder or file that could not be looked at.

    A candidate has a photo's name ending, whatever it holds, or an unknown ending and a picture's content.
    Links to files are followed; links to folders outside the root once, never in circles. `skip` names
    folders not to enter; `on_skip` is told of each folder left out and why, `on_other` of each file that is
    no photo. Without `leave`, no link out of the root is followed. Raises LibraryOffline when the root is
    gone.
    """
    return _Walker(os.fsencode(root), known, stop, on_skip, on_other, leave).run(skip)


@dataclass(slots=True)
class _Listing:
    files: list[bytes] = field(default_factory=list)
    folders: list[bytes] = field(default_factory=list)
    markers: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class _Walker:
    root: bytes
    known: Known
    stop: Callable[[], bool]
    on_skip: Callable[[bytes, str], None]
    on_other: Callable[[bytes], None]
    leave: bool
    visited: set[tuple[int, int]] = field(default_factory=set)
    own: set[tuple[int, int]] = field(default_factory=set)
    real_root: bytes = b""

    def run(self, skip: Sequence[Path]) -> Iterator[FoundFile | WalkProblem]:
        self.real_root = os.path.realpath(self.root)
        self.own = {found for path in skip if (found := _identity(os.fsencode(path))) is not None}
        # A stack, not recursion: a tree may be deeper than the interpreter's limit.
        waiting = [b""]
        while waiting and not self.stop():
            folder = waiting.pop()
            below: list[bytes] = []
            yield from self._folder(folder, below)
            waiting.extend(reversed(below))

    def _folder(self, folder: bytes, below: list[bytes]) -> Iterator[FoundFile | WalkProblem]:
        try:
            if not self._enter(folder):
                return
            listing = self._list(folder)
        except OSError as error:
            yield from self._folder_problem(folder, error)
            return
        why = self._left_out(folder, listing)
        if why is not None:
            self.on_skip(folder, why)
            return
        for name in listing.files:
            if self.stop():
                return
            yield from self._file(_join(folder, name))
        below.extend(self._below(folder, listing.folders))

    def _enter(self, folder: bytes) -> bool:
        """Whether to look into a folder: not our own, not seen before, not a link back into the tree."""
        path = os.path.join(self.root, folder)
        if folder and os.path.islink(path) and not self._leads_outside(path):
            return False
        if folder and self._barred(folder):
            return False
        status = os.stat(path)
        identity = (status.st_dev, status.st_ino)
        if identity in self.own:
            self.on_skip(folder, "facekeep's own folder")
            return False
        # Some network file systems number nothing; then links alone can make circles, and those end at the
        # system's own limit for links in one path.
        if status.st_ino and identity in self.visited:
            return False
        self.visited.add(identity)
        return True

    def _barred(self, path: bytes) -> bool:
        """Whether it is a link out of the root, where none may be followed; then it is told."""
        full = os.path.join(self.root, path)
        if self.leave or not os.path.islink(full) or not self._leads_outside(full):
            return False
        self.on_skip(path, LEADS_ELSEWHERE)
        return True

    def _leads_outside(self, path: bytes) -> bool:
        """Whether a link's target is neither within the root nor above it."""
        target = os.path.realpath(path)
        return not (within(target, self.real_root) or within(self.real_root, target))

    def _list(self, folder: bytes) -> _Listing:
        """Names only, sorted: a folder of a million files costs some tens of megabytes while it is walked."""
        listing = _Listing()
        with os.scandir(os.path.join(self.root, folder)) as entries:
            for entry in entries:
                if _is_folder(entry):
                    listing.folders.append(entry.name)
                elif entry.name.startswith(b".") or entry.name == rules.CACHE_TAG:
                    listing.markers.add(entry.name)
                else:
                    listing.files.append(entry.name)
        listing.files.sort()
        listing.folders.sort()
        return listing

    def _left_out(self, folder: bytes, listing: _Listing) -> str | None:
        name = os.path.basename(folder)
        if rules.CACHE_TAG in listing.markers and folder and self._is_cache(folder):
            return "a cache folder, by its CACHEDIR.TAG"
        return rules.skip_by_contents(name, listing.markers)

    def _is_cache(self, folder: bytes) -> bool:
        try:
            with open(os.path.join(self.root, folder, rules.CACHE_TAG), "rb") as tag:
                return tag.read(len(rules.CACHE_SIGNATURE)) == rules.CACHE_SIGNATURE
        except OSError:
            return False

    def _below(self, folder: bytes, names: Collection[bytes]) -> Iterator[bytes]:
        parent = os.path.basename(folder if folder else self.real_root)
        siblings = frozenset(names)
        for name in names:
            why = rules.skip_by_name(name, parent, siblings)
            if why is None:
                yield _join(folder, name)
            else:
                self.on_skip(_join(folder, name), why)

    def _file(self, path: bytes) -> Iterator[FoundFile | WalkProblem]:
        ending = media.ending(os.path.basename(path))
        if ending in media.OTHER_ENDINGS:
            self.on_other(path)
            return
        if self._barred(path):
            return
        named_photo = ending in media.PHOTO_ENDINGS
        try:
            found = self._look(path, named_photo)
        except FileNotFoundError:
            if named_photo and os.path.islink(os.path.join(self.root, path)):
                message = _problem(path, "a link to a file that is gone")
                yield WalkProblem(path, FailureCode.MISSING_FILE, message)
            return
        except OSError as error:
            code, why = failure_of(error)
            # A file that nobody called a photo and nobody may read is not ours to complain about.
            if named_photo or not (code is FailureCode.UNREADABLE or isinstance(error, PermissionError)):
                yield WalkProblem(path, code, _problem(path, why))
            return
        if found is None:
            self.on_other(path)
        else:
            yield found

    def _look(self, path: bytes, named_photo: bool) -> FoundFile | None:
        full = os.path.join(self.root, path)
        status = os.stat(full)
        if not stat.S_ISREG(status.st_mode):
            return None
        size, mtime_ns = status.st_size, status.st_mtime_ns
        if self.known(path) == (size, mtime_ns):
            return FoundFile(path, size, mtime_ns, None, unchanged=True)
        media_type = sniff(full)
        if media_type is None and not named_photo:
            return None
        return FoundFile(path, size, mtime_ns, media_type)

    def _folder_problem(self, folder: bytes, error: OSError) -> Iterator[WalkProblem]:
        code, why = failure_of(error)
        if not folder:
            raise LibraryOffline(
                f"{display_path(self.root)}: {why}", hint="check that it is mounted"
            ) from error
        if code is not FailureCode.MISSING_FILE:
            yield WalkProblem(folder, code, _problem(folder, f"the folder cannot be looked into: {why}"))


def _refuse_derived(root: Path, shown: str, own: Sequence[Path]) -> None:
    real = os.path.realpath(os.fsencode(root))
    if os.path.isfile(os.path.join(real, rules.OWN_MARKER)):
        raise UsageError(f"{shown}: is facekeep's own folder", hint="give a folder of photos")
    for folder in own:
        if within(real, os.path.realpath(os.fsencode(folder))):
            raise UsageError(f"{shown}: is inside facekeep's own folder", hint="give a folder of photos")
    for name in real.split(os.fsencode(os.sep)):
        what = rules.derived_folder(name)
        if what is not None:
            hint = "give the folder that holds the photos themselves"
            raise UsageError(f"{shown}: holds {what}, not photos", hint=hint)


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link in a circle, or into a folder that may not be entered: looked at, and reported, as a file.
        return False


def _join(folder: bytes, name: bytes) -> bytes:
    return os.path.join(folder, name) if folder else name


def within(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder or below it; both without links (`os.path.realpath`)."""
    return path == folder or path.startswith(folder.rstrip(os.fsencode(os.sep)) + os.fsencode(os.sep))


def _problem(path: bytes, why: str) -> str:
    return f"{display_path(path)}: {why}"
