"""Which way is up, in every format that can say so: judged by pixels, not by tags."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from made_photos import STORED_AS, dng, exif, jpeg, off_by, picture, scene, stored, written
from PIL import Image

from facekeep.inference.decode import decode
from facekeep.inference.exif import upright, upright_size

ORIENTATIONS = sorted(STORED_AS)
LOSSY = 16


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _heic(image: Image.Image, orientation: int) -> bytes:
    buffer = BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95, exif=exif(orientation))
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Image.Image, int], bytes]] = {
    "jpeg": lambda image, o: jpeg(image, exif=exif(o)),
    "png": lambda image, o: _saved(image, "PNG", exif=exif(o)),
    "webp": lambda image, o: _saved(image, "WEBP", lossless=True, exif=exif(o)),
    "tiff": lambda image, o: _saved(image, "TIFF", tiffinfo={274: o}),
    "tiff-deflate": lambda image, o: _saved(image, "TIFF", tiffinfo={274: o}, compression="tiff_deflate"),
    "avif": lambda image, o: _saved(image, "AVIF", quality=95, exif=exif(o)),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_orientation_comes_out_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    data = FORMATS[kind](stored(orientation), orientation)
    decoded = decode(written(tmp_path / "a", data), long_side=1000)
    assert decoded.pixels.shape == (64, 96, 3)
    assert (decoded.facts.width, decoded.facts.height) == (96, 64)
    assert off_by(decoded.pixels) <= LOSSY


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_heic_is_turned_once_and_not_twice(tmp_path: Path, orientation: int) -> None:
    file = pillow_heif.from_pillow(stored(orientation))
    file.info["exif"] = exif(orientation)
    buffer = BytesIO()
    file.save(buffer, quality=95, exif=exif(orientation))
    decoded = decode(written(tmp_path / "a.heic", buffer.getvalue()), long_side=1000)
    assert decoded.pixels.shape == (64, 96, 3)
    assert (decoded.facts.width, decoded.facts.height) == (96, 64)
    assert off_by(decoded.pixels) <= LOSSY


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_scaling_while_decoding_keeps_a_turned_photo_upright(tmp_path: Path, orientation: int) -> None:
    data = jpeg(stored(orientation, 1200, 800), exif=exif(orientation))
    decoded = decode(written(tmp_path / "a.jpg", data), long_side=300)
    assert decoded.pixels.shape == (200, 300, 3)
    assert (decoded.facts.width, decoded.facts.height) == (1200, 800)
    assert off_by(decoded.pixels) <= LOSSY


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("has_preview", [True, False], ids=["preview", "developed"])
def test_camera_raw_is_turned_as_the_camera_says(tmp_path: Path, orientation: int, has_preview: bool) -> None:
    image = stored(orientation, 1536, 1024)
    preview = jpeg(image) if has_preview else None
    data = dng(np.asarray(image), preview, orientation=orientation)
    decoded = decode(written(tmp_path / "a.dng", data), long_side=600)
    assert decoded.pixels.shape == (400, 600, 3)
    assert (decoded.facts.width, decoded.facts.height) == (1536, 1024)
    # A quick development brightens; the quarters must still be told apart by their strongest colours.
    assert off_by(decoded.pixels) <= (LOSSY if has_preview else 70)


def test_a_preview_that_the_camera_turned_itself_is_not_turned_again(tmp_path: Path) -> None:
    preview = jpeg(picture(1024, 1536))
    data = dng(np.asarray(stored(6, 1024, 1536)), preview, orientation=6)
    decoded = decode(written(tmp_path / "a.dng", data), long_side=600)
    assert (decoded.facts.width, decoded.facts.height) == (1024, 1536)
    assert decoded.pixels.shape == (600, 400, 3)
    assert off_by(decoded.pixels) <= LOSSY


@pytest.mark.parametrize("said", [0, 9, 255, 65535])
def test_an_orientation_that_does_not_exist_counts_as_none(tmp_path: Path, said: int) -> None:
    decoded = decode(written(tmp_path / "a.jpg", jpeg(picture(), exif=exif(said))), long_side=1000)
    assert decoded.pixels.shape == (64, 96, 3)
    assert off_by(decoded.pixels) <= LOSSY


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_upright_undoes_what_the_camera_did(orientation: int) -> None:
    as_stored = np.asarray(stored(orientation))
    turned = upright(as_stored, orientation)
    assert np.array_equal(turned, scene())
    assert turned.flags.c_contiguous
    assert upright_size(as_stored.shape[1], as_stored.shape[0], orientation) == (96, 64)
