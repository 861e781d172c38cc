"""Derived pictures on disk: made on demand, whole or not at all, within a budget of bytes, rebuildable."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from facekeep.domain.errors import StorageFault

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# facekeep: derived pictures, made again when needed.\n"
"""CACHEDIR.TAG as bford.info/cachedir has it: backup programs leave such a folder out."""

SWEEP_EVERY = 256  # pictures made between two looks at the size of the folder

KEEP = 0.8  # a sweep goes down to this part of the budget, so that it is not needed at every picture


class DerivedPictures:
    """A folder of pictures by digest. Thread-safe; each is made by one thread at a time."""

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder, self._budget = folder, budget_bytes
        self._locks = tuple(threading.Lock() for _ in range(64))
        self._made = 0

    def get(self, digest: str, make: Callable[[], bytes]) -> Path:
        """The picture under a hexadecimal digest, made now if not there. Raises StorageFault."""
        path = self._folder / digest[:2] / f"{digest}.jpg"
        with self._locks[int(digest[:8], 16) % len(self._locks)]:
            if not _usable(path):
                self._keep(path, make())
        return path

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            self._write(path, content)
            self._made += 1
            if self._made % SWEEP_EVERY == 1:
                self._sweep()
        except OSError as error:
            raise StorageFault(
                f"cannot keep a derived picture in {self._folder}: {error.strerror}",
                hint="Check the free space and permissions of the data folder.",
            ) from error

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # faces: for nobody else's eyes
        path.parent.mkdir(exist_ok=True)
        tag = self._folder / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text(TAG, "ascii")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".making-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _sweep(self) -> None:
        """Delete what was used longest ago until the folder is well within its budget."""
        found = sorted((entry for entry in _entries(self._folder)), key=lambda entry: entry[1])
        total = sum(size for _, _, size in found)
        if total <= self._budget:
            return
        for path, _, size in found:
            if total <= KEEP * self._budget:
                return
            path.unlink(missing_ok=True)
            total -= size


def _usable(path: Path) -> bool:
    try:
        if path.stat().st_size == 0:  # torn by a crash of the machine: the rename outlived the content
            return False
        os.utime(path)  # used now; the sweep begins with what was not
    except FileNotFoundError:
        return False
    except OSError:  # a read-only folder can still be read
        return True
    return True


def _entries(folder: Path) -> list[tuple[Path, float, int]]:
    entries = []
    for path in folder.glob("??/*"):
        with contextlib.suppress(FileNotFoundError):  # swept by another process meanwhile
            status = path.stat()
            entries.append((path, status.st_mtime, status.st_size))
    return entries
