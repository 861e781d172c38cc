"""Progress for everybody who watches: one look at the database serves them all.

The only place with coroutines: a page that is left open for days must not hold a thread.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable

from anyio import to_thread

from facekeep.domain.errors import FacekeepError

log = logging.getLogger(__name__)

INTERVAL_S = 0.5
PAUSE = 9.0
"""Times as long as a look took: counting a very large library keeps the database busy for a tenth at most."""
KEEP_ALIVE_S = 15.0
"""Proxies and browsers drop a connection that is silent for long; 15 s is the advice of the HTML standard."""
RETRY_MS = 2000
"""How long a browser waits before it connects again."""


class StatusFeed:
    """Server-sent events: `status` at once and after each change, `problem` when it cannot be told.

    `look` gives the status as JSON text; it runs in a thread, at most every INTERVAL_S and only while
    somebody watches. All else runs in the server's one event loop.
    """

    def __init__(self, look: Callable[[], str]) -> None:
        self._look = look
        self._latest: tuple[int, bytes] = (0, b"")
        self._changed = asyncio.Event()
        self._watchers = 0
        self._poll: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return self._watchers

    async def stream(self) -> AsyncIterator[bytes]:
        """The events for one client, until it goes away or the server stops."""
        self._watchers += 1
        try:
            if self._poll is None:
                self._poll = asyncio.create_task(self._keep_looking())
            yield f"retry: {RETRY_MS}\n\n".encode()
            async for event in self._events():
                yield event
        finally:
            self._watchers -= 1
            if self._watchers == 0:
                self._stop_looking()

    def close(self) -> None:
        """End every stream, so that a server which waits for its clients can stop. In the event loop only."""
        self._closed = True
        self._stop_looking()
        self._wake()

    async def _events(self) -> AsyncIterator[bytes]:
        seen = 0
        while not self._closed:
            changed = self._changed
            number, event = self._latest
            if number != seen and event:
                seen = number
                yield event
                continue
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await changed.wait()
            except TimeoutError:
                yield b": keep-alive\n\n"

    async def _keep_looking(self) -> None:
        while True:
            began = time.monotonic()
            event = await to_thread.run_sync(self._event)
            if event != self._latest[1]:
                self._latest = (self._latest[0] + 1, event)
                self._wake()
            took = time.monotonic() - began
            await asyncio.sleep(max(INTERVAL_S, PAUSE * took))

    def _event(self) -> bytes:
        try:
            return f"event: status\ndata: {self._look()}\n\n".encode()
        except FacekeepError as error:
            return _problem(error.code, error.message, error.hint)
        except Exception:  # one look that fails must not silence the feed for everybody
            log.exception("the status could not be told")
            return _problem("internal", "facekeep made a mistake here.", "The log says more.")

    def _stop_looking(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None
        # Whoever comes next gets a fresh look, not what was true when the last one left.
        self._latest = (self._latest[0], b"")

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _problem(code: str, detail: str, hint: str) -> bytes:
    data = json.dumps({"code": code, "detail": detail, "hint": hint})
    return f"event: problem\ndata: {data}\n\n".encode()
