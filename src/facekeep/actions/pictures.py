"""Face crops and smaller photos, drawn in a child process when first asked for."""

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from facekeep.actions.context import Context, Renderer
from facekeep.domain.errors import EnvironmentFault, FailureCode, PhotoFault
from facekeep.domain.faces import Box
from facekeep.domain.osfaults import photo_fault
from facekeep.library import identity
from facekeep.library.patience import patiently
from facekeep.store import listing

Answer = TypeVar("Answer")

CROP_SIZES = (96, 160, 320, 640)
PHOTO_SIZES = (320, 1280, 2048)
"""Longer side in pixels. Few sizes, so that few pictures are made."""

DRAWING = 1
"""Version of the code that draws, in inference.crops: raised with each change that shows in a picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be had. The tag changes with the photo's content, the box, the size, the drawing."""

    etag: str
    media_type: str
    content: Callable[[], bytes]
    """Its bytes, drawn now if they are not kept. Raises PhotoFault, EnvironmentFault."""


def face_crop(ctx: Context, face_id: int, *, size: int) -> Picture:
    """A square around a face; `size` is rounded up to one of CROP_SIZES. NotFound."""
    with ctx.database.read() as reader:
        face = listing.face(reader, face_id)
        version = listing.content_version(reader, face.photo)
    side = _snapped(size, CROP_SIZES)
    box = Box(face.x, face.y, face.width, face.height)

    def draw() -> bytes:
        renderer = _renderer(ctx)
        return from_first(face.files, version, lambda path: renderer.crop(path, box, side))

    return _picture(ctx, f"crop {version} {box} {side}", draw)


def photo_image(ctx: Context, photo_id: int, *, long_side: int) -> Picture:
    """The upright photo; `long_side` is rounded up to one of PHOTO_SIZES. NotFound."""
    with ctx.database.read() as reader:
        photo = listing.photo(reader, photo_id)
        version = listing.content_version(reader, photo_id)
    side = _snapped(long_side, PHOTO_SIZES)

    def draw() -> bytes:
        renderer = _renderer(ctx)
        return from_first(photo.files, version, lambda path: renderer.thumbnail(path, side))

    return _picture(ctx, f"photo {version} {side}", draw)


def _picture(ctx: Context, shown: str, draw: Callable[[], bytes]) -> Picture:
    digest = blake2b(f"{DRAWING} {shown}".encode(), digest_size=20).hexdigest()
    return Picture(digest, "image/jpeg", lambda: ctx.pictures.get(digest, draw))


def from_first(files: list[bytes], version: str, ask: Callable[[Path], Future[Answer]]) -> Answer:
    """What a child answers of the first of a photo's files that can be read and is still that photo.

    `version`: the hash of its content, hexadecimal. Raises PhotoFault, EnvironmentFault.
    """
    fault = PhotoFault(
        FailureCode.MISSING_FILE,
        "none of the photo's files can be reached",
        hint="Connect the disk it is on, and scan its folder again.",
    )
    for file in files:
        try:
            return _answer(file, version, ask)
        except PhotoFault as error:
            fault = error
        except CancelledError as error:
            raise EnvironmentFault("facekeep is stopping", hint="Start it again.") from error
    raise fault


def _answer(file: bytes, version: str, ask: Callable[[Path], Future[Answer]]) -> Answer:
    """Answered from the very content that the faces were found in: a file may be edited, or replaced by
    another photo, before a scan knows of it. What it shows then would be kept under this content's name."""
    before = patiently(lambda: _proven(file, version))
    if before is not None:
        answer = ask(Path(os.fsdecode(file))).result()
        if patiently(lambda: _state(file)) == before:
            return answer
    raise PhotoFault(
        FailureCode.MISSING_FILE,
        f"{identity.display_path(file)}: the file has changed since it was scanned",
        hint="Scan its folder again.",
    )


def _proven(file: bytes, version: str) -> tuple[int, ...] | None:
    """The state of a file with that content; None when it has another."""
    state = _state(file)
    return state if identity.content_hash(file).hex() == version else None


def _state(file: bytes) -> tuple[int, ...]:
    try:
        status = os.stat(file)  # noqa: PTH116 - bytes
    except OSError as error:
        raise photo_fault(error, identity.display_path(file)) from error
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _snapped(size: int, sizes: tuple[int, ...]) -> int:
    return next((known for known in sizes if known >= size), sizes[-1])


def _renderer(ctx: Context) -> Renderer:
    if ctx.renderer is None:
        raise EnvironmentFault("this process draws no pictures", hint="Ask the one that serves the page.")
    return ctx.renderer
