"""Photos that could not be looked at: try them again, or never."""

from collections.abc import Sequence

from facekeep.actions.context import Context
from facekeep.store import failures


def retry(ctx: Context, *, photos: Sequence[int] | None = None, code: str | None = None) -> int:
    """Look again: at these photos, at all that failed for a reason, or at all. How many.

    What the user gave up is tried again only when it is named.
    """
    with ctx.database.write("user") as writer:
        count = failures.retry(writer, photos=photos, code=code)
    ctx.wake()
    return count


def give_up(ctx: Context, photos: Sequence[int]) -> int:
    """Try these never again, until their content changes or the user asks for it. How many."""
    with ctx.database.write("user") as writer:
        return failures.give_up(writer, photos)
