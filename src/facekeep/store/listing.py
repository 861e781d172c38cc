"""Listings: stable order, true totals, and a cursor that goes on where the page ended."""

from collections.abc import Iterator
from typing import Any

from facekeep.domain.errors import NotFound
from facekeep.domain.faces import Standing
from facekeep.store.database import Reader
from facekeep.store.directory import iter_people as iter_people
from facekeep.store.directory import names as names
from facekeep.store.directory import people as people
from facekeep.store.directory import person as person
from facekeep.store.libraries import SQL as LIBRARY_SQL
from facekeep.store.paging import bounded as _bounded
from facekeep.store.paging import decoded as _decoded
from facekeep.store.paging import page as _page
from facekeep.store.queries import load
from facekeep.store.rows import (
    FaceRow,
    FailureCount,
    FailureRow,
    LibraryRow,
    Page,
    PhotoRow,
    ScanRow,
    Status,
)

SQL = load("listing")


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
    """Faces by id; of a person, of a photo, or without a person. `standing`: None for all.

    Not those that were made and taken back.
    """
    conditions = [] if standing is None else [f"f.standing = '{standing}'"]
    conditions += ["NOT f.unmade"] if standing in (None, "deleted") else []
    conditions += [_of_person(photo, unassigned, standing)] if person is not None else []
    conditions += ["f.photo_id = %(photo)s"] if photo is not None else []
    conditions += ["NOT EXISTS (SELECT FROM assignment o WHERE o.face_id = f.id)"] if unassigned else []
    parameters: dict[str, Any] = {"person": person, "photo": photo}
    counting = _counting(person, photo, unassigned) if standing == "shown" else "count_faces"
    total = int(reader.value(_filtered(counting, conditions), parameters))
    (after,) = _decoded(cursor, int)
    conditions += ["f.id > %(after)s"] if after is not None else []
    parameters |= {"after": after, "limit": _bounded(limit) + 1}
    rows = reader.all(FaceRow, _limited(_filtered("faces", conditions)), parameters)
    return _page(rows, limit, total, lambda last: [last.face])


def _of_person(photo: int | None, unassigned: bool, standing: Standing | None) -> str:
    """Faces of a person: those of the page are looked up first. What is somebody's is never put away."""
    alone = photo is None and not unassigned and standing == "shown"
    return SQL["of_person"] if alone else "a.person_id = %(person)s"


def _counting(person: int | None, photo: int | None, unassigned: bool) -> str:
    """The statement that counts faces: of all, of a person, and of nobody, from counts that are kept."""
    if photo is not None or (unassigned and person is not None):
        return "count_faces"
    return "faces_of_nobody" if unassigned else "faces_of_all" if person is None else "faces_of_person"


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
    conditions += ["p.state = %(state)s::photo_state"] if state is not None else []
    parameters: dict[str, Any] = {"person": person, "state": state}
    counting = "photos_of_person" if person is not None and state is None else "count_photos"
    total = int(reader.value(_filtered(counting, conditions), parameters))
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


def iter_failures(reader: Reader) -> Iterator[FailureRow]:
    """All failures, streamed."""
    everything = {"code": None, "offset": 0, "limit": None}
    return reader.stream(FailureRow, SQL["failures"].rstrip(";"), everything)


def _filtered(name: str, conditions: list[str]) -> str:
    where = "WHERE " + " AND ".join(conditions) if conditions else ""
    return SQL[name].replace("{filter}", where)


def _limited(sql: str) -> str:
    return sql + " LIMIT %(limit)s"
