"""Photos that could not be looked at."""

from facekeep.actions.context import Context
from facekeep.store import photos


def retry(ctx: Context, *, photo_id: int | None = None, code: str | None = None) -> int:
    """Look again: at one photo, at all that failed for a reason, or at all. How many."""
    with ctx.database.write() as writer:
        count = photos.retry(writer, photo=photo_id, code=code)
    ctx.wake()
    return count
