"""What an import of people looks up and writes: sets of rows at once. Who is who is decided above."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg.types.json import Jsonb

from facekeep.domain.faces import Box
from facekeep.domain.people_file import PersonIn
from facekeep.domain.people_match import PersonHere
from facekeep.store import faces as face_store
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("people_import")


@dataclass(frozen=True, slots=True)
class FaceHere:
    """A face that is known here."""

    face: int
    photo: int
    x: float
    y: float
    width: float
    height: float
    standing: str
    unmade: bool
    person: int | None
    decided_by: str | None
    rejected: list[int]

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class NewFace:
    """A face to make: known by its box alone, until somebody looks at it."""

    photo: int
    box: Box
    landmarks: tuple[float, ...] | None


Pair = tuple[int, int]
"""(face, person)."""


def alone(writer: Writer) -> None:
    """Let nobody else decide until the transaction ends. GaveWay when somebody is at it for long."""
    writer.run(SQL["alone"])
    writer.run(SQL["patient"])


def by_content(reader: Reader, hashes: Sequence[bytes]) -> dict[int, int]:
    """Index of a hash → photo with that content."""
    row = {"numbers": list(range(len(hashes))), "hashes": list(hashes)}
    return {int(n): int(photo) for n, photo in reader.tuples(SQL["by_content"], row)}


def by_path(reader: Reader, files: Sequence[tuple[int, bytes, bytes]]) -> dict[int, int]:
    """From (number, root, path): number → the photo there, where that is plain."""
    row = {
        "numbers": [number for number, _, _ in files],
        "roots": [root for _, root, _ in files],
        "paths": [path for _, _, path in files],
    }
    return {int(n): int(photo) for n, photo in reader.tuples(SQL["by_path"], row) if photo is not None}


def faces(reader: Reader, photos: Sequence[int]) -> list[FaceHere]:
    """All faces of these photos."""
    return reader.all(FaceHere, SQL["faces"], {"photos": list(photos)})


def affirmed(reader: Reader, faces: Sequence[int]) -> set[int]:
    """Those of the faces of which a user said here that they are: who drew them, or showed them again."""
    return {int(found[0]) for found in reader.tuples(SQL["affirmed"], {"faces": list(faces)})}


def forgotten(reader: Reader, photos: Sequence[int]) -> list[tuple[int, Box]]:
    """(photo, box) of each face that was forgotten there."""
    rows = reader.tuples(SQL["forgotten"], {"photos": list(photos)})
    return [(int(photo), Box(x, y, w, h)) for photo, x, y, w, h in rows]


def people(reader: Reader) -> list[PersonHere]:
    """Everybody here."""
    return [replace(row, aliases=tuple(row.aliases)) for row in reader.all(PersonHere, SQL["people"])]


def add_person(writer: Writer, told: PersonIn) -> int:
    """A new person, with all that the file says."""
    return int(writer.value(SQL["add_person"], {**asdict(told), "aliases": list(told.aliases)}))


def complete_person(writer: Writer, known: PersonHere) -> None:
    """Store what is known of a person now."""
    writer.run(SQL["complete_person"], {**asdict(known), "aliases": list(known.aliases)})


def set_flags(writer: Writer, person: int, told: PersonIn) -> None:
    """Favourite, hidden, not automatic: of somebody of whom nothing was said here."""
    writer.run(SQL["set_flags"], {**asdict(told), "person": person})


def add_faces(writer: Writer, new: Sequence[NewFace]) -> list[int]:
    """Make these faces; their ids, in that order."""
    rows = [
        {
            "photo": one.photo,
            **asdict(one.box),
            "landmarks": None if one.landmarks is None else list(one.landmarks),
        }
        for one in new
    ]
    made = writer.tuples(SQL["add_faces"], {"rows": Jsonb(rows)})
    ids = {(int(photo), Box(x, y, w, h)): int(face) for face, photo, x, y, w, h in made}
    return [ids[one.photo, one.box] for one in new]


def give(writer: Writer, pairs: Sequence[Pair], confidences: Sequence[float]) -> list[int]:
    """These faces are those people, by the import's word. Which others a machine had taken for them."""
    row = {**_pairs(pairs), "confidences": list(confidences)}
    freed = face_store.displace(writer, pairs)
    writer.run(SQL["give"], row)
    return freed


def propose(writer: Writer, pairs: Sequence[Pair], confidences: Sequence[float]) -> set[int]:
    """As a machine's word, where a machine may say it. The faces that it was said of."""
    row = {**_pairs(pairs), "confidences": list(confidences)}
    return {int(found[0]) for found in writer.tuples(SQL["propose"], row)}


def reject(writer: Writer, pairs: Sequence[Pair]) -> list[int]:
    """These faces are not those people, for good. Faces that a machine had taken for them are free."""
    freed = [int(found[0]) for found in writer.tuples(SQL["drop_auto"], _pairs(pairs))]
    writer.run(SQL["reject"], _pairs(pairs))
    return freed


def pin(writer: Writer, pairs: Sequence[Pair]) -> None:
    """These faces always stand for their people."""
    writer.run(SQL["pin"], _pairs(pairs))


def cover(writer: Writer, pairs: Sequence[Pair]) -> None:
    """These faces show their people, where none was chosen."""
    writer.run(SQL["cover"], _pairs(pairs))


def settle(writer: Writer, faces: Sequence[int]) -> None:
    """Grouping has nothing to do with these."""
    writer.run(SQL["settle"], {"faces": list(faces)})


def set_apart(writer: Writer, pairs: Sequence[Pair]) -> None:
    """Pairs of people that are two."""
    writer.run(SQL["apart"], {"ones": [one for one, _ in pairs], "others": [other for _, other in pairs]})


def add_to_circle(writer: Writer, name: str, people: Sequence[int]) -> None:
    """Put people into the circle of that name, or a new one."""
    circle = writer.value(SQL["circle_named"], {"name": name})
    if circle is None:
        circle = writer.value(SQL["add_circle"], {"name": name})
    writer.run(SQL["add_members"], {"circle": circle, "people": list(people)})


def touch(writer: Writer, people: Iterable[int]) -> None:
    """They have changed: whoever looked before must look again."""
    writer.run(SQL["touch"], {"people": sorted(people)})


def _pairs(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {"faces": [face for face, _ in pairs], "people": [person for _, person in pairs]}
