"""The media type of a file in a folder, by its first bytes. No codec is involved."""

import os
import stat
from io import FileIO

from facekeep.domain import media
from facekeep.domain.tiff import Read
from facekeep.library.identity import open_unmarked

# One read answers for most formats and for the directories of most TIFF-based files.
_HEAD = 4096


def sniff(path: bytes) -> str | None:
    """The media type of a supported picture, None for anything else. Raises OSError when unreadable."""
    descriptor = open_unmarked(path)
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return media.by_content(_reader(file))


def _reader(file: FileIO) -> Read:
    head = file.read(_HEAD)

    def read(offset: int, count: int) -> bytes:
        if offset + count <= len(head):
            return head[offset : offset + count]
        file.seek(offset)
        return file.read(count)

    return read
