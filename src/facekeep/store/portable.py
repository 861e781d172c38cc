"""All that is known of people, in the order in which an export tells it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from facekeep.store.database import Reader
from facekeep.store.queries import load

SQL = load("portable")


@dataclass(frozen=True, slots=True)
class PersonOut:
    """A person as exported."""

    person: int
    name: str | None
    aliases: list[str]
    birth_date: date | None
    notes: str
    favourite: bool
    hidden: bool
    auto: bool


@dataclass(frozen=True, slots=True)
class CircleOut:
    """A circle, and who of the exported people is in it."""

    circle: int
    name: str
    people: list[int]


@dataclass(frozen=True, slots=True)
class PhotoOut:
    """A photo with the faces that belong along, each a mapping as exported but for its landmarks' shape."""

    sha256: bytes
    size_bytes: int
    libraries: list[int]
    paths: list[bytes]
    faces: list[dict[str, Any]]


def libraries(reader: Reader) -> list[tuple[int, bytes]]:
    """(number, root) of each library."""
    return [(int(number), bytes(root)) for number, root in reader.tuples(SQL["libraries"])]


def packs(reader: Reader) -> list[str]:
    """Labels of the packs that vectors may be of."""
    return [str(row[0]) for row in reader.tuples(SQL["packs"])]


def chosen(reader: Reader, asked: Sequence[int] | None, *, unnamed: bool) -> list[int]:
    """The people to export: those asked for, or all named ones, or also the unnamed ones with faces."""
    row = {"asked": None if asked is None else list(asked), "unnamed": unnamed}
    return [int(found[0]) for found in reader.tuples(SQL["chosen"], row)]


def people(reader: Reader, chosen: Sequence[int]) -> Iterator[PersonOut]:
    """The chosen people, streamed."""
    yield from reader.stream(PersonOut, SQL["people"], {"people": list(chosen)})


def apart(reader: Reader, chosen: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of them that are two people, by the user's word."""
    return [(int(a), int(b)) for a, b in reader.tuples(SQL["apart"], {"people": list(chosen)})]


def circles(reader: Reader, chosen: Sequence[int], *, every: bool) -> list[CircleOut]:
    """Circles, all or those with one of the people."""
    return reader.all(CircleOut, SQL["circles"], {"people": list(chosen), "every": every})


def photos(
    reader: Reader, chosen: Sequence[int], *, put_away: bool, nobodys: bool, vectors: bool
) -> Iterator[PhotoOut]:
    """Photos with their faces, in the order of their hashes, streamed. Also with those that were put away, or
    all that are nobody's."""
    row = {"people": list(chosen), "put_away": put_away, "nobodys": nobodys, "vectors": vectors}
    yield from reader.stream(PhotoOut, SQL["photos"], row)
