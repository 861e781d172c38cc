"""`facekeep people` and `facekeep name`."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit
from facekeep.domain.errors import Conflict, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facekeep.actions.context import Context
    from facekeep.store.database import Reader
    from facekeep.store.directory import Sort
    from facekeep.store.rows import PersonRow


def people(
    named: Annotated[
        bool | None, typer.Option("--named/--unnamed", help="Only people with a name, or only those without.")
    ] = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only people whose name is like this.", show_default=False)
    ] = "",
    sort: Annotated[
        str | None,
        typer.Option(help="faces, photos, recent, new or name.", show_default=False),
    ] = None,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List people: named ones first, then those with most faces; or those whose name is like a text."""
    from facekeep.api.fields import person_fields
    from facekeep.cli.output import emit, say, show_page, table
    from facekeep.store import listing

    settings = options.load(home)
    with options.looking(settings) as reader:
        order = _order(sort)
        if json:
            for row in () if reader is None else _everybody(reader, named, search, order):
                emit(person_fields(row))
        elif reader is None:
            say(options.nothing_yet(settings))
        else:
            page = listing.people(reader, named=named, query=search, sort=order, limit=limit)
            rows = [(row.person, row.name, row.faces, row.photos) for row in page.items]
            table([">person", "name", ">faces", ">photos"], rows)
            show_page(len(rows), page.total, "person", "people")


def _order(given: str | None) -> "Sort | None":
    known = ("faces", "photos", "recent", "new", "name")
    if given is not None and given not in known:
        raise UsageError(f"--sort: {given!r} is none of {', '.join(known)}")
    return cast("Sort | None", given)


def _everybody(
    reader: "Reader", named: bool | None, search: str, order: "Sort | None"
) -> "Iterator[PersonRow]":
    """Hidden or not; all at once where no order needs pages."""
    from facekeep.store import listing

    if not search.strip() and order is None:
        found = listing.iter_people(reader)
        yield from (row for row in found if named is None or named == (row.name is not None))
        return
    cursor: str | None = None
    while True:
        page = listing.people(
            reader, named=named, hidden=None, query=search, sort=order, cursor=cursor, limit=1000
        )
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def name(
    who: Annotated[
        str,
        typer.Argument(metavar="PERSON", help="The person's number; with --face the name takes this place."),
    ],
    new_name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The name; quote one that has spaces.", show_default=False),
    ] = None,
    face: Annotated[
        int | None,
        typer.Option("--face", min=1, metavar="ID", help="Name whoever this face is, not a number."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Somebody of that name is there: this is the same person.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Somebody of that name is there: this is another person.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the name away.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the person as one JSON object.")] = False,
    home: Home = None,
) -> None:
    """Give a person a name, or another one.

    `facekeep people` lists the numbers. Naming confirms the faces that the person has now: facekeep never
    moves them afterwards, and recognises the person in later scans.
    """
    from facekeep import bootstrap
    from facekeep.api.fields import person_fields
    from facekeep.cli.output import count, emit, note, say

    if merge and new:
        raise UsageError("--merge and --new exclude each other", hint="Give the one that is true.")
    person, wanted = _what(who, new_name, face, remove)
    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody to name.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        row = _named(ctx, person, face, wanted, merge=merge, new=new)
    if json:
        emit(person_fields(row))
    else:
        called = "has no name now" if row.name is None else f"is {row.name}"
        say(f"person {row.person} {called} ({count(row.faces, 'face')} in {count(row.photos, 'photo')})")


def _what(who: str, new_name: str | None, face: int | None, remove: bool) -> tuple[int | None, str | None]:
    """The person, unless a face says who; and the name, unless it is to be removed."""
    if face is not None:
        if new_name is not None:
            raise UsageError("with --face, give only the name", hint='facekeep name --face 31 "Ada Lovelace"')
        return None, who
    if not who.isdecimal():
        raise UsageError(f"{who!r} is no person's number", hint="`facekeep people` lists the numbers.")
    if (new_name is None) != remove:
        raise UsageError("give either a name or --remove", hint=f'facekeep name {who} "Ada Lovelace"')
    return int(who), new_name


def _named(
    ctx: "Context", person: int | None, face: int | None, wanted: str | None, *, merge: bool, new: bool
) -> "PersonRow":
    from facekeep.actions import people as actions

    if wanted is None:
        assert person is not None
        return actions.name_person(ctx, person, None)
    wanted = actions.clean_name(wanted)
    if face is not None:
        person = _person_of(ctx, face)
    others = [] if new else namesakes(ctx, wanted, apart_from=person)
    if not others:
        return _name_new(ctx, person, face, wanted)
    if not merge or len(others) > 1:
        raise _taken(others)
    if person is not None:
        return actions.merge_people(ctx, person, others[0].person)
    assert face is not None
    actions.assign_face(ctx, face, person_id=others[0].person)
    return _look(ctx, others[0].person)


def _name_new(ctx: "Context", person: int | None, face: int | None, wanted: str) -> "PersonRow":
    from facekeep.actions import people as actions

    if person is not None:
        return actions.name_person(ctx, person, wanted)
    assert face is not None
    row = actions.assign_face(ctx, face, name=wanted)
    assert row.person is not None
    return _look(ctx, row.person)


def _person_of(ctx: "Context", face: int) -> int | None:
    from facekeep.store import listing

    with ctx.database.read() as reader:
        return listing.face(reader, face).person


def _look(ctx: "Context", person: int) -> "PersonRow":
    from facekeep.store import listing

    with ctx.database.read() as reader:
        return listing.person(reader, person)


def namesakes(ctx: "Context", wanted: str, *, apart_from: int | None) -> "list[PersonRow]":
    """Who has just this name, in any case, hidden people as well."""
    from facekeep.store import listing

    with ctx.database.read() as reader:
        shown = listing.people(reader, named=True, query=wanted, limit=1000).items
        hidden = listing.people(reader, named=True, hidden=True, query=wanted, limit=1000).items
    same = wanted.casefold()
    return [
        row for row in [*shown, *hidden] if (row.name or "").casefold() == same and row.person != apart_from
    ]


def _taken(others: "list[PersonRow]") -> Conflict:
    wanted = others[0].name
    numbers = ", ".join(str(row.person) for row in others)
    if len(others) > 1:
        hint = "Say --new if this is yet another one. To make two people one, use the page."
        return Conflict(f"several people are named {wanted} already: {numbers}", hint=hint)
    hint = "Say --merge if this is the same person, --new if it is another one of that name."
    return Conflict(f"person {numbers} is named {wanted} already", hint=hint)
