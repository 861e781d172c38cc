"""`facekeep suggest` and `facekeep review`: what facekeep asks, and answering it in the terminal."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from facekeep.store.apart import ProposalRow
    from facekeep.store.database import Reader
    from facekeep.store.review import SuggestionRow
    from facekeep.store.rows import Page

Person = Annotated[
    int | None,
    typer.Option("--person", min=1, metavar="ID", help="Only about this person.", show_default=False),
]
People = Annotated[bool, typer.Option("--people", help="Whether two people are one, instead of faces.")]
Minimum = Annotated[
    float, typer.Option("--minimum", min=0.0, max=1.0, metavar="C", help="Only from this confidence on.")
]


def suggest(
    person: Person = None,
    people: People = False,
    minimum: Minimum = 0.0,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List what facekeep would like to know: which face may be whom, the surest first."""
    from facekeep.cli.output import say

    settings = options.load(home)
    with options.looking(settings) as reader:
        if reader is None:
            if not json:
                say(options.nothing_yet(settings))
        elif people:
            _list_proposals(reader, person, limit, json)
        else:
            _list_suggestions(reader, person, minimum, limit, json)


def _list_suggestions(reader: "Reader", person: int | None, minimum: float, limit: int, json: bool) -> None:
    from facekeep.api.fields import paths
    from facekeep.api.review_fields import suggestion_fields
    from facekeep.cli.output import emit, show_page, table
    from facekeep.store import review as store

    narrowed = store.Narrowed(person=person, minimum=minimum)
    if json:
        for row in _all(lambda cursor: store.suggestions(reader, narrowed, cursor=cursor, limit=1000)):
            emit(suggestion_fields(row))
        return
    page = store.suggestions(reader, narrowed, limit=limit)
    cells = [
        (row.face, row.person, row.name, f"{row.confidence:.0%}", *paths(row.files[:1]), _skipped(row))
        for row in page.items
    ]
    if cells:
        table([">face", ">person", "name", ">sure", "photo", ""], cells)
    show_page(len(cells), page.total, "suggestion")


def _list_proposals(reader: "Reader", person: int | None, limit: int, json: bool) -> None:
    from facekeep.api.review_fields import proposal_fields
    from facekeep.cli.output import emit, show_page, table
    from facekeep.store import apart as store

    if json:
        for row in _all(lambda cursor: store.proposals(reader, person=person, cursor=cursor, limit=1000)):
            emit(proposal_fields(row))
        return
    page = store.proposals(reader, person=person, limit=limit)
    cells = [
        (row.one, row.one_name, row.one_faces, row.other, row.other_name, row.other_faces, _skipped(row))
        for row in page.items
    ]
    if cells:
        table([">person", "name", ">faces", ">person", "name", ">faces", ""], cells)
    show_page(len(cells), page.total, "proposal")


def _skipped(row: "SuggestionRow | ProposalRow") -> str:
    return "skipped" if row.skipped else ""


def _all(part: "Callable[[str | None], Page[Any]]") -> Iterator[Any]:
    cursor = None
    while True:
        page = part(cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def review(person: Person = None, people: People = False, minimum: Minimum = 0.0, home: Home = None) -> None:
    """Answer what facekeep asks, a key for each: yes, no, skip, somebody else, undo, quit.

    Where standard input is no terminal, each answer is a line of it.
    """
    from facekeep import bootstrap
    from facekeep.cli.keyboard import Keys
    from facekeep.cli.output import note
    from facekeep.cli.reviewing import Faces, Pairs, Session
    from facekeep.cli.running import url_of_running

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody to ask about.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        url = url_of_running(settings.home)
        decisions: list[int] = []
        noted = replace(ctx, decided=decisions.append)
        asking = Pairs(noted, person, url) if people else Faces(noted, person, minimum, url)
        Session(noted, asking, Keys(), decisions).run()
