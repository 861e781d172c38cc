"""A circuit breaker for each class of environmental failure: pause, probe with one photo, resume.

Pure: time is passed in, in seconds of any steady clock. Only faults of the environment count against it
(a mount that went away, a disk that reports errors, no permission, children that cannot start); what is the
fault of a photo shows that the environment works, and counts for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from facekeep.domain.errors import FailureCode

WINDOW = 10
"""Latest outcomes that are looked at."""

ENOUGH = 5
"""Outcomes before anything is concluded."""

MOSTLY = 0.8
"""More than this share of failures among them opens the breaker."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0

State = Literal["closed", "open", "probing"]


@dataclass(frozen=True, slots=True)
class Key:
    """What is paused: one library, or with None everything this worker does."""

    code: FailureCode
    library: int | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker. A value: every event makes a new one."""

    outcomes: tuple[bool, ...] = ()
    """The latest, oldest first; True is a failure."""
    state: State = "closed"
    since: float = 0.0
    until: float = 0.0
    pause_s: float = 0.0
    trips: int = 0
    message: str = ""

    def failed(self, now: float, message: str, *, certain: bool = False) -> "Breaker":
        """One more failure. `certain`: it was proven to be the environment's, so one is enough."""
        outcomes = (*self.outcomes, True)[-WINDOW:]
        seen = replace(self, outcomes=outcomes, message=message)
        mostly = len(outcomes) >= ENOUGH and sum(outcomes) > MOSTLY * len(outcomes)
        if self.state == "probing":
            return seen._opened(now, min(LONGEST_PAUSE_S, 2 * self.pause_s), since=self.since)
        if self.state == "closed" and (certain or mostly):
            return seen._opened(now, FIRST_PAUSE_S, since=now)
        return seen

    def worked(self) -> "Breaker":
        """One more photo that could be reached. Closes a breaker that was probing."""
        if self.state == "probing":
            return Breaker(trips=self.trips)
        return replace(self, outcomes=(*self.outcomes, False)[-WINDOW:])

    def allows(self, now: float) -> int | None:
        """How many photos may be claimed: any number (None), one as a probe, or none."""
        if self.state == "closed":
            return None
        return 1 if self.state == "open" and now >= self.until else 0

    def probed(self) -> "Breaker":
        """A probe is in hand: nothing else goes until its outcome."""
        return replace(self, state="probing")

    def unprobed(self) -> "Breaker":
        """The probe came back without an outcome, or there was no photo to probe with."""
        return replace(self, state="open") if self.state == "probing" else self

    def _opened(self, now: float, pause_s: float, *, since: float) -> "Breaker":
        return replace(
            self, state="open", since=since, until=now + pause_s, pause_s=pause_s, trips=self.trips + 1
        )


class Breakers:
    """All breakers of one worker, by key. Bounded: closed ones without a failure are forgotten."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Breaker] = {}

    def failed(self, key: Key, now: float, message: str, *, certain: bool = False) -> None:
        """A failure of the environment."""
        self._by_key[key] = self._by_key.get(key, Breaker()).failed(now, message, certain=certain)

    def worked(self, library: int) -> None:
        """A photo of this library was reached, whatever was found in it."""
        for key in [key for key in self._by_key if key.library in (None, library)]:
            after = self._by_key[key].worked()
            if after.state == "closed" and not any(after.outcomes):
                del self._by_key[key]
            else:
                self._by_key[key] = after

    def allows(self, library: int | None, now: float) -> int | None:
        """How many photos of a library (None: at all) may be claimed, as Breaker.allows."""
        limits = [each.allows(now) for key, each in self._by_key.items() if key.library == library]
        return min((limit for limit in limits if limit is not None), default=None)

    def probed(self, library: int | None) -> None:
        """A probe of this library, or of the worker as a whole, is in hand."""
        self._each(library, Breaker.probed)

    def unprobed(self, library: int | None) -> None:
        """That probe came back without an outcome."""
        self._each(library, Breaker.unprobed)

    def limited_libraries(self) -> set[int]:
        """Libraries with a breaker that is not closed."""
        return {key.library for key, each in self.not_closed() if key.library is not None}

    def not_closed(self) -> Iterator[tuple[Key, Breaker]]:
        """What is paused or probed now."""
        return ((key, each) for key, each in list(self._by_key.items()) if each.state != "closed")

    def _each(self, library: int | None, change: Callable[[Breaker], Breaker]) -> None:
        for key in [key for key in self._by_key if key.library == library]:
            each = self._by_key[key]
            if each.state != "closed":
                self._by_key[key] = change(each)
