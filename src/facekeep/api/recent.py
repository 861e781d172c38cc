"""The latest log lines, kept in memory for the report to maintainers."""

import threading
from collections import deque

KEPT = 200
LONGEST = 1000  # characters of one line; a traceback keeps its end, which says what went wrong


class RecentLines:
    """At most KEPT lines of at most LONGEST characters. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=KEPT)

    def add(self, line: str) -> None:
        """Keep one, and drop the oldest when there are too many."""
        with self._lock:
            self._lines.append(
                line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
            )

    def all(self) -> list[str]:
        """Oldest first."""
        with self._lock:
            return list(self._lines)
