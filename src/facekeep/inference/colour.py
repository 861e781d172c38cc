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
    # Hamming: as sharp as an area average, without its uneven steps at factors below two; for large factors a
    # whole-number reduction comes first (docs/formats.md has the figures).
    return picture.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


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

    Kept, for a library has few cameras, and most profiles are sRGB under some name.
    """
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _MODE_OF_SPACE.get(source.profile.xcolor_space)
        description = source.profile.profile_description
        if mode is None or (mode == "RGB" and description is not None and "srgb" in description.lower()):
            return None
        target = ImageCms.createProfile("sRGB")
        return mode, ImageCms.buildTransform(source, target, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _from_lab(picture: "Image") -> "Image":
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.applyTransform(picture, ImageCms.buildTransform(lab, srgb, "LAB", "RGB"))
    return picture.convert("RGB") if converted is None else converted
