"""Running a codec on a stranger's file: quietly, and with one kind of error coming out."""

import errno
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.osfaults import photo_fault

# Codecs do not share an error type for this; these words are in Pillow's, libheif's and libjpeg's messages.
_MEMORY_WORDS = ("out of memory", "memory allocation", "insufficient memory", "unsufficientmemory")

# A damaged header sends a reader to a place that no file has, and the system refuses to go there.
_NO_SUCH_PLACE = frozenset({errno.EINVAL, errno.EOVERFLOW})


class _Quiet:
    """Warnings of codec modules, and Pillow's own pixel limit, switched off while any thread decodes.

    `warnings.catch_warnings` alone would restore the wrong filters when two threads decode at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._undo: Any = None
        self._limit: int | None = None

    def enter(self) -> None:
        from PIL import Image

        with self._lock:
            self._users += 1
            if self._users == 1:
                self._undo = warnings.catch_warnings()
                self._undo.__enter__()
                warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif|rawpy|simplejpeg)(\.|$)")
                # Ours is checked on every header, and names the limit that the user can change.
                self._limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None

    def leave(self) -> None:
        from PIL import Image

        with self._lock:
            self._users -= 1
            if self._users == 0:
                Image.MAX_IMAGE_PIXELS = self._limit
                self._undo.__exit__(None, None, None)


_quiet = _Quiet()


@contextmanager
def codec(name: str) -> Iterator[None]:
    """Around all that is done with a file's bytes: no warnings, and every error is a PhotoFault on `name`.

    An error of the operating system keeps its meaning; the codec's own words are kept in the message.
    """
    _quiet.enter()
    try:
        yield
    except PhotoFault as fault:
        raise _named(fault, name) from fault.__cause__
    except MemoryError as error:
        raise PhotoFault(FailureCode.OUT_OF_MEMORY, f"{name}: not enough memory to decode it") from error
    except OSError as error:
        if error.errno is not None and error.errno not in _NO_SUCH_PLACE:
            raise photo_fault(error, name) from error
        raise _undecodable(error, name) from error
    except Exception as error:  # the edge: a codec fed with damaged bytes may raise anything at all
        raise _undecodable(error, name) from error
    finally:
        _quiet.leave()


def _named(fault: PhotoFault, name: str) -> PhotoFault:
    if fault.message.startswith(name):
        return fault
    return PhotoFault(
        fault.failure,
        f"{name}: {fault.message}",
        hint=fault.hint,
        detail=fault.detail,
        long_side=fault.long_side,
    )


def _words_of(error: Exception) -> str:
    words = error.args[0] if error.args else ""
    # LibRaw's messages come as bytes.
    return (words.decode("ascii", "replace") if isinstance(words, bytes) else str(error)).strip()


def _undecodable(error: Exception, name: str) -> PhotoFault:
    said = _words_of(error)
    words = f"{type(error).__name__} {said}".lower()
    # libheif calls it a memory error when a damaged header asks for too much of anything.
    if "security limit" not in words and any(memory in words for memory in _MEMORY_WORDS):
        return PhotoFault(FailureCode.OUT_OF_MEMORY, f"{name}: not enough memory to decode it")
    reason = "it is damaged, or of a kind that is not supported" if "cannot identify" in words else said
    reason = reason if reason else type(error).__name__
    if "truncated" in words or "premature end" in words:
        reason = f"it is truncated ({reason})"
    return PhotoFault(
        FailureCode.UNREADABLE,
        f"{name}: cannot be decoded: {reason[:200]}",
        hint="see whether another program can open it, and restore it from a backup if not",
    )
