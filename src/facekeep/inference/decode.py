"""Any photo to upright sRGB pixels of 8 bits at a working size, or one PhotoFault that says why not."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from facekeep.domain import media
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import PhotoFacts, Pixels
from facekeep.domain.tiff import Read
from facekeep.inference.codecs import codec
from facekeep.inference.jpeg import open_jpeg
from facekeep.inference.limits import DEFAULT_MAX_PIXELS, check_bytes
from facekeep.inference.pictures import READ_WHOLE, open_heif, open_picture
from facekeep.inference.raw import open_raw
from facekeep.inference.source import Source

_SNIFFED = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A photo's pixels at working size, and what is known about it at full size."""

    pixels: Pixels
    """Shape (height, width, 3), upright, sRGB."""
    facts: PhotoFacts


def decode(path: Path | str | bytes, *, long_side: int, max_pixels: int = DEFAULT_MAX_PIXELS) -> Decoded:
    """The photo with its longer side at `long_side` pixels; a smaller photo keeps its size.

    Raises PhotoFault, naming the file and the reason: MISSING_FILE, UNREADABLE (no picture, damaged,
    truncated, no permission), TOO_LARGE, OUT_OF_MEMORY, STORAGE (the disk reports errors), LIBRARY_OFFLINE
    (its mount went away).
    """
    if long_side < 1:
        raise ValueError(f"long_side must be at least 1, not {long_side}")
    with open_photo(path, max_pixels=max_pixels) as photo:
        return Decoded(photo.pixels(long_side), photo.facts)


@contextmanager
def open_photo(path: Path | str | bytes, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Iterator[Source]:
    """The photo with its header read, for callers that choose the size by it. Raises as `decode`."""
    raw = os.fsencode(path)
    with codec(_shown(raw)), _open_regular(raw) as file:
        yield _source(file, os.fstat(file.fileno()).st_size, max_pixels)


@contextmanager
def open_sent(content: bytes, name: str, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Iterator[Source]:
    """A picture that came as bytes and lies in no file; messages call it `name`. Raises as `decode`."""
    with codec(name):
        yield _source(io.BytesIO(content), len(content), max_pixels)


def _source(file: BinaryIO, size: int, max_pixels: int) -> Source:
    media_type = _media_type(file, size)
    file.seek(0)
    if media_type == media.JPEG:
        check_bytes(size)
        return open_jpeg(file.read(), max_pixels)
    if media_type in media.RAW_TYPES:
        check_bytes(size)
        return open_raw(file, media_type, max_pixels)
    if media_type in READ_WHOLE:
        check_bytes(size)
    if media_type in media.HEIF_TYPES:
        return open_heif(file, media_type, max_pixels)
    return open_picture(file, media_type, max_pixels)


def _media_type(file: BinaryIO, size: int) -> str:
    if size == 0:
        raise PhotoFault(FailureCode.UNREADABLE, "the file is empty (0 bytes)")
    found = media.by_content(_reader(file))
    if found is None:
        file.seek(0)
        what = media.other_content(file.read(64))
        raise PhotoFault(
            FailureCode.UNREADABLE,
            f"this is {what}",
            hint="see whether another program can open it, and restore it from a backup if not",
        )
    return found


def _reader(file: BinaryIO) -> Read:
    head = file.read(_SNIFFED)

    def read(offset: int, count: int) -> bytes:
        if offset + count <= len(head):
            return head[offset : offset + count]
        file.seek(offset)
        return file.read(count)

    return read


def _open_regular(raw: bytes) -> BinaryIO:
    # Without waiting: a name may have become a pipe since the folder was walked.
    descriptor = os.open(raw, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PhotoFault(FailureCode.UNREADABLE, "it is not a regular file")
    return _Bounded(io.FileIO(descriptor))


class _Bounded(io.BufferedReader):
    """Asked for more than is left, it makes room for what is left: a damaged header may ask for gigabytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read()
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(max(0, min(size, left)))


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
