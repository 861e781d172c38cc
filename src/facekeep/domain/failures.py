"""What happens to a photo that could not be looked at: charged or not, tried again or not (DESIGN §7)."""

from dataclasses import dataclass

from facekeep.domain.errors import FailureCode

MAX_ATTEMPTS = 5
FIRST_DELAY_S = 60.0
LONGEST_DELAY_S = 3600.0

_AT_ONCE = frozenset((FailureCode.UNREADABLE, FailureCode.TOO_LARGE, FailureCode.MISSING_FILE))
"""Trying again cannot help until the file changes or comes back; either re-opens the photo."""

_NOT_THE_PHOTOS = frozenset(
    (FailureCode.MISSING_FILE, FailureCode.LIBRARY_OFFLINE, FailureCode.STORAGE, FailureCode.INTERNAL)
)
"""The fault of the machine or of facekeep: never charged, so never the end of a photo."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`permanent` until its file changes; `charged` against its attempts; `delay_s` before the next try."""

    permanent: bool
    charged: bool
    delay_s: float


def policy(code: FailureCode, attempts: int, tries: int, *, jitter: float = 0.0) -> Policy:
    """The policy for one more failure after `tries` in a row, of which `attempts` were charged.

    The delay doubles with every try, charged or not. `jitter` from 0 to 1 adds up to a tenth.
    """
    charged = code not in _NOT_THE_PHOTOS
    permanent = code in _AT_ONCE or (charged and attempts + 1 >= MAX_ATTEMPTS)
    # The power is bounded first: a photo that the disk refuses for a year would overflow it.
    delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(tries, 10))
    return Policy(permanent, charged, 0.0 if permanent else delay * (1.0 + 0.1 * jitter))
