"""The work that goes on, as it goes over HTTP."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from facekeep.actions.again import Again
from facekeep.api.schemas import Body, Photos, Schema
from facekeep.domain.errors import FailureCode


class Queue(Schema):
    """Photos still to be looked at, by what they wait for."""

    due: int = Field(description="For a worker that is free.")
    leased: int = Field(description="In the hands of a worker.")
    retry_later: int = Field(description="Failed, and tried again later.")
    unreachable: int = Field(description="Their folder is away, or no file of them is there.")
    next_at: datetime | None = Field(description="When the first of `retry_later` is due.")


class WorkerChildren(Schema):
    """The processes in which a worker opens photos; all zero where it has told nothing."""

    count: int = Field(description="At most so many.")
    alive: int
    busy: int
    started: int
    died: int = Field(description="Ended by a photo, or for it: crash, time, memory.")
    memory_bytes: int


class Worker(Schema):
    """A process that looks at photos: a server, `facekeep worker` or `facekeep scan`."""

    worker: int
    role: Literal["serve", "worker", "scan"]
    host: str
    pid: int
    version: str
    alive: bool = Field(description="False for one that died and was not tidied away yet.")
    started_at: datetime
    seen_at: datetime
    silent_s: float = Field(description="Seconds since its last sign of life.")
    state: str = Field(examples=["analysing"])
    done: int = Field(description="Photos looked at since it began.")
    failed: int
    faces: int
    rate: float = Field(description="Photos a second, lately.")
    in_hand: int
    last_done_at: datetime | None
    children: WorkerChildren
    message: str


class Breaker(Schema):
    """Something that is paused because the environment failed; it is tried with one photo and goes on."""

    code: FailureCode
    library: int | None = Field(description="Paused for this library; null for all that a worker does.")
    state: str = Field(examples=["open", "probing"])
    seconds: float = Field(description="Until it is tried again.")
    trips: int = Field(description="How often it has been paused in a row.")
    message: str
    workers: int = Field(description="How many workers pause for it.")


class Work(Schema):
    """The work that goes on, everywhere."""

    paused: bool = Field(description="The user has paused it.")
    paused_at: datetime | None
    queue: Queue
    rate: float = Field(description="Photos a second, of all workers together.")
    seconds_left: float | None = Field(description="An estimate for `due` and `leased`; null without a rate.")
    workers: list[Worker]
    breakers: list[Breaker]


class Released(Schema):
    """Who was asked to give the models' memory back."""

    workers: int


class PhotosAgain(Body):
    """Which photos to look at again: some, or every one that is done."""

    photos: Photos | None = None
    all: Literal[True] | None = None


class PhotoAgain(Schema):
    """What became of a photo that was named."""

    photo: int
    outcome: Literal["due", "waiting", "unreachable", "not_found"] = Field(
        description="`due` now; `waiting` it was anyway; `unreachable`: no file of it is there."
    )


class LookedAgain(Schema):
    """How many photos are due now, and what became of each that was named."""

    due: int
    items: list[PhotoAgain]

    @classmethod
    def of(cls, told: Again) -> Self:
        """From what was done."""
        items = [PhotoAgain(photo=photo, outcome=outcome) for photo, outcome in told.outcomes]
        return cls(due=told.due, items=items)
