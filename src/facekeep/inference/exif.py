"""What the camera wrote beside the pixels and is needed here: which way is up, and when.

Damaged EXIF is no reason to refuse a photo: what cannot be read counts as not written.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from facekeep.domain import tiff
from facekeep.domain.faces import Pixels
from facekeep.domain.tiff import Read

# Tags of EXIF 2.32.
_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_DATE_TIME_ORIGINAL, _SUB_SEC_ORIGINAL, _OFFSET_ORIGINAL = 0x9003, 0x9291, 0x9011
_PREFIX = b"Exif\0\0"
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class CameraNotes:
    """`orientation`: 1 to 8 as in EXIF, 1 when not said. `taken_at`: ISO 8601, None when not said."""

    orientation: int = 1
    taken_at: str | None = None


NOTHING = CameraNotes()


def from_exif(block: bytes) -> CameraNotes:
    """From an EXIF block, with or without its `Exif` prefix."""
    return from_tiff(tiff.reader(block.removeprefix(_PREFIX)))


def from_tiff(read: Read) -> CameraNotes:
    """From TIFF-like data: an EXIF block, a TIFF file, or camera RAW built on TIFF."""
    offset = tiff.first_directory(read)
    main = tiff.directory(read, offset) if offset is not None else None
    if main is None:
        return NOTHING
    orientation = main.integer(_ORIENTATION)
    below = main.integer(_EXIF_IFD)
    camera = tiff.directory(read, below) if below is not None else None
    return CameraNotes(
        orientation if orientation is not None and 1 <= orientation <= 8 else 1,
        _taken_at(camera) if camera is not None else None,
    )


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Stored pixels, shape (h, w, 3), turned and mirrored as an EXIF orientation of 1 to 8 asks."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height after `upright`."""
    return (height, width) if orientation >= 5 else (width, height)


def _taken_at(camera: tiff.Directory) -> str | None:
    try:
        moment = datetime.strptime(camera.text(_DATE_TIME_ORIGINAL), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    fraction = camera.text(_SUB_SEC_ORIGINAL)
    offset = camera.text(_OFFSET_ORIGINAL)
    text = moment.isoformat()
    if fraction.isdecimal() and fraction.isascii():
        text += f".{fraction[:6]}"
    return text + offset if _OFFSET.fullmatch(offset) else text
