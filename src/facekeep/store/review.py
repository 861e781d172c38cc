"""Questions of the kind "is this face that person?": listing them, and how it stands with each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from facekeep.domain.review import Asked, Pair
from facekeep.store import people
from facekeep.store.database import Reader, Writer
from facekeep.store.paging import bounded, decoded, page
from facekeep.store.queries import load
from facekeep.store.rows import Page

SQL = load("review")

FACES_SHOWN = 6
"""Faces that stand beside a person in the list of people who are asked about."""

LOOKED_AT_AGAIN = 100
"""Faces still asked about that are thought over when a person has got more faces: the surest ones."""


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """A question as listed. Box in fractions of the upright photo; distance is Euclidean."""

    face: int
    photo: int
    photo_width: int
    photo_height: int
    files: list[bytes]
    x: float
    y: float
    width: float
    height: float
    quality: float | None
    taken_at: datetime | None
    person: int
    name: str | None
    confidence: float
    distance: float
    reason: dict[str, Any]
    suggested_at: datetime
    skipped: bool


@dataclass(frozen=True, slots=True)
class AskedPerson:
    """Somebody who is asked about: how many questions, how many of them skipped, how sure the best one is."""

    person: int
    name: str | None
    hidden: bool
    cover: int | None
    suggestions: int
    skipped: int
    best: float
    faces: list[int]
    """The faces of the surest questions."""


@dataclass(frozen=True, slots=True)
class _Counted(AskedPerson):
    total: int

    def row(self) -> AskedPerson:
        return AskedPerson(**{field.name: getattr(self, field.name) for field in fields(AskedPerson)})


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which questions: of a person, a face, a photo; from a confidence on; of hidden people as well.

    Hidden people are left out unless they are named here.
    """

    person: int | None = None
    face: int | None = None
    photo: int | None = None
    minimum: float = 0.0
    hidden: bool = False


def suggestions(
    reader: Reader, narrowed: Narrowed, *, cursor: str | None = None, limit: int = 100
) -> Page[SuggestionRow]:
    """Open questions, the surest first, skipped ones last. What is answered is not there any more."""
    conditions, given = _conditions(reader, narrowed)
    total = _count(reader, narrowed, conditions, given)
    after = decoded(cursor, bool, float, int, int)
    conditions += [] if cursor is None else [SQL["after"]]
    keys = ("after_skipped", "after_confidence", "after_face", "after_person")
    given |= dict(zip(keys, after, strict=True)) | {"limit": bounded(limit) + 1}
    rows = reader.all(SuggestionRow, _filtered("page", conditions), given)
    return page(rows, limit, total, lambda last: [last.skipped, last.confidence, last.face, last.person])


def asked_people(
    reader: Reader, narrowed: Narrowed, *, cursor: str | None = None, limit: int = 100
) -> Page[AskedPerson]:
    """Who is asked about, the surest question first; those of whom everything was skipped last."""
    conditions, given = _conditions(reader, replace(narrowed, hidden=True))
    after = decoded(cursor, bool, float, int)
    given |= {"hidden": narrowed.hidden}
    given |= dict(zip(("after_put_off", "after_best", "after_id"), after, strict=True))
    given |= {"limit": bounded(limit) + 1, "faces": FACES_SHOWN}
    rows = reader.all(_Counted, _filtered("people", conditions), given)
    total = rows[0].total if rows else int(reader.value(_filtered("count_people", conditions), given))
    return page(
        [row.row() for row in rows],
        limit,
        total,
        lambda last: [last.suggestions == last.skipped, last.best, last.person],
    )


def alive(reader: Reader, who: Sequence[int]) -> set[int]:
    """Those of the people who are there, and not another by now."""
    return {int(row[0]) for row in reader.tuples(SQL["alive"], {"people": list(who)})}


def asked(reader: Reader, pairs: Sequence[Pair]) -> dict[Pair, Asked]:
    """How it stands with each face and person; those of faces that do not exist are left out."""
    return {(row.face, row.person): row for row in reader.all(Asked, SQL["asked"], _pairs(pairs))}


def whose(reader: Reader, faces: Sequence[int]) -> dict[int, int]:
    """Whose these faces are; those of nobody are left out."""
    return {int(f): int(p) for f, p in reader.tuples(SQL["whose"], {"faces": list(faces)})}


def best(reader: Reader, person: int, *, minimum: float, skipped: bool, limit: int) -> list[int]:
    """The faces of one person's open questions from a confidence on, the surest first."""
    row = {"person": person, "minimum": minimum, "skipped": skipped, "limit": limit}
    return [int(found[0]) for found in reader.tuples(SQL["best"], row)]


def skip(writer: Writer, pairs: Sequence[Pair], *, skipped: bool = True) -> int:
    """Put questions last, or take that back. How many."""
    return writer.run(SQL["skip"], {**_pairs(pairs), "skipped": skipped}) if pairs else 0


def look_again(writer: Writer, person: int) -> int:
    """Let matching think again about faces that are asked about this person. How many."""
    return writer.run(SQL["look_again"], {"person": person, "limit": LOOKED_AT_AGAIN})


def expire(writer: Writer, days: int) -> int:
    """Drop questions older than so many days (0: none), and those of people who are gone. How many."""
    old = writer.run(SQL["expire"], {"days": days}) if days else 0
    return old + writer.run(SQL["sweep"])


def _conditions(reader: Reader, narrowed: Narrowed) -> tuple[list[str], dict[str, Any]]:
    person = None if narrowed.person is None else people.follow(reader, narrowed.person)
    chosen = (person, narrowed.face, narrowed.photo)
    conditions = [] if person is None else ["s.person_id = %(person)s"]
    conditions += [] if narrowed.face is None else ["s.face_id = %(face)s"]
    conditions += [] if narrowed.photo is None else [SQL["of_photo"]]
    conditions += ["s.confidence >= %(minimum)s::real"] if narrowed.minimum > 0 else []
    if not narrowed.hidden and person is None:
        conditions.append(SQL["of_people_shown"])
    given = dict(zip(("person", "face", "photo"), chosen, strict=True))
    return conditions, {**given, "minimum": narrowed.minimum}


def _count(reader: Reader, narrowed: Narrowed, conditions: Sequence[str], given: dict[str, Any]) -> int:
    """Of the whole queue: all without those that are not shown, of whom there are few."""
    if not narrowed.hidden and narrowed == Narrowed():
        return int(reader.value(SQL["count_shown"]))
    return int(reader.value(_filtered("count", conditions), given))


def _filtered(name: str, conditions: Sequence[str]) -> str:
    return SQL[name].replace("{filter}", "WHERE " + " AND ".join(conditions) if conditions else "")


def _pairs(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {"faces": [face for face, _ in pairs], "people": [person for _, person in pairs]}
