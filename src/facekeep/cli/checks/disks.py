"""The data folder, the cache and the room on their disks."""

import os
import shutil
from pathlib import Path

from facekeep.cli.checks.finding import Check, gigabytes
from facekeep.settings import Settings

LITTLE_SPACE = 2 * 2**30  # a library of 100,000 photos takes about this much
NO_SPACE = 200 * 2**20  # PostgreSQL alone needs room for its log


def data_folder(home: Path) -> Check:
    """Whether it can be used, and by nobody else."""
    name = "data folder"
    try:
        mode = home.stat().st_mode
    except FileNotFoundError:
        return _not_made(name, home)
    except OSError as error:
        return Check(name, "fail", f"{home}: {error.strerror}", "Set FACEKEEP_HOME to a folder of your own.")
    if not home.is_dir():
        return Check(name, "fail", f"{home} is not a folder", "Set FACEKEEP_HOME to a folder.")
    if not os.access(home, os.W_OK | os.X_OK):
        return Check(
            name, "fail", f"{home} cannot be written to", "Check who owns it, and that its disk is writable."
        )
    if mode & 0o066:
        return Check(
            name, "warn", f"{home} can be entered by others", f"It holds face data: chmod 700 '{home}'"
        )
    return Check(name, "ok", str(home))


def space(home: Path) -> Check:
    """Room for the database, the models and the cache."""
    free = shutil.disk_usage(existing(home)).free
    detail = f"{gigabytes(free)} free for the data folder"
    if free < NO_SPACE:
        return Check("disk space", "fail", detail, "Free some space, or set FACEKEEP_HOME to another disk.")
    if free < LITTLE_SPACE:
        return Check("disk space", "warn", detail, "A large library needs some gigabytes.")
    return Check("disk space", "ok", detail)


def cache(settings: Settings) -> Check:
    """The derived pictures against their budget and the disk."""
    folder, budget = settings.home / "cache", settings.cache_megabytes * 2**20
    try:
        used = _size(folder)
        free = shutil.disk_usage(existing(folder)).free
    except OSError as error:
        advice = "Check who owns it; it may be deleted, its pictures are made again."
        return Check("cache", "warn", f"{folder}: {error.strerror}", advice)
    detail = f"{gigabytes(used)} of at most {gigabytes(budget)} for derived pictures"
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        return Check("cache", "warn", f"{folder} cannot be written to", "Check who owns it.")
    if budget - used > free:
        advice = "It may fill the disk: set FACEKEEP_CACHE_MEGABYTES lower, or free some space."
        return Check("cache", "warn", f"{detail}, and {gigabytes(free)} free on its disk", advice)
    return Check("cache", "ok", detail)


def existing(path: Path) -> Path:
    """The nearest folder above that is there."""
    return next((above for above in (path, *path.parents) if above.exists()), Path("/"))


def _not_made(name: str, home: Path) -> Check:
    above = existing(home)
    if os.access(above, os.W_OK | os.X_OK):
        return Check(name, "ok", f"{home}, made on first use")
    return Check(
        name, "fail", f"{home} cannot be made in {above}", "Set FACEKEEP_HOME to a folder of your own."
    )


def _size(folder: Path) -> int:
    if not folder.exists():
        return 0
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
