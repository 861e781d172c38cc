"""Photos that are to be looked at again though nothing about their files has changed."""

from collections.abc import Sequence

from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("again")


def due_again(writer: Writer, photos: Sequence[int] | None) -> set[int]:
    """Make these photos due, or with None all that are done. Which ones were not waiting anyway."""
    row = {"photos": None if photos is None else list(photos)}
    return {int(found[0]) for found in writer.tuples(SQL["due_again"], row)}


def how_they_are(reader: Reader, photos: Sequence[int]) -> dict[int, str]:
    """Those of the photos that exist: `waiting`, or `unreachable` where no file of it is there."""
    rows = reader.tuples(SQL["how_they_are"], {"photos": list(photos)})
    return {int(photo): str(state) for photo, state in rows}
