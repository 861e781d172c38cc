"""Types told by content: every format, its impostors, and camera RAW that looks like TIFF."""

import os
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import tifffile
from made_photos import Entry, TiffLike, dng, jpeg, longs, picture, scene, shorts, text, written

from facekeep.domain import media
from facekeep.domain.tiff import directory, first_directory, reader
from facekeep.inference import limits, raw
from facekeep.library import rules
from facekeep.library.sniff import sniff


def told(data: bytes) -> str | None:
    return media.by_content(reader(data))


def saved(kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture().save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("MPO", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
        ("AVIF", "image/avif"),
    ],
)
def test_written_pictures(tmp_path: Path, kind: str, media_type: str) -> None:
    data = saved(kind)
    assert told(data) == media_type
    assert sniff(bytes(written(tmp_path / "no-ending", data))) == media_type
    assert media_type in media.SUPPORTED


def test_heic(tmp_path: Path) -> None:
    buffer = BytesIO()
    pillow_heif.from_pillow(picture()).save(buffer)
    assert told(buffer.getvalue()) == "image/heic"


def brands(major: bytes, *others: bytes) -> bytes:
    box = b"ftyp" + major + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", len(box) + 4) + box + bytes(64)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (brands(b"heic", b"mif1", b"heic"), "image/heic"),
        (brands(b"mif1", b"mif1", b"heic"), "image/heic"),
        (brands(b"mif1", b"mif1", b"avif"), "image/avif"),
        (brands(b"mif1", b"mif1"), "image/heif"),
        (brands(b"avis", b"msf1"), "image/avif"),
        (brands(b"crx ", b"isom"), "image/x-canon-cr3"),
        (brands(b"mp42", b"isom", b"avif"), None),
        (brands(b"qt  "), None),
        (brands(b"M4V ", b"heic"), None),
    ],
)
def test_iso_media_files_by_their_brands(data: bytes, media_type: str | None) -> None:
    assert told(data) == media_type


@pytest.mark.parametrize(
    ("opening", "media_type"),
    [
        (b"FUJIFILMCCD-RAW 0201", "image/x-fuji-raf"),
        (b"IIRO\x08\0\0\0", "image/x-olympus-orf"),
        (b"IIRS\x08\0\0\0", "image/x-olympus-orf"),
        (b"MMOR\0\0\0\x08", "image/x-olympus-orf"),
        (b"IIU\0\x18\0\0\0", "image/x-panasonic-rw2"),
        (b"FOVb\0\0\2\0", "image/x-sigma-x3f"),
        (b"II\x1a\0\0\0HEAPCCDR", "image/x-canon-crw"),
        (b"\0MRM\0\0\0\0", "image/x-minolta-mrw"),
        (b"II*\0\x10\0\0\0CR\2\0", "image/x-canon-cr2"),
        (b"MM\0*\0\0\0\x08MMMMRawT", "image/x-phaseone-iiq"),
    ],
)
def test_camera_raw_by_its_opening(opening: bytes, media_type: str) -> None:
    assert told(opening + bytes(100)) == media_type
    assert media_type in media.RAW_TYPES


def camera_file(maker: str, sensor: list[Entry], *, deep: bool) -> bytes:
    """As cameras write it: a thumbnail in front, the sensor in a directory below or in the same one."""
    out = TiffLike()
    out.put(bytes(9000))
    front = [longs(254, 1), longs(256, 160), longs(257, 120), shorts(259, 6), text(271, maker)]
    if deep:
        return out.finish([*front, longs(330, out.put_directory(sensor))])
    return out.finish([text(271, maker), *sensor])


@pytest.mark.parametrize(
    ("maker", "compression", "photometric", "media_type"),
    [
        ("NIKON CORPORATION", 34713, 32803, "image/x-nikon-nef"),
        ("SONY", 32767, 32803, "image/x-sony-arw"),
        ("SONY", 1, 32803, "image/x-sony-arw"),
        ("PENTAX Corporation", 65535, 32803, "image/x-pentax-pef"),
        ("RICOH IMAGING COMPANY, LTD.", 65535, 32803, "image/x-pentax-pef"),
        ("SAMSUNG", 32770, 32803, "image/x-samsung-srw"),
        ("Hasselblad", 1, 32803, "image/x-hasselblad-3fr"),
        ("Kodak", 65000, 32803, "image/x-kodak-dcr"),
        ("Leaf", 1, 32803, "image/x-raw"),
        ("", 1, 34892, "image/x-raw"),
    ],
)
@pytest.mark.parametrize("deep", [True, False], ids=["below", "in-front"])
def test_camera_raw_on_tiff_is_not_taken_for_tiff(
    tmp_path: Path, maker: str, compression: int, photometric: int, media_type: str, deep: bool
) -> None:
    sensor = [longs(254, 0), longs(256, 6000), longs(257, 4000), shorts(259, compression)]
    data = camera_file(maker, [*sensor, shorts(262, photometric)], deep=deep)
    assert told(data) == media_type
    # Through a file as well: the directories lie beyond the first read.
    assert sniff(bytes(written(tmp_path / "a.tif", data))) == media_type


def test_dng_by_its_version_tag(tmp_path: Path) -> None:
    assert told(dng(scene(), None)) == media.DNG
    assert told(dng(scene(), jpeg(picture()))) == media.DNG


def test_tiff_of_a_camera_is_a_tiff() -> None:
    """Scanners and converters write the camera's name and several pages too."""
    buffer = BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for _ in range(3):
            writer.write(np.zeros((8, 8, 3), np.uint8), photometric="rgb", metadata=None)
    assert told(buffer.getvalue()) == media.TIFF
    assert (
        told(camera_file("NIKON CORPORATION", [longs(256, 6000), shorts(262, 2)], deep=False)) == media.TIFF
    )
    big = BytesIO()
    tifffile.imwrite(big, np.zeros((8, 8), np.uint8), bigtiff=True)
    assert told(big.getvalue()) == media.TIFF


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"BM is how this letter begins",
        b"GIF is a format",
        b"II*",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"%PDF-1.4",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"8BPS\0\1",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\0\0\0\0ftyp",
        bytes(100),
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    assert told(data) is None


def test_directories_in_a_circle_end() -> None:
    circle = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 330, 4, 1, 8, 8)
    assert told(circle) == media.TIFF


def test_a_directory_with_impossible_numbers() -> None:
    data = b"II*\0\x08\0\0\0" + b"\xff\xff" + struct.pack("<HHII", 330, 4, 0xFFFFFFFF, 0xFFFFFFF0)
    read = reader(data)
    found = directory(read, first_directory(read) or 0)
    assert found is not None
    assert found.integers(330) == ()
    assert found.integer(271) is None
    assert found.text(271) == ""
    assert directory(read, 0) is None
    assert directory(read, 10**9) is None
    assert first_directory(reader(b"JUNK")) is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (b"a.JPG", ".jpg"),
        (b"a.b.Heic", ".heic"),
        (b"noending", ""),
        (b".jpg", ""),
        (b"a.", "."),
        (b"caf\xe9.jpg", ".jpg"),
        (b"a.jp\xe9", ".jp\ufffd"),
    ],
)
def test_endings(name: bytes, wanted: str) -> None:
    assert media.ending(name) == wanted


def test_the_two_lists_of_endings_do_not_meet() -> None:
    assert not media.PHOTO_ENDINGS & media.OTHER_ENDINGS
    assert all(ending == ending.lower() for ending in media.PHOTO_ENDINGS | media.OTHER_ENDINGS)


def test_the_documents_list_every_ending_every_rule_and_every_limit(repo_root: Path) -> None:
    text = (repo_root / "docs" / "formats.md").read_text(encoding="utf-8")
    for ending in media.PHOTO_ENDINGS | media.OTHER_ENDINGS:
        assert f"`{ending}`" in text
    for rule in rules.BY_NAME:
        assert f"| {rule.what} | {'yes' if rule.derived else 'no'} |" in text
    assert f"{limits.DEFAULT_MAX_PIXELS // 10**6} megapixels" in text
    assert f"{int(limits.DEFAULT_MAX_PIXELS * limits.SCALED_ALLOWANCE) // 10**6} megapixels" in text
    assert f"{limits.MAX_WHOLE_BYTES >> 20} MB" in text
    assert f"{raw.MIN_PREVIEW:,} pixels" in text


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert sniff(bytes(tmp_path / "pipe")) is None
