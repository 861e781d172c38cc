"""What a starting supervisor tells the process that started it: one JSON object a line through a pipe."""

import json
import os
import select
import time
from collections.abc import Callable, Iterator

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
        message = json.loads(line)
        if "notice" in message:
            notice(message["notice"])
        if "fault" in message:
            raise StorageFault(message["fault"], hint=message["hint"])
        if "ready" in message:
            return True
    return False


def _lines(descriptor: int, deadline: float) -> Iterator[bytes]:
    pending = b""
    while True:
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise StorageFault(
                "The database did not start in time.", hint="See database/server.log in the data folder."
            )
        received = os.read(descriptor, 65_536)
        if not received:
            return
        *whole, pending = (pending + received).split(b"\n")
        yield from whole
