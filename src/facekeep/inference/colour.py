"""Any Pillow picture to 8-bit sRGB at a size: depths, palettes, inks, profiles, transparency."""

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from facekeep.domain.faces import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

# Modes that Pillow scales well and that the steps after scaling know.
_PLAIN = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "LAB"})
_TO_PLAIN = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB", "PA": "RGBA"}
_MODE_OF_SPACE = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
_WHITE = 255
_STRIP_ROWS = 512
# TIFF 6.0, tag and value.
_PHOTOMETRIC, _WHITE_IS_ZERO = 0x0106, 0
# A profile that changes no colour by more than this many levels is sRGB in all but name.
_SAME_LEVELS = 3


def to_srgb(picture: "Image", size: tuple[int, int], profile: bytes | None) -> Pixels:
    """Shape (height, width, 3) at `size` = (width, height), sRGB, transparency on white.

    `profile` is the picture's own ICC profile; a broken one, or one for other inks than it has, is ignored.
    Scaling comes first, so that conversions touch few pixels.
    """
    plain = _scaled(_plain(picture), size)
    opaque = _on_white(plain)
    rgb = _through_profile(opaque, profile)
    return np.asarray(rgb if rgb.mode == "RGB" else rgb.convert("RGB"))


def scaled_rgb(pixels: Pixels, size: tuple[int, int], profile: bytes | None) -> Pixels:
    """As `to_srgb`, for pixels that are RGB already: shape (h, w, 3)."""
    from PIL import Image

    if (pixels.shape[1], pixels.shape[0]) == size and profile is None:
        return pixels
    return to_srgb(Image.fromarray(pixels), size, profile)


def _scaled(picture: "Image", size: tuple[int, int]) -> "Image":
    from PIL import Image

    if picture.size == size:
        return picture
    # By a whole number first, to twice the size: that is fast, and what is left needs a good filter. Hamming
    # is as sharp as an area average without its uneven steps at small factors (figures: docs/formats.md).
    factor = min(picture.width // size[0], picture.height // size[1]) // 2
    box = (0.0, 0.0, float(picture.width), float(picture.height))
    if factor > 1:
        box = (0.0, 0.0, picture.width / factor, picture.height / factor)
        picture = _reduced(picture, factor)
    return picture.resize(size, Image.Resampling.HAMMING, box=box)


def _reduced(picture: "Image", factor: int) -> "Image":
    """Each `factor` x `factor` pixels averaged. In strips: Pillow copies what has alpha to reduce it."""
    from PIL import Image

    width, height = picture.size
    whole = Image.new(picture.mode, (-(-width // factor), -(-height // factor)))
    strip = factor * max(1, _STRIP_ROWS // factor)
    for top in range(0, height, strip):
        part = picture.crop((0, top, width, min(height, top + strip)))
        whole.paste(part.reduce(factor), (0, top // factor))
    return whole


def _plain(picture: "Image") -> "Image":
    mode = picture.mode
    if mode == "I" or mode == "F" or mode.startswith("I;16"):
        return _from_deep(picture)
    if mode == "P":
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if mode in ("L", "RGB") and "transparency" in picture.info:
        return picture.convert("RGBA")
    if mode in _PLAIN:
        return picture
    return picture.convert(_TO_PLAIN.get(mode, "RGB"))


def _from_deep(picture: "Image") -> "Image":
    """Grey of 16 or 32 bits, or floating point, to 8 bits."""
    from PIL import Image

    values: npt.NDArray[Any] = np.asarray(picture)
    if picture.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)
        if getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            # Pillow turns this over for 8 bits, but not for 16.
            grey = 255 - grey
    else:
        grey = _grey_of_range(values.astype(np.float32))
    return Image.fromarray(grey)


def _grey_of_range(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Numbers whose scale the file does not say: 0 to 1, 0 to 255, 0 to 65535, or else their own range."""
    known = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(known.min()), float(known.max())
    if low < 0.0 or high > 65535.0:
        known = known - low
        full = high - low
    else:
        full = next(limit for limit in (1.0, 255.0, 65535.0) if high <= limit)
    scaled = known * np.float32(255.0 / full) if full > 0.0 else known
    grey: npt.NDArray[np.uint8] = np.clip(scaled + 0.5, 0, 255).astype(np.uint8)
    return grey


def _on_white(picture: "Image") -> "Image":
    from PIL import Image

    if picture.mode not in ("LA", "RGBA"):
        return picture
    opaque = "L" if picture.mode == "LA" else "RGB"
    ground = Image.new(opaque, picture.size, _WHITE if opaque == "L" else (_WHITE, _WHITE, _WHITE))
    ground.paste(picture.convert(opaque), mask=picture.getchannel("A"))
    return ground


def _through_profile(picture: "Image", profile: bytes | None) -> "Image":
    from PIL import ImageCms

    if picture.mode == "LAB" and profile is None:
        return _from_lab(picture)
    found = _transform(profile) if profile else None
    if found is None:
        return picture
    mode, transform = found
    if picture.mode == "L" and mode == "RGB":
        picture = picture.convert("RGB")
    if picture.mode != mode:
        return picture
    converted = ImageCms.applyTransform(picture, transform)
    return picture if converted is None else converted


@lru_cache(maxsize=16)
def _transform(profile: bytes) -> "tuple[str, Any] | None":
    """The mode a profile is for and the way from there to sRGB; None: broken, or nothing to do.

    Kept, for a library has few cameras.
    """
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _MODE_OF_SPACE.get(source.profile.xcolor_space)
        if mode is None:
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        return None if mode == "RGB" and _changes_nothing(transform) else (mode, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: Any) -> bool:
    """Whether a way from RGB to sRGB leaves colours as they are: most profiles are sRGB under some name."""
    from PIL import Image, ImageCms

    levels = np.array([0, 16, 64, 128, 192, 255], dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 6, 3)
    changed = ImageCms.applyTransform(Image.fromarray(colours), transform)
    difference = np.asarray(changed).astype(np.int16) - colours
    return bool(np.abs(difference).max() <= _SAME_LEVELS)


def _from_lab(picture: "Image") -> "Image":
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.applyTransform(picture, ImageCms.buildTransform(lab, srgb, "LAB", "RGB"))
    return picture.convert("RGB") if converted is None else converted
