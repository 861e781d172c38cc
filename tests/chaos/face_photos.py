"""Any number of photos with a face, each of another content, made cheaply."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image
from worker_support import astronaut

VARIANTS = 40


def write_faces(folder: Path, count: int, *, side: int = 720, first: int = 0) -> list[Path]:
    """So many JPEG files of about `side` pixels with one large face each, told by their numbers.

    Forty different pictures; copies of one differ behind the end of the picture, which makes each a photo of
    its own and costs nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{number:05}.jpg", number, side) for number in range(first, first + count)]


def write_plain(folder: Path, count: int) -> list[Path]:
    """So many small files without any face: for tests in which only the keeping of books is on trial."""
    return write_faces(folder, count, side=96)


def marked(path: Path, fault: str) -> Path:
    """A photo that makes the children of `tests.chaos.faulty_child` fail so, by a mark behind its end."""
    with path.open("ab") as file:
        file.write(f"\nFAULT:{fault}".encode())
    return path


def poison(paths: Sequence[Path], faults: Sequence[str]) -> dict[str, str]:
    """Mark photos, evenly spread, with these faults; which file has which."""
    step = len(paths) // (len(faults) + 1)
    chosen = [paths[(number + 1) * step] for number in range(len(faults))]
    return {marked(path, fault).name: fault for path, fault in zip(chosen, faults, strict=True)}


def _write(path: Path, number: int, side: int) -> Path:
    path.write_bytes(_picture(number % VARIANTS, side) + f"\nphoto {number}".encode())
    return path


@cache
def _picture(variant: int, side: int) -> bytes:
    whole = Image.fromarray(astronaut())
    left, top = 2 * (variant % 8), 3 * (variant // 8)
    picture = whole.crop((left, top, left + 440 + variant, top + 400 + variant))
    if variant % 2:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = (side + 2 * variant, (side + 2 * variant) * picture.height // picture.width)
    out = io.BytesIO()
    picture.resize(size, Image.Resampling.BILINEAR).save(out, "JPEG", quality=75 + variant % 20)
    return out.getvalue()
