"""Looks at faces whose boxes users drew or moved, where it could not be done at once."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from facekeep.actions import measuring
from facekeep.actions.context import Context, Looker
from facekeep.actions.using import current
from facekeep.domain.errors import Conflict, EnvironmentFault, NotFound, PhotoFault
from facekeep.worker.children import PoolClosed

log = logging.getLogger(__name__)

BATCH = 50

FIRST_PAUSE_S, LONGEST_PAUSE_S = 60.0, 3600.0
"""Between two tries of one face, doubled each time. Only remembered: a new start tries again, which costs one
look, and nothing is written of a photo whose own looking went well."""


@dataclass(frozen=True, slots=True)
class _Rest:
    until: float
    pause_s: float


class StaleFaces:
    """The stale faces of a database, as one process sees them."""

    def __init__(self, ctx: Context, looker: Looker) -> None:
        self._ctx = replace(ctx, looker=looker)
        self._resting: dict[int, _Rest] = {}

    def look(self, stop: Callable[[], bool]) -> int:
        """Look at all that are due; at how many. PoolClosed when the children were sent home."""
        done = 0
        self._ctx = current(self._ctx)  # the pack may have changed since the last time
        tried: set[int] = set()
        while not stop():
            resting = [face for face, rest in self._resting.items() if rest.until > time.monotonic()]
            faces = measuring.stale(self._ctx, without=[*tried, *resting], limit=BATCH)
            if not faces:
                break
            for face in faces:
                if stop():
                    break
                tried.add(face)
                done += self._look_at(face)
        return done

    def _look_at(self, face: int) -> bool:
        try:
            looked = measuring.look_later(self._ctx, face)
        except PoolClosed:
            raise
        except NotFound:
            return False  # its photo changed, and it is not in it any more
        except (PhotoFault, EnvironmentFault, Conflict) as error:
            self._rest(face, error.message)
            return False
        self._resting.pop(face, None)
        return looked

    def _rest(self, face: int, reason: str) -> None:
        before = self._resting.get(face)
        pause = FIRST_PAUSE_S if before is None else min(2 * before.pause_s, LONGEST_PAUSE_S)
        self._resting[face] = _Rest(time.monotonic() + pause, pause)
        log.info("face %d is looked at later: %s", face, reason)
