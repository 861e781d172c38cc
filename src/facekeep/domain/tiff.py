"""Reading the directories of TIFF data: the frame of TIFF files, of most camera RAW files and of EXIF.

Pure: bytes come from a `Read`, so a caller may look into a file of any size without loading it. Damaged data
never raises; what cannot be read is left out. Layout: TIFF 6.0, section 2.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes]
"""`read(offset, count)`: up to `count` bytes at `offset`; fewer, or none, past the end."""

# Sizes in bytes of the TIFF field types 1 to 13 (TIFF 6.0, and IFD of TIFF Tech Note 1).
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I"}
# No directory of a camera comes near this; a corrupt count would otherwise cost 65,535 entries each time.
_MAX_ENTRIES = 1024
_MAX_VALUE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Directory:
    """The tags of one image file directory: small values only, as raw bytes with their type."""

    order: str
    """`<` or `>`: the byte order of the numbers."""
    entries: dict[int, tuple[int, bytes]]
    following: int
    """Offset of the next directory, 0 at the last."""

    def integers(self, tag: int) -> tuple[int, ...]:
        """The numbers of a tag of an unsigned integer type; none when absent or of another type."""
        kind, raw = self.entries.get(tag, (0, b""))
        letter = _INTEGERS.get(kind)
        if letter is None:
            return ()
        count = len(raw) // _TYPE_SIZES[kind]
        return struct.unpack(f"{self.order}{count}{letter}", raw[: count * _TYPE_SIZES[kind]])

    def integer(self, tag: int) -> int | None:
        """The first number of a tag, None when there is none."""
        numbers = self.integers(tag)
        return numbers[0] if numbers else None

    def text(self, tag: int) -> str:
        """The text of a tag up to its first NUL, without surrounding blanks; empty when absent."""
        kind, raw = self.entries.get(tag, (0, b""))
        return raw.split(b"\0", 1)[0].decode("ascii", "replace").strip() if kind == 2 else ""


def byte_order(head: bytes) -> str | None:
    """`<` or `>` for data that begin as TIFF or one of its RAW relatives do, None for anything else."""
    return {b"II": "<", b"MM": ">"}.get(head[:2])


def first_directory(read: Read) -> int | None:
    """Offset of the first directory; None when the data are not TIFF-like."""
    head = read(0, 8)
    order = byte_order(head)
    if order is None or len(head) < 8:
        return None
    (offset,) = struct.unpack(f"{order}I", head[4:8])
    return int(offset)


def directory(read: Read, offset: int) -> Directory | None:
    """The directory at `offset`; None when there is none that can be read."""
    order = byte_order(read(0, 2))
    counted = read(offset, 2) if offset >= 8 else b""
    if order is None or len(counted) < 2:
        return None
    count = min(struct.unpack(f"{order}H", counted)[0], _MAX_ENTRIES)
    body = read(offset + 2, 12 * count + 4)
    entries = dict(_entries(read, order, body[: 12 * count]))
    tail = body[12 * count : 12 * count + 4]
    following = struct.unpack(f"{order}I", tail)[0] if len(tail) == 4 else 0
    return Directory(order, entries, following)


def _entries(read: Read, order: str, body: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    for start in range(0, len(body) - 11, 12):
        tag, kind, count = struct.unpack_from(f"{order}HHI", body, start)
        size = _TYPE_SIZES.get(kind, 0) * count
        if not 0 < size <= _MAX_VALUE_BYTES:
            continue
        if size <= 4:
            yield tag, (kind, body[start + 8 : start + 8 + size])
        else:
            (where,) = struct.unpack_from(f"{order}I", body, start + 8)
            yield tag, (kind, read(where, size))


def reader(data: bytes) -> Read:
    """A `Read` over bytes in memory."""
    return lambda offset, count: data[offset : offset + count] if offset >= 0 else b""
