"""Libraries and their scans."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from facekeep.domain.errors import NotFound
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load
from facekeep.store.rows import LibraryRow, ScanRow

SQL = load("libraries")


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """What one walk met so far."""

    files_seen: int = 0
    photos_new: int = 0
    photos_changed: int = 0
    files_missing: int = 0
    problems: int = 0


def add(writer: Writer, root: bytes) -> int:
    """The id of the library at that root, made if there is none yet."""
    return int(writer.value(SQL["add"], {"root": root}))


def find(reader: Reader, root: bytes) -> int | None:
    """The id of the library at that root."""
    found = reader.value(SQL["find"], {"root": root})
    return None if found is None else int(found)


def root(reader: Reader, library: int) -> bytes:
    """The root folder of a library. NotFound."""
    found = reader.value(SQL["root"], {"library": library})
    if found is None:
        raise NotFound(f"there is no library {library}")
    return bytes(found)


def one(reader: Reader, library: int) -> LibraryRow:
    """NotFound when there is none."""
    found = reader.first(LibraryRow, SQL["one"], {"library": library})
    if found is None:
        raise NotFound(f"there is no library {library}")
    return found


def set_online(writer: Writer, library: int, online: bool) -> None:
    """Remember whether the folder could be seen."""
    writer.run(SQL["set_online"], {"library": library, "online": online})


def has_files(reader: Reader, library: int) -> bool:
    """Whether any present file is known: if so, an empty root means that its mount is away."""
    return bool(reader.value(SQL["has_files"], {"library": library}))


def request_scan(writer: Writer, library: int) -> int:
    """The id of the library's open scan, queued now if there was none."""
    return int(writer.value(SQL["request_scan"], {"library": library}))


def open_scans(reader: Reader) -> list[int]:
    """Libraries with a scan that has not ended, oldest request first."""
    return [int(row[0]) for row in reader.tuples(SQL["open_scans"])]


def start_scan(writer: Writer, scan: int) -> bool:
    """False when it was stopped before it began."""
    return writer.value(SQL["start_scan"], {"scan": scan}) is not None


def scan_progress(writer: Writer, scan: int, counts: ScanCounts) -> bool:
    """Record how far it got; False when the user stopped it meanwhile."""
    return bool(writer.value(SQL["scan_progress"], {"scan": scan, **_counts(counts)}))


def end_scan(
    writer: Writer,
    scan: int,
    state: Literal["done", "stopped", "failed"],
    counts: ScanCounts,
    message: str = "",
) -> None:
    """Close it with its outcome."""
    writer.run(SQL["end_scan"], {"scan": scan, "state": state, "message": message, **_counts(counts)})


def stop_scan(writer: Writer, scan: int) -> None:
    """Ask the process that runs it to stop; nothing when it has ended already."""
    writer.run(SQL["stop_scan"], {"scan": scan})


def scan(reader: Reader, scan: int) -> ScanRow:
    """NotFound when there is none."""
    found = reader.first(ScanRow, SQL["scan"], {"scan": scan})
    if found is None:
        raise NotFound(f"there is no scan {scan}")
    return found


def now(reader: Reader) -> datetime:
    """The database's clock: the only one that times are compared by."""
    found: datetime = reader.value("SELECT now()")
    return found


def _counts(counts: ScanCounts) -> dict[str, int]:
    return {
        "files_seen": counts.files_seen,
        "photos_new": counts.photos_new,
        "photos_changed": counts.photos_changed,
        "files_missing": counts.files_missing,
        "problems": counts.problems,
    }
