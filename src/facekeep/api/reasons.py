"""What each failure code means to a person, and what facekeep does next (DESIGN §7)."""

from collections.abc import Mapping
from dataclasses import dataclass

from facekeep.domain.errors import FailureCode


@dataclass(frozen=True, slots=True)
class Reason:
    """Both begin in lower case and end without a stop, to stand in a table or after a colon."""

    meaning: str
    next: str


_BY_ITSELF = "nobody is charged; tried again by itself, at growing intervals, for as long as it takes"

REASONS: Mapping[FailureCode, Reason] = {
    FailureCode.MISSING_FILE: Reason(
        "the file is gone, while its folder is there",
        "nobody is charged; looked at by itself when a scan finds it back",
    ),
    FailureCode.LIBRARY_OFFLINE: Reason(
        "the disk or network share of the folder is away",
        "nobody is charged; goes on by itself when it is back",
    ),
    FailureCode.UNREADABLE: Reason(
        "not a picture that can be decoded: empty, cut off, damaged, or of another kind",
        "not tried again until the file changes or you ask",
    ),
    FailureCode.TOO_LARGE: Reason(
        "more pixels than facekeep opens",
        "not tried again until the file changes or you ask",
    ),
    FailureCode.OUT_OF_MEMORY: Reason(
        "looking at it took more memory than a process may take",
        "tried again alone and smaller each time; not any more when nothing smaller is left",
    ),
    FailureCode.TIMEOUT: Reason(
        "looking at it took longer than a photo may take",
        "tried once more, smaller; then not until the file changes or you ask",
    ),
    FailureCode.CRASHED: Reason(
        "the process that looked at it died",
        "tried once more, alone; then not until the file changes or you ask",
    ),
    FailureCode.STORAGE: Reason("the disk, its permissions or the database refused", _BY_ITSELF),
    FailureCode.INTERNAL: Reason("a mistake in facekeep itself", _BY_ITSELF),
}
"""Every code has one; a test says so."""
