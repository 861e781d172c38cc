"""What cannot be decoded: every answer is a PhotoFault with the right code, the file's name and a reason."""

import errno
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import simplejpeg
import tifffile
from made_photos import dng, jpeg, off_by, picture, png_bytes, scene, written
from PIL import Image

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.osfaults import failure_of, photo_fault
from facekeep.inference import limits
from facekeep.inference.decode import decode

ROOT = Path(__file__).resolve().parents[2]


def refusal(path: Path | bytes, code: FailureCode, **options: int) -> str:
    """The message of the refusal, which must carry the code and name the file."""
    with pytest.raises(PhotoFault) as caught:
        decode(path, **{"long_side": 1280, **options})
    assert caught.value.failure is code
    assert os.fsdecode(os.path.basename(path)) in caught.value.message  # noqa: PTH119
    return caught.value.message


def saved(kind: str, width: int = 96, height: int = 64, **options: object) -> bytes:
    buffer = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind, **options)
    return buffer.getvalue()


def heic() -> bytes:
    buffer = BytesIO()
    pillow_heif.from_pillow(picture(640, 480)).save(buffer, quality=80)
    return buffer.getvalue()


def test_an_empty_file(tmp_path: Path) -> None:
    assert "empty" in refusal(written(tmp_path / "a.jpg", b""), FailureCode.UNREADABLE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Dear diary, today I took no photo.\n", "text"),
        (b"%PDF-1.7\n1 0 obj << /Encrypt 2 0 R >>", "PDF"),
        (b"PK\x03\x04\x14\0\x01\0" + bytes(90), "ZIP"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"8BPS\0\1" + bytes(90), "Photoshop"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(90), "video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90), "JPEG XL"),
        (bytes(5000), "zero bytes"),
        (b"\x01\x02\x03\x04\x05" * 50, "not a picture type"),
    ],
)
def test_something_else_under_a_photo_s_name(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(written(tmp_path / "a.jpg", content), FailureCode.UNREADABLE)


WHOLE: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved("JPEG", 640, 480),
    "jpeg-progressive": lambda: saved("JPEG", 640, 480, progressive=True),
    "png": lambda: saved("PNG"),
    "webp": lambda: saved("WEBP"),
    "gif": lambda: saved("GIF"),
    "bmp": lambda: saved("BMP"),
    "tiff": lambda: saved("TIFF"),
    "tiff-lzw": lambda: saved("TIFF", compression="tiff_lzw"),
    "avif": lambda: saved("AVIF"),
    "heic": heic,
    "dng": lambda: dng(scene(1536, 1024), None),
}


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("kind", WHOLE)
def test_a_truncated_file(tmp_path: Path, kind: str, share: float) -> None:
    data = WHOLE[kind]()
    decode(written(tmp_path / "whole", data), long_side=100)
    refusal(written(tmp_path / "cut", data[: int(len(data) * share)]), FailureCode.UNREADABLE)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_jpeg_says_so(tmp_path: Path, progressive: bool) -> None:
    data = saved("JPEG", 640, 480, progressive=progressive)
    half = data[: len(data) // 2]
    for cut in (half, half + b"\xff\xd9", half + bytes(len(data) // 2), data[:-7]):
        assert "truncated" in refusal(written(tmp_path / "a.jpg", cut), FailureCode.UNREADABLE)


def test_a_jpeg_that_only_lacks_its_end_marker_is_whole(tmp_path: Path) -> None:
    data = jpeg(picture())
    assert data.endswith(b"\xff\xd9")
    assert off_by(decode(written(tmp_path / "a.jpg", data[:-2]), long_side=100).pixels) <= 16


def test_bytes_behind_a_jpeg_do_not_matter(tmp_path: Path) -> None:
    """Motion pictures append a video, other phones a second picture."""
    video = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40
    for behind in (video, jpeg(picture().rotate(180)), bytes(999)):
        path = written(tmp_path / "a.jpg", jpeg(picture()) + behind)
        assert off_by(decode(path, long_side=100).pixels) <= 16


@pytest.mark.parametrize("flaw", ["stray bytes", "odd scan header"])
def test_small_flaws_in_a_jpeg_are_passed_over(tmp_path: Path, flaw: str) -> None:
    """Of kinds that cameras and editors really write: the strict decoder complains, and nothing is lost."""
    data = bytearray(jpeg(picture()))
    if flaw == "stray bytes":
        tables = data.index(b"\xff\xdb")
        data[tables:tables] = b"\x00\x11\x22"
    else:
        scan = data.index(b"\xff\xda")
        data[scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big") - 2] = 0
    with pytest.raises(ValueError, match=r"extraneous|SOS"):
        simplejpeg.decode_jpeg(bytes(data))
    assert off_by(decode(written(tmp_path / "a.jpg", bytes(data)), long_side=100).pixels) <= 16


def test_a_jpeg_without_a_picture(tmp_path: Path) -> None:
    data = jpeg(picture())
    refusal(written(tmp_path / "a.jpg", data[:2] + b"\xff\xd9"), FailureCode.UNREADABLE)
    refusal(written(tmp_path / "b.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 40), FailureCode.UNREADABLE)
    frame = data.index(b"\xff\xc0")
    no_height = data[: frame + 5] + b"\0\0" + data[frame + 7 :]
    refusal(written(tmp_path / "c.jpg", no_height), FailureCode.UNREADABLE)


def test_the_limit_is_named_and_can_be_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", saved("PNG", 2000, 1500))
    message = refusal(path, FailureCode.TOO_LARGE, max_pixels=2_000_000)
    assert "2.00 megapixels" in message
    assert "2000 x 1500" in message
    assert decode(path, long_side=100, max_pixels=3_000_000).facts.width == 2000


def claims(kind: str, width: int, height: int) -> bytes:
    """A small file whose header claims a huge picture."""
    if kind == "png":
        return png_bytes(np.zeros((4, 4, 3), np.uint16), 2, claims=(width, height))
    if kind == "gif":
        data = bytearray(saved("GIF"))
        struct.pack_into("<HH", data, 6, width, height)
        return bytes(data)
    if kind == "bmp":
        data = bytearray(saved("BMP"))
        struct.pack_into("<ii", data, 18, width, height)
        return bytes(data)
    if kind == "webp":
        body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"RIFF" + struct.pack("<I", 80) + b"WEBPVP8X" + struct.pack("<I", 10) + body + bytes(60)
    if kind == "tiff":
        buffer = BytesIO()
        tifffile.imwrite(buffer, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
        data = bytearray(buffer.getvalue())
        for tag, size in ((256, width), (257, height)):
            at = data.index(struct.pack("<HH", tag, 4)) if struct.pack("<HH", tag, 4) in data else -1
            kind_of = "<I" if at >= 0 else "<H"
            at = at if at >= 0 else data.index(struct.pack("<HH", tag, 3))
            struct.pack_into(kind_of, data, at + 8, size)
        return bytes(data)
    data = bytearray(saved("JPEG", 96, 64, progressive=kind == "jpeg-progressive"))
    frame = data.index(b"\xff\xc2" if kind == "jpeg-progressive" else b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, height, width)
    return bytes(data)


KINDS = ["png", "gif", "bmp", "webp", "tiff", "jpeg", "jpeg-progressive"]


@pytest.mark.parametrize("kind", KINDS)
def test_three_hundred_megapixels(tmp_path: Path, kind: str) -> None:
    size = (16383, 16384) if kind == "webp" else (20000, 15000)
    limit = {"max_pixels": 150_000_000} if kind.startswith("jpeg") else {}
    assert "megapixels" in refusal(
        written(tmp_path / "a", claims(kind, *size)), FailureCode.TOO_LARGE, **limit
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_takes_no_memory(tmp_path: Path, kind: str) -> None:
    """In a process of its own that may not grow by more than 64 MB once it is warm."""
    size = (16383, 16384) if kind == "webp" else (60000, 60000)
    path = written(tmp_path / "bomb", claims(kind, *size))
    small = written(tmp_path / "small", claims(kind, 96, 64) if kind.startswith("jpeg") else saved("PNG"))
    program = f"""
from facekeep.domain.errors import PhotoFault
from facekeep.inference.decode import decode
from tests.peak_memory import peak_kilobytes
decode({str(small)!r}, long_side=64)
before = peak_kilobytes()
try:
    decode({str(path)!r}, long_side=64)
except PhotoFault as fault:
    print(fault.failure)
print(peak_kilobytes() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    failure, grown = done.stdout.split()
    assert failure == "too_large"
    assert int(grown) < 64 * 1024


def test_a_png_whose_text_or_profile_unpacks_to_a_flood(tmp_path: Path) -> None:
    def with_chunk(kind: bytes, body: bytes) -> bytes:
        data = saved("PNG")
        chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        return data[:33] + chunk + data[33:]

    flood = zlib.compress(bytes(80 << 20))
    for kind in (b"zTXt", b"iCCP"):
        path = written(tmp_path / kind.decode(), with_chunk(kind, b"x\0\0" + flood))
        refusal(path, FailureCode.UNREADABLE)


def test_a_file_too_long_to_be_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", jpeg(picture()))
    os.truncate(path, limits.MAX_WHOLE_BYTES + 1)
    assert "512 MB" in refusal(path, FailureCode.TOO_LARGE)


def test_16_bit_colour_planes_are_refused_rather_than_misread(tmp_path: Path) -> None:
    planes = np.moveaxis(scene().astype(np.uint16) * 257, 2, 0).copy()
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert "separate planes" in refusal(tmp_path / "a.tif", FailureCode.UNREADABLE)


def test_exotic_kinds_of_a_known_format(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "double.tif", np.zeros((8, 8), np.float64))
    assert "not supported" in refusal(tmp_path / "double.tif", FailureCode.UNREADABLE)
    data = bytearray(saved("BMP"))
    struct.pack_into("<I", data, 30, 77)
    refusal(written(tmp_path / "odd.bmp", bytes(data)), FailureCode.UNREADABLE)


def test_what_is_no_file(tmp_path: Path) -> None:
    refusal(tmp_path / "gone.jpg", FailureCode.MISSING_FILE)
    (tmp_path / "folder.jpg").mkdir()
    refusal(tmp_path / "folder.jpg", FailureCode.UNREADABLE)
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "regular" in refusal(tmp_path / "pipe.jpg", FailureCode.UNREADABLE)
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    assert "circle" in refusal(tmp_path / "circle.jpg", FailureCode.UNREADABLE)
    refusal(tmp_path / ("n" * 300 + ".jpg"), FailureCode.UNREADABLE)


def test_a_name_that_is_not_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with pytest.raises(PhotoFault) as caught:
        decode(path, long_side=100)
    assert "caf\\xe9.jpg" in caught.value.message
    with open(path, "wb") as file:
        file.write(jpeg(picture()))
    assert decode(path, long_side=100).facts.width == 96
    assert decode(Path(os.fsdecode(path)), long_side=100).facts.width == 96


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOENT, FailureCode.MISSING_FILE),
        (errno.EACCES, FailureCode.STORAGE),
        (errno.EIO, FailureCode.STORAGE),
        (errno.ENOTCONN, FailureCode.LIBRARY_OFFLINE),
        (errno.ESTALE, FailureCode.LIBRARY_OFFLINE),
        (errno.ENOMEM, FailureCode.OUT_OF_MEMORY),
        (errno.EMFILE, FailureCode.INTERNAL),
        (errno.EOVERFLOW, FailureCode.STORAGE),
    ],
)
def test_what_the_system_says_keeps_its_meaning(number: int, code: FailureCode) -> None:
    assert failure_of(OSError(number, os.strerror(number)))[0] is code
    assert photo_fault(OSError(number, os.strerror(number)), "a.jpg").message.startswith("a.jpg: ")


def test_a_permission_is_named_with_what_to_do() -> None:
    fault = photo_fault(PermissionError(errno.EACCES, "Permission denied"), "a.jpg")
    assert "permission" in fault.message
    assert "right to read" in fault.hint


def test_no_memory_left_is_not_the_photo_s_fault(tmp_path: Path) -> None:
    """Under a limit on address space that its pixels do not fit into."""
    path = written(tmp_path / "large.png", saved("PNG", 8, 8))
    Image.new("L", (12000, 12000)).save(path)
    program = f"""
import resource
from facekeep.domain.errors import PhotoFault
from facekeep.inference.decode import decode
from PIL import Image, ImageCms, PngImagePlugin
import simplejpeg
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (48 << 20), resource.RLIM_INFINITY))
try:
    decode({str(path)!r}, long_side=1280)
except PhotoFault as fault:
    print(fault.failure)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["out_of_memory"], done.stderr


def test_nothing_of_no_size_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="long_side"):
        decode(written(tmp_path / "a.jpg", jpeg(picture())), long_side=0)
