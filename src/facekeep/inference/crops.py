"""Pictures to show, made from a photo on demand: face crops and thumbnails. Always JPEG, upright, sRGB."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facekeep.domain.faces import Box, Pixels
from facekeep.inference.decode import open_photo
from facekeep.inference.limits import DEFAULT_MAX_PIXELS

RENDERED_TYPE = "image/jpeg"
"""Of everything made here. A 256-pixel crop takes 0.2 ms; as WebP 2.4 ms (docs/formats.md)."""

_QUALITY = 85


def face_crop(
    path: Path | str | bytes,
    box: Box,
    *,
    size: int,
    margin: float = 0.35,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> bytes:
    """A JPEG of `size` x `size` pixels with the face in the middle; see `face_crops`."""
    return face_crops(path, [box], size=size, margin=margin, max_pixels=max_pixels)[0]


def face_crops(
    path: Path | str | bytes,
    boxes: Sequence[Box],
    *,
    size: int,
    margin: float = 0.35,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[bytes]:
    """A square JPEG for each box, from one decode of the photo at the size that the smallest face needs.

    The square's side is the box's longer side plus `margin` of it on either side, at most the photo's shorter
    side. Where it would reach beyond the photo it is moved back inside, so that the face is off its middle
    rather than beside made-up pixels. A face with fewer pixels than `size` is enlarged. Raises PhotoFault.
    """
    if size < 1 or margin < 0.0:
        raise ValueError(f"size must be at least 1 and margin at least 0, not {size} and {margin}")
    if not boxes:
        return []
    with open_photo(path, max_pixels=max_pixels) as photo:
        facts = photo.facts
        sides = [_side(box, facts.width, facts.height, margin) for box in boxes]
        needed = math.ceil(max(facts.width, facts.height) * size / min(sides))
        pixels = photo.pixels_of_at_least(needed)
    return [encode(_square(pixels, box, margin, size)) for box in boxes]


def thumbnail(path: Path | str | bytes, *, long_side: int, max_pixels: int = DEFAULT_MAX_PIXELS) -> bytes:
    """The whole photo as a JPEG, its longer side `long_side` pixels or its own if less. Raises PhotoFault."""
    with open_photo(path, max_pixels=max_pixels) as photo:
        pixels = photo.pixels(long_side)
    return encode(pixels)


def encode(pixels: Pixels) -> bytes:
    """Pixels of shape (h, w, 3), sRGB, as a JPEG."""
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=_QUALITY, colorsubsampling="420"
    )
    return data


def _side(box: Box, width: int, height: int, margin: float) -> float:
    """The square's side in pixels of a photo of that size, at least one."""
    wanted = max(box.width * width, box.height * height) * (1.0 + 2.0 * margin)
    return max(1.0, min(wanted, width, height))


def _square(pixels: Pixels, box: Box, margin: float, size: int) -> Pixels:
    """Cut out around the box, inside the picture, scaled to `size`."""
    from PIL import Image

    height, width = pixels.shape[:2]
    side = max(1, round(_side(box, width, height, margin)))
    left = _inside((box.x + box.width / 2.0) * width, side, width)
    top = _inside((box.y + box.height / 2.0) * height, side, height)
    cut: Pixels = pixels[top : top + side, left : left + side]
    if side == size:
        return cut
    resample = Image.Resampling.HAMMING if side > size else Image.Resampling.BICUBIC
    scaled: Pixels = np.asarray(Image.fromarray(cut).resize((size, size), resample))
    return scaled


def _inside(centre: float, side: int, length: int) -> int:
    """Where a stretch of `side` begins that is centred as well as it fits into `length`."""
    return min(max(0, round(centre - side / 2.0)), length - side)
