"""What is in the boxes that users drew: asked of a child and stored, later where it cannot be at once."""

from facekeep.actions import pictures
from facekeep.actions.context import Context, Looker
from facekeep.actions.matching import match_face
from facekeep.domain.errors import EnvironmentFault
from facekeep.domain.faces import Box, MeasuredFace
from facekeep.store import boxes as store
from facekeep.store import faces as face_store
from facekeep.store import listing
from facekeep.store.database import tried_again


def measured_in(ctx: Context, photo: int, box: Box) -> MeasuredFace:
    """What a child sees in a box of a photo. NotFound, PhotoFault; EnvironmentFault without a child."""
    looker = looker_of(ctx)
    with ctx.database.read() as reader:
        files = listing.photo(reader, photo).files
        version = listing.content_version(reader, photo)
    (found,) = pictures.from_first(
        files, version, lambda path: looker.measure(path, [box], pack=ctx.pack.label)
    )
    return found


def looker_of(ctx: Context) -> Looker:
    """Who looks at pictures for those who wait. EnvironmentFault when this process has nobody for it."""
    if ctx.looker is None:
        raise EnvironmentFault("this process looks at no pictures", hint="Ask the one that serves the page.")
    return ctx.looker


@tried_again
def matched(ctx: Context, face: int) -> int | None:
    """Put a face that is nobody's on the person whom it clearly is; on whom."""
    with ctx.database.read() as reader:
        photo = store.one(reader, face).photo
    with ctx.database.write(verb="match", about={"photo": photo}) as writer:
        face_store.lock(writer, face)
        now = store.one(writer, face)
        vector = store.vector(writer, face, ctx.pack_id)
        if vector is None or now.person is not None or now.standing != "shown":
            return None
        taken = face_store.people_in_photo(writer, photo)
        return match_face(ctx, writer, face, vector, excluded=taken)


def stale(ctx: Context, *, without: list[int], limit: int) -> list[int]:
    """Faces that have to be looked at and can be reached, but these."""
    with ctx.database.read() as reader:
        return store.stale(reader, without=without, limit=limit)


def look_later(ctx: Context, face: int) -> bool:
    """Look at a stale face now. False when a user has moved or removed it meanwhile.

    PhotoFault, EnvironmentFault: it stays stale, and nothing is charged to its photo.
    """
    with ctx.database.read() as reader:
        before = store.one(reader, face)
    found = measured_in(ctx, before.photo, before.box)
    with ctx.database.write() as writer:
        face_store.lock(writer, face)
        now = store.one(writer, face)
        if now.box != before.box or not now.stale:
            return False
        store.measured(writer, face, found, ctx.pack_id)
    matched(ctx, face)
    return True
