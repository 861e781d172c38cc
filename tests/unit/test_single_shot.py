"""Detectors of one look: what they are shown, and what is made of their answers."""

from pathlib import Path

import numpy as np
import pytest
from made_packs import MARKS, embedder, scrfd, yunet
from PIL import Image, ImageOps

from facekeep.domain.catalogue import RECIPES
from facekeep.domain.errors import ModelFault
from facekeep.domain.faces import Detection, Pixels
from facekeep.domain.geometry import Array, iou
from facekeep.domain.packs import BUFFALO_L, OPENCV
from facekeep.inference import packs, views
from facekeep.inference import scrfd as scrfd_module
from facekeep.inference import yunet as yunet_module
from facekeep.inference.bundled import PackFiles
from facekeep.inference.models import WORKING_LONG_SIDE, FaceModels, prepare
from facekeep.inference.sessions import Sessions
from facekeep.inference.views import Found

RED = (255, 0, 0)


def sessions(folder: Path, **models: bytes) -> Sessions:
    for name, content in models.items():
        (folder / f"{name}.onnx").write_bytes(content)
    return Sessions(PackFiles(folder))


def picture(height: int, width: int, *squares: tuple[int, int, int]) -> Pixels:
    """Grey, with red squares of (x, y, side)."""
    pixels = np.full((height, width, 3), 90, dtype=np.uint8)
    for x, y, side in squares:
        pixels[y : y + side, x : x + side] = RED
    return pixels


def in_pixels(found: list[Detection], pixels: Pixels) -> list[tuple[int, int, int, int]]:
    height, width = pixels.shape[:2]
    return [
        (
            round(each.box.x * width),
            round(each.box.y * height),
            round(each.box.width * width),
            round(each.box.height * height),
        )
        for each in found
    ]


def test_yunet_finds_what_its_network_says_where_it_says_it(tmp_path: Path) -> None:
    pixels = picture(200, 310, (64, 32, 32), (160, 96, 16))
    found = yunet_module.detect(sessions(tmp_path, detector=yunet()), pixels)
    assert in_pixels(found, pixels) == [(64, 32, 32, 32), (160, 96, 16, 16)]
    assert [each.score for each in found] == pytest.approx([1, 0.9])
    marks = found[0].landmarks.array() * [310, 200]
    assert marks == pytest.approx(np.array([64, 32]) + 32 * MARKS, abs=0.01)


def test_scrfd_finds_what_its_network_says_where_it_says_it(tmp_path: Path) -> None:
    pixels = picture(200, 310, (64, 32, 32), (160, 96, 16))
    found = scrfd_module.detect(sessions(tmp_path, detector=scrfd()), pixels)
    assert in_pixels(found, pixels) == [(64, 32, 32, 32), (160, 96, 16, 16)]
    marks = found[1].landmarks.array() * [310, 200]
    assert marks == pytest.approx(np.array([160, 96]) + 16 * MARKS, abs=0.01)


def test_a_network_that_is_no_scrfd_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFault, match="12 outputs"):
        scrfd_module.detect(sessions(tmp_path, detector=yunet()), picture(64, 64))


def red_of_its_size(pixels: Pixels) -> Found:
    """Sees one red thing of 10 to 40 pixels, as networks see faces of the sizes that they learned from."""
    rows, columns = np.nonzero(pixels[:, :, 0].astype(int) - pixels[:, :, 1] > 100)
    if len(rows) == 0 or not 10 <= np.ptp(columns) + 1 <= 40:
        return views.nothing()
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], dtype=np.float32)
    points = box[:, None, :2] + (box[0, 2] - box[0, 0]) * MARKS
    return Found(box, np.ones(1, np.float32), points.astype(np.float32))


def test_a_face_that_fills_a_large_picture_is_found_in_the_smaller_view() -> None:
    pixels = picture(1440, 1440, (288, 144, 144))
    ((x, y, width, height),) = in_pixels(views.detect(pixels, None, red_of_its_size), pixels)
    assert (x, y, width, height) == pytest.approx((288, 144, 144, 144), abs=9)


@pytest.mark.parametrize("square", [(980, 480, 20), (500, 200, 100), (0, 300, 30), (310, 0, 24)])
def test_a_network_of_one_size_sees_the_whole_and_every_part(square: tuple[int, int, int]) -> None:
    pixels = picture(500, 1000, square)
    (found,) = in_pixels(views.detect(pixels, (320, 320), red_of_its_size), pixels)
    assert found == pytest.approx((*square, square[2]), abs=7)


def test_a_real_network_of_one_size_is_given_no_other(tmp_path: Path) -> None:
    fixed = sessions(tmp_path, detector=yunet(side=320))
    (found,) = yunet_module.detect(fixed, pixels := picture(500, 900, (864, 448, 32)))
    assert in_pixels([found], pixels)[0][:2] == pytest.approx((864, 448), abs=33)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (33, 31), (1440, 40), (320, 320)])
@pytest.mark.parametrize("side", [None, 320])
def test_pictures_of_any_shape_are_looked_at(tmp_path: Path, size: tuple[int, int], side: int | None) -> None:
    assert yunet_module.detect(sessions(tmp_path, detector=yunet(side=side)), picture(*size)) == []


def test_tiles_cover_everything_and_overlap() -> None:
    seen = np.zeros((700, 1100), dtype=int)
    for view in list(views.views(picture(700, 1100), (320, 320)))[1:]:
        assert view.pixels.shape == (320, 320, 3)
        seen[view.y : view.y + 320, view.x : view.x + 320] += 1
    assert seen.min() >= 1
    assert seen[:, 240:320].max() >= 2


@pytest.mark.parametrize("batch", [1, 4, None])
def test_embedders_of_any_batch_give_the_same_unit_vectors(tmp_path: Path, batch: int | None) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    detect = yunet_module.detect(
        sessions(tmp_path, detector=yunet()), picture(300, 300, (32, 32, 32), (128, 64, 32), (192, 192, 32))
    )
    marks = [each.landmarks for each in detect]
    assert len(marks) == 3
    vectors = packs.embed(
        sessions(tmp_path, embedder=embedder(batch=batch)), RECIPES[OPENCV.label], pixels, marks
    )
    alone = packs.embed(sessions(tmp_path, embedder=embedder(batch=1)), RECIPES[OPENCV.label], pixels, marks)
    assert vectors.shape == (3, 128)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert vectors == pytest.approx(alone, abs=1e-5)
    assert packs.embed(sessions(tmp_path), RECIPES[OPENCV.label], pixels, []).shape == (0, 128)


def test_a_network_without_an_answer_is_no_embedding(tmp_path: Path) -> None:
    """A chip of one colour gives this embedder the null vector."""
    marks = [
        each.landmarks
        for each in yunet_module.detect(sessions(tmp_path, detector=yunet()), picture(64, 64, (0, 0, 32)))
    ]
    flat = np.full((64, 64, 3), 7, dtype=np.uint8)
    with pytest.raises(ValueError, match="direction"):
        packs.embed(sessions(tmp_path, embedder=embedder()), RECIPES[OPENCV.label], flat, marks)


def test_an_arcface_embedder_is_asked_for_512_numbers(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    found = scrfd_module.detect(sessions(tmp_path, detector=scrfd()), picture(300, 300, (32, 32, 32)))
    graph = embedder(512, batch=None, name="input.1")
    recipe = RECIPES[BUFFALO_L.label]
    vectors = packs.embed(sessions(tmp_path, embedder=graph), recipe, pixels, [found[0].landmarks])
    assert vectors.shape == (1, BUFFALO_L.dimensions)


@pytest.mark.photos
@pytest.mark.slow
def test_the_real_yunet_finds_the_faces_that_the_bundled_detector_finds(
    shared_photos: Path, shared_models: Path, tmp_path: Path
) -> None:
    """A part of the table in docs/models.md, which is of all photos."""
    real = sessions(tmp_path, detector=(shared_models / "yunet_n_dynamic.onnx").read_bytes())
    bundled = FaceModels(prepare(tmp_path / "bundled"))
    known = both = more = 0
    for path in [*shared_photos.glob("bbt/*.jpg"), *shared_photos.glob("deepface/img5*.jpg")]:
        pixels = load(path)
        ours, theirs = boxes_of(bundled.detect(pixels)), boxes_of(yunet_module.detect(real, pixels))
        same = iou(ours, theirs) > 0.4
        known += len(ours)
        both += int(same.any(axis=1).sum())
        more += int((~same.any(axis=0)).sum())
    assert (known, both) == (36, 35)
    assert more == 2


def load(path: Path) -> Pixels:
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((WORKING_LONG_SIDE, WORKING_LONG_SIDE))
    return np.asarray(upright)


def boxes_of(found: list[Detection]) -> Array:
    rows = [
        [each.box.x, each.box.y, each.box.x + each.box.width, each.box.y + each.box.height] for each in found
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
