"""Advisory file locks that the kernel gives back however their holder ends, kill -9 included."""

import os
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: open_server refuses before any lock is taken
    fcntl = None  # type: ignore[assignment]


class FileLock:
    """One open lock file. Not inherited by programs started from here, nor kept by forked children."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _OPEN.add(self)

    @classmethod
    def open(cls, path: Path) -> "FileLock":
        """Open the lock file, created when absent, without locking it. Raises OSError."""
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))

    @property
    def descriptor(self) -> int:
        """The open file, or -1 once it is closed: in a forked child it always is."""
        return self._descriptor

    def try_shared(self) -> bool:
        """Take or change to the shared lock; False when somebody holds it exclusively."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take or change to the exclusive lock; False when anybody else holds it. A shared lock held before
        is lost then."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; the lock goes unless another process was handed the same descriptor."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_OPEN: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def _drop_in_child() -> None:
    for lock in list(_OPEN):
        lock.close()


# A forked worker that outlives its parent must not count as a user of the server.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_in_child)
