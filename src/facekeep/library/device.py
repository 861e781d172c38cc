"""Whether the device that photos are copied from is still there, told from how its files fail."""

# Paths are bytes here; pathlib knows only text.
# ruff: noqa: PTH116
import os
from pathlib import Path

from facekeep.domain.errors import FailureCode, LibraryOffline, PhotoFault
from facekeep.library.identity import display_path
from facekeep.library.walk import is_offline

DOUBTFUL = 5
"""Files that fail one after the other before a file that could be read is asked for again."""

_NOT_THE_FILES = frozenset({FailureCode.MISSING_FILE, FailureCode.STORAGE})

HINT = "Connect it again (unlock a phone), then run the same command: what was copied is not copied again."


class Device:
    """A mounted device or any folder, watched while it is read."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self._identity = _identity(self._root)
        self._good: bytes | None = None
        self._failed = 0

    def answered(self, path: bytes) -> None:
        """This file could be read."""
        self._good, self._failed = path, 0

    def failed(self, fault: PhotoFault) -> None:
        """A file could not be read. Raises LibraryOffline when that is because the device is gone."""
        self.listed(fault)
        # A right that is missing is no sign of a device that went away.
        if fault.failure in _NOT_THE_FILES and not isinstance(fault.__cause__, PermissionError):
            self._failed += 1
            if self._failed >= DOUBTFUL and not self._answers():
                raise self._gone(fault)

    def listed(self, fault: PhotoFault) -> None:
        """Something could not be looked at while listing; as `failed`, but many of those are no sign."""
        if fault.failure is FailureCode.LIBRARY_OFFLINE or self.is_away():
            raise self._gone(fault)

    def is_replaced(self) -> bool:
        """Its folder is gone, or is another one now: the one below a mount that is no more."""
        return _identity(self._root) != self._identity

    def is_away(self) -> bool:
        """Its folder is gone, is another one now, or shows nothing."""
        return self.is_replaced() or is_offline(Path(os.fsdecode(self._root)))

    def _answers(self) -> bool:
        """Read again what could be read, from the device and not from the system's memory of it."""
        if self._good is None:
            return False
        try:
            descriptor = os.open(self._good, os.O_RDONLY)
        except OSError:
            return False
        with open(descriptor, "rb", buffering=0) as file:
            return _reads(file.fileno())

    def _gone(self, fault: PhotoFault) -> LibraryOffline:
        return LibraryOffline(
            f"{display_path(self._root)} has gone away or cannot be read any more ({fault.message})",
            hint=HINT,
        )


def _reads(descriptor: int) -> bool:
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.read(descriptor, 4096)
    except OSError:
        return False
    return True


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
