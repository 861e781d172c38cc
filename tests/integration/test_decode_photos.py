"""The real photographs: all of them decode, at the size and type that an independent look says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from facekeep.inference.decode import decode
from facekeep.library.walk import FoundFile, walk

LONG_SIDE = 1280


@pytest.mark.photos
def test_every_photo_decodes_to_its_own_facts(shared_photos: Path) -> None:
    found = list(walk(shared_photos))
    pictures = [path for path in shared_photos.rglob("*") if path.suffix in (".jpg", ".png")]
    assert len(found) == len(pictures) >= 63 + 45
    for file in found:
        assert isinstance(file, FoundFile)
        path = shared_photos / file.path.decode()
        decoded = decode(path, long_side=LONG_SIDE)
        with Image.open(path) as image:
            width, height = ImageOps.exif_transpose(image).size
            assert (decoded.facts.width, decoded.facts.height) == (width, height)
            assert decoded.facts.media_type == file.media_type == image.get_format_mimetype()
        assert max(decoded.pixels.shape[:2]) == min(LONG_SIDE, max(width, height))


@pytest.mark.photos
def test_the_webp_named_jpg_is_a_webp(shared_photos: Path) -> None:
    assert decode(shared_photos / "deepface" / "img47.jpg", long_side=100).facts.media_type == "image/webp"


@pytest.mark.photos
def test_scaled_decoding_looks_like_full_decoding_scaled(shared_photos: Path) -> None:
    """Against a full decode and a high-quality reduction by Pillow: the mean difference stays below 1 %."""
    for name in ("img1.jpg", "img31.jpg", "img40.jpg", "img41.jpg", "img54.jpg"):
        path = shared_photos / "deepface" / name
        pixels = decode(path, long_side=640).pixels
        with Image.open(path) as image:
            size = (pixels.shape[1], pixels.shape[0])
            wanted = np.asarray(
                ImageOps.exif_transpose(image).convert("RGB").resize(size, Image.Resampling.BOX)
            )
        assert np.abs(pixels.astype(np.int16) - wanted).mean() < 2.55, name
