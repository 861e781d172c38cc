"""What is known of a person beside their faces; and many faces at once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from facekeep.domain.errors import NotFound
from facekeep.store import faces as face_store
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("details")


@dataclass(frozen=True, slots=True)
class Details:
    """All that a user says of a person. `auto`: whether a machine may put faces on them."""

    person: int
    name: str | None
    aliases: list[str]
    birth_date: date | None
    notes: str
    favourite: bool
    auto: bool
    hidden: bool
    cover: int | None
    """The face that was chosen to show them; None for the best."""
    version: int


@dataclass(frozen=True, slots=True)
class Whose:
    """A face and whose it is."""

    face: int
    photo: int
    person: int | None
    decided_by: str | None


def one(reader: Reader, person: int) -> Details:
    """What is known of a person. NotFound."""
    found = reader.first(Details, SQL["one"], {"person": person})
    if found is None:
        raise NotFound(f"there is no person {person}")
    return found


def name(reader: Reader, person: int) -> str | None:
    """A person's name, of one that is gone as well; None when there is none."""
    found = reader.value(SQL["name"], {"person": person})
    return None if found is None else str(found)


def put(writer: Writer, details: Details) -> None:
    """Store all of it; the version goes up."""
    writer.run(SQL["put"], asdict(details))


def absorb(writer: Writer, person: int, into: int) -> None:
    """What is known of one person is known of the other, whose own word goes first."""
    writer.run(SQL["absorb"], {"person": person, "into": into})


def shows(reader: Reader, person: int, face: int) -> bool:
    """Whether a face is this person's."""
    return bool(reader.value(SQL["shows"], {"person": person, "face": face}))


def drop_all(writer: Writer, person: int) -> list[int]:
    """Take every face off a person. Which ones."""
    return _faces(writer, "drop_all", {"person": person})


def drop(writer: Writer, faces: Sequence[int]) -> list[int]:
    """Take these faces off whomever they are on. Which ones were on somebody."""
    return _faces(writer, "drop", {"faces": list(faces)})


def drop_from(writer: Writer, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Take each face off its person, where it is theirs. Which ones were."""
    return _faces(
        writer,
        "drop_from",
        {"faces": [face for face, _ in pairs], "people": [person for _, person in pairs]},
    )


def remove(writer: Writer, person: int) -> None:
    """Nobody any more; the row stays, so that it can be undone."""
    writer.run(SQL["remove"], {"person": person})


def whose(writer: Writer, faces: Sequence[int]) -> list[Whose]:
    """Whose these faces are; those that exist, held until the transaction ends."""
    face_store.hold(writer, faces)
    return writer.all(Whose, SQL["whose"], {"faces": list(faces)})


def in_photos(reader: Reader, person: int, photos: Sequence[int]) -> list[int]:
    """The faces of a person in these photos."""
    return _faces(reader, "in_photos", {"person": person, "photos": list(photos)})


def unreject(writer: Writer, faces: Sequence[int], person: int) -> None:
    """The user changed their mind about these."""
    writer.run(SQL["unreject"], {"faces": list(faces), "person": person})


def reject(writer: Writer, pairs: Sequence[tuple[int, int]]) -> None:
    """Each face is not its person, for good."""
    row = {"faces": [face for face, _ in pairs], "people": [person for _, person in pairs]}
    writer.run(SQL["reject"], row)


def give(writer: Writer, faces: Sequence[int], person: int) -> None:
    """Put faces on a person, as the user's word."""
    writer.run(SQL["give"], {"faces": list(faces), "person": person})


def _faces(reader: Reader, name: str, row: dict[str, object]) -> list[int]:
    return [int(found[0]) for found in reader.tuples(SQL[name], row)]
