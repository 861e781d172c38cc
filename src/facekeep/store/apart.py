"""Questions of the kind "are these two one person?", and who are two, said by a user."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from facekeep.domain.review import Candidate, Together
from facekeep.store import people
from facekeep.store.database import Reader, Writer
from facekeep.store.paging import bounded, decoded, page
from facekeep.store.queries import load
from facekeep.store.rows import Page

SQL = load("apart")

FACES_SHOWN = 6
"""Faces of each of the two that are shown: the best of those that came last."""

Two = tuple[int, int]
"""Two people, the lower number first."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """Two who may be one person, and what speaks for it. Distances are Euclidean."""

    one: int
    one_name: str | None
    one_hidden: bool
    one_faces: int
    one_shown: list[int]
    other: int
    other_name: str | None
    other_hidden: bool
    other_faces: int
    other_shown: list[int]
    distance: float
    """Between the means of their faces."""
    doubt: float
    """0 is the same mean, 1 the limit for asking."""
    near: int
    """Pairs of faces as near as one person's,"""
    compared: int
    """of so many that were compared; the nearest and the mean of them:"""
    nearest: float
    mean: float
    proposed_at: datetime
    skipped: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    one: int
    other: int
    open: bool
    apart: bool

    def together(self, merged: set[int]) -> Together:
        return Together(self.open, self.apart, self.one in merged or self.other in merged)


def say(writer: Writer, two: Two) -> None:
    """These two are not one person, for good."""
    writer.run(SQL["say"], {"one": two[0], "other": two[1]})


def hand_on(writer: Writer, person: int, into: int) -> None:
    """A user says that two are one: their own word is taken back, and those about others are handed on."""
    writer.run(SQL["take_back"], {"one": person, "other": into})
    writer.run(SQL["hand_on"], {"person": person, "into": into})


def proposals(
    reader: Reader,
    *,
    person: int | None = None,
    hidden: bool = False,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[ProposalRow]:
    """Open questions, the least doubtful first, skipped ones last; of hidden people only when asked for."""
    whom = None if person is None else people.follow(reader, person)
    given: dict[str, Any] = {"person": whom}
    conditions = [SQL["standing"]] + ([] if whom is None else [SQL["of_person"]])
    conditions += [] if hidden or whom is not None else [SQL["shown"]]
    total = int(reader.value(_filtered("count", conditions), given))
    after = decoded(cursor, bool, float, int, int)
    conditions += [] if cursor is None else [SQL["after"]]
    given |= dict(zip(("after_skipped", "after_doubt", "after_one", "after_other"), after, strict=True))
    given |= {"limit": bounded(limit) + 1, "shown": FACES_SHOWN}
    rows = reader.all(ProposalRow, _filtered("proposals", conditions), given)
    return page(rows, limit, total, lambda last: [last.skipped, last.doubt, last.one, last.other])


def asked(reader: Reader, pairs: Sequence[Two]) -> dict[Two, Together]:
    """How it stands with each pair."""
    merged = _merged(reader, {person for pair in pairs for person in pair})
    rows = reader.all(_Asked, SQL["asked"], _columns(pairs))
    return {(row.one, row.other): row.together(merged) for row in rows}


def candidates(reader: Reader, two: Two) -> tuple[Candidate, Candidate]:
    """The two as it is decided who of them stays."""
    rows = {row.person: row for row in reader.all(Candidate, SQL["candidates"], {"people": list(two)})}
    return rows[two[0]], rows[two[1]]


def skip(writer: Writer, pairs: Sequence[Two], *, skipped: bool = True) -> None:
    """Put questions last, or take that back."""
    if pairs:
        writer.run(SQL["skip"], {**_columns(pairs), "skipped": skipped})


def _merged(reader: Reader, who: set[int]) -> set[int]:
    return {int(row[0]) for row in reader.tuples(SQL["merged"], {"people": sorted(who)})}


def _columns(pairs: Sequence[Two]) -> dict[str, Any]:
    return {"ones": [one for one, _ in pairs], "others": [other for _, other in pairs]}


def _filtered(name: str, conditions: Sequence[str]) -> str:
    return SQL[name].replace("{filter}", "WHERE " + " AND ".join(conditions) if conditions else "")
