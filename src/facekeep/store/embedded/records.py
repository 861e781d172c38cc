"""Small JSON files, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

_MAX_BYTES = 65_536


def write_record(path: Path, values: dict[str, Any]) -> None:
    """Replace the file atomically and durably; other users may read it. Raises OSError, leaving the old
    file."""
    temporary = path.with_name(path.name + ".new")
    try:
        _write_durably(temporary, json.dumps(values, indent=1).encode("ascii"))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def read_record(path: Path) -> dict[str, Any] | None:
    """The values, or None when the file is absent or is not a record. Raises OSError other than absence."""
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(_MAX_BYTES))
    except (FileNotFoundError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def sync_folder(folder: Path) -> None:
    """Make renames and removals in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
