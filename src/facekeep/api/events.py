"""Progress for everybody who watches: one look at the database serves them all.

The only place with coroutines: a page that is left open for days must not hold a thread.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Callable

from anyio import to_thread

from facekeep.api.changes import Changes, Found, Told
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
    """Server-sent events: `status` at once and after each change, `problem` when it cannot be told; and each
    `change`, with an id from which a client goes on after it was away, or `reset` where that is too long ago.

    `look` gives the status as JSON text; it and the look at `changes` run in a thread, at most every
    INTERVAL_S and only while somebody watches. All else runs in the server's one event loop.
    """

    def __init__(self, look: Callable[[], str], changes: Changes | None = None) -> None:
        self._look, self._changes = look, changes
        self._latest: tuple[int, bytes] = (0, b"")
        self._changed = asyncio.Event()
        self._watchers = 0
        self._poll: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return self._watchers

    async def stream(self, since: int | None = None, longest_s: float | None = None) -> AsyncIterator[bytes]:
        """The events for one client, until it goes away, the server stops, or `longest_s` are over.

        `since` is the id of the last event that it got before.
        """
        self._watchers += 1
        try:
            if self._poll is None:
                self._poll = asyncio.create_task(self._keep_looking())
            yield f"retry: {RETRY_MS}\n\n".encode()
            async for event in self._events(since, math.inf if longest_s is None else longest_s):
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

    async def _events(self, since: int | None, longest_s: float) -> AsyncIterator[bytes]:
        seen, until = 0, time.monotonic() + longest_s
        while not self._closed and time.monotonic() < until:
            changed = self._changed
            number, event = self._latest
            if event:
                since = self._position if since is None else since
                if number != seen:
                    seen = number
                    yield self._at(since) + event
                for told in await self._missed(since):
                    since = told.position
                    yield told.text
                if self._latest[0] != seen:
                    continue
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await changed.wait()
            except TimeoutError:
                yield b": keep-alive\n\n"

    def _at(self, since: int | None) -> bytes:
        """The id of a status: up to where this client has been told everything."""
        reached = self._position
        known = since is not None and reached is not None and 0 <= since <= reached
        return f"id: {since}\n".encode() if known else b""

    async def _missed(self, since: int | None) -> list[Told]:
        """What happened after an event that a client knows, up to the latest look."""
        if self._changes is None or since is None or self._position in (None, since):
            return []
        known = self._changes.since(since)
        if known is not None:
            return known
        try:
            return await to_thread.run_sync(self._changes.replay, since)
        except FacekeepError as error:
            # The stream ends; the client comes back with the same id, and is told then.
            log.warning("what happened could not be told again: %s", error.message)
            raise ConnectionError from error

    async def _keep_looking(self) -> None:
        while True:
            began = time.monotonic()
            event, found = await to_thread.run_sync(self._look_at_all)
            news = self._changes is not None and found is not None and self._changes.accept(found)
            if event != self._latest[1]:
                self._latest = (self._latest[0] + 1, event)
                news = True
            if news:
                self._wake()
            took = time.monotonic() - began
            await asyncio.sleep(max(INTERVAL_S, PAUSE * took))

    @property
    def _position(self) -> int | None:
        return None if self._changes is None else self._changes.position

    def _look_at_all(self) -> tuple[bytes, Found | None]:
        """The status, and what happened; of the latter nothing while it cannot be asked for."""
        if self._changes is None:
            return self._event(), None
        try:
            return self._event(), self._changes.look()
        except FacekeepError as error:
            return _problem(error.code, error.message, error.hint), None
        except Exception:  # as below: the feed goes on for everybody
            log.exception("what happened could not be told")
            return _problem("internal", "facekeep made a mistake here.", "The log says more."), None

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
        if self._changes is not None:
            self._changes.forget()
        # Whoever comes next gets a fresh look, not what was true when the last one left.
        self._latest = (self._latest[0], b"")

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _problem(code: str, detail: str, hint: str) -> bytes:
    data = json.dumps({"code": code, "detail": detail, "hint": hint})
    return f"event: problem\ndata: {data}\n\n".encode()
