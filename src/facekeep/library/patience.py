"""Asking the file system in a way that a hung network mount cannot stop."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from facekeep.domain.errors import FailureCode, PhotoFault

Answer = TypeVar("Answer")

PATIENCE_S = 60.0
"""Longer than reading any photo from a disk or network that works."""

_AT_ONCE = threading.BoundedSemaphore(16)
"""Of a whole process: more questions than that without an answer are not asked."""


def patiently(question: Callable[[], Answer], *, patience_s: float = PATIENCE_S) -> Answer:
    """The answer, or what the question raises. PhotoFault (LIBRARY_OFFLINE) when none comes in time.

    A question that is never answered keeps one thread, which does not keep the process from ending.
    """
    if not _AT_ONCE.acquire(timeout=patience_s):
        raise _unanswered()
    asked: Future[Answer] = Future()
    threading.Thread(target=_ask, args=(question, asked), name="patience", daemon=True).start()
    try:
        return asked.result(patience_s)
    except TimeoutError as error:
        # It may have been the question's own, too; both mean the same.
        raise _unanswered() from error


def _ask(question: Callable[[], Answer], asked: Future[Answer]) -> None:
    try:
        asked.set_result(question())
    except BaseException as error:  # noqa: BLE001 - whoever asked gets it, in the thread that waits
        asked.set_exception(error)
    finally:
        _AT_ONCE.release()


def _unanswered() -> PhotoFault:
    return PhotoFault(
        FailureCode.LIBRARY_OFFLINE,
        "the disk or network share does not answer",
        hint="check that the disk or network share is connected and mounted",
    )
