"""The one error tree. Every error says what happened and, in `hint`, what to do about it.

    FacekeepError
    ├── UsageError          the caller asked for something that cannot be done  (exit 2)
    │   ├── NotFound        no such person, face, photo, library
    │   ├── TermsNotAccepted  a model pack whose licence asks for a yes
    │   ├── Unauthenticated     nobody knows who asks
    │   ├── ForbiddenRole       whoever asks may not do it
    │   ├── TooManyAttempts     wrong passwords: wait
    │   ├── KeyReused           an idempotency key that another request had
    │   └── Conflict        it changed since the caller looked, or is taken
    │       ├── KeyInProgress   the first request of that key is still under way
    │       ├── AnswerLost      it was done, but its answer is not there any more
    │       ├── AlreadyUndone   a decision that somebody took back before
    │       ├── NothingToUndo   all that it changed has been changed since
    │       └── NotUndone       there is nothing to do again
    ├── EnvironmentFault    the machine is not in a state to do it              (exit 3)
    │   ├── StorageFault    the database or its disk
    │   │   └── DatabaseAway  it does not answer now, and may again soon
    │   ├── ModelFault      a weight file is missing, altered, or cannot be made
    │   ├── DownloadFault   the network or a server elsewhere
    │   └── LibraryOffline  a photo folder is away
    └── PhotoFault          one photo cannot be looked at; carries a FailureCode (exit 1)
        └── MachineFault    nor could any other: the fault lies outside the photo

Foreign errors are translated into this tree where they enter: in store, inference and library.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar


class FacekeepError(Exception):
    """The root. `code` is stable and part of the interfaces; the message is for people."""

    code: ClassVar[str] = "internal"
    exit_status: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(FacekeepError):
    """The caller asked for something that cannot be done."""

    code = "usage"
    exit_status = 2


class NotFound(UsageError):
    """No such person, face, photo or library."""

    code = "not_found"


class TermsNotAccepted(UsageError):
    """A model pack may only be used by who agrees to its terms."""

    code = "terms_not_accepted"


class Conflict(UsageError):
    """What was to be changed has changed since the caller looked, or is taken.

    `since`: what was decided about it since the caller looked, newest first, a line each.
    """

    code = "conflict"

    def __init__(self, message: str, *, hint: str = "", since: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.since = tuple(since)


class Unauthenticated(UsageError):
    """Nobody knows who asks: no session, no API key, or one that holds no more."""

    code = "unauthenticated"


class ForbiddenRole(UsageError):
    """Whoever asks is known, and may not do it."""

    code = "forbidden_role"


class TooManyAttempts(UsageError):
    """Too many wrong passwords. `wait_s`: seconds until the next may be tried."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, hint: str = "", wait_s: float = 1.0) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


class KeyReused(UsageError):
    """An idempotency key that was given with another request before."""

    code = "idempotency_key_reused"


class KeyInProgress(Conflict):
    """The first request with this idempotency key has not been answered yet."""

    code = "idempotency_in_progress"


class AnswerLost(Conflict):
    """What was asked for was done, once, but its answer is not there. `decision`: under which number."""

    code = "idempotency_answer_lost"

    def __init__(self, message: str, *, hint: str = "", decision: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.decision = decision


class AlreadyUndone(Conflict):
    """A decision that was taken back before."""

    code = "already_undone"


class NothingToUndo(Conflict):
    """All that a decision changed has been changed since, or there is no decision to undo."""

    code = "nothing_to_undo"


class NotUndone(Conflict):
    """A decision that was not taken back, so that there is nothing to do again."""

    code = "not_undone"


class EnvironmentFault(FacekeepError):
    """The machine is not in a state to do it: permissions, ports, missing parts."""

    code = "environment"


class StorageFault(EnvironmentFault):
    """The database or the disk under it."""

    code = "storage"


class DatabaseAway(StorageFault):
    """The database does not answer: it stopped, is being started again, or cannot be reached."""


class ModelFault(EnvironmentFault):
    """A weight file is missing, altered, or cannot be converted."""

    code = "model"


class DownloadFault(EnvironmentFault):
    """A file could not be fetched from elsewhere, or was not the one expected."""

    code = "download"


class LibraryOffline(EnvironmentFault):
    """A photo folder is away: its mount is missing or its root is empty."""

    code = "library_offline"


class FailureCode(StrEnum):
    """Why a photo could not be looked at. Stable: stored, shown and part of the interfaces."""

    MISSING_FILE = "missing_file"
    LIBRARY_OFFLINE = "library_offline"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    STORAGE = "storage"
    INTERNAL = "internal"


class PhotoFault(FacekeepError):
    """One photo cannot be looked at. Harms only that photo.

    `detail`: long text for whoever mends it, such as a traceback. `long_side`: the longer side in pixels at
    which it was tried, at most the photo's own; None when that is not known, or no matter.
    """

    code = "photo"
    exit_status = 1

    def __init__(
        self,
        failure: FailureCode,
        message: str,
        *,
        hint: str = "",
        detail: str = "",
        long_side: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.failure = failure
        self.detail = detail
        self.long_side = long_side


class MachineFault(PhotoFault):
    """No photo could be looked at now: no memory, no models, no child. Met while it was this one's turn."""

    code = "environment"
    exit_status = 3

    def __init__(
        self, message: str, *, hint: str = "", detail: str = "", long_side: int | None = None
    ) -> None:
        super().__init__(FailureCode.INTERNAL, message, hint=hint, detail=detail, long_side=long_side)
