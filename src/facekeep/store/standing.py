"""Faces that a user put away, or shows again."""

from collections.abc import Sequence
from dataclasses import dataclass

from facekeep.domain.faces import Standing
from facekeep.store import faces as face_store
from facekeep.store.database import Writer
from facekeep.store.queries import load

SQL = load("standing")


@dataclass(frozen=True, slots=True)
class Standee:
    """A face, what was said of it, and whose it is."""

    face: int
    standing: str
    person: int | None


def hold(writer: Writer, faces: Sequence[int]) -> list[Standee]:
    """Those of the faces that exist, held until the transaction ends."""
    face_store.hold(writer, faces)
    return writer.all(Standee, SQL["found"], {"faces": list(faces)})


def put_away(writer: Writer, faces: Sequence[int], people: Sequence[int], standing: Standing) -> None:
    """What the user says of these faces, other than that they are shown. `people`: whose they are.

    They are nobody's any more, stand for nobody and show nobody.
    """
    writer.run(SQL["drop_pins"], {"faces": list(faces)})
    writer.run(SQL["drop_covers"], {"faces": list(faces), "people": list(people)})
    writer.run(SQL["drop_assignments"], {"faces": list(faces)})
    _put(writer, faces, standing)


def show(writer: Writer, faces: Sequence[int]) -> None:
    """These are faces like any other."""
    _put(writer, faces, "shown")


def _put(writer: Writer, faces: Sequence[int], standing: Standing) -> None:
    writer.run(SQL["put"], {"faces": list(faces), "standing": standing})
