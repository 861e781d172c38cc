"""The server's log: bounded, and read back for the reason when a start fails."""

from pathlib import Path

_LIMIT = 4 * 1024 * 1024
_READ = 64 * 1024
_LEVELS = ("PANIC:", "FATAL:", "ERROR:", "could not", "cannot", "error")


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def keep_bounded(log: Path) -> None:
    """Keep one older part of the log. The server holds the file open for appending, so it is emptied, not
    replaced."""
    if size_of(log) > _LIMIT:
        log.with_name(log.name + ".1").write_bytes(log.read_bytes())
        with log.open("r+b") as file:
            file.truncate(0)


def written_since(log: Path, position: int) -> str:
    """The text written after `position` bytes, at most the last 64 kB of it."""
    with log.open("rb") as file:
        file.seek(max(position, size_of(log) - _READ))
        return file.read(_READ).decode("utf-8", "replace")


def reason_in(text: str) -> str:
    """The line that best says why a program failed, without its time stamp; "" when there is none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for level in _LEVELS:
        found = [line for line in lines if level in line]
        if found:
            return found[-1][found[-1].index(level) :]
    return lines[-1] if lines else ""
