"""Face crops and thumbnails: what is in them, how sharp, and at the edges."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from made_photos import QUARTERS, exif, jpeg, off_by, picture, stored, written
from PIL import Image

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import Box, Pixels
from facekeep.inference.crops import RENDERED_TYPE, face_crop, face_crops, thumbnail


def opened(data: bytes) -> Pixels:
    with Image.open(BytesIO(data)) as image:
        assert image.get_format_mimetype() == RENDERED_TYPE
        assert image.mode == "RGB"
        return np.asarray(image)


def target(width: int, height: int, box: Box) -> Image.Image:
    """White where the box is, black elsewhere."""
    pixels = np.zeros((height, width, 3), np.uint8)
    place = box.pixels(width, height)
    pixels[place.y : place.y + place.height, place.x : place.x + place.width] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [64, 160, 256])
def test_a_crop_is_square_and_centred_with_its_margin(tmp_path: Path, size: int) -> None:
    box = Box(0.4, 0.4, 0.1, 0.2)
    path = written(tmp_path / "a.jpg", jpeg(target(2000, 1000, box)))
    crop = opened(face_crop(path, box, size=size, margin=0.5))
    assert crop.shape == (size, size, 3)
    white = crop[..., 0] > 127
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    # 200 x 200 pixels of the photo in a square of 400: the middle half.
    for found in (rows, columns):
        assert abs(found[0] - size / 4) <= 2
        assert abs(found[-1] + 1 - size * 3 / 4) <= 2


def test_at_the_border_the_crop_stays_inside_the_photo(tmp_path: Path) -> None:
    # 100 x 100 pixels wide, at the right border: the square of 200 reaches from 800 to 1000.
    box = Box(0.9, 0.4, 0.1, 0.1)
    path = written(tmp_path / "a.jpg", jpeg(target(1000, 1000, box)))
    crop = opened(face_crop(path, box, size=200, margin=0.5))
    columns = np.flatnonzero((crop[..., 0] > 127).any(axis=0))
    assert abs(columns[0] - 100) <= 2
    assert columns[-1] == 199


def test_no_square_is_larger_than_the_photo(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", jpeg(picture(600, 400)))
    crop = opened(face_crop(path, Box(0.2, 0.0, 0.6, 1.0), size=100, margin=1.0))
    left, right = crop[10, 5], crop[10, 95]
    assert np.abs(left.astype(int) - QUARTERS[0]).max() <= 16
    assert np.abs(right.astype(int) - QUARTERS[1]).max() <= 16


def test_a_box_of_the_whole_photo_and_a_tiny_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", jpeg(picture(600, 400)))
    whole = opened(face_crop(path, Box(0.0, 0.0, 1.0, 1.0), size=300, margin=0.0))
    assert whole.shape == (300, 300, 3)
    assert np.abs(whole[50, 10].astype(int) - QUARTERS[0]).max() <= 16
    tiny = opened(face_crop(path, Box(0.1, 0.1, 1e-6, 1e-6), size=48))
    assert tiny.shape == (48, 48, 3)


def test_a_small_face_in_a_large_photo_is_sharp(tmp_path: Path) -> None:
    """Stripes of 4 pixels in the face survive, though the photo's working size would wash them out."""
    pixels = np.full((3000, 4000, 3), 128, np.uint8)
    stripes = (np.arange(128) // 4 % 2 * 255).astype(np.uint8)
    pixels[1000:1128, 2000:2128] = stripes[None, :, None]
    box = Box(2000 / 4000, 1000 / 3000, 128 / 4000, 128 / 3000)
    path = written(tmp_path / "a.jpg", jpeg(Image.fromarray(pixels)))
    crop = opened(face_crop(path, box, size=128, margin=0.0))
    assert crop[64, :, 0].std() > 90


def test_several_crops_are_those_of_one_each(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", jpeg(picture(900, 600)))
    boxes = [Box(0.1, 0.1, 0.2, 0.3), Box(0.6, 0.1, 0.2, 0.3), Box(0.1, 0.6, 0.2, 0.3)]
    together = [opened(crop) for crop in face_crops(path, boxes, size=90)]
    assert face_crops(path, [], size=90) == []
    for number, (box, crop) in enumerate(zip(boxes, together, strict=True)):
        alone = opened(face_crop(path, box, size=90))
        assert np.abs(alone.astype(int) - crop).mean() < 2
        assert np.abs(crop[45, 45].astype(int) - QUARTERS[number]).max() <= 16


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_of_the_upright_photo(tmp_path: Path, orientation: int) -> None:
    path = written(tmp_path / "a.jpg", jpeg(stored(orientation, 900, 600), exif=exif(orientation)))
    for quarter, (x, y) in enumerate(((0.1, 0.1), (0.7, 0.1), (0.1, 0.7), (0.7, 0.7))):
        crop = opened(face_crop(path, Box(x, y, 0.2, 0.2), size=64, margin=0.0))
        assert off_by(crop, [QUARTERS[quarter]] * 4) <= 16
    assert off_by(opened(thumbnail(path, long_side=90))) <= 16
    assert opened(thumbnail(path, long_side=90)).shape == (60, 90, 3)


def test_a_thumbnail_is_not_enlarged(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", jpeg(picture(96, 64)))
    assert opened(thumbnail(path, long_side=4000)).shape == (64, 96, 3)


def test_faults_pass_through(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", b"no photo")
    with pytest.raises(PhotoFault) as caught:
        thumbnail(path, long_side=10)
    assert caught.value.failure is FailureCode.UNREADABLE
    with pytest.raises(PhotoFault) as caught:
        face_crop(path, Box(0, 0, 1, 1), size=10)
    assert caught.value.failure is FailureCode.UNREADABLE


def test_impossible_sizes_are_the_caller_s_mistake(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", jpeg(picture()))
    with pytest.raises(ValueError, match="size"):
        face_crop(path, Box(0, 0, 1, 1), size=0)
    with pytest.raises(ValueError, match="margin"):
        face_crop(path, Box(0, 0, 1, 1), size=10, margin=-1.0)
