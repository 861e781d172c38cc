"""Listings: stable order, true totals, and a cursor that goes on where the page ended."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from facekeep.domain.errors import NotFound
from facekeep.domain.faces import Standing
from facekeep.store import people as people_store
from facekeep.store.database import Reader
from facekeep.store.libraries import SQL as LIBRARY_SQL
from facekeep.store.paging import bounded as _bounded
from facekeep.store.paging import decoded as _decoded
from facekeep.store.paging import encoded as _encoded
from facekeep.store.paging import page as _page
from facekeep.store.queries import load
from facekeep.store.rows import (
    FaceRow,
    FailureCount,
    FailureRow,
    LibraryRow,
    Page,
    PersonRow,
    PhotoRow,
    ScanRow,
    Status,
)

SQL = load("listing")


@dataclass(frozen=True, slots=True)
class _CountedPerson:
    person: int
    name: str | None
    faces: int
    photos: int
    hidden: bool
    version: int
    total: int
    cover: int | None

    def row(self) -> PersonRow:
        return PersonRow(**{field.name: getattr(self, field.name) for field in fields(PersonRow)})


def status(reader: Reader) -> Status:
    """Counts of everything."""
    found = reader.first(Status, SQL["status"])
    assert found is not None  # an aggregate without GROUP BY always gives a row
    return found


def libraries(reader: Reader) -> list[LibraryRow]:
    """Every library, oldest first."""
    return reader.all(LibraryRow, LIBRARY_SQL["list"])


def scans(reader: Reader, *, limit: int = 20) -> list[ScanRow]:
    """The latest scans, newest first."""
    return reader.all(ScanRow, LIBRARY_SQL["scans"], {"limit": limit})


def people(
    reader: Reader,
    *,
    named: bool | None = None,
    hidden: bool = False,
    query: str = "",
    cursor: str | None = None,
    limit: int = 100,
) -> Page[PersonRow]:
    """Named people first, then most faces. `query` is a part of the name, in any case."""
    after = _decoded(cursor, bool, int, int)
    parameters = _people_parameters(named=named, hidden=hidden, pattern=_pattern(query) if query else None)
    parameters |= {"limit": _bounded(limit) + 1, **dict(zip(_AFTER, after, strict=True))}
    rows = reader.all(_CountedPerson, SQL["people"], parameters)
    shown = [row.row() for row in rows[: _bounded(limit)]]
    total = rows[0].total if rows else 0
    if len(rows) <= _bounded(limit):
        return Page(shown, total, None)
    last = shown[-1]
    return Page(shown, total, _encoded([last.name is not None, last.faces, last.person]))


_AFTER = ("after_named", "after_faces", "after_id")


def person(reader: Reader, person_id: int) -> PersonRow:
    """One person, where its merges led. NotFound."""
    parameters = _people_parameters(person=people_store.follow(reader, person_id))
    found = reader.first(_CountedPerson, SQL["people"], parameters)
    if found is None:
        raise NotFound(f"there is no person {person_id}")
    return found.row()


def names(reader: Reader, query: str, *, limit: int = 10) -> list[PersonRow]:
    """Named people whose name holds the text, those that begin with it first."""
    found = people(reader, named=True, query=query.strip(), limit=200).items
    start = query.strip().lower()
    return sorted(found, key=lambda p: (not (p.name or "").lower().startswith(start), -p.faces))[:limit]


def faces(
    reader: Reader,
    *,
    person: int | None = None,
    photo: int | None = None,
    unassigned: bool = False,
    standing: Standing | None = "shown",
    cursor: str | None = None,
    limit: int = 100,
) -> Page[FaceRow]:
    """Faces by id; of a person, of a photo, or without a person. `standing`: None for all."""
    conditions = [] if standing is None else [f"f.standing = '{standing}'"]
    conditions += ["a.person_id = %(person)s"] if person is not None else []
    conditions += ["f.photo_id = %(photo)s"] if photo is not None else []
    conditions += ["a.person_id IS NULL"] if unassigned else []
    parameters: dict[str, Any] = {"person": person, "photo": photo}
    total = int(reader.value(_filtered("count_faces", conditions), parameters))
    (after,) = _decoded(cursor, int)
    conditions += ["f.id > %(after)s"] if after is not None else []
    parameters |= {"after": after, "limit": _bounded(limit) + 1}
    rows = reader.all(FaceRow, _limited(_filtered("faces", conditions)), parameters)
    return _page(rows, limit, total, lambda last: [last.face])


def face(reader: Reader, face_id: int) -> FaceRow:
    """NotFound when there is none."""
    found = reader.first(FaceRow, _filtered("faces", ["f.id = %(face)s"]), {"face": face_id})
    if found is None:
        raise NotFound(f"there is no face {face_id}")
    return found


def photos(
    reader: Reader,
    *,
    person: int | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[PhotoRow]:
    """Photos, newest taken first; of a person, or in a state."""
    of_person = "EXISTS (SELECT FROM assignment a WHERE a.photo_id = p.id AND a.person_id = %(person)s)"
    conditions = [of_person] if person is not None else []
    conditions += ["p.state::text = %(state)s"] if state is not None else []
    parameters: dict[str, Any] = {"person": person, "state": state}
    total = int(reader.value(_filtered("count_photos", conditions), parameters))
    taken, after = _decoded(cursor, str, int)
    order = "(coalesce(p.taken_at, '-infinity'), p.id) < (%(taken)s::timestamp, %(after)s::bigint)"
    conditions += [order] if after is not None else []
    parameters |= {"taken": taken, "after": after, "limit": _bounded(limit) + 1}
    rows = reader.all(PhotoRow, _limited(_filtered("photos", conditions)), parameters)
    return _page(
        rows, limit, total, lambda last: [str(last.taken_at) if last.taken_at else "-infinity", last.photo]
    )


def photo(reader: Reader, photo_id: int) -> PhotoRow:
    """NotFound when there is none."""
    found = reader.first(PhotoRow, _filtered("photos", ["p.id = %(photo)s"]), {"photo": photo_id})
    if found is None:
        raise NotFound(f"there is no photo {photo_id}")
    return found


def content_version(reader: Reader, photo_id: int) -> str:
    """The photo's content hash in hexadecimal: changes when its file is edited. NotFound."""
    found = reader.value(
        "SELECT encode(content_hash, 'hex') FROM photo WHERE id = %(photo)s", {"photo": photo_id}
    )
    if found is None:
        raise NotFound(f"there is no photo {photo_id}")
    return str(found)


def failures(
    reader: Reader, *, code: str | None = None, cursor: str | None = None, limit: int = 100
) -> Page[FailureRow]:
    """Photos that could not be looked at, then paths that could not be read."""
    (offset,) = _decoded(cursor, int)
    start = 0 if offset is None else int(offset)
    parameters = {"code": code, "offset": start, "limit": _bounded(limit) + 1}
    rows = reader.all(FailureRow, SQL["failures"], parameters)
    total = int(reader.value(SQL["count_failures"], {"code": code}))
    return _page(rows, limit, total, lambda _: [start + _bounded(limit)])


def failure(reader: Reader, photo_id: int) -> FailureRow:
    """The failure of one photo. NotFound when it has none."""
    found = reader.first(FailureRow, SQL["one_failure"], {"photo": photo_id})
    if found is None:
        raise NotFound(f"photo {photo_id} has no failure on record")
    return found


def failure_counts(reader: Reader) -> list[FailureCount]:
    """How many failed for each reason, most first."""
    return reader.all(FailureCount, SQL["failure_codes"])


def iter_faces(reader: Reader) -> Iterator[FaceRow]:
    """All faces that are shown, by id, streamed."""
    return reader.stream(FaceRow, _filtered("faces", ["f.standing = 'shown'"]))


def iter_people(reader: Reader) -> Iterator[PersonRow]:
    """All people, streamed; `cover` only where one was chosen."""
    return reader.stream(PersonRow, SQL["all_people"])


def iter_failures(reader: Reader) -> Iterator[FailureRow]:
    """All failures, streamed."""
    everything = {"code": None, "offset": 0, "limit": None}
    return reader.stream(FailureRow, SQL["failures"].rstrip(";"), everything)


def _people_parameters(**given: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("person", "hidden", "named", "pattern", "limit", *_AFTER))
    return empty | given


def _pattern(query: str) -> str:
    escaped = query.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _filtered(name: str, conditions: list[str]) -> str:
    where = "WHERE " + " AND ".join(conditions) if conditions else ""
    return SQL[name].replace("{filter}", where)


def _limited(sql: str) -> str:
    return sql + " LIMIT %(limit)s"
