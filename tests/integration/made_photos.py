"""Pictures made for tests: four plain quarters, so that every turn, mirror and colour shift shows."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from facekeep.domain.faces import Pixels

Quarters = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
QUARTERS: Quarters = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 40))
"""Top left, top right, bottom left, bottom right."""

# What a camera that was held so stores: the picture that EXIF orientation `n` brings upright.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width: int = 96, height: int = 64) -> Pixels:
    """Shape (height, width, 3): the four quarters."""
    pixels = np.zeros((height, width, 3), np.uint8)
    middle, centre = height // 2, width // 2
    pixels[:middle, :centre], pixels[:middle, centre:] = QUARTERS[0], QUARTERS[1]
    pixels[middle:, :centre], pixels[middle:, centre:] = QUARTERS[2], QUARTERS[3]
    return pixels


def picture(width: int = 96, height: int = 64) -> Image.Image:
    return Image.fromarray(scene(width, height))


def stored(orientation: int, width: int = 96, height: int = 64) -> Image.Image:
    """The scene as a camera stores it that writes that orientation."""
    turn = STORED_AS[orientation]
    upright = picture(width, height)
    return upright if turn is None else upright.transpose(turn)


def quarters(pixels: Pixels) -> npt.NDArray[np.int64]:
    """Colours in the middle of each quarter, shape (4, 3)."""
    height, width = pixels.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    return np.array([pixels[row, column] for row in rows for column in columns], dtype=np.int64)


def off_by(pixels: Pixels, wanted: object = QUARTERS) -> int:
    """The largest difference in levels between the quarters' colours and those wanted."""
    return int(np.abs(quarters(pixels) - np.asarray(wanted)).max())


def exif(orientation: int = 1, camera: dict[int, str] | None = None) -> bytes:
    """An EXIF block; `camera` holds tags of its camera directory."""
    block = Image.Exif()
    block[0x0112] = orientation
    if camera:
        block.get_ifd(0x8769).update(camera)
    return block.tobytes()


def jpeg(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **{"quality": 95, **options})
    return buffer.getvalue()


def png_bytes(
    values: npt.NDArray[np.uint16], colour_type: int, *, claims: tuple[int, int] | None = None
) -> bytes:
    """A 16-bit PNG, which Pillow cannot write; `claims` is a size for the header instead of the true one."""
    height, width = values.shape[:2]
    lines = b"".join(b"\0" + values[row].astype(">u2").tobytes() for row in range(height))
    shown = claims if claims is not None else (width, height)
    header = struct.pack(">IIBBBBB", *shown, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(lines)), _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


Entry = tuple[int, int, bytes]
"""Tag, field type, value in little-endian bytes."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}


def shorts(tag: int, *values: int) -> Entry:
    return tag, 3, struct.pack(f"<{len(values)}H", *values)


def longs(tag: int, *values: int) -> Entry:
    return tag, 4, struct.pack(f"<{len(values)}I", *values)


def text(tag: int, value: str) -> Entry:
    return tag, 2, value.encode() + b"\0"


def directory(entries: list[Entry], at: int) -> bytes:
    """A TIFF directory that will stand at offset `at`, its larger values behind it."""
    head, behind = struct.pack("<H", len(entries)), b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, kind, raw in sorted(entries):
        field = raw.ljust(4, b"\0")
        if len(raw) > 4:
            field = struct.pack("<I", start + len(behind))
            behind += raw + b"\0" * (len(raw) % 2)
        head += struct.pack("<HHI", tag, kind, len(raw) // _SIZES[kind]) + field
    return head + b"\0\0\0\0" + behind


class TiffLike:
    """A TIFF file put together by hand, front to back."""

    def __init__(self) -> None:
        self.body = bytearray(b"II*\0\0\0\0\0")

    def put(self, data: bytes) -> int:
        offset = len(self.body)
        self.body += data + b"\0" * (len(data) % 2)
        return offset

    def put_directory(self, entries: list[Entry]) -> int:
        return self.put(directory(entries, len(self.body)))

    def finish(self, entries: list[Entry]) -> bytes:
        self.body[4:8] = struct.pack("<I", self.put_directory(entries))
        return bytes(self.body)


def dng(pixels: Pixels, preview: bytes | None, *, orientation: int = 1, taken: str = "") -> bytes:
    """A DNG 1.4 of uncompressed Bayer data, with a JPEG preview or without any. LibRaw really develops it."""
    height, width = pixels.shape[:2]
    out = TiffLike()
    mosaic = np.zeros((height, width), np.uint16)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        mosaic[row::2, column::2] = pixels[row::2, column::2, channel]
    data = (mosaic * 64).astype("<u2").tobytes()
    sensor = [
        *(longs(254, 0), longs(256, width), longs(257, height), shorts(258, 16), shorts(259, 1)),
        *(shorts(262, 32803), longs(273, out.put(data)), shorts(277, 1), longs(278, height)),
        *(longs(279, len(data)), shorts(33421, 2, 2), (33422, 1, b"\0\1\1\2"), (50710, 1, b"\0\1\2")),
        *(shorts(50711, 1), shorts(50717, 255 * 64)),
    ]
    matrix = (3240, -1537, -498, -969, 1876, 41, 55, -204, 1057)
    camera = [
        *(text(271, "Test"), text(272, "Synthetic"), shorts(274, orientation), (50706, 1, b"\1\4\0\0")),
        *(text(50708, "Test Synthetic"), shorts(50778, 21)),
        (50721, 10, b"".join(struct.pack("<ii", value, 1000) for value in matrix)),
        (50728, 5, struct.pack("<6I", 1, 1, 1, 1, 1, 1)),
    ]
    if taken:
        camera.append(longs(0x8769, out.put_directory([text(0x9003, taken)])))
    if preview is None:
        return out.finish(sensor + camera)
    across, down = Image.open(io.BytesIO(preview)).size
    picture_at, sensor_at = out.put(preview), out.put_directory(sensor)
    small = [
        *(longs(254, 1), longs(256, across), longs(257, down), shorts(258, 8, 8, 8), shorts(259, 7)),
        *(shorts(262, 6), longs(273, picture_at), shorts(277, 3), longs(278, down)),
        *(longs(279, len(preview)), longs(330, sensor_at)),
    ]
    return out.finish(small + camera)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
