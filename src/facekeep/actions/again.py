"""Looking at photos again though their files are as they were: for a face that was missed, or other models.

Whatever a user said of the faces stays, as after any other change of a photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from facekeep.actions.context import Context
from facekeep.domain.errors import UsageError
from facekeep.store import again as store

MAX_PHOTOS = 10_000

Outcome = Literal["due", "waiting", "unreachable", "not_found"]


@dataclass(frozen=True, slots=True)
class Again:
    """How many photos are due now; and of those that were named, what became of each, in that order."""

    due: int
    outcomes: tuple[tuple[int, Outcome], ...] = ()


def look_again(ctx: Context, photos: Sequence[int] | None) -> Again:
    """Make these photos due, or with None every photo that is done. UsageError for none or too many."""
    if photos is not None and not 0 < len(photos) <= MAX_PHOTOS:
        raise UsageError(f"name 1 to {MAX_PHOTOS:,} photos", hint="Or ask for all of them.")
    with ctx.database.write("user") as writer:
        due = store.due_again(writer, photos)
        known = {} if photos is None else store.how_they_are(writer, photos)
    ctx.wake()
    named = () if photos is None else tuple(dict.fromkeys(photos))
    return Again(len(due), tuple((photo, _outcome(photo, due, known)) for photo in named))


def _outcome(photo: int, due: set[int], known: dict[int, str]) -> Outcome:
    return "due" if photo in due else cast(Outcome, known.get(photo, "not_found"))
