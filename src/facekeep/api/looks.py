"""Looks that may be slow: asked no oftener than the database bears, waited for no longer than is useful."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from facekeep.api.events import INTERVAL_S, PAUSE
from facekeep.domain.errors import StorageFault

Found = TypeVar("Found")

GIVEN_UP_S = 60.0
"""A look that has not come back by then is taken for lost, and the next who asks starts another."""


@dataclass(frozen=True, slots=True)
class Seen(Generic[Found]):
    """What a look found, and when, by the steady clock."""

    found: Found
    at: float

    @property
    def age_s(self) -> float:
        """Seconds since."""
        return max(0.0, time.monotonic() - self.at)


class Costly(Generic[Found]):
    """The latest answer of a look: taken anew only so often that it keeps the database busy a tenth at most.

    Thread-safe. Who asks while a look is under way waits for it. An error is raised and not kept.
    """

    def __init__(self, look: Callable[[], Found]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._seen: Seen[Found] | None = None
        self._until = 0.0

    def get(self) -> Seen[Found]:
        """The answer, which may be some seconds old where it took long."""
        with self._lock:
            began = time.monotonic()
            if self._seen is None or began >= self._until:
                self._seen = Seen(self._look(), time.monotonic())
                self._until = self._seen.at + max(INTERVAL_S, PAUSE * (self._seen.at - began))
            return self._seen


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[Found]):
    found: Found | None = None
    error: Exception | None = None


class Patient(Generic[Found]):
    """A look that nobody waits for longer than `patience_s`, in a thread of its own, one at a time.

    Of the threads that serve requests none is held, so it answers while all of those wait for the database.
    """

    def __init__(self, look: Callable[[], Found], patience_s: float) -> None:
        self._look, self._patience_s = look, patience_s
        self._under_way: Future[_Outcome[Found]] | None = None
        self._began = 0.0

    async def ask(self) -> Found:
        """What the look found, or its error; StorageFault when it takes too long. In the event loop only."""
        now = time.monotonic()
        if self._under_way is None or self._under_way.done() or now - self._began > GIVEN_UP_S:
            self._under_way, self._began = Future(), now
            threading.Thread(target=self._run, args=(self._under_way,), name="look", daemon=True).start()
        wrapped = asyncio.wrap_future(self._under_way)
        # Unlike `wait_for` this leaves the look alone when the time is over: others may wait for it.
        finished, _ = await asyncio.wait({wrapped}, timeout=self._patience_s)
        if not finished:
            raise StorageFault(
                f"the database does not answer within {self._patience_s:g} s",
                hint="Run `facekeep doctor` to see its state.",
            )
        outcome = wrapped.result()
        if outcome.error is not None:
            raise outcome.error
        return cast(Found, outcome.found)

    def _run(self, future: "Future[_Outcome[Found]]") -> None:
        try:
            future.set_result(_Outcome(self._look()))
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            future.set_result(_Outcome(error=error))
