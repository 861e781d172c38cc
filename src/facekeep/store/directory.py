"""The people: listed in several orders, and found by what somebody types of a name."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from facekeep.domain.errors import NotFound, UsageError
from facekeep.domain.names import mistyped
from facekeep.store import people as people_store
from facekeep.store.database import Reader
from facekeep.store.paging import bounded, decoded, encoded
from facekeep.store.queries import load
from facekeep.store.rows import Page, PersonRow

SQL = load("directory")

Sort = Literal["faces", "photos", "recent", "new", "name"]

ALIKE = 10
"""The rank of a name that is only like what was typed; each slip adds one. Better ones have 0 to 3."""

_NAMED = "(p.name IS NOT NULL)::integer::bigint"
_RECENT = "coalesce(floor(extract(epoch FROM n.recent_at) * 1e6), 0)::bigint"
_KEYS: Mapping[str, tuple[str, str, str]] = {
    "faces": (_NAMED, "coalesce(n.faces, 0)::bigint", "0::bigint"),
    "photos": (_NAMED, "coalesce(n.photos, 0)::bigint", "0::bigint"),
    "recent": (_RECENT, "coalesce(n.faces, 0)::bigint", "0::bigint"),
    "new": ("p.id", "0::bigint", "0::bigint"),
    "search": ("(100 - found.rank)::bigint", _RECENT, "coalesce(n.faces, 0)::bigint"),
}

_FEW = """JOIN found ON found.person_id = p.id
    LEFT JOIN LATERAL (SELECT * FROM person_count c WHERE c.person_id = p.id OFFSET 0) AS n ON true"""
"""Of a search: looked up one by one, instead of counting everybody."""


@dataclass(frozen=True, slots=True)
class _Ordered:
    person: int
    name: str | None
    faces: int
    photos: int
    hidden: bool
    version: int
    cover: int | None
    total: int
    first: int
    second: int
    third: int


@dataclass(frozen=True, slots=True)
class _Named:
    person: int
    name: str | None
    faces: int
    photos: int
    hidden: bool
    version: int
    cover: int | None
    total: int
    key: str


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody who fits what was typed.

    `rank`: 0 the very name, 1 to 3 a part of it, from ALIKE on with slips.
    """

    person: int
    name: str | None
    faces: int
    rank: int


def people(
    reader: Reader,
    *,
    named: bool | None = None,
    hidden: bool | None = False,
    query: str = "",
    sort: Sort | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[PersonRow]:
    """People; those in `hidden`, those out of it, or with None both.

    With a `query`, those whose name or other name fits it, the best first and of equals whom a user named or
    put faces on last; unless another order is asked for. Without, `sort` is by faces, named people first.
    UsageError for a cursor of another listing.
    """
    parameters: dict[str, Any] = {"named": named, "hidden": hidden, "limit": bounded(limit) + 1}
    asked = query.strip()
    parameters |= _alike(reader, asked) if asked else {}
    order = sort if sort is not None else "search" if asked else "faces"
    return (
        _by_name(reader, parameters, asked, cursor)
        if order == "name"
        else _by_keys(reader, parameters, order, cursor)
    )


def names(reader: Reader, query: str, *, limit: int = 10) -> list[PersonRow]:
    """Named people that fit what was typed so far, the best first; with nothing typed, those of late."""
    sort: Sort | None = None if query.strip() else "recent"
    return people(reader, named=True, query=query, sort=sort, limit=limit).items


def person(reader: Reader, person_id: int) -> PersonRow:
    """One person, where its merges led. NotFound."""
    followed = people_store.follow(reader, person_id)
    found = reader.first(PersonRow, SQL["person"], {"person": followed})
    if found is None:
        raise NotFound(f"there is no person {person_id}")
    return found


def iter_people(reader: Reader) -> Iterator[PersonRow]:
    """All people, streamed; `cover` only where one was chosen."""
    return reader.stream(PersonRow, SQL["all_people"].rstrip(";"))


def matches(reader: Reader, query: str, *, limit: int = 20) -> list[Match]:
    """Everybody with a name, hidden or not, who fits a text, the best first."""
    parameters = {"named": True, "hidden": None, "limit": limit, **_alike(reader, query), **_after_keys(None)}
    rows = reader.all(_Ordered, _statement("people", "search", query), parameters)
    return [Match(row.person, row.name, row.faces, 100 - row.first) for row in rows]


def _by_keys(reader: Reader, parameters: dict[str, Any], order: str, cursor: str | None) -> Page[PersonRow]:
    asked = "query" in parameters
    rows = reader.all(
        _Ordered, _statement("people", order, "query" if asked else ""), parameters | _after_keys(cursor)
    )
    shown = rows[: parameters["limit"] - 1]
    more = len(rows) > len(shown)
    last = shown[-1] if shown else None
    following = encoded([last.first, last.second, last.third, last.person]) if more and last else None
    return Page([_row(row) for row in shown], rows[0].total if rows else 0, following)


def _after_keys(cursor: str | None) -> dict[str, Any]:
    names = ("after_first", "after_second", "after_third", "after_id")
    return dict(zip(names, decoded(cursor, int, int, int, int), strict=True))


def _by_name(reader: Reader, parameters: dict[str, Any], asked: str, cursor: str | None) -> Page[PersonRow]:
    key, after = _after_name(cursor)
    rows = reader.all(
        _Named, _statement("by_name", "", asked), parameters | {"after_key": key, "after_id": after}
    )
    shown = rows[: parameters["limit"] - 1]
    more = len(rows) > len(shown)
    following = encoded([shown[-1].key, shown[-1].person]) if more else None
    return Page([_row(row) for row in shown], rows[0].total if rows else 0, following)


def _after_name(cursor: str | None) -> tuple[str | None, int | None]:
    """A name's key is any text, so its cursor is read here."""
    if cursor is None:
        return None, None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise UsageError("the cursor is not one that facekeep gave") from error
    if not (isinstance(key, list) and [type(part) for part in key] == [str, int]):
        raise UsageError("the cursor is not one that facekeep gave")
    if "\0" in key[0] or not 0 <= key[1] < 2**63:
        raise UsageError("the cursor is not one that facekeep gave")
    return key[0], key[1]


def _row(row: _Ordered | _Named) -> PersonRow:
    return PersonRow(**{field.name: getattr(row, field.name) for field in fields(PersonRow)})


def _statement(name: str, order: str, query: str) -> str:
    names = ("first", "second", "third")
    keys = ", ".join(f"{sql} AS {key}" for sql, key in zip(_KEYS.get(order, ()), names, strict=False))
    parts = {
        "found": SQL["found"] if query else "",
        "narrowed": _FEW if query else "LEFT JOIN person_count n ON n.person_id = p.id",
        "keys": keys,
    }
    statement = SQL[name]
    for part, sql in parts.items():
        statement = statement.replace(f"{{{part}}}", sql)
    return statement


def _alike(reader: Reader, query: str) -> dict[str, Any]:
    """The parameters of `found`: the text, and who is only like it, by how many slips."""
    slips: dict[int, int] = {}
    for who, name, typed in reader.tuples(SQL["alike"], {"query": query}):
        found = mistyped(typed, name)
        if found:
            slips[who] = min(found, slips.get(who, found))
    return {
        "query": query,
        "like_people": list(slips),
        "like_ranks": [ALIKE + count for count in slips.values()],
    }
