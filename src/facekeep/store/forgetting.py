"""Erasing people for good: their rows, what the journal says of them, and the space in the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from facekeep.domain.errors import Conflict, NotFound
from facekeep.domain.faces import Box
from facekeep.store import journal, people
from facekeep.store.database import Database, GaveWay, Reader, Writer
from facekeep.store.queries import load

SQL = load("forgetting")

STATISTICS = "pg_catalog.pg_statistic"
"""Holds samples of every column, names and vectors too."""

LOCK_PATIENCE = "SET lock_timeout = '5s'"
"""Whoever waits for a whole table makes all others wait behind it."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """Whom and what a forgetting erases. `people`: the person and all who went into it."""

    root: int
    people: list[int]
    faces: list[int]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that go, and in how many photos the faces are."""

    vectors: int
    rejections: int
    photos: int


@dataclass(frozen=True, slots=True)
class CopyMade:
    """A copy of what is known of people, outside. `place`: a path as bytes, or what asked for it."""

    kind: str
    place: bytes
    vectors: bool
    made_at: datetime


def doomed(reader: Reader, person: int) -> Doomed:
    """Everybody who is this person, and every face that is or was last theirs. NotFound."""
    root = people.follow(reader, person)
    everybody = _numbers(reader, "everybody", person=root)
    if not everybody:
        raise NotFound(f"there is no person {person}")
    return Doomed(root, everybody, _numbers(reader, "faces", people=everybody))


def lock(writer: Writer, person: int, *, version: int | None) -> Doomed:
    """Hold all of it until the transaction ends: faces first, as every path does.

    NotFound; Conflict when the person is not at `version`; GaveWay when it changed meanwhile.
    """
    found = doomed(writer, person)
    writer.tuples(SQL["lock_faces"], {"faces": found.faces})
    writer.tuples(SQL["lock_people"], {"people": found.people})
    if doomed(writer, person) != found:
        raise GaveWay(f"person {person} changes at this moment", hint="Do it again.")
    now = int(writer.value(SQL["version"], {"person": found.root}))
    if version is not None and version != now:
        raise Conflict(
            f"person {found.root} has changed since you looked (version {now}, not {version})",
            hint="Look again, then decide.",
        )
    return found


def version(reader: Reader, person: int) -> int:
    """The version of a person that is there, gone or not. NotFound."""
    found = reader.value(SQL["version"], {"person": person})
    if found is None:
        raise NotFound(f"there is no person {person}")
    return int(found)


def counts(reader: Reader, found: Doomed) -> Counts:
    """What goes with the faces and people."""
    row = reader.first(Counts, SQL["counts"], {"faces": found.faces, "people": found.people})
    assert row is not None
    return row


def elsewhere(reader: Reader, found: Doomed) -> int:
    """Faces that were theirs once and are somebody else's now."""
    return int(reader.value(SQL["elsewhere"], {"people": found.people}))


def namesakes(reader: Reader, found: Doomed) -> list[int]:
    """Other people with one of their names."""
    return _numbers(reader, "namesakes", people=found.people)


def erase(writer: Writer, found: Doomed) -> int:
    """Delete the rows, leave a mark where each face was, empty the journal's entries. How many entries."""
    both = {"faces": found.faces, "people": found.people}
    writer.run(SQL["allow"])
    writer.run(SQL["bury"], both)
    writer.run(SQL["erase_faces"], both)
    writer.run(SQL["erase_people"], both)
    entries = writer.run(SQL["erase_carried"], both) + writer.run(SQL["erase_entries"], both)
    writer.run(SQL["erase_words"], both)
    writer.run(SQL["erase_answers"])
    return entries


def enter(writer: Writer, found: Doomed, gone: Counts, entries: int) -> None:
    """Write down that somebody was forgotten, in numbers."""
    row = {
        "decision": journal.opened(writer),
        "people": len(found.people),
        "faces": len(found.faces),
        "vectors": gone.vectors,
        "rejections": gone.rejections,
        "entries": entries,
    }
    writer.run(SQL["enter"], row)


def boxes(reader: Reader, photo: int) -> list[Box]:
    """Where forgotten faces were in a photo."""
    return [Box(*row) for row in reader.tuples(SQL["boxes"], {"photo": photo})]


# Files ------------------------------------------------------------------------------------------------------


def last(reader: Reader) -> int:
    """The number of the latest forgetting; 0 when there was none."""
    return int(reader.value(SQL["last"]))


def unwiped(reader: Reader) -> int:
    """The number of the latest forgetting of which something may still lie in files; 0 for none."""
    return int(reader.value(SQL["unwiped"]))


def mark_wiped(writer: Writer, last: int) -> None:
    """Nothing of these is in the files any more."""
    writer.run(SQL["mark_wiped"], {"last": last})


def now(reader: Reader) -> datetime:
    """The database's clock."""
    found: datetime = reader.value(SQL["now"])
    return found


def still_seen(reader: Reader, moment: datetime) -> bool:
    """Whether somebody who began to read before that moment reads still."""
    return bool(reader.value(SQL["still_seen"], {"moment": moment}))


def rewrite_files(database: Database) -> None:
    """Write every table that may hold something of a person anew, without what was deleted.

    An ordinary VACUUM marks the space as free and leaves the bytes. The old files are gone after the
    checkpoint. GaveWay when a table is in use for long.
    """
    with database.read() as reader:
        tables = [str(row[0]) for row in reader.tuples(SQL["tables"])]
    written = [f"VACUUM FULL {table}" for table in tables]
    # The samples are taken anew before the table that holds them is written anew.
    sampled = [SQL["drop_samples"], "ANALYZE", f"VACUUM FULL {STATISTICS}"]
    database.maintain([LOCK_PATIENCE, *written, *sampled])
    database.checkpoint()


def remember_copy(writer: Writer, kind: str, place: bytes, *, vectors: bool) -> None:
    """Write down that a copy left the database. `kind`: export or backup."""
    writer.run(SQL["remember_copy"], {"kind": kind, "place": place, "vectors": vectors})


def copies(reader: Reader) -> list[CopyMade]:
    """All copies on record, oldest first."""
    return reader.all(CopyMade, SQL["copies"])


def _numbers(reader: Reader, name: str, **parameters: int | Sequence[int]) -> list[int]:
    return [int(row[0]) for row in reader.tuples(SQL[name], parameters)]
