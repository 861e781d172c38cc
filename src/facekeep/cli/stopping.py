"""Ctrl-C, SIGTERM and a closed terminal: the first one asks politely."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = "stopping after the photos in hand; press Ctrl-C again to stop at once"


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C, SIGTERM or closed terminal; the second one stops at once."""
    from facekeep.cli import logs

    stop = threading.Event()

    def ask(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        # Straight to the terminal: a signal may come in the middle of a buffered write.
        os.write(2, logs.plain_line(STOPPING).encode())

    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
