"""Decisions and what they changed, as lines for people are made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACTORS = {"user": "You", "machine": "facekeep", "import": "The import"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision changed, in numbers."""

    changes: int = 0
    put: int = 0
    """Faces that came to somebody, from nobody or from somebody else."""
    taken: int = 0
    """Faces that are nobody's since."""
    confirmed: int = 0
    """Faces that stayed with their person, on the user's word."""
    made: int = 0
    """People that are there since."""
    joined: int = 0
    """People that went into another."""
    receivers: int = 0
    """How many people the faces came to."""
    people: Sequence[int] = ()
    """Whom; of many, some."""
    losers: Sequence[int] = ()
    """Whom the faces were taken from; of many, some."""
    faces: Sequence[int] = ()
    """The faces in it; of many, some. May hold one twice."""


@dataclass(frozen=True, slots=True)
class Called:
    """A person's name before a decision and after it; None while there was none."""

    before: str | None = None
    after: str | None = None


Names = Mapping[int, Called]

Kept = Mapping[str, Any] | None
"""A row as the journal keeps it; None where there was none."""


@dataclass(frozen=True, slots=True)
class Row:
    """Which row of the database a change is about: its kind, and what names it among those of its kind."""

    kind: str
    face: int | None = None
    person: int | None = None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A decision as its line is made of it. `names` are those of the people in it, as they were then."""

    verb: str
    actor: str
    about: Mapping[str, Any]
    facts: Facts
    names: Names
    by: str | None = None
    """The name of who decided, where that is somebody else than who reads."""


def who(actor: str, by: str | None = None) -> str:
    """Who decided, at the beginning of a line: a name where somebody else than the reader did."""
    return ACTORS.get(actor, actor) if by is None else by


def called(names: Names, person: int | None, *, before: bool = False) -> str:
    """A person's name, or its number where there was none."""
    if person is None:
        return "nobody"
    known = names.get(person, Called())
    name = known.before if before else known.after
    return f"person {person}" if name is None else name


def count(number: int, one: str, many: str = "") -> str:
    """`1 face`, `1,200 faces`."""
    return f"{number:,} {one if number == 1 else (many if many else one + 's')}"
