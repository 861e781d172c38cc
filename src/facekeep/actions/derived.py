"""Derived pictures: made on demand, kept on disk within a budget of bytes, whole or not at all, rebuildable.

A picture is asked for by the digest of all that it shows (content, box, size, how it is drawn), so that what
is under a name never grows old. Each file ends with a seal over its bytes and its name: what is torn,
altered, foreign or under another's name is noticed when it is read, and made again. Any number of threads and
processes may share the folder; nobody waits for a sweep but who has to write.
"""

import logging
import os
import stat
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from facekeep.actions.seals import SEAL_BYTES, opened, sealed

log = logging.getLogger(__name__)

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# facekeep: derived pictures, made again when needed.\n"
"""CACHEDIR.TAG as bford.info/cachedir has it: backup programs leave such a folder out."""

MEMORY_BYTES = 16 * 2**20
"""Pictures kept in memory: a page of faces is not read twice, nor drawn twice when no disk takes it."""

HIGH, LOW = 0.8, 0.6
"""Parts of the budget: a sweep begins above the one and ends at the other."""

UNSEEN = 1 / 16
"""Part of the budget that a process writes between two looks at the folder. With HIGH, three processes that
write at once stay within the budget whatever they do; one alone stays well below."""

BLOCK = 4096
"""Bytes that file systems give at a time; a small crop takes one such block whatever its size."""

LARGEST = 32 * 2**20
"""Bytes of a file that is worth reading: far above any picture, far below what would hurt."""

USED_AGAIN_S = 600.0
"""A file used within it is not marked as used once more: reading stays reading."""

LEFT_BEHIND_S = 3600.0
"""A half-written file of that age belongs to nobody: writing one takes milliseconds."""

SAY_AGAIN_S = 300.0
"""A disk that takes nothing is told once in that time, not for each picture."""

MAKING = ".making-"


class DerivedPictures:
    """A folder of pictures by digest. Thread-safe; each is made by one thread of a process at a time."""

    def __init__(self, folder: Path, budget_bytes: int, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._recent = _Recent(memory_bytes)
        self._files = _Files(folder, budget_bytes)
        self._lock = threading.Lock()
        self._making: dict[str, Future[bytes]] = {}

    def get(self, digest: str, make: Callable[[], bytes]) -> bytes:
        """The picture under a hexadecimal digest, made now if it is not there.

        Raises what `make` raises, to everybody who waited for it. A cache that cannot be read or written
        costs time and a line in the log, never the picture.
        """
        kept = self._kept(digest)
        return self._made_once(digest, make) if kept is None else kept

    def clear(self) -> int:
        """Delete every picture, in memory and on disk; how many files. Raises OSError."""
        self.clear_memory()
        return self._files.clear()

    def clear_memory(self) -> None:
        """Drop the pictures that this process keeps in memory."""
        self._recent.clear()

    def _kept(self, digest: str) -> bytes | None:
        kept = self._recent.get(digest)
        if kept is None:
            kept = self._files.read(digest)
            if kept is not None:
                self._recent.put(digest, kept)
        return kept

    def _made_once(self, digest: str, make: Callable[[], bytes]) -> bytes:
        with self._lock:
            making = self._making.get(digest)
            first = making is None
            if making is None:
                making = self._making[digest] = Future()
        if first:
            self._make(digest, make, making)
        return making.result()

    def _make(self, digest: str, make: Callable[[], bytes], making: Future[bytes]) -> None:
        try:
            kept = self._kept(digest)  # somebody else was quicker, between our looking and our turn
            making.set_result(self._made(digest, make) if kept is None else kept)
        except BaseException as error:
            # Those who wait must hear of it whatever it was; then it goes on its way in this thread.
            making.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._making[digest]

    def _made(self, digest: str, make: Callable[[], bytes]) -> bytes:
        content = make()
        self._recent.put(digest, content)
        self._files.keep(digest, content)
        return content


class _Recent:
    """The pictures used last, in memory, within a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self._budget, self._held = budget, 0
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()

    def get(self, digest: str) -> bytes | None:
        with self._lock:
            if digest in self._pictures:
                self._pictures.move_to_end(digest)
            return self._pictures.get(digest)

    def clear(self) -> None:
        with self._lock:
            self._pictures.clear()
            self._held = 0

    def put(self, digest: str, content: bytes) -> None:
        if len(content) > self._budget // 8:  # one large picture is not worth many small ones
            return
        with self._lock:
            self._held += len(content) - len(self._pictures.pop(digest, b""))
            self._pictures[digest] = content
            while self._held > self._budget:
                self._held -= len(self._pictures.popitem(last=False)[1])


@dataclass(frozen=True, slots=True)
class _Kept:
    path: str
    used: float
    size: int


class _Files:
    """The folder. Knows how many bytes it may still write before it has to look again."""

    def __init__(self, folder: Path, budget: int) -> None:
        self._folder, self._budget = folder, budget
        self._lock = threading.Lock()
        self._room = 0  # nothing is known yet: the first picture kept looks at the folder
        self._quiet_until = 0.0

    def read(self, digest: str) -> bytes | None:
        """The picture, when its file is there, whole, and its own."""
        path = self._path(digest)
        try:
            content = _content(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say("read", error)
            return None
        picture = None if content is None else opened(content, digest)
        if picture is None:
            log.info("a derived picture was damaged and is made again: %s", path.name)
        return picture

    def keep(self, digest: str, content: bytes) -> None:
        """Write it down if that can be done."""
        size = _on_disk(len(content) + SEAL_BYTES)
        try:
            if size <= UNSEEN * self._budget:
                self._admit(size)
                self._write(digest, sealed(content, digest))
        except OSError as error:
            self._say("keep", error)

    def clear(self) -> int:
        """Delete all of our files, also those that are half written."""
        found = [
            entry.path
            for name in _names(self._folder)
            if len(name) == 2
            for entry in _scanned(self._folder / name)
            if entry.name.endswith(".jpg") or entry.name.startswith(MAKING)
        ]
        for path in found:
            _delete(path)
        return len(found)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.jpg"

    def _write(self, digest: str, content: bytes) -> None:
        path = self._path(digest)
        handle, temporary = self._begin(path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)  # noqa: PTH105 - text, as tempfile gives it
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _begin(self, folder: Path) -> tuple[int, str]:
        try:
            return tempfile.mkstemp(dir=folder, prefix=MAKING)
        except FileNotFoundError:  # the first picture, or the whole folder was deleted meanwhile
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # faces: for nobody else's eyes
            folder.mkdir(exist_ok=True)
            (self._folder / "CACHEDIR.TAG").write_text(TAG, "ascii")
            return tempfile.mkstemp(dir=folder, prefix=MAKING)

    def _admit(self, size: int) -> None:
        """Take from the room there is; look at the folder, and sweep it, when that is used up."""
        with self._lock:
            if self._room < size:
                self._sweep(size)
                self._room = int(UNSEEN * self._budget)
            self._room -= size

    def _sweep(self, size: int) -> None:
        """Delete what was used longest ago until there is room again; and what killed processes left."""
        found = _entries(self._folder, time.time())
        total = size + sum(entry.size for entry in found)
        if total <= HIGH * self._budget:
            return
        for entry in sorted(found, key=lambda entry: entry.used):
            if total <= LOW * self._budget:
                return
            _delete(entry.path)
            total -= entry.size

    def _say(self, verb: str, error: OSError) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._quiet_until:
                return
            self._quiet_until = now + SAY_AGAIN_S
        reason = error.strerror if error.strerror else str(error)
        log.warning("cannot %s derived pictures in %s: %s; drawn each time", verb, self._folder, reason)


def _content(path: Path) -> bytes | None:
    """The bytes of a file; None for what cannot be a picture. Marks it as used."""
    # Without waiting, for somebody may have put a pipe there; and never through a link.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return None
        if abs(time.time() - status.st_mtime) > USED_AGAIN_S:
            _mark_used(path)
        return file.readall()


def _mark_used(path: Path) -> None:
    try:
        os.utime(path)  # the sweep begins with what was not
    except OSError as error:  # swept this moment, or a read-only folder, which can still be read
        log.debug("cannot mark %s as used: %s", path, error)


def _entries(folder: Path, now: float) -> list[_Kept]:
    """Our files there. Half-written ones that nobody writes any more are deleted; a stranger's are left."""
    kept: list[_Kept] = []
    for name in _names(folder):
        if len(name) == 2:
            for entry in _scanned(folder / name):
                kept += _kept(entry, now)
    return kept


def _kept(entry: "os.DirEntry[str]", now: float) -> list[_Kept]:
    making = entry.name.startswith(MAKING)
    if not making and not entry.name.endswith(".jpg"):
        return []
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # swept by another process meanwhile
        return []
    if stat.S_ISDIR(status.st_mode):
        return []
    # Of the future is what a clock set back left; it must not stay for ever.
    if making and abs(now - status.st_mtime) > LEFT_BEHIND_S:
        _delete(entry.path)
        return []
    return [_Kept(entry.path, min(status.st_mtime, now), _on_disk(status.st_size))]


def _on_disk(size: int) -> int:
    """What a file of so many bytes takes: whole blocks."""
    return -(-size // BLOCK) * BLOCK


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in _scanned(folder) if entry.is_dir(follow_symlinks=False)]


def _scanned(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _delete(path: str) -> None:
    Path(path).unlink(missing_ok=True)
