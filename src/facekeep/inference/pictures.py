"""PNG, WebP, TIFF, GIF, BMP, AVIF and HEIF: formats that are decoded whole, then scaled."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from facekeep.domain import media
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import Pixels
from facekeep.domain.tiff import Read
from facekeep.inference import exif
from facekeep.inference.colour import to_srgb
from facekeep.inference.exif import CameraNotes
from facekeep.inference.limits import WEBP_SHARE, check_pixels
from facekeep.inference.source import Source

# One reader each: a file is opened by the reader of the type it was told to be, and by no other.
_READERS = {
    media.PNG: "PNG",
    media.WEBP: "WEBP",
    media.TIFF: "TIFF",
    media.GIF: "GIF",
    media.BMP: "BMP",
    media.AVIF: "AVIF",
}
# TIFF 6.0, tags and value.
_BITS_PER_SAMPLE, _PLANAR_CONFIGURATION, _SEPARATE = 0x0102, 0x011C, 2
READ_WHOLE = frozenset({media.WEBP, media.AVIF}) | media.HEIF_TYPES
"""Types whose readers take the file into memory."""


def open_picture(file: BinaryIO, media_type: str, max_pixels: int) -> Source:
    """The first frame of a file that Pillow reads. Raises PhotoFault (limit), or what Pillow does."""
    from PIL import Image

    if media_type == media.WEBP:
        # Pillow's reader makes room for the whole canvas on opening.
        check_pixels(*_webp_size(file), int(max_pixels * WEBP_SHARE))
    picture = Image.open(file, formats=(_READERS[media_type],))
    check_pixels(*picture.size, max_pixels)
    if media_type == media.TIFF:
        _refuse_deep_planes(picture)
    profile = _profile(picture.info)
    notes = _notes(picture.info)
    if media_type == media.TIFF:
        # Pillow turns TIFF upright itself while loading, and reports the upright size before.
        notes = CameraNotes(1, exif.from_tiff(_reader(file)).taken_at)

    def load(size: tuple[int, int]) -> Pixels:
        picture.load()
        return to_srgb(picture, size, profile)

    return Source(*picture.size, media_type, notes, load)


def _refuse_deep_planes(picture: Any) -> None:
    """Pillow reads 16-bit colour that is stored plane by plane as nonsense, without an error."""
    planes, depth = picture.tag_v2.get(_PLANAR_CONFIGURATION, 1), picture.tag_v2.get(_BITS_PER_SAMPLE, (8,))
    if planes == _SEPARATE and len(depth) > 1 and max(depth) > 8:
        raise PhotoFault(
            FailureCode.UNREADABLE,
            f"a TIFF file with {max(depth)}-bit colours in separate planes is not supported",
            hint="save it again with interleaved planes, or as a PNG",
        )


def open_heif(file: BinaryIO, media_type: str, max_pixels: int) -> Source:
    """The primary picture of an HEIF file. libheif turns it upright, as its EXIF says for older readers."""
    import pillow_heif

    container = pillow_heif.open_heif(file, convert_hdr_to_8bit=True)
    primary = container[container.primary_index]
    width, height = primary.size
    check_pixels(width, height, max_pixels)
    taken_at = _notes(primary.info).taken_at

    def load(size: tuple[int, int]) -> Pixels:
        return to_srgb(primary.to_pillow(), size, _profile(primary.info))

    return Source(width, height, media_type, CameraNotes(1, taken_at), load)


def _profile(info: Mapping[Any, Any]) -> bytes | None:
    profile = info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


def _notes(info: Mapping[Any, Any]) -> CameraNotes:
    block = info.get("exif")
    return exif.from_exif(block) if isinstance(block, bytes) else exif.NOTHING


def _webp_size(file: BinaryIO) -> tuple[int, int]:
    """Canvas size from the first chunk (RFC 9649); (1, 1), which passes, when it is of no known kind."""
    head = file.read(30)
    file.seek(0)
    kind, body = head[12:16], head[20:30]
    if len(body) < 10:
        return 1, 1
    if kind == b"VP8X":
        return _little(body[4:7]) + 1, _little(body[7:10]) + 1
    if kind == b"VP8L":
        bits = _little(body[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return _little(body[6:8]) & 0x3FFF, _little(body[8:10]) & 0x3FFF
    return 1, 1


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _reader(file: BinaryIO) -> Read:
    def read(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    return read
