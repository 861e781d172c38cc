"""Which failures are the environment's, and what is paused for them: the breakers of one worker."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from facekeep.actions import analyse
from facekeep.actions.analyse import Claimed
from facekeep.actions.context import Context
from facekeep.domain.breaker import Breaker, Breakers, Key
from facekeep.domain.errors import FailureCode, MachineFault, PhotoFault
from facekeep.library.mounts import Mounts

log = logging.getLogger(__name__)

_OF_A_LIBRARY = frozenset((FailureCode.LIBRARY_OFFLINE, FailureCode.STORAGE))

_MAYBE_AWAY = frozenset((FailureCode.MISSING_FILE, FailureCode.TIMEOUT, FailureCode.STORAGE))
"""What a mount that has gone or hangs looks like, when only one file was asked for."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Something that is paused, as shown: in seconds from now until the next probe."""

    code: FailureCode
    library: int | None
    state: str
    seconds: float
    trips: int
    message: str

    def as_json(self) -> dict[str, Any]:
        """For the worker's row."""
        return {
            "code": self.code.value,
            "library": self.library,
            "state": self.state,
            "seconds": round(self.seconds, 1),
            "trips": self.trips,
            "message": self.message,
        }


class Claiming:
    """Claims as many photos as the breakers allow, and tells the breakers how it went."""

    def __init__(self, ctx: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._ctx, self._clock = ctx, clock
        self._breakers = Breakers()
        self._mounts = Mounts()

    def claim(self, worker: int, room: int) -> list[Claimed]:
        """Up to `room` photos; one as a probe where something was paused; none where it still is."""
        now = self._clock()
        limit = self._breakers.allows(None, now)
        room = room if limit is None else min(limit, room)
        if room <= 0:
            return []
        limited = self._breakers.limited_libraries()
        claimed = [] if limit is None else analyse.claim(self._ctx, worker, 1, without=limited, fresh=True)
        if not claimed:
            claimed = analyse.claim(self._ctx, worker, room, without=limited)
        for library in limited:
            if len(claimed) < room and self._breakers.allows(library, now) == 1:
                probe = self._probe(worker, library)
                if probe:
                    self._breakers.probed(library)
                claimed += probe
        if claimed and limit is not None:
            self._breakers.probed(None)
        return claimed

    def _probe(self, worker: int, library: int) -> list[Claimed]:
        """One that never failed, if there is one: what fails by itself would prove nothing."""
        fresh = analyse.claim(self._ctx, worker, 1, only=library, fresh=True)
        return fresh if fresh else analyse.claim(self._ctx, worker, 1, only=library)

    def diagnosed(self, claimed: Claimed, fault: PhotoFault) -> PhotoFault:
        """The fault, or LIBRARY_OFFLINE where the whole library turns out to be away."""
        if fault.failure not in _MAYBE_AWAY or not self._mounts.is_away(claimed.root):
            return fault
        return PhotoFault(
            FailureCode.LIBRARY_OFFLINE,
            "its folder is gone, empty, or does not answer",
            hint="connect or mount its disk; nothing is lost meanwhile",
        )

    def worked(self, claimed: Claimed) -> None:
        """The photo could be reached, whatever was in it."""
        ended = [(key, each) for key, each in self._breakers.not_closed() if each.state == "probing"]
        self._breakers.worked(claimed.library)
        still = {key for key, _ in self._breakers.not_closed()}
        for key, each in ended:
            if key not in still:
                self._resumed(key, each)

    def failed(self, claimed: Claimed, fault: PhotoFault) -> None:
        """It could not be looked at: the environment's fault, or its own, and then the environment works."""
        key = _key(fault, claimed.library)
        if key is None:
            self.worked(claimed)
            return
        before = {key for key, _ in self._breakers.not_closed()}
        certain = fault.failure is FailureCode.LIBRARY_OFFLINE
        self._breakers.failed(key, self._clock(), fault.message, certain=certain)
        if key not in before and key in {key for key, _ in self._breakers.not_closed()}:
            log.warning("paused for %s: %s", key.code.value, fault.message, extra={"library": key.library})

    def returned(self, claimed: Claimed) -> None:
        """It came back without having been looked at."""
        self._breakers.unprobed(claimed.library)
        self._breakers.unprobed(None)

    def pauses(self) -> tuple[Pause, ...]:
        """What is paused now."""
        now = self._clock()
        return tuple(
            Pause(key.code, key.library, each.state, max(0.0, each.until - now), each.trips, each.message)
            for key, each in self._breakers.not_closed()
        )

    def _resumed(self, key: Key, was: Breaker) -> None:
        log.warning("resumed after %s", key.code.value, extra={"library": key.library, "trips": was.trips})
        analyse.hasten(self._ctx, key.code, key.library)


def _key(fault: PhotoFault, library: int) -> Key | None:
    """The breaker that a fault counts against. A mistake of ours in one photo is not the machine's state."""
    if fault.failure in _OF_A_LIBRARY:
        return Key(fault.failure, library)
    return Key(fault.failure) if isinstance(fault, MachineFault) else None
