"""What is on record of a library's contents, for copying into it what it has not."""

from collections.abc import Sequence
from dataclasses import dataclass

from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("imports")

IMPORT_LOCK = 4_201_005
"""Advisory lock space: one import at a time adds a file to a library, over all processes."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file on record. `path` is relative to the library's root."""

    path: bytes
    size: int
    mtime_ns: int


def sizes(reader: Reader, asked: Sequence[int]) -> set[int]:
    """Those of the sizes (bytes) that any photo on record has. One pass over the photos."""
    return {int(row[0]) for row in reader.tuples(SQL["sizes"], {"sizes": list(asked)})}


def held(reader: Reader, library: int, content: bytes) -> list[HeldFile]:
    """The library's files with that content (SHA-256), as far as is on record."""
    return reader.all(HeldFile, SQL["held"], {"hash": content, "library": library})


def content_at(reader: Reader, library: int, path: bytes) -> bytes | None:
    """The content on record for a path, whether its file is there or missing."""
    found = reader.value(SQL["content_at"], {"library": library, "path": path})
    return None if found is None else bytes(found)


def open_scan(reader: Reader, library: int) -> int:
    """The library's scan under way, 0 when there is none.

    A file recorded under it is not taken for missing when its walk passed the folder before the file came.
    """
    return int(reader.value(SQL["open_scan"], {"library": library}))


def ever_scanned(reader: Reader, library: int) -> bool:
    """Whether all that was in the library once is on record."""
    return bool(reader.value(SQL["ever_scanned"], {"library": library}))


def be_alone(writer: Writer, library: int) -> None:
    """Wait until no other import adds a file to this library; holds until the transaction ends."""
    writer.value(SQL["alone"], {"space": IMPORT_LOCK, "library": library})
