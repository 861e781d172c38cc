"""What an operating system error says about a photo: which failure it is, and in which words.

The one table for it; inference and library, which both open photos, translate through it.
"""

import errno

from facekeep.domain.errors import FailureCode, PhotoFault

# Answers of a mount that went away while it was used (NFS, SMB, FUSE, an unplugged disk).
_AWAY = frozenset(
    {errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT}
    | {errno.ENODEV, errno.ENXIO, errno.ECONNABORTED, errno.ECONNRESET}
)
_CODES = {
    errno.ENOENT: (FailureCode.MISSING_FILE, "no such file"),
    errno.ENOTDIR: (FailureCode.MISSING_FILE, "no such file"),
    errno.EACCES: (FailureCode.STORAGE, "permission denied"),
    errno.EPERM: (FailureCode.STORAGE, "permission denied"),
    errno.EISDIR: (FailureCode.UNREADABLE, "it is a folder, not a file"),
    errno.ELOOP: (FailureCode.UNREADABLE, "its symbolic links go in a circle"),
    errno.ENAMETOOLONG: (FailureCode.UNREADABLE, "its path is too long for this system"),
    errno.EIO: (FailureCode.STORAGE, "the disk or network reported an input/output error"),
    errno.ENOMEM: (FailureCode.OUT_OF_MEMORY, "the system is out of memory"),
    errno.EMFILE: (FailureCode.INTERNAL, "too many files are open"),
    errno.ENFILE: (FailureCode.INTERNAL, "too many files are open"),
}
_HINTS = {
    FailureCode.LIBRARY_OFFLINE: "check that the disk or network share is connected and mounted",
    FailureCode.STORAGE: "check the disk and its cable, or the network share",
}


def failure_of(error: OSError) -> tuple[FailureCode, str]:
    """The failure that an error of the operating system means, and why in words.

    A disk that reports errors, or a right that is missing, is not the photo's fault (STORAGE, tried again).
    """
    if error.errno in _AWAY:
        return FailureCode.LIBRARY_OFFLINE, "the disk or network share has gone away"
    known = _CODES.get(error.errno) if error.errno is not None else None
    if known is not None:
        return known
    return FailureCode.STORAGE, (error.strerror or "an unknown system error").lower()


def photo_fault(error: OSError, name: str) -> PhotoFault:
    """The error to raise for a photo, called `name` to people, that the system would not open or read."""
    code, why = failure_of(error)
    hint = _HINTS.get(code, "")
    if why == "permission denied":
        hint = "give the user that runs facekeep the right to read it"
    return PhotoFault(code, f"{name}: {why}", hint=hint)
