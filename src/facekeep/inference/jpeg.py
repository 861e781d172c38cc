"""JPEG: the marker segments before the picture, and decoding that scales on the way.

Layout: ITU-T T.81 annex B; EXIF 2.32; ICC.1:2022 annex B.4.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from facekeep.domain import media
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import Pixels
from facekeep.inference import exif
from facekeep.inference.colour import scaled_rgb, to_srgb
from facekeep.inference.exif import CameraNotes
from facekeep.inference.limits import check_pixels
from facekeep.inference.source import Source

_SOI, _SOS, _EOI = 0xD8, 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Baseline and extended sequential, Huffman: these keep no coefficients of the whole picture in memory.
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_EXIF = b"Exif\0\0"
_ICC = b"ICC_PROFILE\0"
_MAX_HEADER_SEGMENTS = 1000


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the picture. Width and height as stored."""

    width: int
    height: int
    components: int
    sequential: bool
    notes: CameraNotes
    profile: bytes | None


def open_jpeg(data: bytes, max_pixels: int) -> Source:
    """A JPEG held in memory. Raises PhotoFault when its header cannot be used or it is above the limit."""
    header = read_header(data)
    check_pixels(header.width, header.height, max_pixels, scaled=header.sequential)

    def load(size: tuple[int, int]) -> Pixels:
        return _load(data, header, size)

    return Source(header.width, header.height, media.JPEG, header.notes, load)


def read_header(data: bytes) -> JpegHeader:
    """Raises PhotoFault (UNREADABLE) when there is no frame header before the picture data."""
    frame: tuple[int, int, int, bool] | None = None
    notes = exif.NOTHING
    parts: list[bytes] = []
    for marker, body in _segments(data):
        if marker in _FRAMES and len(body) >= 6:
            height, width, components = struct.unpack(">xHHB", body[:6])
            frame = (width, height, components, marker in _SEQUENTIAL)
        elif marker == 0xE1 and body.startswith(_EXIF) and notes is exif.NOTHING:
            notes = exif.from_exif(body)
        elif marker == 0xE2 and body.startswith(_ICC):
            parts.append(body[len(_ICC) :])
    if frame is None:
        raise PhotoFault(FailureCode.UNREADABLE, "it is truncated or damaged: no picture follows its header")
    return JpegHeader(*frame, notes, _joined(parts))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and body of each segment up to the first scan."""
    at = 2
    for _ in range(_MAX_HEADER_SEGMENTS):
        # Stray bytes between segments occur in the wild and decoders skip them.
        at = data.find(b"\xff", at)
        while 0 <= at < len(data) - 1 and data[at + 1] == 0xFF:
            at += 1
        if at < 0 or at + 4 > len(data):
            return
        marker = data[at + 1]
        if marker in (_SOS, _EOI):
            return
        if marker == 0 or marker in _STANDALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + max(length, 2)


def _joined(parts: list[bytes]) -> bytes | None:
    """A profile from its chunks, each led by its number and their count."""
    if not parts or any(len(part) < 2 for part in parts):
        return None
    if len(parts) != parts[0][1]:
        return None
    return b"".join(part[2:] for part in sorted(parts, key=lambda part: part[0]))


def _load(data: bytes, header: JpegHeader, size: tuple[int, int]) -> Pixels:
    grey_profile = header.components == 1 and header.profile is not None
    if header.components not in (1, 3) or grey_profile:
        return _load_odd(data, header, size)
    pixels = _load_fast(data, size)
    if pixels is None:
        return _load_odd(data, header, size)
    return scaled_rgb(pixels, size, header.profile)


def _load_fast(data: bytes, size: tuple[int, int]) -> Pixels | None:
    """At the smallest eighth that is at least `size`; None when the picture has flaws to be looked at."""
    import simplejpeg

    width, height = size
    try:
        return _pixels(simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height))
    except ValueError as error:
        if "premature end" not in str(error).lower():
            return None
        truncated = error
    # Some programs leave out the end marker: then nothing is missing, and with one nothing is complained of.
    try:
        whole = data + b"\xff\xd9"
        return _pixels(simplejpeg.decode_jpeg(whole, "RGB", min_width=width, min_height=height))
    except ValueError:
        raise PhotoFault(
            FailureCode.UNREADABLE,
            f"it is truncated: the picture ends before it is complete ({truncated})",
            hint="restore it from a backup or copy it from the camera again",
        ) from truncated


def _pixels(decoded: object) -> Pixels:
    import numpy as np

    return np.asarray(decoded, dtype=np.uint8)


def _load_odd(data: bytes, header: JpegHeader, size: tuple[int, int]) -> Pixels:
    """Printing inks, grey with a profile, and small flaws: by Pillow, which scales while decoding too."""
    from PIL import Image

    with Image.open(BytesIO(data), formats=("JPEG", "MPO")) as picture:
        picture.draft(None, size)
        picture.load()
        return to_srgb(picture, size, header.profile)
