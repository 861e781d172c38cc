"""What makes a photo the same photo: the hash of its content. And how its path is shown to people."""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.osfaults import photo_fault

HASH_BYTES = 32
# Large enough that the hash, which releases the interpreter lock, is all that costs.
_CHUNK = 1 << 20


def content_hash(path: Path | str | bytes) -> bytes:
    """SHA-256 of a file's bytes: 32 bytes, read as a stream.

    SHA-256 because processors of the last years have instructions for it: 1,700 MB/s here, BLAKE2b 880
    (docs/formats.md). Raises PhotoFault when the file cannot be opened or read, or is not a regular file.
    """
    raw = os.fsencode(path)
    digest = hashlib.sha256()
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    try:
        with open(open_unmarked(raw), "rb", buffering=0) as file:
            _refuse_special(file.fileno(), raw)
            while count := file.readinto(buffer):
                digest.update(view[:count])
    except OSError as error:
        raise photo_fault(error, display_path(raw)) from error
    return digest.digest()


def open_unmarked(path: bytes) -> int:
    """A descriptor for reading that leaves no access time behind, where the system lets us. Raises OSError.

    Without waiting: a name may have become a pipe since the folder was listed.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    unmarked = getattr(os, "O_NOATIME", 0)
    if unmarked:
        with suppress(PermissionError):  # only the owner of a file may ask for it
            return os.open(path, flags | unmarked)
    return os.open(path, flags)


def display_path(raw: bytes) -> str:
    """A path for people and JSON: the name itself where it is UTF-8, and `\\xe9` for bytes that are not."""
    return raw.decode("utf-8", "backslashreplace")


def _refuse_special(descriptor: int, raw: bytes) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise PhotoFault(FailureCode.UNREADABLE, f"{display_path(raw)}: it is not a regular file")
