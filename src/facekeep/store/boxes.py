"""Boxes that a user drew or moved, and what is measured in them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from facekeep.domain.errors import Conflict, NotFound
from facekeep.domain.faces import Box, Landmarks, MeasuredFace, Vector
from facekeep.store import faces
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("boxes")


@dataclass(frozen=True, slots=True)
class BoxedFace:
    """A face where it is, whose word that is, and whose the face is."""

    face: int
    photo: int
    x: float
    y: float
    width: float
    height: float
    standing: str
    box_by: str
    source: str
    stale: bool
    person: int | None
    decided_by: str | None

    @property
    def box(self) -> Box:
        """Fractions of the upright photo."""
        return Box(self.x, self.y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class _Size:
    photo: int
    width: int | None
    height: int | None


def hold_photo(writer: Writer, photo: int) -> None:
    """Hold a photo until the transaction ends. NotFound; Conflict when nothing is known of its picture."""
    found = writer.first(_Size, SQL["photo"], {"photo": photo})
    if found is None:
        raise NotFound(f"there is no photo {photo}")
    if found.width is None:
        raise Conflict(
            f"photo {photo} has not been looked at yet", hint="Wait until it was, or see `facekeep failures`."
        )


def in_photo(reader: Reader, photo: int) -> list[BoxedFace]:
    """All faces of a photo, those put away as well."""
    return reader.all(BoxedFace, SQL["in_photo"], {"photo": photo})


def one(reader: Reader, face: int) -> BoxedFace:
    """A face, whatever its standing. NotFound."""
    found = reader.first(BoxedFace, SQL["one"], {"face": face})
    if found is None:
        raise NotFound(f"there is no face {face}")
    return found


def vector(reader: Reader, face: int, pack: int) -> Vector | None:
    """Its embedding under a pack, if it has one."""
    found: Vector | None = reader.value(SQL["vector"], {"face": face, "pack": pack})
    return found


def draw(writer: Writer, photo: int, box: Box) -> int:
    """A new face that a user drew, not looked at yet; its id."""
    row = {"photo": photo, **asdict(box), "landmarks": faces.flat(Landmarks.usual(box))}
    return int(writer.value(SQL["draw"], row))


def move(writer: Writer, face: int, box: Box) -> None:
    """Put a face's box elsewhere, on the user's word. What was measured in the old one is gone."""
    writer.run(SQL["move"], {"face": face, **asdict(box)})


def measured(writer: Writer, face: int, found: MeasuredFace, pack: int) -> None:
    """What was measured in a face's present box."""
    row = {"face": face, "landmarks": faces.flat(found.landmarks), "score": found.score}
    writer.run(SQL["measured"], row | faces.quality_columns(found.quality))
    faces.put_embedding(writer, face, pack, found.embedding)


def stale(reader: Reader, *, without: Sequence[int], limit: int) -> list[int]:
    """Faces that have to be looked at and can be reached, but these."""
    rows = reader.tuples(SQL["stale"], {"without": list(without), "limit": limit})
    return [int(row[0]) for row in rows]
