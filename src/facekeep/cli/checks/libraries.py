"""Photo folders: is each there, on which mount, and may its photos be read."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facekeep.cli.checks.finding import Check, gigabytes
from facekeep.cli.checks.patience import within
from facekeep.cli.output import count

if TYPE_CHECKING:
    from facekeep.library.mounts import Mounts
    from facekeep.store.database import Reader
    from facekeep.store.rows import LibraryRow

SAMPLE = 50


def checks(reader: "Reader") -> Iterator[Check]:
    """All together, then each that is online; a mount that hangs is waited for some seconds only."""
    from facekeep.library.identity import display_path
    from facekeep.library.mounts import Mounts
    from facekeep.store import listing

    mounts, rows = Mounts(), listing.libraries(reader)
    away = [row for row in rows if _is_away(mounts, row)]
    if away:
        roots = ", ".join(display_path(row.root) for row in away)
        advice = "Connect or mount the disk; nothing is lost meanwhile."
        yield Check("libraries", "warn", f"offline: {roots}{_why(away)}", advice)
    else:
        yield Check("libraries", "ok", f"{count(len(rows), 'library', 'libraries')}, all online")
    yield from (_one(reader, row) for row in rows if row not in away)


def _is_away(mounts: "Mounts", row: "LibraryRow") -> bool:
    return mounts.is_away(_path(row), had_photos=row.photos > 0)


def _why(away: "list[LibraryRow]") -> str:
    empty = any(within(lambda root=_path(row): _is_empty(root), False) for row in away)  # type: ignore[misc]
    return " (an empty folder where photos were: its disk is not mounted)" if empty else ""


def _is_empty(root: Path) -> bool:
    return root.is_dir() and not os.path.ismount(root) and os.access(root, os.R_OK | os.X_OK)


def _one(reader: "Reader", row: "LibraryRow") -> Check:
    from facekeep.library.identity import display_path
    from facekeep.store import about

    files = [os.path.join(row.root, path) for path in about.some_files(reader, row.library, SAMPLE)]  # noqa: PTH118 - bytes
    found = within(lambda: _sample(_path(row), files), None)
    name, where = f"library {row.library}", display_path(row.root)
    if found is None:
        advice = "Its disk or network share hangs: look at the mount, or take it off and on again."
        return Check(name, "warn", f"{where}: does not answer any more", advice)
    where += f", on {found.mount}"
    if found.refused:
        advice = "Let facekeep's user read them: such photos wait, and are looked at once they can be read."
        return Check(name, "warn", f"{where}: {found.refused} of {len(files)} photos may not be read", advice)
    if found.gone:
        advice = "A scan finds what became of them: `facekeep scan` this folder."
        return Check(name, "warn", f"{where}: {found.gone} of {len(files)} photos are not there", advice)
    tried = f"{count(len(files), 'photo')} tried, readable"
    return Check(name, "ok", f"{where}, {gigabytes(found.free)} free; {tried}")


@dataclass(frozen=True, slots=True)
class _Sample:
    mount: Path
    free: int
    refused: int
    gone: int


def _sample(root: Path, files: list[bytes]) -> _Sample:
    gone = {file for file in files if not os.path.lexists(file)}
    refused = sum(not os.access(file, os.R_OK) for file in files if file not in gone)
    return _Sample(mount_point(root), shutil.disk_usage(root).free, refused, len(gone))


def mount_point(path: Path) -> Path:
    """The mount that a path lies on."""
    return next((above for above in (path, *path.parents) if os.path.ismount(above)), Path("/"))


def _path(row: "LibraryRow") -> Path:
    return Path(os.fsdecode(row.root))
