"""Whether a library can be reached now, asked in a way that a hung network mount cannot stop."""

import threading
from pathlib import Path

from facekeep.library.walk import is_offline

PATIENCE_S = 5.0
"""A disk that spins up answers within it; a network mount whose server is gone may never answer."""


class Mounts:
    """Asks about library roots. Thread-safe; at most one question to a root is under way."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._asked: dict[Path, _Question] = {}

    def is_away(self, root: Path, *, had_photos: bool = True) -> bool:
        """True when the root is gone, cannot be listed, is empty though it had photos, or does not answer."""
        with self._lock:
            question = self._asked.get(root)
            if question is None or question.done.is_set():
                question = self._asked[root] = _Question(root, had_photos)
        # A daemon: a thread that hangs in the kernel must not keep the process from ending.
        answered = question.done.wait(self._patience_s)
        with self._lock:
            if answered and self._asked.get(root) is question:
                del self._asked[root]
        return not answered or question.away


class _Question:
    def __init__(self, root: Path, had_photos: bool) -> None:
        self.done = threading.Event()
        self.away = True
        self._root, self._had_photos = root, had_photos
        threading.Thread(target=self._ask, name="mount", daemon=True).start()

    def _ask(self) -> None:
        try:
            self.away = is_offline(self._root, had_photos=self._had_photos)
        finally:
            self.done.set()
