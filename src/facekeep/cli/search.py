"""`facekeep search`: photos by who is in them."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from facekeep.cli import naming, options
from facekeep.cli.options import Home, Json, Limit
from facekeep.domain.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from facekeep.store.database import Reader
    from facekeep.store.rows import PhotoRow
    from facekeep.store.search import Age, Found, Order, PhotoQuery

OLDEST = 200


Several = list[str] | None

With = Annotated[
    Several,
    typer.Option("--with", metavar="PERSON", help="They are in it: a number or a name; may be repeated."),
]
Any = Annotated[
    Several, typer.Option("--any", metavar="PERSON", help="At least one of these is in it; may be repeated.")
]
Without = Annotated[Several, typer.Option(metavar="PERSON", help="They are not in it; may be repeated.")]
Circle = Annotated[
    Several, typer.Option(metavar="NAME", help="At least one of this circle is in it; may be repeated.")
]
WholeCircle = Annotated[Several, typer.Option(metavar="NAME", help="Everybody of this circle is in it.")]
WithoutCircle = Annotated[Several, typer.Option(metavar="NAME", help="Nobody of this circle is in it.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="Taken then or later: 2019, 2019-07 or 2019-07-14."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="DATE", help="Taken then or earlier; the whole of it counts."),
]
Ages = Annotated[
    Several,
    typer.Option(metavar="PERSON:MIN-MAX", help="They are in it, and from MIN to MAX years old."),
]
Faces = Annotated[str | None, typer.Option(metavar="MIN-MAX", help="So many faces are in it: 2-4, 3-, or 0.")]
Folder = Annotated[Path | None, typer.Option(metavar="DIR", help="A file of it lies in this photo folder.")]
Only = Annotated[bool, typer.Option("--only", help="Nobody else is in it, and no unknown face.")]
Unnamed = Annotated[bool, typer.Option("--unnamed", help="Somebody without a name is in it.")]
State = Annotated[str | None, typer.Option(help="waiting, done or failed.")]
Sort = Annotated[str, typer.Option(help="newest, oldest, or added: the last added first.")]


def search(
    with_: With = None,
    any_: Any = None,
    without: Without = None,
    circle: Circle = None,
    whole_circle: WholeCircle = None,
    without_circle: WithoutCircle = None,
    only: Only = False,
    unnamed: Unnamed = False,
    from_: From = None,
    to: To = None,
    age: Ages = None,
    faces: Faces = None,
    library: Folder = None,
    state: State = None,
    sort: Sort = "newest",
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """Find photos: of some people and not of others, alone or together, between dates, at some age.

    What is said must all be so. Names may be typed in part and without accents; where several people could
    be meant, nothing is guessed. Photos without a date are left out when dates or ages are asked for, and
    counted.
    """
    from facekeep.cli.output import say

    settings = options.load(home)
    asked = _Asked(
        (with_, any_, without), (whole_circle, circle, without_circle), age, library, (from_, to), faces
    )
    with options.looking(settings) as reader:
        if reader is not None:
            query = replace(
                _query(reader, asked),
                only=only,
                unnamed=unnamed,
                state=None if state is None else _one_of(state, "--state", ("waiting", "done", "failed")),
                order=cast("Order", _one_of(sort, "--sort", ("newest", "oldest", "added"))),
            )
            _show(reader, query, limit, json)
        elif not json:
            say(options.nothing_yet(settings))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was said of people, circles, ages and folders, before anybody knows whom it means."""

    people: tuple[list[str] | None, list[str] | None, list[str] | None]
    circles: tuple[list[str] | None, list[str] | None, list[str] | None]
    ages: list[str] | None
    library: Path | None
    taken: tuple[str | None, str | None]
    faces: str | None


def _query(reader: "Reader", asked: _Asked) -> "PhotoQuery":
    from facekeep.domain.dates import between
    from facekeep.store.search import Group, PhotoQuery

    all_of, any_of, none_of = (
        Group(_each(reader, naming.person, people), _each(reader, naming.circle, circles))
        for people, circles in zip(asked.people, asked.circles, strict=True)
    )
    least, most = (None, None) if asked.faces is None else _range(asked.faces, "--faces")
    return PhotoQuery(
        all_of=all_of,
        any_of=any_of,
        none_of=none_of,
        faces_min=least,
        faces_max=most,
        taken=between(*asked.taken),
        ages=tuple(_age(reader, text) for text in ([] if asked.ages is None else asked.ages)),
        library=None if asked.library is None else _library(reader, asked.library),
    )


def _each(reader: "Reader", meant: "Callable[[Reader, str], int]", said: list[str] | None) -> tuple[int, ...]:
    return () if said is None else tuple(meant(reader, one) for one in said)


def _age(reader: "Reader", text: str) -> "Age":
    """`Ada:3-5`, `7:18`: the person, and from how many years to how many."""
    from facekeep.store.search import Age

    who, colon, years = text.rpartition(":")
    if not colon:
        raise UsageError(f"{text!r} says no age", hint="Say it as in --age Ada:3-5.")
    least, most = _range(years, "--age")
    return Age(naming.person(reader, who), least, OLDEST if most is None else most)


def _range(text: str, option: str) -> tuple[int, int | None]:
    """`2-4`, `3-` or `3`, which is just 3."""
    parts = re.fullmatch(r"(\d{1,6})(-(\d{0,6}))?", text.strip())
    if parts is None:
        raise UsageError(f"{option}: {text!r} is no range", hint="Say 2-4, 3- or 3.")
    least = int(parts[1])
    if parts[2] is None:
        return least, least
    most = int(parts[3]) if parts[3] else None
    if most is not None and most < least:
        raise UsageError(f"{option}: {text} ends before it begins", hint="Say the lower number first.")
    return least, most


def _one_of(given: str, option: str, known: "Sequence[str]") -> str:
    if given not in known:
        raise UsageError(f"{option}: {given!r} is none of {', '.join(known)}")
    return given


def _library(reader: "Reader", folder: Path) -> int:
    from facekeep.store import listing

    wanted = os.fsencode(folder.resolve())
    for row in listing.libraries(reader):
        if row.root == wanted:
            return row.library
    raise NotFound(f"{folder} is no photo folder that facekeep knows", hint="`facekeep scan` takes one in.")


def _show(reader: "Reader", query: "PhotoQuery", limit: int, json: bool) -> None:
    from facekeep.api.fields import paths, photo_fields
    from facekeep.cli.output import count, emit, note, say, show_page, table
    from facekeep.store import search as store

    if json:
        for row in _all(reader, query):
            emit(photo_fields(row))
        return
    found = store.photos(reader, query, limit=limit)
    rows = [
        (
            row.photo,
            "" if row.taken_at is None else f"{row.taken_at:%Y-%m-%d %H:%M}",
            row.faces,
            *paths(row.files)[:1],
        )
        for row in found.items
    ]
    if rows:
        table([">photo", "taken", ">faces", "file"], rows)
    show_page(len(rows), found.total, "photo")
    if found.undated and query.dated:
        say(f"{count(found.undated, 'more photo')} would fit, but when they were taken is not known")
    elif found.undated:
        note(f"of {count(found.undated, 'photo')} it is not known when they were taken; they come last")


def _all(reader: "Reader", query: "PhotoQuery") -> "Iterator[PhotoRow]":
    from facekeep.store import search as store

    cursor: str | None = None
    while True:
        found: Found = store.photos(reader, query, cursor=cursor, limit=1000)
        yield from found.items
        cursor = found.next
        if cursor is None:
            return
