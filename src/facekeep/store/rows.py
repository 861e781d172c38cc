"""What the listings give: frozen rows, as shown. Boxes in fractions of the upright photo."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Status:
    """One look at the whole. `waiting` and `failed` count photos, `people` those with at least one face."""

    libraries: int
    photos: int
    done: int
    waiting: int
    failed: int
    unreadable_paths: int
    faces: int
    people: int
    named: int
    ungrouped: int


@dataclass(frozen=True, slots=True)
class LibraryRow:
    library: int
    root: bytes
    online: bool
    photos: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class ScanRow:
    scan: int
    library: int
    root: bytes
    state: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    files_seen: int
    photos_new: int
    photos_changed: int
    files_missing: int
    problems: int
    message: str


@dataclass(frozen=True, slots=True)
class FaceRow:
    face: int
    photo: int
    files: list[bytes]
    """Absolute paths of the photo's present files, library order."""
    photo_width: int
    photo_height: int
    x: float
    y: float
    width: float
    height: float
    landmarks: list[float] | None
    """Ten fractions: x, y of the five points."""
    score: float | None
    quality: float | None
    source: str
    person: int | None
    name: str | None
    assigned_by: str | None
    confidence: float | None
    model: str | None
    standing: str
    """What a user says of it; only `shown` faces are in listings that do not ask for others."""
    box_by: str
    """Whose word the box is."""
    stale: bool
    """Its box has changed and it has not been looked at since."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    person: int
    name: str | None
    faces: int
    photos: int
    hidden: bool
    cover: int | None
    """The face to show for this person: chosen, else the best by quality."""
    version: int


@dataclass(frozen=True, slots=True)
class FailureRow:
    photo: int | None
    """None for a path that could not even be read."""
    files: list[bytes]
    code: str
    message: str
    attempts: int
    """Tries that were charged to the photo."""
    tries: int
    permanent: bool
    given_up: bool
    retry_at: datetime | None
    first_at: datetime
    last_at: datetime
    long_side: int | None
    """The working size that failed, in pixels."""
    retry_long_side: int | None
    """The working size of the next try; None for full size."""
    size_bytes: int | None
    mtime_ns: int | None
    """The file as it was then."""


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How many failed for one reason; of them, those that are not tried again, and those given up."""

    code: str
    count: int
    permanent: int
    given_up: int
    retry_at: datetime | None
    """When the first of them is tried again."""


@dataclass(frozen=True, slots=True)
class PhotoRow:
    photo: int
    files: list[bytes]
    state: str
    media_type: str | None
    width: int | None
    height: int | None
    taken_at: datetime | None
    faces: int


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Part of a listing in a stable order. `next` is the cursor of the following page; None at the end."""

    items: list[Row]
    total: int
    next: str | None
