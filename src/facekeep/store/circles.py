"""Circles: groups of people that a user makes, such as a family."""

from collections.abc import Sequence
from dataclasses import dataclass

from facekeep.domain.errors import Conflict, NotFound
from facekeep.store.database import Reader, Writer
from facekeep.store.paging import bounded, decoded, page
from facekeep.store.queries import load
from facekeep.store.rows import Page, PersonRow

SQL = load("circles")


@dataclass(frozen=True, slots=True)
class CircleRow:
    """A circle, and how many people are in it who are somebody still."""

    circle: int
    name: str
    people: int
    version: int


@dataclass(frozen=True, slots=True)
class LockedCircle:
    circle: int
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class _Listed:
    circle: int
    name: str
    version: int
    people: int
    total: int

    def row(self) -> CircleRow:
        return CircleRow(self.circle, self.name, self.people, self.version)


def circles(
    reader: Reader, *, person: int | None = None, cursor: str | None = None, limit: int = 100
) -> Page[CircleRow]:
    """Circles, oldest first; those that a person is in."""
    (after,) = decoded(cursor, int)
    rows = reader.all(_Listed, SQL["list"], {"circle": None, "name": None, "person": person})
    rest = [row.row() for row in rows if after is None or row.circle > after]
    return page(rest[: bounded(limit) + 1], limit, len(rows), lambda last: [last.circle])


def circle(reader: Reader, number: int) -> CircleRow:
    """One circle. NotFound."""
    return _only(reader, f"{number}", {"circle": number, "name": None, "person": None})


def named(reader: Reader, name: str) -> CircleRow:
    """The circle of that name, in any case. NotFound."""
    return _only(reader, name, {"circle": None, "name": name, "person": None})


def members(reader: Reader, number: int) -> list[PersonRow]:
    """Who is in a circle, by name; unnamed people last."""
    return reader.all(PersonRow, SQL["members"], {"circle": number})


def lock(writer: Writer, number: int, *, version: int | None = None) -> LockedCircle:
    """Hold a circle until the transaction ends. NotFound; Conflict when it is not at `version` any more."""
    found = writer.first(LockedCircle, SQL["lock"], {"circle": number})
    if found is None:
        raise NotFound(f"there is no circle {number}")
    if version is not None and version != found.version:
        raise Conflict(
            f"circle {number} has changed since you looked (version {found.version}, not {version})",
            hint="Look again, then decide.",
        )
    return found


def add(writer: Writer, name: str) -> int:
    """A new circle."""
    return int(writer.value(SQL["add"], {"name": name}))


def rename(writer: Writer, number: int, name: str) -> None:
    """Another name."""
    writer.run(SQL["rename"], {"circle": number, "name": name})


def remove(writer: Writer, number: int) -> None:
    """Not there any more; the row stays, with who is in it, so that it can be undone."""
    writer.run(SQL["remove"], {"circle": number})


def there(writer: Writer, people: Sequence[int]) -> set[int]:
    """Those of the people who are somebody, held until the transaction ends."""
    return _numbers(writer, "there", {"people": list(people)})


def join(writer: Writer, number: int, people: Sequence[int]) -> set[int]:
    """They are in it. Those who were not."""
    return _numbers(writer, "join", {"circle": number, "people": list(people)})


def leave(writer: Writer, number: int, people: Sequence[int]) -> set[int]:
    """They are not in it. Those who were."""
    return _numbers(writer, "leave", {"circle": number, "people": list(people)})


def absorb(writer: Writer, person: int, into: int) -> None:
    """Two people are one: who stays is in the circles of both."""
    writer.run(SQL["absorb"], {"person": person, "into": into})


def _only(reader: Reader, called: str, asked: dict[str, object]) -> CircleRow:
    found = reader.first(_Listed, SQL["list"], asked)
    if found is None:
        raise NotFound(f"there is no circle {called}", hint="`facekeep circles` lists them.")
    return found.row()


def _numbers(writer: Writer, name: str, row: dict[str, object]) -> set[int]:
    return {int(found[0]) for found in writer.tuples(SQL[name], row)}
