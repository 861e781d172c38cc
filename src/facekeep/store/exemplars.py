"""The faces that stand for their person, those pinned by the user, and who is near a face by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from facekeep.domain.exemplars import Candidate, Exemplar
from facekeep.domain.faces import Vector
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("exemplars")

CANDIDATES = 400
"""So many of a person's faces are looked at when exemplars are chosen: the best of each year."""


@dataclass(frozen=True, slots=True)
class Due:
    """A person whose exemplars are to be chosen anew. `look`: then look again at lone faces near it."""

    person: int
    look: bool
    upto: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as far as exemplars go. `stands`: it has some."""

    born: date | None
    stands: bool


@dataclass(frozen=True, slots=True)
class ExemplarRow:
    """A face that stands for its person."""

    face: int
    era: str
    pinned: bool
    quality: float | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class NearExemplar:
    """An exemplar near a face: whose, how far (Euclidean), and what is known of it."""

    face: int
    distance: float
    person: int
    quality: float | None
    taken: date | None


def due(reader: Reader, *, limit: int) -> list[Due]:
    """People whose exemplars are to be chosen anew, by number."""
    return reader.all(Due, SQL["due"], {"limit": limit})


def is_due(reader: Reader, person: int) -> bool:
    """Whether anything changed of one since."""
    return bool(reader.value(SQL["is_due"], {"person": person}))


def settle(writer: Writer, due: Due) -> None:
    """That is done; what came meanwhile stays due."""
    writer.run(SQL["settle"], {"person": due.person, "upto": due.upto})


def mark(writer: Writer, person: int) -> None:
    """Choose a person's exemplars anew, and look again at lone faces near them."""
    writer.run(SQL["mark"], {"person": person})


def mark_all(writer: Writer) -> None:
    """The same for everybody with a name: another pack is in use, say."""
    writer.run(SQL["mark_all"])


def standing(reader: Reader, person: int) -> Standing:
    """Whether a person has exemplars at all, and when it was born."""
    found = reader.first(Standing, SQL["stands"], {"person": person})
    return Standing(None, stands=False) if found is None else found


def candidates(reader: Reader, person: int, pack: int) -> list[Candidate]:
    """Of a person's faces those to choose from: pinned ones, then the best of each year."""
    row = {"person": person, "pack": pack, "limit": CANDIDATES}
    return reader.all(Candidate, SQL["candidates"], row)


def put(writer: Writer, person: int, pack: int, chosen: Sequence[Exemplar]) -> None:
    """These stand for the person, and no others. What is not theirs any more is left out."""
    row = {
        "person": person,
        "pack": pack,
        "faces": [one.face for one in chosen],
        "eras": [one.era for one in chosen],
    }
    writer.run(SQL["drop_others"], row)
    writer.run(SQL["put"], row)


def of_person(reader: Reader, person: int, pack: int) -> list[ExemplarRow]:
    """The faces that stand for a person, the oldest photo first."""
    return reader.all(ExemplarRow, SQL["of_person"], {"person": person, "pack": pack})


def stored(reader: Reader, person: int, pack: int) -> list[Candidate]:
    """The same with their vectors."""
    return reader.all(Candidate, SQL["stored"], {"person": person, "pack": pack})


def dates(reader: Reader, person: int) -> list[tuple[date | None, int]]:
    """The days on which a person's faces were taken, and how many on each."""
    return [(taken, int(faces)) for taken, faces in reader.tuples(SQL["dates"], {"person": person})]


def near(reader: Reader, face: int, vector: Vector, pack: int, *, limit: int) -> list[NearExemplar]:
    """Up to `limit` exemplars nearest to a vector, nearest first, without the face itself."""
    sql = SQL["near"].replace("{dimensions}", str(int(vector.shape[0]))).replace("{pack}", str(int(pack)))
    return reader.all(NearExemplar, sql, {"face": face, "vector": vector, "limit": limit + 1})


def pin(writer: Writer, face: int, person: int) -> None:
    """This face always stands for its person."""
    writer.run(SQL["pin"], {"face": face, "person": person})


def unpin(writer: Writer, face: int, person: int) -> bool:
    """No more. Whether it was pinned."""
    return writer.run(SQL["unpin"], {"face": face, "person": person}) > 0


def pins(reader: Reader, person: int) -> list[int]:
    """The faces that the user pinned of a person."""
    return [int(row[0]) for row in reader.tuples(SQL["pins"], {"person": person})]


def repin(writer: Writer, faces: Sequence[int], person: int) -> None:
    """Pin those of the faces that are the person's now, as after a merge."""
    if faces:
        writer.run(SQL["repin"], {"faces": list(faces), "person": person})
