"""How large a picture may be, and the size it is worked on. Checked on the header, before pixels exist."""

from facekeep.domain.errors import FailureCode, PhotoFault

DEFAULT_MAX_PIXELS = 160_000_000
"""Of a picture that is decoded whole, at 4 bytes a pixel: 640 MB. Covers 151-megapixel camera backs."""

SCALED_ALLOWANCE = 1.75
"""A baseline JPEG is scaled while it is decoded, so memory hardly grows with it and only time sets a limit:
280 megapixels by default, which covers phones that take 200."""

WEBP_SHARE = 0.5
"""Of the limit, for WebP: its decoder held 15.3 bytes a pixel (Pillow 13, lossless, 159 megapixels), others 4
to 9. 80 megapixels by default, 1.2 GB."""

MAX_WHOLE_BYTES = 512 << 20
"""Largest file of the types that are read into memory before they are decoded."""


def working_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height scaled so that the longer side is `long_side`; never larger than given, never 0."""
    longest = max(width, height)
    if longest <= long_side:
        return width, height
    return max(1, round(width * long_side / longest)), max(1, round(height * long_side / longest))


def check_pixels(width: int, height: int, max_pixels: int, *, scaled: bool = False) -> None:
    """Raise PhotoFault for a picture of no size (UNREADABLE) or above the limit (TOO_LARGE), naming it."""
    if width < 1 or height < 1:
        raise PhotoFault(FailureCode.UNREADABLE, f"its header says {width} x {height} pixels")
    limit = int(max_pixels * SCALED_ALLOWANCE) if scaled else max_pixels
    if width * height > limit:
        size = f"{width} x {height} pixels ({_mega(width * height)} megapixels)"
        raise PhotoFault(
            FailureCode.TOO_LARGE,
            f"{size} is above the limit of {_mega(limit)} megapixels for a picture of this type",
            hint="raise the pixel limit if this machine has the memory, or make a smaller copy",
        )


def check_bytes(size: int) -> None:
    """Raise PhotoFault (TOO_LARGE) for a file too large to be read into memory whole."""
    if size > MAX_WHOLE_BYTES:
        limit = MAX_WHOLE_BYTES >> 20
        raise PhotoFault(
            FailureCode.TOO_LARGE, f"a file of {size >> 20} MB is above the limit of {limit} MB for its type"
        )


def _mega(pixels: int) -> str:
    return f"{pixels / 1e6:.0f}" if pixels >= 10_000_000 else f"{pixels / 1e6:.2f}"
