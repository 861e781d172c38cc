"""What matching reads: a face in question, who is met near it, and unassigned faces near a person's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from facekeep.domain.errors import NotFound
from facekeep.domain.faces import Vector
from facekeep.domain.matching import Subject
from facekeep.store import faces
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("matching")

MOST_WALKED = 20_000
"""So many faces are passed at most while one looks for unassigned ones near another."""


@dataclass(frozen=True, slots=True, eq=False)
class SubjectRow:
    """A face in question. `beside`: who is in its photo; `person`: whose it is; `auto`: machines decide."""

    face: int
    quality: float | None
    taken: date | None
    vector: Vector | None
    auto: bool
    rejected: list[int]
    beside: list[int]
    person: int | None

    @property
    def known(self) -> Subject:
        """What is known of it for matching."""
        return Subject(self.quality, self.taken)


@dataclass(frozen=True, slots=True)
class Met:
    """A person near a face. `auto`: whether a machine may put faces on it."""

    person: int
    name: str | None
    born: date | None
    auto: bool


def subject(reader: Reader, face: int, pack: int) -> SubjectRow:
    """A face in question. NotFound."""
    found = reader.first(SubjectRow, SQL["subject"], {"face": face, "pack": pack})
    if found is None:
        raise NotFound(f"there is no face {face}")
    return found


def met(reader: Reader, people: Iterable[int]) -> dict[int, Met]:
    """What is known of these people."""
    return {row.person: row for row in reader.all(Met, SQL["met"], {"people": sorted(set(people))})}


def unassigned_near(
    reader: Reader, vector: Vector, pack: int, *, reach: float, wanted: int
) -> list[tuple[int, float]]:
    """Faces without a person within `reach` (Euclidean) of a vector, nearest first, with their distances."""
    faces.walk_on(reader, MOST_WALKED)
    row = {
        "vector": vector,
        "pack": pack,
        "dimensions": int(vector.shape[0]),
        "reach": reach,
        "wanted": wanted,
        "most": MOST_WALKED,
    }
    return [(int(face), float(far)) for face, far in reader.tuples(SQL["unassigned_near"], row)]


def unsettled(reader: Reader, person: int, faces: Sequence[int]) -> list[int]:
    """The faces without those that an undo took off this person."""
    row = {"faces": list(faces), "person": person}
    return [int(found[0]) for found in reader.tuples(SQL["unsettled"], row)]


def vectors(reader: Reader, person: int, faces: Sequence[int], pack: int) -> dict[int, Vector]:
    """The vectors of those of the faces that are a person's."""
    rows = reader.tuples(SQL["vectors"], {"person": person, "faces": list(faces), "pack": pack})
    return {int(face): vector for face, vector in rows}


def auto(reader: Reader) -> bool:
    """Whether machines may say by themselves who a face is."""
    return bool(reader.value(SQL["auto"]))


def set_auto(writer: Writer, auto: bool) -> None:
    """Let them, or let them only ask."""
    writer.run(SQL["set_auto"], {"auto": auto})
