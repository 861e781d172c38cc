"""The journal: what was decided, what each decision changed, and putting rows back as they were.

The database writes it (see schema_journal.sql); here it is read, and undone.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from facekeep.domain.errors import NotFound
from facekeep.store import faces as face_store
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("journal")

Kind = Literal["assignment", "rejection", "person", "face", "pin", "apart", "circle", "member"]

Key = tuple[int | None, int | None, int | None]
"""Which row of its kind: its face, its person, and its other person or its circle."""

Kept = dict[str, Any] | None
"""A row as the journal keeps it; None where there was none."""

NOBODY: dict[str, Any] = {
    "hidden": False,
    "aliases": [],
    "notes": "",
    "favourite": False,
    "auto": True,
    "gone": False,
}
"""A person as it was before anything was said of it: people are never deleted, so this undoes making one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision. `about` says what was asked for; `undoes` names the decision that this one took back."""

    decision: int
    verb: str
    actor: str
    decided_at: datetime
    about: dict[str, Any]
    undoes: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One row from what to what. `other` is of `apart` the other person, of a circle's rows the circle."""

    kind: Kind
    face: int | None
    person: int | None
    other: int | None
    before: Kept
    after: Kept
    forgotten: bool = False
    """What it said was erased for good."""

    @property
    def key(self) -> Key:
        """Which row of its kind."""
        return self.face, self.person, self.other

    def stands(self, now: Kept) -> bool:
        """Whether the row is still as this change left it. A face's box counts where it is a user's."""
        return self._said(now) == self._said(self.after)

    def _said(self, kept: Kept) -> Kept:
        by_machine = self.kind == "face" and kept is not None and kept["box_by"] != "user"
        return _without_box(kept) if by_machine else kept

    def wanted(self) -> Kept:
        """What to put back: the row as it was before; of a face, the box only where this moved it."""
        keeps_box = self.kind == "face" and self.after is not None and not self.moved()
        return _without_box(self.before) if keeps_box else self.before

    def moved(self) -> bool:
        """Whether it put the box of a face elsewhere."""
        if self.kind != "face" or self.forgotten or self.before is None or self.after is None:
            return False
        return any(self.before[key] != self.after[key] for key in _BOX)

    def gives_away(self) -> bool:
        """Whether putting it back gives a face from one person to another."""
        if self.kind != "assignment" or self.before is None or self.after is None:
            return False
        return bool(self.before["person_id"] != self.after["person_id"])

    def gives(self) -> tuple[int, int] | None:
        """The face, and who gets it by a user's word or an import when it is put back, if anybody does."""
        if self.face is None or self.kind != "assignment" or self.before is None:
            return None
        new = self.after is None or self.gives_away()
        return (self.face, self.before["person_id"]) if new and self.before["decided_by"] != "auto" else None

    def people(self) -> set[int]:
        """Everybody it is about."""
        kept = [row for row in (self.before, self.after) if row is not None]
        told = {row.get(key) for row in kept for key in ("person_id", "merged_into")}
        named = {self.person, self.other if self.kind == "apart" else None}
        return {int(person) for person in told | named if person is not None}


_BOX = ("x", "y", "width", "height")


def _without_box(kept: Kept) -> Kept:
    return None if kept is None else {key: value for key, value in kept.items() if key not in _BOX}


@dataclass(frozen=True, slots=True)
class Held:
    """Those of the faces and people of some changes that are there, held until the transaction ends."""

    faces: set[int]
    people: set[int]


def opened(reader: Reader) -> int | None:
    """The decision of this transaction; None when nothing has been changed yet."""
    found = reader.value(SQL["open"])
    return None if found is None else int(found)


def tell(writer: Writer, verb: str, about: Mapping[str, Any]) -> None:
    """What this transaction's decision is; to be said before its first change."""
    writer.tuples(SQL["tell"], {"verb": verb, "about": json.dumps(dict(about))})


def lock(writer: Writer, decision: int) -> Entry:
    """Hold a decision until the transaction ends. NotFound."""
    found = writer.first(Entry, SQL["lock"], {"decision": decision})
    if found is None:
        raise NotFound(f"there is no decision {decision} in the journal")
    return found


def undone_by(reader: Reader, decision: int) -> int | None:
    """The undo of a decision that stands, if any."""
    found = reader.value(SQL["undone_by"], {"decision": decision})
    return None if found is None else int(found)


def net(reader: Reader, decision: int) -> list[Change]:
    """What a decision did to each row in the end, in the order in which it is taken back."""
    return reader.all(Change, SQL["net"], {"decision": decision})


def latest(reader: Reader) -> int | None:
    """The user's latest decision that stands and is itself no undo."""
    found = reader.value(SQL["latest"])
    return None if found is None else int(found)


def latest_undone(reader: Reader) -> int | None:
    """Of what the user took back, and stands so, what was taken back last."""
    found = reader.value(SQL["latest_undone"])
    return None if found is None else int(found)


def lock_rows(writer: Writer, found: Sequence[Change]) -> Held:
    """Hold the faces and people of these changes, in the order in which every path takes them.

    Those that are still there.
    """
    faces = [change.face for change in found if change.face is not None]
    there = face_store.hold(writer, faces)
    everybody = sorted(set().union(*(c.people() for c in found)))
    both = {"people": everybody, "faces": sorted(there)}
    people = {int(row[0]) for row in writer.tuples(SQL["lock_people"], both)}
    return Held(there, people)


def free_from_machine(writer: Writer, faces: Sequence[int]) -> list[int]:
    """Take these faces off whomever a machine put them on, who have changed by that. Which faces."""
    found = writer.tuples(SQL["taken_by_machine"], {"faces": list(faces)})
    touch(writer, sorted({int(person) for _, person in found}))
    return [int(face) for face, _ in found]


def now(reader: Reader, kind: Kind, found: Sequence[Change]) -> dict[Key, Kept]:
    """The same rows as they are, by key; those that do not exist are left out."""
    rows = reader.tuples(SQL[f"{kind}_now"], _keys(found))
    return {(face, person, other): kept for face, person, other, kept in rows}


def put_back(writer: Writer, kind: Kind, found: Sequence[Change], *, anew: bool = False) -> None:
    """Make rows as they were before these changes, all or none. Conflict when the schema refuses it.

    `anew`: all are taken away first, for those that would be in each other's way.
    """
    with writer.savepoint():
        if anew:
            writer.run(SQL[f"drop_{kind}"], _keys(found))
        gone = [change for change in found if change.before is None]
        there = [change for change in found if change.before is not None]
        if gone and kind == "person":
            writer.run(SQL["put_person"], _rows((change, NOBODY) for change in gone))
        elif gone:
            writer.run(SQL[f"drop_{kind}"], _keys(gone))
        if given := [pair for change in there if (pair := change.gives()) is not None]:
            face_store.mark_ungrouped(writer, face_store.displace(writer, given))
        for part in _leaving_first(there):
            writer.run(SQL[f"put_{kind}"], _rows((change, change.wanted()) for change in part))
        if kind == "face":
            writer.run(SQL["check_face"])


def _leaving_first(found: Sequence[Change]) -> list[list[Change]]:
    """The changes in parts to be put back one after the other: faces that leave somebody go first.

    A face of the same photo may be that person by a machine's word, who is not in a photo twice by that.
    """
    leaving = [change for change in found if change.gives_away()]
    staying = [change for change in found if not change.gives_away()]
    return [part for part in (leaving, staying) if part]


def uncover(writer: Writer, people: Sequence[int]) -> None:
    """Take a cover from those of the people whose it is not."""
    writer.run(SQL["uncover"], {"people": list(people)})


def mark_undo(writer: Writer, undoes: int) -> int:
    """Say of this transaction's decision which one it takes back; its id."""
    decision = opened(writer)
    if decision is None:
        raise NotFound("nothing was changed")
    writer.run(SQL["mark_undo"], {"decision": decision, "undoes": undoes})
    return decision


def touch(writer: Writer, people: Sequence[int]) -> None:
    """They have changed: whoever looked before must look again."""
    writer.run(SQL["touch"], {"people": list(people)})


def later_auto(reader: Reader, person: int, since: Entry) -> list[int]:
    """Faces that a machine gave to a person after a decision."""
    row = {"person": person, "since": since.decided_at, "decision": since.decision}
    return [int(found[0]) for found in reader.tuples(SQL["later_auto"], row)]


def concluded_since(reader: Reader, faces: Sequence[int], since: Entry) -> list[int]:
    """Those of the faces that a machine put on somebody after a decision."""
    row = {"faces": list(faces), "since": since.decided_at}
    return [int(found[0]) for found in reader.tuples(SQL["concluded_since"], row)]


def mark_grouped(writer: Writer, faces: Sequence[int]) -> None:
    """Somebody decided about these faces: grouping has nothing to do with them."""
    writer.run(SQL["mark_grouped"], {"faces": list(faces)})


def _keys(found: Sequence[Change]) -> dict[str, Any]:
    return {
        "faces": [change.face for change in found],
        "people": [change.person for change in found],
        "others": [change.other for change in found],
    }


def _rows(found: Iterable[tuple[Change, Kept]]) -> dict[str, Any]:
    rows = [
        {"face": change.face, "person": change.person, "other": change.other, "kept": kept}
        for change, kept in found
    ]
    return {"rows": Jsonb(rows)}
