"""Where the parts of a picture file begin and end, and where it writes how long they are.

Read from sound files only, so nothing here is careful about damage.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_TIFF_SIZES = (b"\0\1", b"\1\1")
"""The tags of width and height, 256 and 257, in little-endian bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `numbers` are the places (offset, bytes, big-endian) of its lengths and counts."""

    start: int
    end: int
    numbers: tuple[tuple[int, int, bool], ...] = ()


def parts(data: bytes) -> list[Part]:
    """The parts of a file, in their order; the whole file when its format is not known here."""
    found = list(_reader(data)(data))
    return found if found else [Part(0, len(data))]


def sizes(data: bytes) -> list[tuple[int, int, bool]]:
    """Where the file says how large its picture is: offset, bytes, big-endian. Width first."""
    if data.startswith(b"\x89PNG"):
        return [(16, 4, True), (20, 4, True)]
    if data.startswith(b"BM"):
        return [(18, 4, False), (22, 4, False)]
    if data.startswith(b"GIF8"):
        return [(6, 2, False), (8, 2, False)]
    if data.startswith(b"\xff\xd8"):
        frame = next(part.start for part in parts(data) if data[part.start + 1] in (0xC0, 0xC1, 0xC2))
        return [(frame + 7, 2, True), (frame + 5, 2, True)]
    if data.startswith(b"RIFF"):
        return _webp_sizes(data)
    if data[4:8] == b"ftyp":
        at = data.find(b"ispe")
        return [(at + 8, 4, True), (at + 12, 4, True)]
    return [
        part.numbers[2] for part in parts(data) if data[part.start : part.start + 2] in (b"\0\1", b"\1\1")
    ]


def _webp_sizes(data: bytes) -> list[tuple[int, int, bool]]:
    if data[12:16] == b"VP8X":
        return [(24, 3, False), (27, 3, False)]
    return [(26, 2, False), (28, 2, False)] if data[12:16] == b"VP8 " else [(21, 4, False)]


def _reader(data: bytes) -> "type[_Parts]":
    for reader in (_Png, _Jpeg, _Riff, _Boxes, _Gif, _Bmp, _Tiff):
        if reader.knows(data):
            return reader
    return _Parts


class _Parts:
    """Iterating gives the parts."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @staticmethod
    def knows(data: bytes) -> bool:
        return True

    def __iter__(self) -> Iterator[Part]:
        yield from ()


class _Png(_Parts):
    @staticmethod
    def knows(data: bytes) -> bool:
        return data.startswith(b"\x89PNG")

    def __iter__(self) -> Iterator[Part]:
        at = 8
        while at + 12 <= len(self.data):
            (length,) = struct.unpack_from(">I", self.data, at)
            yield Part(at, at + 12 + length, ((at, 4, True),))
            at += 12 + length


class _Jpeg(_Parts):
    @staticmethod
    def knows(data: bytes) -> bool:
        return data.startswith(b"\xff\xd8")

    def __iter__(self) -> Iterator[Part]:
        at = 2
        while at + 4 <= len(self.data) and self.data[at] == 0xFF:
            (length,) = struct.unpack_from(">H", self.data, at + 2)
            yield Part(at, at + 2 + length, ((at + 2, 2, True),))
            if self.data[at + 1] == 0xDA:
                break
            at += 2 + length


class _Riff(_Parts):
    @staticmethod
    def knows(data: bytes) -> bool:
        return data.startswith(b"RIFF")

    def __iter__(self) -> Iterator[Part]:
        at = 12
        while at + 8 <= len(self.data):
            (length,) = struct.unpack_from("<I", self.data, at + 4)
            end = at + 8 + length + length % 2
            yield Part(at, end, ((at + 4, 4, False), (4, 4, False)))
            at = end


class _Boxes(_Parts):
    """ISO base media boxes; `meta` and the property boxes are looked into."""

    @staticmethod
    def knows(data: bytes) -> bool:
        return data[4:8] == b"ftyp"

    def __iter__(self) -> Iterator[Part]:
        yield from self._within(0, len(self.data))

    def _within(self, at: int, end: int) -> Iterator[Part]:
        while at + 8 <= end:
            length, kind = struct.unpack_from(">I4s", self.data, at)
            if length < 8 or at + length > end:
                return
            yield Part(at, at + length, ((at, 4, True),))
            if kind in (b"meta", b"iprp", b"ipco"):
                yield from self._within(at + (12 if kind == b"meta" else 8), at + length)
            at += length


class _Gif(_Parts):
    @staticmethod
    def knows(data: bytes) -> bool:
        return data.startswith(b"GIF8")

    def __iter__(self) -> Iterator[Part]:
        flags = self.data[10]
        at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        yield Part(0, at, ((6, 2, False), (8, 2, False)))
        while at < len(self.data) and self.data[at] in (0x21, 0x2C):
            end = at + 2 if self.data[at] == 0x21 else at + 11 + self._colours(at)
            while self.data[end]:
                end += 1 + self.data[end]
            yield Part(at, end + 1, ((at + 1, 1, False), (end, 1, False)))
            at = end + 1

    def _colours(self, at: int) -> int:
        flags = self.data[at + 9]
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


class _Bmp(_Parts):
    @staticmethod
    def knows(data: bytes) -> bool:
        return data.startswith(b"BM")

    def __iter__(self) -> Iterator[Part]:
        (pixels,) = struct.unpack_from("<I", self.data, 10)
        yield Part(0, 14, ((2, 4, False), (10, 4, False)))
        yield Part(14, pixels, tuple((at, 4, False) for at in (14, 18, 22, 30, 34, 46)))
        yield Part(pixels, len(self.data))


class _Tiff(_Parts):
    """Directory entries, and the directories of thumbnails and sensors below them."""

    @staticmethod
    def knows(data: bytes) -> bool:
        return data[:4] in (b"II*\0", b"II+\0")

    def __iter__(self) -> Iterator[Part]:
        big = self.data[2] == 0x2B
        (first,) = struct.unpack_from("<Q" if big else "<I", self.data, 8 if big else 4)
        yield Part(0, 16 if big else 8, ((8, 8, False),) if big else ((4, 4, False),))
        yield from self._directory(first, big)

    def _directory(self, at: int, big: bool) -> Iterator[Part]:
        (count,) = struct.unpack_from("<Q" if big else "<H", self.data, at)
        start, step, width = (at + 8, 20, 8) if big else (at + 2, 12, 4)
        for entry in range(start, start + step * count, step):
            numbers = ((entry + 2, 2, False), (entry + 4, width, False), (entry + 4 + width, width, False))
            yield Part(entry, entry + step, numbers)
            (tag,) = struct.unpack_from("<H", self.data, entry)
            if tag in (0x14A, 0x8769):
                (below,) = struct.unpack_from("<I", self.data, entry + 8)
                yield from self._directory(below, big)
