"""What a starting supervisor tells the process that started it: one JSON object a line through a pipe."""

import json
import os
import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any

from facekeep.domain.errors import StorageFault

_STDOUT = 1


class Reporter:
    """The supervisor's end. A reader that has gone is no reason to stop."""

    def notice(self, text: str) -> None:
        self._send({"notice": text})

    def fault(self, fault: StorageFault) -> None:
        self._send({"fault": fault.message, "hint": fault.hint})

    def ready(self) -> None:
        """The last word: closes the pipe."""
        self._send({"ready": True})
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDOUT)
        os.close(nowhere)

    def _send(self, message: dict[str, object]) -> None:
        try:
            os.write(_STDOUT, json.dumps(message).encode("ascii") + b"\n")
        except BrokenPipeError:
            return


def follow(descriptor: int, notice: Callable[[str], None], patience_s: float) -> bool:
    """The client's end: pass notices on until the supervisor is ready (True) or has gone without a word
    (False).

    Raises the StorageFault that it reports, or one of our own after `patience_s` seconds without an end.
    """
    for line in _lines(descriptor, time.monotonic() + patience_s):
        message = _parsed(line)
        if "notice" in message:
            notice(message["notice"])
        if "fault" in message:
            raise StorageFault(message["fault"], hint=message["hint"])
        if "ready" in message:
            return True
    return False


def _parsed(line: bytes) -> dict[str, Any]:
    """A message; nothing for a line that is none, such as the greeting of some start-up file of Python's."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _lines(descriptor: int, deadline: float) -> Iterator[bytes]:
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise StorageFault(
                    "The database did not start in time.", hint="See database/server.log in the data folder."
                )
            received = os.read(descriptor, 65_536)
            if not received:
                return
            *whole, pending = (pending + received).split(b"\n")
            yield from whole
