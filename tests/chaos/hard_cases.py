"""Hand-made files that broke photo programs: bombs, loops, lies, and things that are no pictures at all."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from made_photos import TiffLike, directory, exif, jpeg, longs, picture, png_bytes, scene, shorts, text
from PIL import Image
from tests.chaos.sound import pictures, png, png_chunk

PNG = b"\x89PNG\r\n\x1a\n"
BEYOND_ANY_FILE = b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63 - 8)
"""A BigTIFF whose directory stands where the system refuses to seek."""
HEADER = struct.Struct(">IIBBBBB")


def write_all(folder: Path, *, heavy: bool) -> None:
    """All of them as files, and then what is not even a file. `heavy`: also those that take seconds each."""
    folder.mkdir(parents=True)
    cases = {
        **_small(),
        **_bombs(),
        **_png_lies(),
        **_jpeg_lies(),
        **_tiff_lies(),
        **_others(),
        **_not_pictures(),
    }
    cases |= _heavy() if heavy else {}
    for name, data in cases.items():
        (folder / name).write_bytes(data)
    (folder / os.fsdecode(b"nul-\xff-and-latin-\xe9.jpg")).write_bytes(jpeg(picture(40, 41)))
    (folder / ("long-" * 48 + ".jpg")).write_bytes(jpeg(picture(40, 42)))
    (folder / "name with\nnewline \U0001f600.jpg").write_bytes(jpeg(picture(40, 43)))
    _things(folder)


def _things(folder: Path) -> None:
    """Names of photos on what is no file, or leads nowhere."""
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "there.jpg").symlink_to("back.jpg")
    (folder / "back.jpg").symlink_to("there.jpg")
    (folder / "nowhere.jpg").symlink_to("gone.jpg")
    (folder / "device.jpg").symlink_to("/dev/zero")
    (folder / "itself").symlink_to(".")


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _plain(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), (90, 60, 30))


def _small() -> dict[str, bytes]:
    """Sound pictures of odd shapes, which are results: done, and no face."""
    return {
        "tracking-pixel.gif": bytes.fromhex(
            "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
        ),
        "one.png": _saved(_plain(1, 1), "PNG"),
        "one.jpg": _saved(_plain(1, 1), "JPEG"),
        "one.webp": _saved(_plain(1, 1), "WEBP"),
        "one.tif": _saved(_plain(1, 1), "TIFF"),
        "one.bmp": _saved(_plain(1, 1), "BMP"),
        "one.avif": _saved(_plain(1, 1), "AVIF"),
        "wide.png": _saved(_plain(50_000, 1), "PNG"),
        "high.png": _saved(_plain(1, 50_000), "PNG"),
        "wide.jpg": _saved(_plain(50_000, 1), "JPEG"),
        "high.jpg": _saved(_plain(1, 50_000), "JPEG"),
        "widest.jpg": _saved(_plain(65_500, 3), "JPEG"),
        "wide.bmp": _saved(_plain(50_000, 1), "BMP"),
        "wide.tif": _saved(_plain(50_000, 1), "TIFF", compression="tiff_lzw"),
        "alpha-only.png": _saved(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG"),
        "alpha-only.webp": _saved(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "WEBP", lossless=True),
        "one-bit.png": _saved(Image.new("1", (64, 64)), "PNG"),
        "black.jpg": _saved(Image.new("L", (64, 64)), "JPEG"),
        "float.tif": _saved(Image.new("F", (64, 64), 1e30), "TIFF"),
        "not-a-number.tif": _saved(Image.fromarray(np.full((64, 64), np.nan, np.float32)), "TIFF"),
        "whole-numbers.tif": _saved(Image.new("I", (64, 64), -5), "TIFF"),
    }


def _bombs() -> dict[str, bytes]:
    """Small files that ask for much memory, or much time."""
    side = 40_000
    return {
        "bomb.png": png(side, side, bytes(3 * side + 1) * 4),
        "bomb-under-the-limit.png": png(12_000, 12_000, bytes((3 * 12_000 + 1) * 40)),
        "bomb-stream.png": png(64, 64, bytes(60_000_000)),
        "bomb-interlaced.png": png(side, side, bytes(90_000), interlaced=1),
        "bomb-text.png": _with_chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(80_000_000))),
        "bomb-profile.png": _with_chunk(b"iCCP", b"key\0\0" + zlib.compress(bytes(80_000_000))),
        "bomb.gif": _patched("still.gif", 6, struct.pack("<HH", 65_535, 65_535)),
        "bomb-frame.gif": b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;",
        "bomb.bmp": _patched("colour.bmp", 18, struct.pack("<ii", 60_000, 60_000)),
        "bomb-lzw.tif": _bomb_tiff(30_000, 30_000, 5),
        "bomb-strips.tif": _bomb_tiff(12_000, 12_000, 8),
        "bomb-progressive.jpg": _jpeg_of_size(_progressive(), 20_000, 20_000),
        "many-scans.jpg": _many_scans(6000, 100),
        "many-frames.gif": _saved(_plain(8, 8), "GIF", save_all=True, append_images=_shades(300)),
        "many-chunks.png": _with_chunk(b"tEXt", b"key\0value", times=20_000),
        "many-segments.jpg": b"\xff\xd8" + b"\xff\xfe\0\4ab" * 20_000 + jpeg(picture())[2:],
    }


def _heavy() -> dict[str, bytes]:
    """Just under the limits, so that they are really decoded: gigabytes, and many seconds."""
    return {
        "bomb.webp": _saved(_plain(16_383, 9_700), "WEBP", lossless=True, quality=0, method=0),
        "very-many-scans.jpg": _many_scans(12_000, 600),
        "large.png": _saved(_plain(12_600, 12_600), "PNG", compress_level=1),
        "large.tif": _saved(_plain(12_600, 12_600), "TIFF", compression="tiff_lzw"),
        "large-ink.jpg": jpeg(Image.new("CMYK", (12_600, 12_600), (9, 9, 9, 9))),
        "large-progressive.jpg": jpeg(_plain(12_600, 12_600), progressive=True),
    }


def _png_lies() -> dict[str, bytes]:
    sound = pictures()["eight.png"]
    empty = png_chunk(b"IDAT", b"")
    end = png_chunk(b"IEND", b"")
    return {
        "wrong-checksum.png": sound[:29] + b"\0\0\0\0" + sound[33:],
        "wrong-data-checksum.png": sound[:-16] + b"\0\0\0\0" + sound[-12:],
        "no-width.png": png(0, 10, bytes(10)),
        "no-size.png": png(0, 0, b""),
        "negative.png": png(0x80000001, 0x80000001, b""),
        "no-data.png": PNG + png_chunk(b"IHDR", HEADER.pack(9, 9, 8, 2, 0, 0, 0)) + end,
        "empty-data.png": PNG + png_chunk(b"IHDR", HEADER.pack(9, 9, 8, 2, 0, 0, 0)) + empty * 500 + end,
        "short-data.png": png(64, 64, bytes(10)),
        "no-end.png": sound[:-12],
        "no-header.png": PNG + sound[33:],
        "two-headers.png": sound[:33] + sound[8:],
        "no-palette.png": png(16, 16, bytes(17 * 16), kind=3),
        "odd-depth.png": png(16, 16, bytes(17 * 16), depth=3),
        "odd-kind.png": png(16, 16, bytes(17 * 16), kind=5),
        "odd-filter.png": png(16, 16, b"\x09" + bytes(16 * 49)),
        "sixteen-claims-more.png": png_bytes(scene(8, 8).astype(np.uint16), 2, claims=(9000, 9000)),
        "stray-newlines.png": sound.replace(b"\r\n", b"\n"),
    }


def _jpeg_lies() -> dict[str, bytes]:
    sound = pictures()["baseline.jpg"]
    plain = jpeg(picture())
    out = {f"orientation-{value}.jpg": jpeg(picture(), exif=exif(value)) for value in (0, 9, 255, 65_535)}
    block = exif(1)
    return out | {
        "no-size.jpg": _jpeg_of_size(plain, 0, 0),
        "no-height.jpg": _jpeg_of_size(plain, 96, 0),
        "too-high.jpg": _jpeg_of_size(plain, 96, 65_535),
        "largest.jpg": _jpeg_of_size(plain, 65_535, 65_535),
        "no-picture.jpg": b"\xff\xd8\xff\xd9",
        "only-start.jpg": b"\xff\xd8",
        "only-markers.jpg": b"\xff\xd8" + b"\xff" * 5000,
        "no-end.jpg": plain[:-2],
        "half.jpg": plain[: len(plain) // 2],
        "no-tables.jpg": _without(plain, 0xDB),
        "no-codes.jpg": _without(plain, 0xC4),
        "length-of-nothing.jpg": plain[:4] + b"\0\0" + plain[6:],
        "exif-loop.jpg": jpeg(picture(), exif=_looping_exif()),
        "exif-far.jpg": jpeg(picture(), exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"),
        "exif-of-nothing.jpg": jpeg(picture(), exif=b"Exif\0\0"),
        "exif-in-text.jpg": jpeg(picture(), exif=exif(1, {0x9003: "2020\0:01:02 \0\0", 0x927C: "\0" * 50})),
        "exif-wrong-date.jpg": jpeg(picture(), exif=exif(1, {0x9003: "9999:99:99 99:99:99"})),
        "exif-huge-count.jpg": jpeg(picture(), exif=block[:14] + b"\xff\xff" + block[16:]),
        "profile-in-parts.jpg": jpeg(picture(), icc_profile=bytes(200_000)),
        "profile-of-noise.jpg": jpeg(picture(), icc_profile=b"\xff" * 3000),
        "profile-of-ink.jpg": jpeg(picture(), icc_profile=bytes(12) + b"prtrCMYKLab " + bytes(400)),
        "damaged-in-the-middle.jpg": sound[:3000] + b"\xff\xd9" * 40 + sound[3080:],
        "arithmetic.jpg": plain.replace(b"\xff\xc0", b"\xff\xc9", 1),
        "lossless.jpg": plain.replace(b"\xff\xc0", b"\xff\xc3", 1),
        "two-inks.jpg": _components(plain, 2),
        "many-inks.jpg": _components(plain, 255),
    }


def _tiff_lies() -> dict[str, bytes]:
    return {
        "loop.tif": b"II*\0\x08\0\0\0" + struct.pack("<HI", 0, 8),
        "far.tif": b"II*\0\xff\xff\xff\x7f",
        "beyond-any-file.tif": BEYOND_ANY_FILE,
        "at-itself.tif": b"II*\0\0\0\0\0",
        "no-size.tif": _tiff(longs(256, 0), longs(257, 0)),
        "many-samples.tif": _tiff(longs(256, 64), longs(257, 64), samples=60_000),
        "strip-far.tif": _tiff(longs(256, 64), longs(257, 64), strip=0x7FFFFFF0),
        "strip-in-header.tif": _tiff(longs(256, 64), longs(257, 64), strip=0),
        "unknown-compression.tif": _tiff(longs(256, 64), longs(257, 64), compression=50_000),
        "loop-below.dng": b"II*\0\x08\0\0\0" + directory([longs(330, 8), longs(254, 1)], 8),
        "many-entries.tif": b"II*\0\x08\0\0\0\xff\xff" + b"\0\1\3\0\1\0\0\0\1\0\0\0" * 65_535 + bytes(4),
        "thumbnail-only.dng": _camera_without_sensor(),
        "text-without-end.tif": _tiff(longs(256, 64), longs(257, 64), (270, 2, b"x" * 60_000)),
        # Big-endian, and with a size only.
        "size-only.tif": b"MM\0*\0\0\0\x08"
        + struct.pack(">HHHIIHHII", 2, 256, 4, 1, 9, 257, 4, 1, 9)
        + bytes(4),
    }


def _others() -> dict[str, bytes]:
    heic = pictures()["camera.heic"]
    avif = pictures()["still.avif"]
    return {
        "nothing-in-it.heic": heic[: heic.find(b"meta") - 4],
        "no-pixels.heic": heic[: heic.find(b"mdat") + 4],
        "huge.heic": _after(heic, b"ispe", 4, struct.pack(">II", 65_000, 65_000)),
        "huge.avif": _after(avif, b"ispe", 4, struct.pack(">II", 65_000, 65_000)),
        "unknown.heic": heic.replace(b"hvc1", b"xxxx"),
        "brand-only.heic": struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic",
        "film.heic": struct.pack(">I", 24) + b"ftypisom\0\0\0\0isomiso2" + bytes(5000),
        "one-frame-of-none.webp": b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\xff\xff\xff\xff\xff",
        "no-chunks.webp": b"RIFF\4\0\0\0WEBP",
        "no-frames.gif": b"GIF89a\x10\0\x10\0\0\0\0;",
        "no-end.gif": pictures()["still.gif"][:-1],
        "codes-run-out.gif": pictures()["still.gif"][:2000] + b"\0;",
        "upside-down.bmp": _patched("colour.bmp", 22, struct.pack("<i", -96)),
        "most-negative.bmp": _patched("colour.bmp", 22, struct.pack("<i", -(2**31))),
        "odd-depth.bmp": _patched("colour.bmp", 28, struct.pack("<H", 7)),
        "runs.bmp": _patched("palette.bmp", 30, struct.pack("<I", 1)),
        "pixels-far.bmp": _patched("colour.bmp", 10, struct.pack("<I", 0x7FFFFFFF)),
    }


def _not_pictures() -> dict[str, bytes]:
    return {
        "empty.jpg": b"",
        "empty.png": b"",
        "byte.jpg": b"\xff",
        "zeros.jpg": bytes(100_000),
        "text.jpg": b"This is not a photo.\n" * 200,
        "page.png": b"<!DOCTYPE html><html><body>404</body></html>",
        "archive.jpg": b"PK\3\4" + bytes(3000),
        "document.jpg": b"%PDF-1.7\n" + bytes(3000),
        "film.jpg": struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + bytes(3000),
        "sidecar.jpg": b"\0\5\x16\7" + bytes(200),
        "sixteen-bit-text.jpg": "not a photo".encode("utf-16") * 90,
        "noise.jpg": bytes(np.random.default_rng(1).integers(0, 256, 50_000, dtype=np.uint8)),
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "only-signature.png": PNG,
        "only-signature.bmp": b"BM",
        "only-signature.tif": b"II*\0",
        "only-signature.webp": b"RIFF\0\0\0\0WEBP",
        "a-png-by-content.jpg": pictures()["eight.png"] + b"told to be a JPEG",
        "a-heic-by-content.jpg": pictures()["camera.heic"] + b"told to be a JPEG",
        "a-jpeg-by-content.heic": pictures()["baseline.jpg"] + b"told to be HEIC",
        "a-gif-by-content.dng": pictures()["still.gif"] + b"told to be raw",
    }


def _with_chunk(kind: bytes, body: bytes, times: int = 1) -> bytes:
    sound = pictures()["interlaced.png"]
    return sound[:33] + png_chunk(kind, body) * times + sound[33:]


def _patched(name: str, at: int, value: bytes) -> bytes:
    sound = pictures()[name]
    return sound[:at] + value + sound[at + len(value) :]


def _after(data: bytes, word: bytes, skip: int, value: bytes) -> bytes:
    at = data.find(word) + len(word) + skip
    return data[:at] + value + data[at + len(value) :]


def _bomb_tiff(width: int, height: int, compression: int) -> bytes:
    """One strip for all rows that holds almost nothing; LZW (5) or deflate (8)."""
    out = TiffLike()
    data = zlib.compress(bytes(3_000_000)) if compression == 8 else b"\x80\x0b\x60\x50"
    at = out.put(data)
    return out.finish(
        [
            *(longs(256, width), longs(257, height), shorts(258, 8, 8, 8), shorts(259, compression)),
            *(shorts(262, 2), longs(273, at), shorts(277, 3), longs(278, height), longs(279, len(data))),
        ]
    )


def _tiff(*entries: tuple[int, int, bytes], strip: int = 8, samples: int = 3, compression: int = 1) -> bytes:
    rest = (shorts(258, 8, 8, 8), shorts(259, compression), shorts(262, 2), longs(273, strip))
    tail = (shorts(277, samples), longs(278, 64), longs(279, 64 * 64 * 3))
    return TiffLike().finish([*entries, *rest, *tail]) + bytes(500)


def _camera_without_sensor() -> bytes:
    camera = [text(271, "Test"), text(272, "Synthetic"), (50706, 1, b"\1\4\0\0"), shorts(274, 65_535)]
    return TiffLike().finish([*camera, longs(256, 4000), longs(257, 3000), shorts(262, 32803), longs(273, 8)])


def _progressive() -> bytes:
    return jpeg(picture(), progressive=True)


def _jpeg_of_size(data: bytes, width: int, height: int) -> bytes:
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def _many_scans(side: int, count: int) -> bytes:
    """Each scan goes over the whole picture again: a few kilobytes that take minutes where nobody counts."""
    data = _jpeg_of_size(_progressive(), side, side)
    start = data.rfind(b"\xff\xda")
    scan = data[start:-2]
    return data[:start] + scan * count + data[-2:]


def _shades(count: int) -> list[Image.Image]:
    return [Image.new("RGB", (8, 8), (number % 256, 3, 3)) for number in range(count)]


def _without(data: bytes, marker: int) -> bytes:
    while (at := data.find(bytes([0xFF, marker]))) >= 0:
        data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    return data


def _components(data: bytes, count: int) -> bytes:
    at = data.find(b"\xff\xc0") + 9
    return data[:at] + bytes([count]) + data[at + 1 :]


def _looping_exif() -> bytes:
    """A directory whose camera directory is itself, and whose successor is itself."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x0112, 3, 1, 6)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + entry + struct.pack("<I", 8)
