"""The failure ledger, as the user steers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from facekeep.domain.errors import NotFound
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("failures")


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is known of one photo's failure. Sizes of the longer side in pixels, times with zone."""

    photo: int
    code: str
    message: str
    detail: str
    attempts: int
    tries: int
    permanent: bool
    given_up: bool
    retry_at: datetime | None
    first_at: datetime
    last_at: datetime
    long_side: int | None
    """At which it failed; None when it never came to that."""
    retry_long_side: int | None
    """At which it is tried next; None for full size."""
    size_bytes: int | None
    mtime_ns: int | None


def one(reader: Reader, photo: int) -> Entry:
    """The failure of a photo. NotFound when it has none."""
    found = reader.first(Entry, SQL["one"], {"photo": photo})
    if found is None:
        raise NotFound(f"photo {photo} has no failure on record")
    return found


def retry(writer: Writer, *, photos: Sequence[int] | None = None, code: str | None = None) -> int:
    """Re-open failed photos: these, all of a code, or all. How many.

    What the user gave up is re-opened only by its number.
    """
    return writer.run(SQL["retry"], {"photos": None if photos is None else list(photos), "code": code})


def give_up(writer: Writer, photos: Sequence[int]) -> int:
    """Never try these again until their content changes or the user re-opens them. How many had failed."""
    return writer.run(SQL["give_up"], {"photos": list(photos)})
