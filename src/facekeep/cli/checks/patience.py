"""Asking a disk that may never answer."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

PATIENCE_S = 10.0


def within(ask: Callable[[], Answer], otherwise: Answer, patience_s: float = PATIENCE_S) -> Answer:
    """The answer, or `otherwise` when it takes too long: a network mount may hang for ever."""
    question = _Question(ask)
    # A daemon: a thread that hangs in the kernel must not keep the command from ending.
    thread = threading.Thread(target=question.run, name="disk", daemon=True)
    thread.start()
    thread.join(patience_s)
    return question.answers[0] if question.answers else otherwise


class _Question(Generic[Answer]):
    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self.answers: list[Answer] = []

    def run(self) -> None:
        self.answers.append(self._ask())
