"""People, assignments, rejections and the journal. Follows nobody's wishes: the guards are in the schema."""

from collections.abc import Sequence
from dataclasses import dataclass

from facekeep.domain.errors import Conflict, NotFound
from facekeep.store import decisions, exemplars
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("people")

MOST_TOLD = 10
"""Decisions that a stale look is told of."""

MERGE_CHAIN_LIMIT = (
    100  # a pointer chain is as long as the merges that made it; a cycle would be a fault of ours
)


@dataclass(frozen=True, slots=True)
class LockedPerson:
    person: int
    name: str | None
    hidden: bool
    version: int
    merged_into: int | None


@dataclass(frozen=True, slots=True)
class Assigned:
    person: int
    decided_by: str
    confidence: float


def add(writer: Writer, name: str | None = None) -> int:
    """A new person."""
    return int(writer.value(SQL["add"], {"name": name}))


def follow(reader: Reader, person: int) -> int:
    """Where the merges of a person led; itself when it was never merged."""
    for _ in range(MERGE_CHAIN_LIMIT):
        into = reader.value(SQL["merged_into"], {"person": person})
        if into is None:
            return person
        person = int(into)
    raise Conflict(f"the merges of person {person} never end")


def lock(writer: Writer, person: int, *, version: int | None = None) -> LockedPerson:
    """Hold a person until the transaction ends. NotFound; Conflict when it is not at `version` any more."""
    found = writer.first(LockedPerson, SQL["lock"], {"person": person})
    if found is None:
        raise NotFound(f"there is no person {person}")
    if found.merged_into is not None:
        raise Conflict(
            f"person {person} was merged into person {found.merged_into}",
            hint=f"Use person {follow(writer, person)}.",
        )
    if version is not None and version != found.version:
        raise _changed(writer, found, version)
    return found


def _changed(reader: Reader, found: LockedPerson, version: int) -> Conflict:
    """What a stale look is told. Each decision about a person raises the version, by one at least."""
    steps = min(max(found.version - version, 0), MOST_TOLD)
    since = decisions.decisions(reader, person=found.person, limit=steps).items if steps else []
    lines = [row.summary for row in since]
    return Conflict(
        f"person {found.person} has changed since you looked (version {found.version}, not {version})"
        + (f": {lines[0]}" if lines else ""),
        hint="Look again, then decide.",
        since=lines,
    )


def hold(writer: Writer, people: Sequence[int]) -> None:
    """Hold people until the transaction ends, in the order in which every path takes them."""
    writer.tuples(SQL["hold"], {"people": list(people)})


def rename(writer: Writer, person: int, name: str | None) -> None:
    """Name a person, or take the name away."""
    writer.run(SQL["rename"], {"person": person, "name": name})


def hide(writer: Writer, person: int, hidden: bool) -> None:
    """Keep a person out of the listings, or show it again."""
    writer.run(SQL["hide"], {"person": person, "hidden": hidden})


def touch(writer: Writer, person: int) -> None:
    """Its faces have changed: whoever looked before must look again."""
    writer.run(SQL["touch"], {"person": person})


def confirm_faces(writer: Writer, person: int) -> list[int]:
    """Every face of the person becomes the user's word. Which ones were not before."""
    return [int(row[0]) for row in writer.tuples(SQL["confirm_faces"], {"person": person})]


def faces(reader: Reader, person: int) -> list[tuple[int, str, float]]:
    """(face, decided by, confidence) of every face of a person."""
    return [(int(f), str(by), float(c)) for f, by, c in reader.tuples(SQL["faces"], {"person": person})]


def move_all(writer: Writer, person: int, into: int) -> list[int]:
    """Give all faces and rejections of one person to another, as the user's word, and leave a pointer.

    Faces that the user said are not the other person are left with nobody; which ones.
    """
    both = {"person": person, "into": into}
    left = [int(row[0]) for row in writer.tuples(SQL["leave_rejected"], both)]
    pinned = exemplars.pins(writer, person)
    writer.run(SQL["move_faces"], both)
    exemplars.repin(writer, pinned, into)
    writer.run(SQL["move_rejections"], both)
    writer.run(SQL["mark_merged"], both)
    return left


def assignment(reader: Reader, face: int) -> Assigned | None:
    """Whose a face is."""
    return reader.first(Assigned, SQL["face_assignment"], {"face": face})


def assign(
    writer: Writer, face: int, person: int, *, by: str, confidence: float, pack: int | None = None
) -> None:
    """Put a face on a person. NotFound when there is no such face; the schema refuses what must not be."""
    row = {"face": face, "person": person, "by": by, "confidence": confidence, "pack": pack}
    if writer.value(SQL["assign"], row) is None:
        raise NotFound(f"there is no face {face}")


def unassign(writer: Writer, face: int) -> None:
    """Take a face off its person."""
    writer.run(SQL["unassign"], {"face": face})


def reject(writer: Writer, face: int, person: int) -> None:
    """This face is not that person, for good."""
    writer.run(SQL["reject"], {"face": face, "person": person})


def unreject(writer: Writer, face: int, person: int) -> bool:
    """The user changed their mind. Whether there was a rejection."""
    return writer.run(SQL["unreject"], {"face": face, "person": person}) > 0
