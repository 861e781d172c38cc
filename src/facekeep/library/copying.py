"""Copying a photo's file: proven, whole, in nobody's way, and nothing left of it when it fails.

A copy is written under a hidden name in its folder, read back and compared, and only then given its name,
which is never one that is taken. While its writer lives the hidden file is locked, so that anybody can tell a
copy in the making from one that a killed process left.
"""

# Paths are bytes here; pathlib knows only text.
# ruff: noqa: PTH102, PTH104, PTH105, PTH106, PTH108, PTH116, PTH118
import errno
import fcntl
import hashlib
import itertools
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from typing import Self

from facekeep.domain.errors import FailureCode, PhotoFault, StorageFault
from facekeep.domain.osfaults import photo_fault
from facekeep.library import identity
from facekeep.library.identity import display_path, open_unmarked

TEMPORARY = b".facekeep-import-"
PLACING = b".facekeep-placing-"
"""Hidden names: of a copy in the making, and of one that waits for the name that follows."""

CHUNK = 1 << 20

LONGEST_NAME = 255
"""Bytes, on nearly every file system."""

ABANDONED_S = 86_400.0
"""Where the file system has no locks: older than this is left over."""

_NO_LINKS = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
)
_BAD_NAME = frozenset({errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Told = Callable[[int], None]
"""Called with the bytes read since the last call. What it raises ends the copying, and nothing is left."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of a file: last access and last change, nanoseconds since 1970."""

    atime_ns: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A copy as its file system keeps it: times may be coarser there."""

    size: int
    mtime_ns: int


def content_hash(path: bytes, told: Told) -> bytes:
    """SHA-256 of a file that is only read. PhotoFault."""
    digest = hashlib.sha256()
    for chunk in _chunks(path, told):
        digest.update(chunk)
    return digest.digest()


def holds(path: bytes, size: int, content: bytes) -> bool:
    """Whether a file has exactly that content (SHA-256); False as well when it cannot be read."""
    try:
        status = os.stat(path)
        return (
            stat.S_ISREG(status.st_mode) and status.st_size == size and identity.content_hash(path) == content
        )
    except (OSError, PhotoFault):
        return False


def names(name: bytes) -> Iterator[bytes]:
    """`a.jpg`, `a (2).jpg`, `a (3).jpg` and so on; cut where they would be longer than file systems take."""
    yield name
    stem, ending = os.path.splitext(name)  # noqa: PTH122
    for number in itertools.count(2):
        tail = b" (%d)%s" % (number, ending)
        yield _cut(stem, LONGEST_NAME - len(tail)) + tail


def _cut(name: bytes, length: int) -> bytes:
    """At most so many bytes, and no half character where it is text."""
    if len(name) <= length:
        return name
    try:
        name.decode()
    except UnicodeDecodeError:
        return name[:length]
    return name[:length].decode(errors="ignore").encode()


def make_folder(root: bytes, folder: bytes) -> list[bytes]:
    """Make a folder below the root, with those above it; the ones made, outermost first.

    PhotoFault when a file is in its place or the disk does not take the name; StorageFault.
    """
    made: list[bytes] = []
    path = root
    for part in folder.split(b"/") if folder else []:
        path = os.path.join(path, part)
        with _writing(path):
            try:
                os.mkdir(path)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(path).st_mode):
                    raise
            else:
                made.append(path)
    return made


def drop_empty(folders: list[bytes]) -> None:
    """Take away folders made for a copy that then failed, unless something is in them."""
    for folder in reversed(folders):
        with suppress(OSError):
            os.rmdir(folder)


class Draft:
    """A copy in the making, in its folder. Gone at the end of its block unless it was given a name."""

    def __init__(self, folder: bytes) -> None:
        self._folder = folder
        self._path, self._descriptor = _begun(folder)
        self.placed: bytes | None = None
        """The name that it was given."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.placed is None:
                with suppress(OSError):  # its disk is gone, or somebody tidied up
                    os.unlink(self._path)
        finally:
            with suppress(OSError):  # what was to be kept is on the disk already
                os.close(self._descriptor)

    def fill(self, source: bytes, times: Times | None, told: Told) -> bytes:
        """Copy, prove by reading back, and set the times; the SHA-256. PhotoFault (source), StorageFault.

        Without `times`, those that the source has when it is opened.
        """
        digest = hashlib.sha256()
        kept: list[Times] = [] if times is None else [times]
        for chunk in _chunks(source, told, kept.append):
            digest.update(chunk)
            with _writing(self._path):
                _write_all(self._descriptor, chunk)
        with _writing(self._path):
            os.fsync(self._descriptor)
            if self._read_back() != digest.digest():
                raise StorageFault(
                    f"{display_path(self._folder)}: a copy read back is not what was written",
                    hint="Check the disk: it does not keep what it is given. Nothing of this copy is left.",
                )
            os.utime(self._descriptor, ns=(kept[0].atime_ns, kept[0].mtime_ns))
        return digest.digest()

    def place(self, name: bytes) -> bool:
        """Give it a name; False when that is taken. It is never taken from another file. StorageFault."""
        final = os.path.join(self._folder, name)
        with _writing(final):
            try:
                os.link(self._path, final)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                if not self._renamed(name, final):
                    return False
            else:
                os.unlink(self._path)
            self.placed = name
            _sync(self._folder)
        return True

    def state(self) -> Placed:
        """Size and time, as a scan will find them."""
        status = os.fstat(self._descriptor)
        return Placed(status.st_size, status.st_mtime_ns)

    def _read_back(self) -> bytes:
        """From the disk where the system lets us ask for it."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        digest, offset = hashlib.sha256(), 0
        while chunk := os.pread(self._descriptor, CHUNK, offset):
            digest.update(chunk)
            offset += len(chunk)
        return digest.digest()

    def _renamed(self, name: bytes, final: bytes) -> bool:
        """Where there are no hard links (FAT): take the name with an empty file, then move the copy onto it.

        The hidden name says which empty file is ours, should we be killed between the two.
        """
        if os.path.lexists(final):
            return False
        waiting = os.path.join(self._folder, PLACING + name)
        os.rename(self._path, waiting)
        self._path = waiting
        try:
            os.close(os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            return False
        try:
            os.replace(waiting, final)
        except BaseException:  # Ctrl-C as well: the name must not stay behind, empty
            _drop_placeholder(final)
            raise
        return True


def clear_leftovers(root: bytes, folder: bytes = b"") -> int:
    """Remove what killed imports left below a folder of the root; how many files. Links are not followed."""
    cleared, waiting = 0, [os.path.join(root, folder) if folder else root]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.name.startswith((TEMPORARY, PLACING)):
                        cleared += _cleared(path, entry.name)
        except OSError:
            continue  # it cannot be looked into, or is gone: nothing was copied there
    return cleared


def _cleared(folder: bytes, name: bytes) -> bool:
    path = os.path.join(folder, name)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # placed or removed this moment by its own writer, or not ours to touch
        return False
    try:
        if not _is_abandoned(descriptor):
            return False
        if name.startswith(PLACING):
            _drop_placeholder(os.path.join(folder, name.removeprefix(PLACING)))
        os.unlink(path)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _drop_placeholder(final: bytes) -> None:
    with suppress(FileNotFoundError):
        if os.stat(final, follow_symlinks=False).st_size == 0:
            os.unlink(final)


def _is_abandoned(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has no locks
        return abs(time.time() - os.fstat(descriptor).st_mtime) > ABANDONED_S
    return True


def _begun(folder: bytes) -> tuple[bytes, int]:
    """A new hidden file, locked; its path and an open descriptor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with _writing(folder):
        while True:
            path = os.path.join(folder, TEMPORARY + secrets.token_hex(8).encode())
            descriptor = os.open(path, flags, 0o666)
            if _locked(descriptor):
                return path, descriptor
            os.close(
                descriptor
            )  # somebody who tidied up was quicker than our lock; it is gone, or soon will be


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks here: age tells what is left over
        return True
    return os.fstat(descriptor).st_nlink > 0


def _chunks(
    path: bytes, told: Told, opened: Callable[[Times], None] = lambda _times: None
) -> Iterator[memoryview]:
    """A file's bytes in pieces, each valid until the next. PhotoFault: unreadable, or changed meanwhile."""
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    with _reading(path):
        descriptor = open_unmarked(path)
    with open(descriptor, "rb", buffering=0) as file:
        before = _regular(path, file)
        opened(Times(before.st_atime_ns, before.st_mtime_ns))
        total = 0
        while True:
            with _reading(path):
                count = file.readinto(buffer)
            if not count:
                break
            total += count
            told(count)
            yield view[:count]
        with _reading(path):
            after = os.fstat(file.fileno())
    if total != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise PhotoFault(FailureCode.UNREADABLE, f"{display_path(path)}: it changed while it was read")


def _regular(path: bytes, file: FileIO) -> os.stat_result:
    with _reading(path):
        status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise PhotoFault(FailureCode.UNREADABLE, f"{display_path(path)}: it is not a regular file")
    return status


def _write_all(descriptor: int, content: memoryview) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _sync(folder: bytes) -> None:
    """The name itself is on the disk; some file systems cannot promise that, and then nobody can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reading(path: bytes) -> Iterator[None]:
    """Errors of the source become the photo's."""
    try:
        yield
    except OSError as error:
        raise photo_fault(error, display_path(path)) from error


@contextmanager
def _writing(path: bytes) -> Iterator[None]:
    """Errors of the destination: one name that it does not take, or the disk as a whole."""
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: bytes, error: OSError) -> StorageFault | PhotoFault:
    shown = display_path(path)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return PhotoFault(FailureCode.UNREADABLE, f"{shown}: a file is where a folder has to be")
    if error.errno in _BAD_NAME:
        return PhotoFault(FailureCode.UNREADABLE, f"{shown}: the library's disk does not take this name")
    if error.errno in _FULL:
        return StorageFault(
            f"{shown}: the library's disk is full",
            hint="Free some space there, then run the same command: what was copied is not copied again.",
        )
    reason = (error.strerror if error.strerror else str(error)).lower()
    return StorageFault(
        f"{shown}: cannot be written: {reason}",
        hint="Check the library's disk, and that you may write there; then run the same command again.",
    )
