"""What goes over HTTP as JSON, and how rows become it. The command line's JSON lines have the same names."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from facekeep.actions.context import Activity as Doing
from facekeep.api.fields import (
    count_fields,
    face_fields,
    failure_fields,
    library_fields,
    person_fields,
    photo_fields,
    scan_fields,
    status_fields,
)
from facekeep.domain.errors import FailureCode
from facekeep.store.rows import FaceRow, FailureRow, LibraryRow, PersonRow, PhotoRow, ScanRow
from facekeep.store.rows import FailureCount as FailureCountRow
from facekeep.store.rows import Status as StatusRow

MAX_ID = 2**63 - 1
MAX_NAME = 200


def _without_nul(text: str) -> str:
    # PostgreSQL's text cannot hold it, and no name has one.
    if "\0" in text:
        raise ValueError("may not contain a NUL character")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Version = Annotated[
    int, Field(ge=1, le=MAX_ID, description="The version you looked at; 409 when it has changed since.")
]

Wall = Annotated[datetime, WithJsonSchema({"type": "string"})]
"""A time as a clock on the wall said it: without a zone, because cameras do not know theirs."""


class Schema(BaseModel):
    """Rows are trusted; bodies refuse fields that they do not know."""

    model_config = ConfigDict(frozen=True)


class Body(BaseModel):
    """A request's body: a misspelt field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


# Status ----------------------------------------------------------------------------------------------------


class Activity(Schema):
    """What facekeep is doing now."""

    state: Literal["idle", "scanning", "analysing", "grouping", "paused", "offline"]
    photos_done: int = Field(description="Photos looked at since this work began.", examples=[120])
    faces_found: int = Field(description="Faces found in them.", examples=[310])
    rate: float = Field(description="Photos a second, lately.", examples=[11.5])
    seconds_left: float | None = Field(description="An estimate; null when there is none.", examples=[42.0])
    message: str = Field(description="Why it is paused, or how far grouping is; or empty.")

    @classmethod
    def of(cls, doing: Doing) -> Self:
        """From what the background service tells."""
        return cls(
            state=doing.state,
            photos_done=doing.photos_done,
            faces_found=doing.faces_found,
            rate=doing.rate,
            seconds_left=doing.seconds_left,
            message=doing.message,
        )


class Status(Schema):
    """One look at the whole."""

    libraries: int
    photos: int = Field(description="All photos: `done`, `waiting` and `failed` together.")
    done: int
    waiting: int
    failed: int
    unreadable_paths: int = Field(
        description="Paths that could not be read at all, so that no photo is known."
    )
    faces: int
    people: int = Field(description="People with at least one face, named or not.")
    named: int
    ungrouped: int = Field(description="Faces that have no person.")
    activity: Activity

    @classmethod
    def of(cls, row: StatusRow, doing: Doing) -> Self:
        """From the counts and what goes on."""
        return cls.model_validate(status_fields(row) | {"activity": Activity.of(doing)})


class Health(Schema):
    """That the server answers."""

    status: Literal["ok"] = "ok"
    instance: str = Field(description="Tells one running server from another.")


class Ready(Schema):
    """That the server can do its work."""

    status: Literal["ready"] = "ready"


# People ----------------------------------------------------------------------------------------------------


class Person(Schema):
    """Somebody; named or not yet."""

    person: int = Field(examples=[7])
    name: str | None = Field(description="Null while nobody has named them.", examples=["Ada Lovelace"])
    faces: int = Field(examples=[12])
    photos: int = Field(examples=[11])
    hidden: bool
    cover: int | None = Field(description="The face to show for them.", examples=[31])
    version: int = Field(description="Send it back with a change.", examples=[3])

    @classmethod
    def of(cls, row: PersonRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(person_fields(row))


class PersonChange(Body):
    """What to change of a person; what is left out stays."""

    name: Annotated[Text, Field(max_length=MAX_NAME)] | None = Field(
        default=None, description="The name; null takes it away. Naming confirms all faces of the person."
    )
    hidden: bool | None = Field(default=None, description="Keep them out of the listings.")
    version: Version


class PersonMerge(Body):
    """Both are one: the faces move to `into`, which stays."""

    into: Id
    version: Version


class Names(Schema):
    """Named people that fit what was typed."""

    items: list[Person]


class PeoplePage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Person]
    total: int
    next: str | None


# Faces and photos ------------------------------------------------------------------------------------------


class Box(Schema):
    """A rectangle in fractions of the upright photo."""

    x: float = Field(examples=[0.25])
    y: float = Field(examples=[0.1])
    width: float = Field(examples=[0.2])
    height: float = Field(examples=[0.3])


class PixelBox(Schema):
    """A rectangle in whole pixels of the upright photo."""

    x: int
    y: int
    width: int
    height: int


Point = Annotated[list[float], Field(min_length=2, max_length=2, description="x, y in fractions.")]


class Face(Schema):
    """A face in a photo, with who it is as far as known."""

    face: int
    photo: int
    files: list[str] = Field(description="Paths of the photo; bytes that are not UTF-8 are shown as `\\xe9`.")
    box: Box
    box_px: PixelBox
    landmarks: Annotated[list[Point], Field(min_length=5, max_length=5)] | None = Field(
        description="Left eye, right eye, nose tip, left and right mouth corner, as seen in the image."
    )
    score: float | None = Field(description="How sure the detector is, 0 to 1.")
    quality: float | None = Field(description="How well it can be recognised, 0 to 1.")
    source: Literal["detected", "drawn", "imported"]
    person: int | None
    name: str | None
    assigned_by: Literal["user", "auto", "import"] | None
    confidence: float | None
    model: str | None = Field(description="The model pack.", examples=["bundled-1"])
    standing: Literal["shown", "ignored", "not_a_face", "deleted"] = Field(
        description="What you said of it; other than `shown` it is in no listing that does not ask for it."
    )
    box_by: Literal["user", "auto", "import"] = Field(description="Whose word the box is.")
    stale: bool = Field(description="Its box is new and it has not been looked at since.")

    @classmethod
    def of(cls, row: FaceRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(face_fields(row))


class FacesPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Face]
    total: int
    next: str | None


class ToPerson(Body):
    """Whose face it is: somebody who is there."""

    person: Id


class ToName(Body):
    """Whose face it is: a new person of that name."""

    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME)]


class Photo(Schema):
    """A picture by its content; it may lie in several files."""

    photo: int
    files: list[str]
    state: Literal["waiting", "done", "failed"]
    media_type: str | None = Field(examples=["image/jpeg"])
    width: int | None = Field(description="Pixels, upright.")
    height: int | None
    taken_at: Wall | None = Field(
        description="By the camera's clock, without a zone.", examples=["2024-05-06T07:08:09"]
    )
    faces: int

    @classmethod
    def of(cls, row: PhotoRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(photo_fields(row))


class PhotoWithFaces(Photo):
    """A photo with its faces."""

    face_list: list[Face]

    @classmethod
    def with_faces(cls, row: PhotoRow, faces: list[FaceRow]) -> Self:
        """From rows of both listings."""
        return cls.model_validate(photo_fields(row) | {"face_list": [face_fields(face) for face in faces]})


class PhotosPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Photo]
    total: int
    next: str | None


# Failures --------------------------------------------------------------------------------------------------


class Failure(Schema):
    """A photo that could not be looked at, or a path that could not be read."""

    photo: int | None = Field(description="Null for a path that could not be read at all.")
    files: list[str]
    code: FailureCode = Field(description="Why, for programs (see docs/api.md).", examples=["unreadable"])
    message: str = Field(description="Why, for people.")
    attempts: int = Field(description="Tries that were charged to the photo, of at most `max_attempts`.")
    tries: int = Field(description="All tries in a row, also those that failed by no fault of the photo.")
    permanent: bool = Field(description="Not tried again until the file changes or a retry is asked for.")
    given_up: bool = Field(description="The user said not to try it any more.")
    retry_at: datetime | None = Field(description="When it is tried again; null when it is not, or unknown.")
    first_at: datetime
    last_at: datetime
    long_side: int | None = Field(description="The size that failed: pixels of the longer side.")
    retry_long_side: int | None = Field(description="The size of the next try; null for full size.")
    file_bytes: int | None = Field(description="The file as it was then.")
    file_changed_at: datetime | None

    @classmethod
    def of(cls, row: FailureRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(failure_fields(row))


class FailureDetail(Failure):
    """One failure with the full text of what went wrong."""

    detail: str = Field(description="The error's whole text, such as a traceback; may be empty.")

    @classmethod
    def with_detail(cls, row: FailureRow, detail: str) -> Self:
        """From a row of the listing and the ledger's long text."""
        return cls.model_validate(failure_fields(row) | {"detail": detail})


class FailuresPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Failure]
    total: int
    next: str | None


class FailureCount(Schema):
    """How many failed for one reason."""

    code: FailureCode
    count: int
    permanent: int = Field(description="Of them, those that are not tried again by themselves.")
    given_up: int = Field(description="Of them, those that the user gave up.")
    retry_at: datetime | None = Field(description="When the first of them is tried again.")
    meaning: str = Field(description="What the reason means, for people.")
    next: str = Field(description="What facekeep does next, for people.")

    @classmethod
    def of(cls, row: FailureCountRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(count_fields(row))


class FailureCounts(Schema):
    """How many failed, for each reason."""

    items: list[FailureCount]


MAX_NAMED = 5000
"""Photos in one request: their numbers fit a body of the largest size."""

Photos = Annotated[list[Id], Field(min_length=1, max_length=MAX_NAMED)]


class Retry(Body):
    """What to try again, one of these: some photos, all that failed for a reason, or all.

    What the user gave up is tried again only when it is named.
    """

    photos: Photos | None = None
    code: FailureCode | None = None
    all: Literal[True] | None = None


class Retried(Schema):
    """How many photos were put back."""

    retried: int


class GiveUp(Body):
    """Photos that are never to be tried again, until their file changes or a retry names them."""

    photos: Photos


class GivenUp(Schema):
    """How many of them had failed, and are given up now."""

    given_up: int


# Libraries and scans ---------------------------------------------------------------------------------------


class Library(Schema):
    """A root folder of photos."""

    library: int
    root: str
    online: bool = Field(description="False when its disk or network share is away.")
    photos: int
    added_at: datetime

    @classmethod
    def of(cls, row: LibraryRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(library_fields(row))


class LibraryNew(Body):
    """A folder to look at."""

    root: Annotated[Text, Field(min_length=1, max_length=4096, examples=["/home/ada/Pictures"])]


class Libraries(Schema):
    """Every library."""

    items: list[Library]


class Scan(Schema):
    """One walk through a library."""

    scan: int
    library: int
    root: str
    state: Literal["queued", "running", "done", "stopped", "failed"]
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    files_seen: int
    photos_new: int
    photos_changed: int
    files_missing: int
    problems: int = Field(description="Paths that could not be read.")
    message: str

    @classmethod
    def of(cls, row: ScanRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(scan_fields(row))


class Scans(Schema):
    """The latest scans, newest first."""

    items: list[Scan]
