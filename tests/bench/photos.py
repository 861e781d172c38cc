"""The photos that are measured: annotated ones, and copies of them in the sizes that are asked for."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tests.bench import truth
from tests.bench.truth import Marks, boxes_of

from facekeep.domain.faces import Pixels
from facekeep.inference.decode import decode

SHARED = Path(__file__).resolve().parents[3] / "shared" / "photos"
SUBSTITUTE = (
    "../shared/photos is not beside this checkout: one photo from scikit-image stands in for all. "
    "The results are not comparable with the published ones."
)
WHOLE = 100_000
"""A working size that no photo reaches: its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """A photo whose faces are known."""

    name: str
    path: Path
    marks: Marks


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """The annotated photos, those with most faces first, then by name; and what to say about them."""

    photos: tuple[Annotated, ...]
    caveat: str = ""


def collect(folder: Path, shared: Path = SHARED) -> Collection:
    """The annotated photos; where they are absent, one that comes with a package, written into `folder`."""
    if not shared.is_dir():
        return Collection((_substitute(folder),), SUBSTITUTE)
    entries = truth.read().items()
    photos = [_checked(shared, name, digest, marks) for name, (digest, marks) in entries]
    return Collection(tuple(sorted(photos, key=lambda photo: (-len(photo.marks.faces), photo.name))))


def _checked(shared: Path, name: str, digest: str, marks: Marks) -> Annotated:
    path = shared / name
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise SystemExit(
            f"{path} is not the photo whose faces were marked; mark them anew (docs/benchmarks.md)"
        )
    return Annotated(name, path, marks)


def _substitute(folder: Path) -> Annotated:
    from skimage import data

    path = folder / "astronaut.png"
    picture = data.astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(picture).save(path)
    return Annotated("astronaut.png", path, Marks(boxes_of([(0.34, 0.12, 0.53, 0.42)]), boxes_of([])))


def large(photos: Sequence[Annotated], count: int) -> list[Annotated]:
    """Every photo of three faces or more, and then the largest, `count` in all."""
    groups = [photo for photo in photos if len(photo.marks.faces) >= 3]
    others = sorted((photo for photo in photos if photo not in groups), key=_area, reverse=True)
    return [*groups, *others][:count]


def _area(photo: Annotated) -> int:
    with Image.open(photo.path) as picture:
        return picture.width * picture.height


def of_megapixels(
    photos: Sequence[Annotated], megapixels: float, folder: Path
) -> tuple[list[Annotated], int]:
    """The photos at that many megapixels, and how many were enlarged to it. Larger ones stay as they are."""
    kept = [photo for photo in photos if _area(photo) >= megapixels * 1e6 and photo.path.suffix == ".jpg"]
    copies = []
    for photo in photos:
        if photo in kept:
            copies.append(photo)
        else:
            pixels = decode(photo.path, long_side=WHOLE).pixels
            by = (megapixels * 1e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5
            copies.append(_copy(photo, pixels, by, folder))
    return copies, len(photos) - len(kept)


def of_side(photos: Sequence[Annotated], side: int, folder: Path) -> list[Annotated]:
    """Copies whose longer side is `side` pixels."""
    copies = []
    for photo in photos:
        pixels = decode(photo.path, long_side=WHOLE).pixels
        copies.append(_copy(photo, pixels, side / max(pixels.shape), folder))
    return copies


def _copy(photo: Annotated, pixels: Pixels, by: float, folder: Path) -> Annotated:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{photo.name.replace('/', '-').rsplit('.', 1)[0]}.jpg"
    height, width = pixels.shape[:2]
    size = (max(1, round(width * by)), max(1, round(height * by)))
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    picture.save(path, quality=92)
    return Annotated(photo.name, path, photo.marks)
