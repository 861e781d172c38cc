"""Depths, inks, palettes, profiles and transparency: what colour comes out."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
import tifffile
from made_photos import QUARTERS, jpeg, off_by, picture, png_bytes, scene, written
from PIL import Image, ImageCms

from facekeep.inference.decode import decode

LOSSY = 16
OPTIONS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
    "JPEG": {"quality": 95},
    "MPO": {"quality": 95},
}
RGB = scene()
GREY: npt.NDArray[np.uint8] = np.asarray(picture().convert("L"))
ALPHA = np.full(GREY.shape, 255, np.uint8)
ALPHA[:32, :48], ALPHA[:32, 48:] = 0, 128
WHITE = (255, 255, 255)
GREYS = tuple((level,) * 3 for level in (87, 130, 52, 208))
# The first quarter is transparent and the second half so: white, and half way to white.
ON_WHITE = (WHITE, (142, 227, 142), QUARTERS[2], QUARTERS[3])
GREYS_ON_WHITE = (WHITE, (192,) * 3, GREYS[2], GREYS[3])
FIRST_CLEAR = (WHITE, QUARTERS[1], QUARTERS[2], QUARTERS[3])
BLACK_WHITE = ((0, 0, 0), WHITE, (0, 0, 0), WHITE)


def pixels_of(tmp_path: Path, data: bytes) -> npt.NDArray[np.uint8]:
    decoded = decode(written(tmp_path / "a", data), long_side=1000)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.shape == (64, 96, 3)
    assert decoded.pixels.flags.c_contiguous
    return decoded.pixels


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(values: npt.NDArray[np.generic], **options: Any) -> bytes:
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def deep(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    return values.astype(np.uint16) * 257


def rgba() -> Image.Image:
    return Image.fromarray(np.dstack([RGB, ALPHA]))


def la() -> Image.Image:
    return Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(ALPHA)])


def few() -> Image.Image:
    return picture().quantize(16)


def dotted() -> Image.Image:
    return picture().convert("1", dither=Image.Dither.NONE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "WEBP", "AVIF", "JPEG"])
def test_plain_colour(tmp_path: Path, kind: str) -> None:
    options = OPTIONS.get(kind, {})
    assert off_by(pixels_of(tmp_path, saved(picture(), kind, **options))) <= LOSSY


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "WEBP", "AVIF", "JPEG"])
def test_plain_grey(tmp_path: Path, kind: str) -> None:
    options = OPTIONS.get(kind, {})
    assert off_by(pixels_of(tmp_path, saved(Image.fromarray(GREY), kind, **options)), GREYS) <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_palette(tmp_path: Path, kind: str) -> None:
    assert off_by(pixels_of(tmp_path, saved(few(), kind))) <= 2


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_black_and_white(tmp_path: Path, kind: str) -> None:
    assert off_by(pixels_of(tmp_path, saved(dotted(), kind)), BLACK_WHITE) == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_transparency_lies_on_white(tmp_path: Path, kind: str) -> None:
    options = OPTIONS.get(kind, {})
    assert off_by(pixels_of(tmp_path, saved(rgba(), kind, **options)), ON_WHITE) <= LOSSY


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_with_transparency(tmp_path: Path, kind: str) -> None:
    assert off_by(pixels_of(tmp_path, saved(la(), kind)), GREYS_ON_WHITE) <= 1


def test_a_transparent_colour_of_palette_grey_and_rgb(tmp_path: Path) -> None:
    palette = few()
    clear = palette.getpixel((10, 10))
    assert off_by(pixels_of(tmp_path, saved(palette, "PNG", transparency=clear)), FIRST_CLEAR) <= 2
    assert off_by(pixels_of(tmp_path, saved(picture(), "PNG", transparency=QUARTERS[0])), FIRST_CLEAR) == 0
    grey = saved(Image.fromarray(GREY), "PNG", transparency=87)
    assert off_by(pixels_of(tmp_path, grey), (WHITE, *GREYS[1:])) == 0
    assert off_by(pixels_of(tmp_path, saved(palette, "GIF", transparency=clear)), FIRST_CLEAR) <= 2


def test_transparent_edges_do_not_bleed_when_scaled(tmp_path: Path) -> None:
    """Colour under full transparency must not show through: black under clear stays white."""
    values = np.zeros((640, 960, 4), np.uint8)
    values[:, 480:] = (255, 255, 255, 255)
    decoded = decode(written(tmp_path / "a", saved(Image.fromarray(values), "PNG")), long_side=123)
    assert decoded.pixels.min() >= 253


def test_png_of_16_bits(tmp_path: Path) -> None:
    assert off_by(pixels_of(tmp_path, png_bytes(deep(GREY)[..., None], 0)), GREYS) == 0
    assert off_by(pixels_of(tmp_path, png_bytes(deep(RGB), 2))) == 0
    assert off_by(pixels_of(tmp_path, png_bytes(deep(np.asarray(la())), 4)), GREYS_ON_WHITE) <= 1
    assert off_by(pixels_of(tmp_path, png_bytes(deep(np.asarray(rgba())), 6)), ON_WHITE) <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_16_bits(tmp_path: Path, order: str) -> None:
    assert off_by(pixels_of(tmp_path, tiff(deep(GREY), byteorder=order)), GREYS) == 0
    assert off_by(pixels_of(tmp_path, tiff(deep(RGB), photometric="rgb", byteorder=order))) == 0
    with_alpha = tiff(
        deep(np.asarray(rgba())), photometric="rgb", extrasamples=["unassalpha"], byteorder=order
    )
    assert off_by(pixels_of(tmp_path, with_alpha), ON_WHITE) <= 1
    packed = tiff(deep(RGB), photometric="rgb", compression="zlib", predictor=True, byteorder=order)
    assert off_by(pixels_of(tmp_path, packed)) == 0


def test_tiff_where_zero_is_white(tmp_path: Path) -> None:
    assert off_by(pixels_of(tmp_path, tiff(255 - GREY, photometric="miniswhite")), GREYS) == 0
    assert off_by(pixels_of(tmp_path, tiff(65535 - deep(GREY), photometric="miniswhite")), GREYS) <= 1


def test_tiff_of_floating_point_and_of_large_numbers(tmp_path: Path) -> None:
    unit = GREY.astype(np.float32) / 255
    assert off_by(pixels_of(tmp_path, tiff(unit)), GREYS) <= 1
    assert off_by(pixels_of(tmp_path, tiff(GREY.astype(np.float32))), GREYS) <= 1
    holes = unit.copy()
    holes[0, 0], holes[0, 1] = np.nan, np.inf
    assert off_by(pixels_of(tmp_path, tiff(holes)), GREYS) <= 1
    assert off_by(pixels_of(tmp_path, tiff(deep(GREY).astype(np.int32))), GREYS) <= 1
    nothing = np.zeros(GREY.shape, np.float32)
    assert pixels_of(tmp_path, tiff(nothing)).max() == 0


@pytest.mark.parametrize("way", ["tiff_lzw", "packbits", "tiff_deflate", "jpeg", "zstd", "lzma"])
def test_tiff_compressions(tmp_path: Path, way: str) -> None:
    assert off_by(pixels_of(tmp_path, saved(picture(), "TIFF", compression=way))) <= LOSSY


def test_tiff_fax_planes_tiles_and_large_offsets(tmp_path: Path) -> None:
    assert off_by(pixels_of(tmp_path, saved(dotted(), "TIFF", compression="group4")), BLACK_WHITE) == 0
    planes = tiff(np.moveaxis(RGB, 2, 0).copy(), photometric="rgb", planarconfig="separate")
    assert off_by(pixels_of(tmp_path, planes)) == 0
    assert off_by(pixels_of(tmp_path, tiff(RGB, photometric="rgb", bigtiff=True))) == 0
    tiles = tiff(RGB, photometric="rgb", tile=(32, 32), compression="zlib")
    assert off_by(pixels_of(tmp_path, tiles)) == 0


def test_printing_inks(tmp_path: Path) -> None:
    inks = picture().convert("CMYK")
    assert off_by(pixels_of(tmp_path, saved(inks, "TIFF"))) <= 1
    assert off_by(pixels_of(tmp_path, jpeg(inks))) <= LOSSY


def test_jpeg_of_printing_inks_as_luminance_and_colour(tmp_path: Path) -> None:
    """YCCK, which Photoshop writes: YCbCr of the inverted inks, then black, all of them inverted again."""
    turned = Image.fromarray(255 - RGB).convert("YCbCr")
    channels = [Image.fromarray(255 - np.asarray(channel)) for channel in turned.split()]
    black = Image.new("L", (96, 64), 0)
    data = bytearray(jpeg(Image.merge("CMYK", [*channels, black]), subsampling=0))
    adobe = data.index(b"Adobe")
    assert data[adobe + 11] == 0
    data[adobe + 11] = 2
    assert off_by(pixels_of(tmp_path, bytes(data))) <= LOSSY


def test_jpeg_stored_as_rgb(tmp_path: Path) -> None:
    assert off_by(pixels_of(tmp_path, jpeg(picture(), keep_rgb=True))) <= LOSSY


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_samplings(tmp_path: Path, sampling: int, progressive: bool) -> None:
    data = jpeg(picture(), subsampling=sampling, progressive=progressive)
    assert off_by(pixels_of(tmp_path, data)) <= LOSSY


def test_lab(tmp_path: Path) -> None:
    way = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(picture(), way)
    assert lab is not None
    assert off_by(pixels_of(tmp_path, saved(lab, "TIFF"))) <= LOSSY


def test_heic_depths_and_transparency(tmp_path: Path) -> None:
    def heic(mode: str, raw: bytes) -> bytes:
        buffer = BytesIO()
        pillow_heif.from_bytes(mode, (96, 64), raw).save(buffer, quality=95)
        return buffer.getvalue()

    assert off_by(pixels_of(tmp_path, heic("RGB", RGB.tobytes()))) <= LOSSY
    assert off_by(pixels_of(tmp_path, heic("L", GREY.tobytes())), GREYS) <= LOSSY
    assert off_by(pixels_of(tmp_path, heic("RGBA", np.asarray(rgba()).tobytes())), ON_WHITE) <= LOSSY
    assert off_by(pixels_of(tmp_path, heic("RGB;16", deep(RGB).tobytes()))) <= LOSSY


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF", "MPO"])
def test_of_several_frames_the_first_is_taken(tmp_path: Path, kind: str) -> None:
    second = picture().rotate(180)
    options = OPTIONS.get(kind, {})
    data = saved(picture(), kind, save_all=True, append_images=[second], **options)
    assert off_by(pixels_of(tmp_path, data)) <= LOSSY


def swapped_profile() -> bytes:
    """A profile whose red and blue are each other's: a picture that heeds it has the two swapped."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    assert swapped != profile
    return swapped


def swapped() -> list[tuple[int, int, int]]:
    return [(blue, green, red) for red, green, blue in QUARTERS]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_colour_profile_is_heeded(tmp_path: Path, kind: str) -> None:
    options = OPTIONS.get(kind, {})
    data = saved(picture(), kind, icc_profile=swapped_profile(), **options)
    assert off_by(pixels_of(tmp_path, data), swapped()) <= LOSSY


def test_a_colour_profile_of_heic_and_of_transparent_pictures_is_heeded(tmp_path: Path) -> None:
    file = pillow_heif.from_pillow(picture())
    buffer = BytesIO()
    file.save(buffer, quality=95, icc_profile=swapped_profile())
    assert off_by(pixels_of(tmp_path, buffer.getvalue()), swapped()) <= LOSSY
    data = saved(rgba(), "PNG", icc_profile=swapped_profile())
    assert off_by(pixels_of(tmp_path, data), (WHITE, (142, 227, 142), *swapped()[2:])) <= LOSSY


def test_a_profile_longer_than_one_jpeg_segment_is_put_together(tmp_path: Path) -> None:
    long = swapped_profile()
    padded = (len(long) + 150_000).to_bytes(4, "big") + long[4:] + bytes(150_000)
    assert off_by(pixels_of(tmp_path, jpeg(picture(), icc_profile=padded)), swapped()) <= LOSSY


@pytest.mark.parametrize("profile", [b"x", bytes(128), b"garbage" * 100], ids=["short", "zeros", "garbage"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_broken_profile_is_ignored(tmp_path: Path, kind: str, profile: bytes) -> None:
    assert off_by(pixels_of(tmp_path, saved(picture(), kind, icc_profile=profile))) <= LOSSY


def test_a_profile_for_other_inks_is_ignored(tmp_path: Path) -> None:
    inks = jpeg(picture().convert("CMYK"), icc_profile=swapped_profile())
    assert off_by(pixels_of(tmp_path, inks)) <= LOSSY


def test_grey_with_the_profile_of_a_colour_camera_stays_grey(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert off_by(pixels_of(tmp_path, jpeg(Image.fromarray(GREY), icc_profile=profile)), GREYS) <= 3
