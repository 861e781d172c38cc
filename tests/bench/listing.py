"""How long pages of the listings take on a large library, and looking for photos and people.

    script/bench listing [--rounds N] [--small] [--on CONNINFO]

makes a library as `large_library` says (200,000 photos, 1,000,000 faces, 20,000 people) on a private server
in a temporary folder, or takes one that is there already, and asks for each page over and over, each time as
the API does: a read-only transaction of its own, the rows made into objects. Not measured is HTTP. The
columns are milliseconds: median, 95th of a hundred, worst.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.large_library import Size, fill

from facekeep.bootstrap import open_context
from facekeep.domain.dates import Span
from facekeep.settings import load
from facekeep.store import circles, decisions, directory, listing, search
from facekeep.store.database import Database, Reader
from facekeep.store.directory import Sort
from facekeep.store.rows import Page
from facekeep.store.search import Age, Found, Group, PhotoQuery

SMALL = Size(2000, 10_000, 200)
DEEP = 20
"""Pages gone through before the one that is measured as deep in a listing."""

SORTS: tuple[Sort, ...] = ("faces", "photos", "recent", "new", "name")
TYPED = ("a", "an", "ada", "ada lo", "lovelase", "kathrine", "schroder", "smyth", "田中", "zzz")

Ask = Callable[[Reader, str | None], Page[Any] | Found]


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one page, many times."""

    what: str
    total: int
    times: tuple[float, ...]

    @property
    def p95(self) -> float:
        return sorted(self.times)[int(0.95 * (len(self.times) - 1))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a line for each page."""
    parser = argparse.ArgumentParser(prog="script/bench listing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--small", action="store_true", help="a hundredth of it, to see that it runs")
    parser.add_argument("--on", metavar="CONNINFO", help="a database that was filled before")
    given = parser.parse_args(arguments)
    size = SMALL if given.small else Size()
    with _library(given.on, size) as database:
        for took in measure(database, given.rounds):
            line = (
                f"{statistics.median(took.times):7.1f} {took.p95:7.1f} {max(took.times):7.1f}   {took.what}"
            )
            sys.stdout.write(f"{line}, {took.total:,} in all\n")


def measure(database: Database, rounds: int) -> Iterator[Took]:
    """Each page of each listing: the first, and one far on."""
    for what, ask in {**_people(), **_rows(), **_searches()}.items():
        yield _timed(database, what, ask, None, rounds)
        far = _far(database, ask)
        if far is not None:
            yield _timed(database, f"{what}, far on", ask, far, rounds)


def _timed(database: Database, what: str, ask: Ask, cursor: str | None, rounds: int) -> Took:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        with database.read() as reader:
            page = ask(reader, cursor)
        times.append(1000 * (time.perf_counter() - start))
    return Took(what, page.total, tuple(times))


def _far(database: Database, ask: Ask) -> str | None:
    cursor = None
    with database.read() as reader:
        for _ in range(DEEP):
            following = ask(reader, cursor).next
            if following is None:
                break
            cursor = following
    return cursor


def _people() -> dict[str, Ask]:
    asks: dict[str, Ask] = {}
    for sort in SORTS:
        for named in (None, True, False):
            who = {None: "people", True: "named people", False: "unnamed people"}[named]
            asks[f"{who} by {sort}"] = lambda r, c, s=sort, n=named: directory.people(  # type: ignore[misc]
                r, sort=s, named=n, cursor=c
            )
    for text in TYPED:
        asks[f"people like “{text}”"] = lambda r, c, q=text: directory.people(r, query=q, cursor=c)  # type: ignore[misc]
        asks[f"names for “{text}”"] = lambda r, c, q=text: _names(r, q)  # type: ignore[misc]
    asks["names for nothing typed"] = lambda r, c: _names(r, "")
    return asks


def _names(reader: Reader, query: str) -> Page[Any]:
    found = directory.names(reader, query)
    return Page(list(found), len(found), None)


def _rows() -> dict[str, Ask]:
    return {
        "faces": lambda r, c: listing.faces(r, cursor=c),
        "faces of the largest person": lambda r, c: listing.faces(r, person=1, cursor=c),
        "faces of a small person": lambda r, c: listing.faces(r, person=15_001, cursor=c),
        "faces of nobody": lambda r, c: listing.faces(r, unassigned=True, cursor=c),
        "photos": lambda r, c: listing.photos(r, cursor=c),
        "photos of the largest person": lambda r, c: listing.photos(r, person=1, cursor=c),
        "photos of a small person": lambda r, c: listing.photos(r, person=15_001, cursor=c),
        "photos done": lambda r, c: listing.photos(r, state="done", cursor=c),
        "photos failed": lambda r, c: listing.photos(r, state="failed", cursor=c),
        "failures": lambda r, c: listing.failures(r, cursor=c),
        "journal": lambda r, c: decisions.decisions(r, cursor=c),
        "journal of the user": lambda r, c: decisions.decisions(r, actor="user", cursor=c),
        "journal of one verb": lambda r, c: decisions.decisions(r, verb="name", cursor=c),
        "journal of the largest person": lambda r, c: decisions.decisions(r, person=1, cursor=c),
        "journal of a face": lambda r, c: decisions.decisions(r, face=400, cursor=c),
        "changes of a decision": lambda r, c: decisions.changes(r, 17, cursor=c),
        "circles": lambda r, c: circles.circles(r, cursor=c),
    }


def _searches() -> dict[str, Ask]:
    year = Span(date(2019, 1, 1), date(2020, 1, 1))
    one, two = Group((1,)), Group((1, 2))
    asked = {
        "all": PhotoQuery(),
        "all, oldest first": PhotoQuery(order="oldest"),
        "A": PhotoQuery(all_of=one),
        "A and B": PhotoQuery(all_of=two),
        "A and B and not C": PhotoQuery(all_of=two, none_of=Group((3,))),
        "A and a rare one": PhotoQuery(all_of=Group((1, 150))),
        "A and nobody else": PhotoQuery(all_of=one, only=True),
        "A in 2019": PhotoQuery(all_of=one, taken=year),
        "A in a library": PhotoQuery(all_of=one, library=1),
        "A with somebody unnamed": PhotoQuery(all_of=one, unnamed=True),
        "not A": PhotoQuery(none_of=one),
        "any of ten": PhotoQuery(any_of=Group(tuple(range(1, 11)))),
        "any of a circle": PhotoQuery(any_of=Group((), (1,))),
        "all of a circle": PhotoQuery(all_of=Group((), (1,))),
        "at an age": PhotoQuery(ages=(Age(3, 40, 60),)),
        "2019": PhotoQuery(taken=year),
        "a library": PhotoQuery(library=1),
        "somebody unnamed": PhotoQuery(unnamed=True),
        "one or two faces": PhotoQuery(faces_min=1, faces_max=2),
        "25 faces and more": PhotoQuery(faces_min=25),
        "no faces": PhotoQuery(faces_max=0),
    }
    return {f"search: {what}": _searching(query) for what, query in asked.items()}


def _searching(query: PhotoQuery) -> Ask:
    return lambda reader, cursor: search.photos(reader, query, cursor=cursor)


@contextmanager
def _library(conninfo: str | None, size: Size) -> Iterator[Database]:
    if conninfo is not None:
        with Database(conninfo) as database:
            yield database
        return
    folder = Path(tempfile.mkdtemp(prefix="facekeep-bench-"))
    folder.chmod(0o755)
    try:
        with open_context(load({"home": folder / "home"}, environ={})) as ctx:
            fill(ctx.database._where(), size, tell=True)
            yield ctx.database
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
