"""Grouping everything anew: what was asked for and how far it is, and writing down what comes of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from facekeep.domain.errors import Conflict, NotFound
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("regrouping")

State = Literal["queued", "running", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One time that everything was grouped anew, or was to be."""

    number: int
    state: State
    dry_run: bool
    stopping: bool
    stage: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    outcome: dict[str, int] | None
    """In numbers; None until it is known."""
    decision: int | None
    message: str

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in ("queued", "running")


def ask(writer: Writer, *, dry_run: bool) -> Run:
    """Ask for it. Conflict when it is asked for already."""
    if opened(writer) is not None:
        raise Conflict("everything is being grouped anew already", hint="Wait for it, or cancel it.")
    return one(writer, int(writer.value(SQL["ask"], {"dry_run": dry_run})))


def one(reader: Reader, number: int) -> Run:
    """A run by its number. NotFound."""
    found = reader.first(Run, f"{SQL['columns']} {SQL['one']}", {"number": number})
    if found is None:
        raise NotFound(f"there is no regrouping {number}")
    return found


def latest(reader: Reader) -> Run | None:
    """The last one that was asked for."""
    return reader.first(Run, f"{SQL['columns']} {SQL['latest']}")


def opened(reader: Reader) -> Run | None:
    """The one that is still to be done."""
    return reader.first(Run, f"{SQL['columns']} {SQL['open']}")


def begin(writer: Writer, number: int) -> bool:
    """Take it up. False when it was ended meanwhile."""
    return writer.run(SQL["begin"], {"number": number}) > 0


def tell(writer: Writer, number: int, stage: str) -> bool:
    """Say how far it is. Whether somebody wants it to stop."""
    return bool(writer.value(SQL["tell"], {"number": number, "stage": stage}))


def stop(writer: Writer) -> int | None:
    """Ask for an end; which one, if there is one."""
    found = writer.value(SQL["stop"])
    return None if found is None else int(found)


def end(
    writer: Writer,
    number: int,
    state: State,
    *,
    outcome: Mapping[str, int] | None = None,
    decision: int | None = None,
    message: str = "",
) -> None:
    """How it ended."""
    told = None if outcome is None else Jsonb(dict(outcome))
    row = {"number": number, "state": state, "outcome": told, "decision": decision, "message": message}
    writer.run(SQL["end"], row)


def present(
    reader: Reader, people: Sequence[int], photos: Sequence[int], faces: Sequence[int]
) -> set[tuple[int, int]]:
    """(person, photo) where the person is with another face than these."""
    row = {"people": list(people), "photos": list(photos), "faces": list(faces)}
    return {(int(person), int(photo)) for person, photo in reader.tuples(SQL["present"], row)}


def begin_decision(writer: Writer, number: int, about: Mapping[str, Any]) -> None:
    """Enter the decision as that of whoever asked for it, and go on as a machine."""
    writer.tuples(SQL["begin_decision"], {"number": number, "about": json.dumps(dict(about))})


def follow(writer: Writer, into: Mapping[int, int]) -> int:
    """Let people who have no face left point to others; how many do."""
    return writer.run(SQL["follow"], {"people": list(into), "into": list(into.values())})
