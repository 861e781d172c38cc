"""Face crops and smaller photos, drawn in a child process when first asked for."""

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from facekeep.actions.context import Context, Renderer
from facekeep.domain.errors import EnvironmentFault, FailureCode, PhotoFault
from facekeep.domain.faces import Box
from facekeep.store import listing

CROP_SIZES = (96, 160, 320, 640)
PHOTO_SIZES = (320, 1280, 2048)
"""Longer side in pixels. Few sizes, so that few pictures are made."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on disk. The tag changes with the photo's content, the box and the size."""

    path: Path
    media_type: str
    etag: str


def face_crop(ctx: Context, face_id: int, *, size: int) -> Picture:
    """A square around a face; `size` is rounded up to one of CROP_SIZES. NotFound, PhotoFault."""
    with ctx.database.read() as reader:
        face = listing.face(reader, face_id)
        version = listing.content_version(reader, face.photo)
    side, renderer = _snapped(size, CROP_SIZES), _renderer(ctx)
    box = Box(face.x, face.y, face.width, face.height)

    def draw() -> bytes:
        return _first_drawn(face.files, lambda path: renderer.crop(path, box, side))

    return _kept(ctx, f"crop {version} {box} {side}", draw)


def photo_image(ctx: Context, photo_id: int, *, long_side: int) -> Picture:
    """The upright photo; `long_side` is rounded up to one of PHOTO_SIZES. NotFound, PhotoFault."""
    with ctx.database.read() as reader:
        photo = listing.photo(reader, photo_id)
        version = listing.content_version(reader, photo_id)
    side, renderer = _snapped(long_side, PHOTO_SIZES), _renderer(ctx)

    def draw() -> bytes:
        return _first_drawn(photo.files, lambda path: renderer.thumbnail(path, side))

    return _kept(ctx, f"photo {version} {side}", draw)


def _kept(ctx: Context, key: str, draw: Callable[[], bytes]) -> Picture:
    digest = blake2b(key.encode(), digest_size=20).hexdigest()
    return Picture(ctx.pictures.get(digest, draw), "image/jpeg", digest)


def _first_drawn(files: list[bytes], draw: Callable[[Path], Future[bytes]]) -> bytes:
    """From the first of the photo's files that can be read."""
    fault = PhotoFault(
        FailureCode.MISSING_FILE,
        "none of the photo's files can be reached",
        hint="Connect the disk it is on, and scan its folder again.",
    )
    for file in files:
        try:
            return draw(Path(os.fsdecode(file))).result()
        except PhotoFault as error:
            fault = error
        except CancelledError as error:
            raise EnvironmentFault("facekeep is stopping", hint="Start it again.") from error
    raise fault


def _snapped(size: int, sizes: tuple[int, ...]) -> int:
    return next((known for known in sizes if known >= size), sizes[-1])


def _renderer(ctx: Context) -> Renderer:
    if ctx.renderer is None:
        raise EnvironmentFault("this process draws no pictures", hint="Ask the one that serves the page.")
    return ctx.renderer
