"""Errors of the operating system, translated into StorageFault with a hint."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from facekeep.domain.errors import StorageFault

_OTHER_HOME = "or set FACEKEEP_HOME to a folder"
_FULL = "Free some space there and try again. The database itself is intact."
_NOT_OURS = f"Check who owns the folder and its permissions, {_OTHER_HOME} of your own."
_NO_LOCKS = "The file system does not support locks: set FACEKEEP_HOME to a folder on a local disk."
_HINTS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: f"That disk is read-only: mount it writable, {_OTHER_HOME} that can be written.",
    errno.EACCES: _NOT_OURS,
    errno.EPERM: _NOT_OURS,
    errno.ENAMETOOLONG: "The path is too long: set FACEKEEP_HOME to a shorter one.",
    errno.ENOTDIR: "A part of the path is a file: set FACEKEEP_HOME to a folder.",
    errno.EEXIST: "There is a file where a folder is needed: set FACEKEEP_HOME to a folder.",
    errno.ENOLCK: _NO_LOCKS,
    errno.EOPNOTSUPP: _NO_LOCKS,
}
_FALLBACK = "Check the disk and the permissions of that folder, or set FACEKEEP_HOME to another one."

DISK_FULL_HINT = _FULL


def from_os(error: OSError, doing: str) -> StorageFault:
    """The fault for an error that happened while `doing` something ("create the data folder /x")."""
    reason = error.strerror if error.strerror is not None else str(error)
    where = f" ({error.filename})" if isinstance(error.filename, str) and error.filename not in doing else ""
    return StorageFault(f"Cannot {doing}: {reason}{where}.", hint=_HINTS.get(error.errno or 0, _FALLBACK))


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn any OSError inside into a StorageFault that says what was being done."""
    try:
        yield
    except OSError as error:
        raise from_os(error, doing) from error
