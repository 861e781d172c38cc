"""Sound pictures of every supported format and of their odd relatives: what the malformed ones are made from.

Small, and of a face, so that a copy that is hardly damaged still goes all the way through the models.
"""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from made_photos import dng, exif, jpeg, png_bytes
from PIL import Image, ImageCms
from worker_support import astronaut

from facekeep.domain.faces import Pixels

WIDTH, HEIGHT = 120, 96

# Adam7: first column and row, step across and down (PNG, third edition, section 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@cache
def _face() -> Image.Image:
    return Image.fromarray(astronaut()[:240, 90:390]).resize((WIDTH, HEIGHT))


def _pixels() -> Pixels:
    return np.asarray(_face(), dtype=np.uint8)


@cache
def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _exif() -> bytes:
    return exif(6, {0x9003: "2020:01:02 03:04:05", 0x9286: "a comment " * 9})


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _frames() -> list[Image.Image]:
    return [_face().rotate(angle) for angle in (5, 10)]


def _several(kind: str, **options: object) -> bytes:
    return _saved(_face(), kind, save_all=True, append_images=_frames(), **options)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, stream: bytes, *, kind: int = 2, depth: int = 8, interlaced: int = 0
) -> bytes:
    """A PNG of a header and one compressed stream of rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    parts = [png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(stream)), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _rows(pixels: Pixels) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in pixels)


def _interlaced() -> bytes:
    pixels = _pixels()
    passes = [pixels[row::down, column::across] for column, row, across, down in _PASSES]
    return png(WIDTH, HEIGHT, b"".join(_rows(each) for each in passes if each.size), interlaced=1)


def _deep() -> npt.NDArray[np.uint16]:
    return _pixels().astype(np.uint16) * 257


def _heif(format_: str, **options: object) -> bytes:
    import pillow_heif

    out = io.BytesIO()
    container = pillow_heif.from_pillow(_face())
    for frame in _frames() if options.pop("several", False) else []:
        container.add_from_pillow(frame)
    container.save(out, format=format_, quality=70, **options)
    return out.getvalue()


def _alpha() -> Image.Image:
    image = _face().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def _tiled_tiff() -> bytes:
    import tifffile

    out = io.BytesIO()
    tifffile.imwrite(out, _pixels(), tile=(32, 32), photometric="rgb", compression=None)
    return out.getvalue()


def _dng(preview: bool) -> bytes:
    small = np.ascontiguousarray(_pixels()[:64, :80])
    return dng(
        small, jpeg(Image.fromarray(small)) if preview else None, orientation=6, taken="2020:01:02 03:04:05"
    )


_MAKERS: dict[str, Callable[[], bytes]] = {
    "baseline.jpg": lambda: jpeg(_face(), exif=_exif(), icc_profile=_profile(), comment=b"a comment"),
    "progressive.jpg": lambda: jpeg(_face(), progressive=True, exif=_exif()),
    "inks.jpg": lambda: jpeg(_face().convert("CMYK")),
    "grey.jpg": lambda: jpeg(_face().convert("L"), restart_marker_blocks=2),
    "several.jpg": lambda: _several("MPO"),
    "eight.png": lambda: _saved(_face(), "PNG", icc_profile=_profile(), exif=_exif()),
    "sixteen.png": lambda: png_bytes(_deep(), 2),
    "sixteen-grey.png": lambda: png_bytes(_deep()[:, :, 0], 0),
    "palette.png": lambda: _saved(_face().quantize(64), "PNG", transparency=3),
    "interlaced.png": _interlaced,
    "animated.png": lambda: _saved(
        _face(), "PNG", save_all=True, append_images=_frames(), default_image=True
    ),
    "alpha.png": lambda: _saved(_alpha(), "PNG"),
    "lossy.webp": lambda: _saved(_face(), "WEBP", quality=70, exif=_exif(), icc_profile=_profile()),
    "lossless.webp": lambda: _saved(_alpha(), "WEBP", lossless=True),
    "alpha.webp": lambda: _saved(_alpha(), "WEBP", quality=70),
    "animated.webp": lambda: _several("WEBP"),
    "plain.tif": lambda: _saved(_face(), "TIFF"),
    "lzw.tif": lambda: _saved(_face(), "TIFF", compression="tiff_lzw"),
    "deflate.tif": lambda: _saved(_face(), "TIFF", compression="tiff_adobe_deflate", icc_profile=_profile()),
    "jpeg.tif": lambda: _saved(_face(), "TIFF", compression="jpeg"),
    "packbits.tif": lambda: _saved(_face(), "TIFF", compression="packbits"),
    "fax.tif": lambda: _saved(_face().convert("1"), "TIFF", compression="group4"),
    "several.tif": lambda: _several("TIFF", big_tiff=True),
    "tiled.tif": _tiled_tiff,
    "still.gif": lambda: _saved(_face(), "GIF"),
    "animated.gif": lambda: _saved(
        _face(), "GIF", save_all=True, append_images=_frames(), comment=b"a comment"
    ),
    "colour.bmp": lambda: _saved(_face(), "BMP"),
    "palette.bmp": lambda: _saved(_face().quantize(16), "BMP"),
    "camera.heic": lambda: _heif("HEIF", exif=_exif(), icc_profile=_profile()),
    "several.heic": lambda: _heif("HEIF", several=True),
    "still.avif": lambda: _saved(_face(), "AVIF", quality=60, exif=_exif()),
    "alpha.avif": lambda: _saved(_alpha(), "AVIF", quality=60),
    "sensor.dng": lambda: _dng(preview=False),
    "preview.dng": lambda: _dng(preview=True),
}


@cache
def pictures() -> dict[str, bytes]:
    """Every kind by a file name that fits it."""
    return {name: make() for name, make in _MAKERS.items()}
