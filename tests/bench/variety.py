"""Many photos out of a few: every one differs from the others in crop, size, shape and format."""

import io
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

FORMATS = (("jpg", 82), ("png", 6), ("webp", 6), ("tif", 3), ("heic", 3))
"""And how many of a hundred."""

SIDES = ((480, 1200, 45), (1200, 2400, 40), (2400, 4200, 15))
"""Longer side in pixels, from, to, and how many of a hundred."""


SOURCE_SIDE = 2000
"""Sources are kept at this size, which is all the detail that their copies have."""


def make(sources: Sequence[Path], count: int, folder: Path, processes: int) -> None:
    """Write `count` photos below `folder`; the same ones every time."""
    folder.mkdir(parents=True)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(_make, tuple(sources), folder), range(count), chunksize=20))


def _make(sources: Sequence[Path], folder: Path, number: int) -> None:
    chance = random.Random(number)
    kind = _one_of(chance, FORMATS)
    picture = _varied(_source(sources[chance.randrange(len(sources))]), chance)
    (folder / f"{number // 100:03d}").mkdir(exist_ok=True)
    path = folder / f"{number // 100:03d}" / f"{number:05d}.{kind}"
    path.write_bytes(_encoded(picture, kind, chance))


@cache
def _source(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((SOURCE_SIDE, SOURCE_SIDE))
    return picture


def _varied(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A crop that keeps four fifths or more of each side, brought to another size."""
    width, height = picture.size
    keep = [chance.uniform(0.8, 1.0) for _ in range(2)]
    left, top = (chance.uniform(0, 1 - kept) for kept in keep)
    box = (left * width, top * height, (left + keep[0]) * width, (top + keep[1]) * height)
    low, high, _ = chance.choices(SIDES, weights=[each[2] for each in SIDES])[0]
    by = chance.uniform(low, high) / max(box[2] - box[0], box[3] - box[1])
    size = (max(16, round((box[2] - box[0]) * by)), max(16, round((box[3] - box[1]) * by)))
    return picture.resize(size, Image.Resampling.BILINEAR, box=box)


def _encoded(picture: Image.Image, kind: str, chance: random.Random) -> bytes:
    out = io.BytesIO()
    if kind == "heic":
        from pillow_heif import from_pillow

        from_pillow(picture).save(out, quality=60)
    elif kind == "png":
        picture.save(out, "PNG", compress_level=1)
    elif kind == "tif":
        picture.save(out, "TIFF", compression="tiff_lzw")
    else:
        picture.save(out, {"jpg": "JPEG", "webp": "WEBP"}[kind], quality=chance.randint(70, 95))
    return out.getvalue()


def _one_of(chance: random.Random, kinds: Sequence[tuple[str, int]]) -> str:
    return chance.choices([kind for kind, _ in kinds], weights=[weight for _, weight in kinds])[0]
