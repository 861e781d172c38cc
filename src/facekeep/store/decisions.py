"""Reading the journal: decisions newest first, each with its line for people, and what each changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from facekeep.domain.change_lines import change_line
from facekeep.domain.decision_lines import summary, summary_of_undo
from facekeep.domain.errors import NotFound
from facekeep.domain.journal import Called, Facts, Kept, Names, Row, Told
from facekeep.store.database import Reader
from facekeep.store.paging import bounded, decoded, page
from facekeep.store.queries import load
from facekeep.store.rows import Page

SQL = load("decisions")

FACES_SHOWN = 4

STREAM_PAGE = 500
"""Decisions that are looked at together while all of them are streamed."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as listed. `undoes`: which one it took back; `undone_by`: the undo of it that stands."""

    decision: int
    verb: str
    actor: str
    decided_at: datetime
    about: dict[str, Any]
    """What was asked for."""
    undoes: int | None
    undone_by: int | None
    changes: int
    """How many rows it changed."""
    faces: list[int]
    """Some of the faces in it, to show."""
    people: list[int]
    """Some of the people in it."""
    summary: str
    account: int | None
    """Who spoke, of what a user decided; None for who was local and had no account."""
    account_name: str | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One row from what to what. `other` is of `apart` the other person, of a circle's rows the circle."""

    number: int
    kind: str
    face: int | None
    person: int | None
    other: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    summary: str


@dataclass(frozen=True, slots=True)
class _Decision:
    decision: int
    verb: str
    actor: str
    decided_at: datetime
    about: dict[str, Any]
    undoes: int | None
    undone_by: int | None
    facts: dict[str, Any] | None
    account: int | None
    account_name: str | None


@dataclass(frozen=True, slots=True)
class _Root:
    decision: int
    root: int
    steps: int
    verb: str
    actor: str
    about: dict[str, Any]
    facts: dict[str, Any] | None
    account: int | None
    account_name: str | None


@dataclass(frozen=True, slots=True)
class _Change:
    number: int
    kind: str
    face: int | None
    person: int | None
    other: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def decisions(  # noqa: PLR0913 - what narrows a listing
    reader: Reader,
    *,
    face: int | None = None,
    person: int | None = None,
    actor: str | None = None,
    verb: str | None = None,
    account: int | None = None,
    viewer: int | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[DecisionRow]:
    """The journal, newest first. Of a person: also where its faces came or went.

    `viewer` is the account that reads: what it decided itself, and what nobody knows who did, is "You".
    """
    given = {"face": face, "person": person, "actor": actor, "verb": verb, "account": account}
    conditions = [_FILTERS[key] for key, value in given.items() if value is not None]
    total = int(reader.value(_filtered("count", conditions), given))
    (before,) = decoded(cursor, int)
    conditions += [] if before is None else ["d.id < %(before)s"]
    parameters = {**given, "before": before, "limit": bounded(limit) + 1}
    found = reader.all(_Decision, _filtered("page", conditions), parameters)
    cut = page(found, limit, total, lambda last: [last.decision])
    return Page(_with_lines(reader, cut.items, viewer), cut.total, cut.next)


def decision(reader: Reader, number: int, *, viewer: int | None = None) -> DecisionRow:
    """One decision, as the account `viewer` reads it. NotFound."""
    found = reader.all(
        _Decision, _filtered("page", ["d.id = %(decision)s"]), {"decision": number, "limit": 1}
    )
    if not found:
        raise NotFound(f"there is no decision {number} in the journal")
    return _with_lines(reader, found, viewer)[0]


def every_decision(
    reader: Reader, *, face: int | None = None, person: int | None = None
) -> Iterator[DecisionRow]:
    """The whole journal, newest first, some at a time."""
    cursor = None
    while True:
        part = decisions(reader, face=face, person=person, cursor=cursor, limit=STREAM_PAGE)
        yield from part.items
        cursor = part.next
        if cursor is None:
            return


def changes(reader: Reader, number: int, *, cursor: str | None = None, limit: int = 100) -> Page[ChangeRow]:
    """Every single change of a decision, in the order in which it was made."""
    (after,) = decoded(cursor, int)
    parameters = {"decision": number, "after": after, "limit": bounded(limit) + 1}
    total = int(reader.value(SQL["count_changes"], parameters))
    cut = page(reader.all(_Change, SQL["changes"], parameters), limit, total, lambda last: [last.number])
    people = {person for change in cut.items for person in _people_of(change)}
    names = _names(reader, [(number, person) for person in people]).get(number, {})
    return Page([_change_row(change, names) for change in cut.items], cut.total, cut.next)


_FILTERS = {
    "face": SQL["of_face"],
    "person": SQL["of_person"],
    "actor": "d.actor = %(actor)s",
    "verb": "d.verb = %(verb)s",
    "account": "d.account = %(account)s",
}


def _filtered(name: str, conditions: Sequence[str]) -> str:
    return SQL[name].replace("{filter}", "WHERE " + " AND ".join(conditions) if conditions else "")


def _with_lines(reader: Reader, found: Sequence[_Decision], viewer: int | None) -> list[DecisionRow]:
    numbers = [row.decision for row in found]
    roots = {row.decision: row for row in reader.all(_Root, SQL["roots"], {"decisions": numbers})}
    pairs = {(root.root, person) for root in roots.values() for person in _people_in(root)}
    names = _names(reader, sorted(pairs))
    return [_row(row, roots[row.decision], names, viewer) for row in found]


def _people_in(root: _Root) -> list[int]:
    """All whose names its line may need."""
    facts = _facts(root.facts)
    asked = [root.about.get(key) for key in ("person", "other", "from", "into")]
    known = [one for one in asked if isinstance(one, int)]
    return list(dict.fromkeys([*known, *facts.people, *facts.losers]))


def _by(row: _Decision | _Root, viewer: int | None) -> str | None:
    """Who decided, where that is somebody else than the reader."""
    return None if row.account == viewer else row.account_name


def _row(row: _Decision, root: _Root, names: dict[int, dict[int, Called]], viewer: int | None) -> DecisionRow:
    known = names.get(root.root, {})
    line = summary(Told(root.verb, root.actor, root.about, _facts(root.facts), known, _by(root, viewer)))
    undo_line = summary_of_undo(row.actor, line, steps=root.steps, by=_by(row, viewer))
    own = _facts(row.facts)
    return DecisionRow(
        decision=row.decision,
        verb=row.verb,
        actor=row.actor,
        decided_at=row.decided_at,
        about=row.about,
        undoes=row.undoes,
        undone_by=row.undone_by,
        changes=own.changes,
        faces=list(dict.fromkeys(own.faces))[:FACES_SHOWN],
        people=_people_in(root),
        summary=undo_line if root.steps else line,
        account=row.account,
        account_name=row.account_name,
    )


def _facts(kept: dict[str, Any] | None) -> Facts:
    """None only within the transaction that decides: they are counted when it is complete."""
    return Facts() if kept is None else Facts(**kept)


def _names(reader: Reader, pairs: Sequence[tuple[int, int]]) -> dict[int, dict[int, Called]]:
    parameters = {"decisions": [pair[0] for pair in pairs], "people": [pair[1] for pair in pairs]}
    names: dict[int, dict[int, Called]] = {}
    for number, person, before, after in reader.tuples(SQL["names"], parameters):
        names.setdefault(number, {})[person] = Called(before, after)
    return names


def _people_of(change: _Change) -> set[int]:
    told = {_get(kept, key) for kept in (change.before, change.after) for key in ("person_id", "merged_into")}
    named = {change.person, change.other if change.kind == "apart" else None}
    return {int(person) for person in told | named if person is not None}


def _get(kept: Kept, key: str) -> Any:
    return None if kept is None else kept.get(key)


def _change_row(change: _Change, names: Names) -> ChangeRow:
    row = Row(change.kind, change.face, change.person, change.other)
    line = change_line(row, change.before, change.after, names)
    return ChangeRow(**{field.name: getattr(change, field.name) for field in fields(_Change)}, summary=line)
