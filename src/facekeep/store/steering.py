"""Who works, how far, and what the user said to all of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from facekeep.store.database import Reader, Writer
from facekeep.store.photos import WORKER_LOCK
from facekeep.store.queries import load

SQL = load("steering")


@dataclass(frozen=True, slots=True)
class Control:
    """What the user said to all workers."""

    paused: bool
    paused_at: datetime | None
    released_at: datetime | None
    """When the user last asked for the models' memory back."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What a worker says of itself, some times a minute. `rate` in photos a second."""

    id: int
    role: str
    host: str
    pid: int
    version: str
    state: str
    done: int
    failed: int
    faces: int
    rate: float
    in_hand: int
    children: dict[str, Any]
    breakers: list[dict[str, Any]]
    message: str


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker process as others see it. `alive`: it holds its lock; `silent_s`: since its last beat."""

    worker: int
    role: str
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    state: str
    done: int
    failed: int
    faces: int
    rate: float
    in_hand: int
    last_done_at: datetime | None
    children: dict[str, Any]
    breakers: list[dict[str, Any]]
    message: str
    alive: bool
    silent_s: float


@dataclass(frozen=True, slots=True)
class Queue:
    """Photos that are still to be looked at. `unreachable`: their library is offline or their file gone."""

    leased: int
    due: int
    later: int
    unreachable: int
    next_at: datetime | None


def control(reader: Reader) -> Control:
    """What the user said last."""
    found = reader.first(Control, SQL["control"])
    return Control(False, None, None) if found is None else found


def set_paused(writer: Writer, paused: bool) -> None:
    """Stop or go on claiming, in every worker."""
    writer.run(SQL["set_paused"], {"paused": paused})


def request_release(writer: Writer) -> None:
    """Ask every worker to give the models' memory back."""
    writer.run(SQL["request_release"])


def workers(reader: Reader) -> list[WorkerRow]:
    """Every worker on record, the oldest first; also those that died and were not tidied away yet."""
    return reader.all(WorkerRow, SQL["workers"], {"space": WORKER_LOCK})


def beat(writer: Writer, said: Beat) -> None:
    """Record that a worker lives, and how far it is."""
    row = asdict(said) | {"children": Jsonb(said.children), "breakers": Jsonb(said.breakers)}
    writer.run(SQL["beat"], row)


def renew(writer: Writer, held: Sequence[tuple[int, UUID]], *, lease_s: float) -> None:
    """Keep the leases of what a worker still has in hand: photos, each with the token of its claim."""
    row = {"photos": [photo for photo, _ in held], "tokens": [token for _, token in held]}
    writer.run(SQL["renew_all"], row | {"lease_s": lease_s})


def holds(reader: Reader, worker: int) -> bool:
    """Whether the server knows this worker's lock: one that was started again does not."""
    return bool(reader.value(SQL["holds"], {"space": WORKER_LOCK, "worker": worker}))


def forget_dead(writer: Writer) -> int:
    """Tidy away the rows of workers that are gone. How many."""
    return writer.run(SQL["forget_dead"], {"space": WORKER_LOCK})


def leave(writer: Writer, worker: int) -> None:
    """A worker ends."""
    writer.run(SQL["leave"], {"worker": worker})


def queue(reader: Reader) -> Queue:
    """How much is to be done. Reads every photo that is not finished."""
    found = reader.first(Queue, SQL["queue"])
    return Queue(0, 0, 0, 0, None) if found is None else found


def stuck_leases(reader: Reader) -> int:
    """Leases that ended and that nobody took over: nothing works, or what works is stuck."""
    return int(reader.value(SQL["stuck"]))
