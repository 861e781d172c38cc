"""Photos by who is in them, when they were taken and where they lie: exact totals, pages in a stable order.

What counts as a face of a photo, and as one of a person, is said by the views `counted_face` and `counted`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from facekeep.domain.dates import EVER, Span, aged
from facekeep.domain.errors import NotFound, UsageError
from facekeep.store import people as people_store
from facekeep.store.database import Reader, Writer
from facekeep.store.paging import bounded, decoded, encoded
from facekeep.store.queries import load
from facekeep.store.rows import PhotoRow

SQL = load("search")

Order = Literal["newest", "oldest", "added"]

FEW = 5000
"""Up to so many are sorted; of more, photos are gone through in their order until a page is full."""

MOST_FACES = 2**31 - 1

COUNTED_AT_ONCE = 1000
"""So many photos and people have their faces counted again in one transaction: a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Age:
    """Somebody is in the photo, and from `least` to `most` years old in it."""

    person: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Group:
    """People, and everybody who is in circles."""

    people: tuple[int, ...] = ()
    circles: tuple[int, ...] = ()


NOBODY = Group()


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """What photos are asked for; all of it must be so.

    `all_of`: each of them is in it. `any_of`: at least one is. `none_of`: none is. `only`: nobody else is,
    and no unknown face. `unnamed`: a face of nobody, or of somebody without a name, is. `taken`: days; photos
    without a date are then left out.
    """

    all_of: Group = NOBODY
    any_of: Group = NOBODY
    none_of: Group = NOBODY
    only: bool = False
    unnamed: bool = False
    faces_min: int | None = None
    faces_max: int | None = None
    taken: Span = EVER
    ages: tuple[Age, ...] = ()
    library: int | None = None
    state: str | None = None
    order: Order = "newest"

    @property
    def dated(self) -> bool:
        """Whether photos without a date are left out."""
        return self.taken.bounded or bool(self.ages)


@dataclass(frozen=True, slots=True)
class Found:
    """Part of the photos that fit. `undated`: how many fit but for having no date; where days are asked for
    they are not in `total`, else they are, and come last."""

    items: list[PhotoRow]
    total: int
    undated: int
    next: str | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The SQL of a query.

    `more`: conditions on s.photo_id beside `start`; `whole`: with what `start` says.
    """

    start: str
    more: list[str]
    whole: list[str]
    taken: Span
    order: Order
    everywhere: bool
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """An order that an index has: its key, its direction, and the cursor's key of a row."""

    key: str
    by: str
    after: str
    of: Callable[[PhotoRow], list[Any]]
    kinds: tuple[type, ...]


_EARLIEST = "coalesce(p.taken_at, '-infinity'::timestamp)"
_LATEST = "coalesce(p.taken_at, 'infinity'::timestamp)"

_ORDERS: dict[Order, _Sorted] = {
    "newest": _Sorted(
        _EARLIEST,
        f"{_EARLIEST} DESC, p.id DESC",
        f"({_EARLIEST}, p.id) < (%(taken)s::timestamp, %(after)s::bigint)",
        lambda row: [row.taken_at.isoformat() if row.taken_at else "-infinity", row.photo],
        (str, int),
    ),
    "oldest": _Sorted(
        _LATEST,
        f"{_LATEST}, p.id",
        # A cursor has one word for no date.
        f"({_LATEST}, p.id) > "
        "(coalesce(nullif(%(taken)s::timestamp, '-infinity'), 'infinity'), %(after)s::bigint)",
        lambda row: [row.taken_at.isoformat() if row.taken_at else "-infinity", row.photo],
        (str, int),
    ),
    "added": _Sorted(
        _EARLIEST, "p.id DESC", "p.id < %(after)s::bigint", lambda row: ["-infinity", row.photo], (str, int)
    ),
}


def photos(reader: Reader, query: PhotoQuery, *, cursor: str | None = None, limit: int = 100) -> Found:
    """The photos that fit.

    NotFound for people, circles and libraries that are not there. UsageError for what cannot be asked: only
    nobody, a circle that nobody is in, an age of somebody without a birth date.
    """
    plan = _plan(reader, query)
    total, undated, few = reader.tuples(_count(plan), plan.parameters)[0]
    if not total:
        return Found([], 0, int(undated), None)
    ordered = _ORDERS[plan.order]
    taken, after = decoded(cursor, *ordered.kinds)
    parameters = plan.parameters | {"taken": taken, "after": after, "few": few, "limit": bounded(limit) + 1}
    conditions = _dates(plan.taken, ordered.key) + ([ordered.after] if after is not None else [])
    statement = _walk(plan, conditions) if few is None or total > FEW else _gather(conditions)
    numbers = [int(row[0]) for row in reader.tuples(statement.replace("{order}", ordered.by), parameters)]
    shown = reader.all(PhotoRow, SQL["shown"], {"photos": numbers[: bounded(limit)]})
    more = len(numbers) > len(shown)
    return Found(shown, int(total), int(undated), encoded(ordered.of(shown[-1])) if more else None)


# The SQL of a query
# ------------------------------------------------------------------------------------------


def _count(plan: _Plan) -> str:
    if plan.everywhere:
        whole = _of_photo(plan.whole)
        dated = _where([*whole, *_dates(plan.taken, _EARLIEST)])
        statement = _counting(SQL["count_among_all"], plan.whole).replace("s.photo_id", "p.id")
        undated = _where([*whole, f"{_EARLIEST} = '-infinity'"])
        return statement.replace("{dated}", dated).replace("{undated}", undated)
    dates = _dates(plan.taken, _EARLIEST)
    dated = SQL["dated"].replace("{dates}", _where(dates)) if dates else ""
    counting = _begun(SQL["count"], plan).replace("{dated}", dated)
    return counting.replace("{which}", "dated" if dates else "fitting")


def _gather(conditions: list[str]) -> str:
    return SQL["gather"].replace("{narrowed}", _where(["p.id = ANY(%(few)s)", *conditions]))


def _walk(plan: _Plan, conditions: list[str]) -> str:
    statement = _counting(SQL["walk"], plan.whole).replace("s.photo_id", "p.id")
    return statement.replace("{narrowed}", _where([*_of_photo(plan.whole), *conditions]))


def _begun(statement: str, plan: _Plan) -> str:
    begun = _counting(statement, plan.more).replace("{start}", plan.start)
    return begun.replace("{more}", _where(plan.more))


def _counting(statement: str, conditions: list[str]) -> str:
    """Faces are counted only where a condition asks how many there are."""
    needed = any("n.faces" in condition or "n.named" in condition for condition in conditions)
    for name in ("counts", "few_counts"):
        statement = statement.replace(f"{{{name}}}", SQL[name] if needed else "")
    return statement


def _of_photo(conditions: list[str]) -> list[str]:
    return [condition.replace("s.photo_id", "p.id") for condition in conditions]


def _where(conditions: list[str]) -> str:
    return "WHERE " + " AND ".join(conditions) if conditions else ""


def _dates(taken: Span, key: str) -> list[str]:
    """On the very expression that an index is on, so that it is used."""
    if not taken.bounded:
        return []
    conditions = ["p.taken_at IS NOT NULL"]
    conditions += [] if taken.start is None else [f"{key} >= %(start)s::timestamp"]
    return conditions + ([] if taken.end is None else [f"{key} < %(end)s::timestamp"])


# What it is made of -----------------------------------------------------------------------------------------


def _plan(reader: Reader, query: PhotoQuery) -> _Plan:
    asked_all = _members(reader, query.all_of, needed=True) | _followed(
        reader, [a.person for a in query.ages]
    )
    asked_any = _members(reader, query.any_of, needed=True)
    none = _members(reader, query.none_of, needed=False)
    born = _known(reader, asked_all | asked_any | none)
    rarest = [person for person in born if person in asked_all]
    taken = _taken(reader, query, born)
    if query.only and not asked_all | asked_any:
        raise UsageError("“nobody else” needs somebody", hint="Say who is in the photo.")
    if query.library is not None:
        _library(reader, query.library)
    starts = _starts(query, rarest, any_of=bool(asked_any))
    start = _START[starts[0]] if starts else SQL["start_everywhere"]
    whole = [SQL.get(name, name) for name in starts + _more(query, rarest, none=bool(none))]
    parameters = {
        "rarest": rarest[0] if rarest else None,
        "any": sorted(asked_any),
        "none": sorted(none),
        "asked": sorted(asked_all | asked_any),
        "faces_min": 0 if query.faces_min is None else query.faces_min,
        "faces_max": MOST_FACES if query.faces_max is None else query.faces_max,
        "library": query.library,
        "state": query.state,
        "start": taken.start,
        "end": taken.end,
        "few": FEW + 1,
    }
    return _Plan(start, whole[1:] if starts else whole, whole, taken, query.order, not starts, parameters)


_IN_RAREST = SQL["is_in"].replace("{person}", "%(rarest)s")
_START = {
    "nobody_else": SQL["start_only"],
    _IN_RAREST: SQL["start_person"],
    "any_is_in": SQL["start_any"],
    "so_many_faces": SQL["start_faces"],
    "somebody_unnamed": SQL["start_unnamed"],
    "in_library": SQL["start_library"],
}


def _starts(query: PhotoQuery, rarest: list[int], *, any_of: bool) -> list[str]:
    """The conditions that can say where to begin, the one that leaves fewest photos first."""
    counted = query.faces_min is not None or query.faces_max is not None
    return [
        *(["nobody_else"] if query.only else []),
        *([_IN_RAREST] if rarest else []),
        *(["any_is_in"] if any_of else []),
        *(["so_many_faces"] if counted else []),
        *(["somebody_unnamed"] if query.unnamed else []),
        *(["in_library"] if query.library is not None else []),
    ]


def _more(query: PhotoQuery, rarest: list[int], *, none: bool) -> list[str]:
    return [
        *(SQL["is_in"].replace("{person}", str(int(person))) for person in rarest[1:]),
        *(["none_is_in"] if none else []),
        *(["in_state"] if query.state is not None else []),
    ]


def _members(reader: Reader, group: Group, *, needed: bool) -> set[int]:
    """The people of a group and of its circles. `needed`: a circle without anybody is refused."""
    found = dict(reader.tuples(SQL["members"], {"circles": list(group.circles)}))
    for circle in group.circles:
        if circle not in found:
            raise NotFound(f"there is no circle {circle}")
        if needed and found[circle] is None:
            raise UsageError(f"nobody is in circle {circle}", hint="Put somebody into it, or leave it out.")
    members = {person for inside in found.values() if inside is not None for person in inside}
    return members | _followed(reader, list(group.people))


def _followed(reader: Reader, people: list[int]) -> set[int]:
    """Where their merges led."""
    return {people_store.follow(reader, person) for person in people}


def _known(reader: Reader, people: set[int]) -> dict[int, date | None]:
    """The birth dates of people, those in fewest photos first. NotFound."""
    found = {int(row[0]): row[2] for row in reader.tuples(SQL["sizes"], {"people": sorted(people)})}
    missing = sorted(people - set(found))
    if missing:
        raise NotFound(f"there is no person {missing[0]}")
    return found


def _taken(reader: Reader, query: PhotoQuery, born: dict[int, date | None]) -> Span:
    taken = query.taken
    for age in query.ages:
        birth = born[people_store.follow(reader, age.person)]
        if birth is None:
            raise UsageError(
                f"the birth date of person {age.person} is not known", hint="`facekeep edit --born` says it."
            )
        taken = taken.within(aged(birth, age.least, age.most))
    return taken


def _library(reader: Reader, library: int) -> None:
    if reader.value("SELECT id FROM library WHERE id = %(library)s", {"library": library}) is None:
        raise NotFound(f"there is no library {library}")


def count_stale(writer: Writer) -> bool:
    """Count some of what has changed again; whether any of it is left. Changes no answer, only its price."""
    writer.tuples(SQL["count_stale"], {"most": COUNTED_AT_ONCE})
    return bool(writer.value(SQL["stale"]))
