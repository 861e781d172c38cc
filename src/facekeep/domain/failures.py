"""What happens to a photo that could not be looked at: charged or not, tried again or not (DESIGN §7)."""

from dataclasses import dataclass

from facekeep.domain.errors import FailureCode

SHRINK = 0.7
"""Of the longer side from one try to the next: half the pixels, so half the memory that grows with them."""

SMALLEST_LONG_SIDE = 320
"""Pixels. Below this, faces in a photo of several people are too small to be found or told apart."""

_AT_ONCE = frozenset((FailureCode.UNREADABLE, FailureCode.TOO_LARGE, FailureCode.MISSING_FILE))
"""Trying again cannot help until the file changes or comes back; either re-opens the photo."""

_ONCE_MORE = frozenset((FailureCode.TIMEOUT, FailureCode.CRASHED))
"""The second charged try is the last: smaller after a timeout, alone after a crash."""

_SMALLER = frozenset((FailureCode.TIMEOUT, FailureCode.OUT_OF_MEMORY))

_ALONE = frozenset((FailureCode.CRASHED, FailureCode.OUT_OF_MEMORY))
"""Another photo in hand at the time may have been the cause, or may be harmed by the next try."""

_NOT_THE_PHOTOS = frozenset(
    (FailureCode.MISSING_FILE, FailureCode.LIBRARY_OFFLINE, FailureCode.STORAGE, FailureCode.INTERNAL)
)
"""The fault of the machine or of facekeep: never charged, so never the end of a photo."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of the policy, which settings may change. Delays in seconds."""

    max_attempts: int = 5
    first_delay_s: float = 60.0
    longest_delay_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a photo's failures in a row: all `tries`, and those of them that were charged."""

    attempts: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """`permanent` until its file changes; `charged` against its attempts; `delay_s` before the next try.

    `retry_long_side`: the working size of the next try in pixels, None for as large as the last.
    """

    permanent: bool
    charged: bool
    delay_s: float
    retry_long_side: int | None = None


def policy(
    code: FailureCode,
    history: History,
    *,
    long_side: int | None = None,
    rules: Rules | None = None,
    jitter: float = 0.0,
) -> Policy:
    """The policy for one more failure after `history`, at the working size `long_side`.

    The delay doubles with every try, charged or not. `jitter` from 0 to 1 adds up to a tenth.
    """
    limits = Rules() if rules is None else rules
    charged = code not in _NOT_THE_PHOTOS
    smaller = smaller_long_side(long_side) if code in _SMALLER and long_side is not None else None
    out_of_steps = code is FailureCode.OUT_OF_MEMORY and long_side is not None and smaller is None
    last_attempt = 2 if code in _ONCE_MORE else limits.max_attempts
    permanent = code in _AT_ONCE or out_of_steps or (charged and history.attempts + 1 >= last_attempt)
    if permanent:
        return Policy(True, charged, 0.0)
    # The power is bounded first: a photo that the disk refuses for a year would overflow it.
    delay = min(limits.longest_delay_s, limits.first_delay_s * 2.0 ** min(history.tries, 30))
    return Policy(False, charged, delay * (1.0 + 0.1 * jitter), smaller)


def smaller_long_side(long_side: int) -> int | None:
    """The next step down the ladder from a size that was really used; None when there is none left."""
    if long_side <= SMALLEST_LONG_SIDE:
        return None
    return max(SMALLEST_LONG_SIDE, round(long_side * SHRINK))


def tried_alone(code: FailureCode) -> bool:
    """Whether a photo that failed so is looked at next with no other photo in the worker's hands."""
    return code in _ALONE
