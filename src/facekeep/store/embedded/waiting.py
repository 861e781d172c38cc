"""Waiting for something with a line for the reader now and then."""

import time
from collections.abc import Callable

_TICK_S = 0.02
_QUIET_S = 2.0
_BETWEEN_NOTICES_S = 1.0


class Wait:
    """One wait, from its making on. Short waits stay silent."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._began = time.monotonic()
        self._told = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def tick(self, what: str) -> None:
        """Sleep a little; about once a second say what is waited for and since when."""
        now = time.monotonic()
        if self.seconds > _QUIET_S and now - self._told >= _BETWEEN_NOTICES_S:
            self._told = now
            self._notice(f"{what}, {self.seconds:.0f} s")
        time.sleep(_TICK_S)
