"""Working sizes, facts about the photo, and what decoding leaves alone."""

import threading
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from made_photos import dng, exif, jpeg, off_by, picture, scene, written
from PIL import Image

from facekeep.domain import media
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.inference import exif as exif_module
from facekeep.inference.codecs import codec
from facekeep.inference.decode import decode, open_photo
from facekeep.inference.jpeg import read_header
from facekeep.inference.limits import working_size


@pytest.mark.parametrize(
    ("size", "long_side", "wanted"),
    [
        ((4000, 3000), 1280, (1280, 960)),
        ((3000, 4000), 1280, (960, 1280)),
        ((1280, 960), 1280, (1280, 960)),
        ((640, 480), 1280, (640, 480)),
        ((4001, 2999), 1280, (1280, 959)),
        ((10000, 2), 100, (100, 1)),
        ((1, 1), 1, (1, 1)),
    ],
)
def test_working_size(size: tuple[int, int], long_side: int, wanted: tuple[int, int]) -> None:
    assert working_size(*size, long_side) == wanted


@pytest.mark.parametrize("long_side", [64, 100, 375, 750, 751, 1000, 1500, 3000, 5000])
@pytest.mark.parametrize("kind", ["jpeg", "progressive", "inks", "png"])
def test_exactly_the_size_asked_for_and_never_more(tmp_path: Path, kind: str, long_side: int) -> None:
    image = picture(3000, 2000)
    data = {
        "jpeg": lambda: jpeg(image),
        "progressive": lambda: jpeg(image, progressive=True),
        "inks": lambda: jpeg(image.convert("CMYK")),
        "png": lambda: _png(image),
    }[kind]()
    decoded = decode(written(tmp_path / "a", data), long_side=long_side)
    side = min(long_side, 3000)
    assert decoded.pixels.shape == (round(side * 2 / 3), side, 3)
    assert (decoded.facts.width, decoded.facts.height) == (3000, 2000)
    assert off_by(decoded.pixels) <= 16


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_scaling_keeps_things_where_they_are(tmp_path: Path, kind: str) -> None:
    """A box that is a tenth of the picture stays that tenth, to a pixel: fractions must not drift."""
    pixels = np.zeros((2003, 3001, 3), np.uint8)
    pixels[1000:1200, 1500:1800] = 255
    image = Image.fromarray(pixels)
    path = written(tmp_path / "a", jpeg(image) if kind == "jpeg" else _png(image))
    for long_side in (2999, 1280, 1001, 300):
        small = decode(path, long_side=long_side).pixels[..., 0] > 127
        rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
        height, width = small.shape
        found = (columns[0] / width, (columns[-1] + 1) / width, rows[0] / height, (rows[-1] + 1) / height)
        wanted = (1500 / 3001, 1800 / 3001, 1000 / 2003, 1200 / 2003)
        assert np.allclose(found, wanted, atol=1.2 / min(width, height))


def test_scaling_averages_and_does_not_pick(tmp_path: Path) -> None:
    """A chequerboard becomes even grey, not stripes."""
    board = (np.indices((1200, 1600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    path = written(tmp_path / "a.png", _png(Image.fromarray(board)))
    for long_side in (1500, 1130, 800, 500, 160):
        small = decode(path, long_side=long_side).pixels
        assert 100 <= small.mean() <= 155
        if long_side <= 800:
            assert small.std() < 12


def test_when_it_was_taken(tmp_path: Path) -> None:
    def taken(camera: dict[int, str]) -> str | None:
        path = written(tmp_path / "a.jpg", jpeg(picture(), exif=exif(1, camera)))
        return decode(path, long_side=64).facts.taken_at

    when = {0x9003: "2019:07:14 16:05:09"}
    assert taken(when) == "2019-07-14T16:05:09"
    assert taken({**when, 0x9291: "047"}) == "2019-07-14T16:05:09.047"
    assert taken({**when, 0x9011: "+02:00"}) == "2019-07-14T16:05:09+02:00"
    assert taken({**when, 0x9291: "5 ", 0x9011: "-09:30"}) == "2019-07-14T16:05:09.5-09:30"
    assert taken({}) is None
    for nothing in ("0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", "2019:13:45 99:00:00", ""):
        assert taken({0x9003: nothing}) is None
    assert taken({**when, 0x9291: "²", 0x9011: "CEST"}) == "2019-07-14T16:05:09"


def test_when_it_was_taken_in_other_formats(tmp_path: Path) -> None:
    block = exif(1, {0x9003: "2019:07:14 16:05:09"})
    for kind in ("PNG", "WEBP", "AVIF", "TIFF"):
        buffer = BytesIO()
        picture().save(buffer, kind, exif=block)
        facts = decode(written(tmp_path / kind, buffer.getvalue()), long_side=64).facts
        assert facts.taken_at == "2019-07-14T16:05:09", kind
    buffer = BytesIO()
    pillow_heif.from_pillow(picture()).save(buffer, exif=block)
    assert decode(written(tmp_path / "heic", buffer.getvalue()), long_side=64).facts.taken_at is not None
    raw = dng(scene(64, 48), None, taken="2019:07:14 16:05:09")
    assert decode(written(tmp_path / "dng", raw), long_side=64).facts.taken_at == "2019-07-14T16:05:09"


def test_damaged_exif_is_no_reason_to_refuse(tmp_path: Path) -> None:
    block = exif(6, {0x9003: "2019:07:14 16:05:09"})
    data = jpeg(picture(), exif=block)
    start = data.index(b"Exif\0\0") + 6
    for at in range(start, start + len(block) - 6):
        broken = data[:at] + b"\xff" + data[at + 1 :]
        assert decode(written(tmp_path / "a.jpg", broken), long_side=64).pixels.size


def test_an_exif_directory_that_points_to_itself_ends() -> None:
    block = b"II*\0\x08\0\0\0" + b"\1\0" + b"\x69\x87\4\0\1\0\0\0\x08\0\0\0" + b"\x08\0\0\0"
    assert exif_module.from_exif(block) == exif_module.NOTHING


def test_a_jpeg_header_is_read_without_its_picture() -> None:
    header = read_header(jpeg(picture(120, 80), exif=exif(3), progressive=True))
    assert (header.width, header.height, header.components) == (120, 80, 3)
    assert header.notes.orientation == 3
    assert not header.sequential
    assert header.profile is None


def test_the_preview_of_camera_raw_is_preferred_when_it_is_large(tmp_path: Path) -> None:
    """Its colours tell them apart: the preview is the scene upside down."""
    small, large = jpeg(picture(320, 214).rotate(180)), jpeg(picture(1200, 800).rotate(180))
    with_small = decode(written(tmp_path / "s.dng", dng(scene(1536, 1024), small)), long_side=300)
    with_large = decode(written(tmp_path / "l.dng", dng(scene(1536, 1024), large)), long_side=300)
    assert off_by(with_small.pixels) <= 70
    assert off_by(np.rot90(with_large.pixels, 2)) <= 16
    assert with_large.facts.media_type == with_small.facts.media_type == media.DNG
    assert (with_large.facts.width, with_large.facts.height) == (1536, 1024)


def test_camera_raw_is_not_enlarged_beyond_its_preview(tmp_path: Path) -> None:
    data = dng(scene(1536, 1024), jpeg(picture(1200, 800)))
    assert decode(written(tmp_path / "a.dng", data), long_side=5000).pixels.shape == (800, 1200, 3)
    data = dng(scene(1536, 1024), None)
    assert decode(written(tmp_path / "b.dng", data), long_side=5000).pixels.shape == (512, 768, 3)


def test_a_preview_of_another_shape_or_damaged_is_not_taken(tmp_path: Path) -> None:
    barred = jpeg(picture(1600, 1200).rotate(180))
    decoded = decode(written(tmp_path / "a.dng", dng(scene(1536, 1024), barred)), long_side=300)
    assert decoded.pixels.shape == (200, 300, 3)
    assert off_by(decoded.pixels) <= 70


def test_an_open_photo_tells_its_size_before_any_pixel(tmp_path: Path) -> None:
    data = jpeg(picture(1200, 800), exif=exif(6))
    with open_photo(written(tmp_path / "a.jpg", data)) as photo:
        assert (photo.facts.width, photo.facts.height) == (800, 1200)
        assert photo.pixels(300).shape == (300, 200, 3)
        assert photo.pixels(100).shape == (100, 67, 3)


def test_the_file_is_closed_and_unchanged(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", _png(picture()))
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    with open_photo(path) as photo:
        photo.pixels(10)
    path.rename(tmp_path / "b.png")
    assert ((tmp_path / "b.png").read_bytes(), (tmp_path / "b.png").stat().st_mtime_ns) == before


def test_decoding_in_threads_restores_warnings_and_limits(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", _png(picture(400, 300)))
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    results: list[int] = []

    def work() -> None:
        for _ in range(20):
            results.append(off_by(decode(path, long_side=100).pixels))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0] * 80
    assert list(warnings.filters) == filters
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (MemoryError(), FailureCode.OUT_OF_MEMORY),
        (OSError("out of memory error when reading image file"), FailureCode.OUT_OF_MEMORY),
        (
            RuntimeError("Memory allocation error: Security limit exceeded: 65536 items"),
            FailureCode.UNREADABLE,
        ),
        (RecursionError("deep"), FailureCode.UNREADABLE),
        (KeyError(274), FailureCode.UNREADABLE),
        (OSError(5, "Input/output error"), FailureCode.STORAGE),
        (PhotoFault(FailureCode.TOO_LARGE, "large"), FailureCode.TOO_LARGE),
    ],
)
def test_every_error_of_a_codec_becomes_one_kind(raised: Exception, code: FailureCode) -> None:
    with pytest.raises(PhotoFault) as caught, codec("a.jpg"):
        raise raised
    assert caught.value.failure is code
    assert caught.value.message.startswith("a.jpg: ")


def test_stopping_is_not_an_error_of_a_codec() -> None:
    with pytest.raises(KeyboardInterrupt), codec("a.jpg"):
        raise KeyboardInterrupt
