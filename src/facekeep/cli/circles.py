"""`facekeep circles` and `facekeep circle …`: groups of people, such as a family."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import naming, options
from facekeep.cli.guard import GuardedGroup
from facekeep.cli.options import Home, Json, Limit
from facekeep.domain.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from facekeep.actions.circles import Changed
    from facekeep.actions.context import Context

app = typer.Typer(
    cls=GuardedGroup, help="Groups of people that you make, such as a family.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The circle's name, or its number.")]
People = Annotated[
    list[str], typer.Argument(metavar="PERSON…", help="Numbers or names of people.", show_default=False)
]


def circles(limit: Limit = 50, json: Json = False, home: Home = None) -> None:
    """List circles: groups of people that you made."""
    from facekeep.cli.output import emit, say, show_page, table
    from facekeep.store import circles as store

    settings = options.load(home)
    with options.looking(settings) as reader:
        if reader is None:
            if not json:
                say(options.nothing_yet(settings))
            return
        page = store.circles(reader, limit=1000 if json else limit)
        if json:
            for row in page.items:
                emit({"circle": row.circle, "name": row.name, "people": row.people, "version": row.version})
            return
        table([">circle", "name", ">people"], [(row.circle, row.name, row.people) for row in page.items])
        show_page(len(page.items), page.total, "circle")


@app.command()
def show(name: Name, json: Json = False, home: Home = None) -> None:
    """List who is in a circle."""
    from facekeep.api.fields import person_fields
    from facekeep.cli.output import emit, show_page, table
    from facekeep.store import circles as store

    with _acting(home) as ctx, ctx.database.read() as reader:
        rows = store.members(reader, naming.circle(reader, name))
    if json:
        for row in rows:
            emit(person_fields(row))
        return
    table([">person", "name", ">faces", ">photos"], [(r.person, r.name, r.faces, r.photos) for r in rows])
    show_page(len(rows), len(rows), "person", "people")


@app.command()
def add(
    name: Name,
    people: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PERSON…]", help="Numbers or names of people.", show_default=False),
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Put people into a circle; makes it when there is none of that name. `facekeep undo` takes it back."""
    from facekeep.actions import circles as actions

    with _acting(home) as ctx:
        whom = _whom(ctx, [] if people is None else people)
        circle = _there(ctx, name)
        if circle is None:
            _tell(actions.create_circle(ctx, name, whom), json, made=True)
        elif not whom:
            raise UsageError(f"the circle {name} is there already", hint="Say whom to put into it.")
        else:
            _tell(actions.add_people(ctx, circle, whom), json)


@app.command()
def remove(name: Name, people: People, json: Json = False, home: Home = None) -> None:
    """Take people out of a circle. They stay people."""
    from facekeep.actions import circles as actions

    with _acting(home) as ctx:
        _tell(actions.remove_people(ctx, _meant(ctx, name), _whom(ctx, people)), json)


@app.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    home: Home = None,
) -> None:
    """Give a circle another name."""
    from facekeep.actions import circles as actions
    from facekeep.cli.output import say

    with _acting(home) as ctx:
        row = actions.rename_circle(ctx, _meant(ctx, name), new)
    say(f"circle {row.circle} is {row.name}")


@app.command()
def delete(name: Name, home: Home = None) -> None:
    """Delete a circle; its people stay. `facekeep undo` takes it back."""
    from facekeep.actions import circles as actions
    from facekeep.cli.output import say

    with _acting(home) as ctx:
        row = actions.delete_circle(ctx, _meant(ctx, name))
    say(f"the circle {row.name} is gone")


def _meant(ctx: "Context", name: str) -> int:
    with ctx.database.read() as reader:
        return naming.circle(reader, name)


def _there(ctx: "Context", name: str) -> int | None:
    try:
        return _meant(ctx, name)
    except NotFound:
        return None


def _whom(ctx: "Context", said: list[str]) -> list[int]:
    with ctx.database.read() as reader:
        return [naming.person(reader, who) for who in said]


def _tell(changed: "Changed", json: bool, *, made: bool = False) -> None:
    from facekeep.cli.output import count, emit, say

    row = changed.circle
    if json:
        for person, outcome in changed.outcomes:
            emit({"person": person, "outcome": outcome, "circle": row.circle})
        return
    happened = [outcome for _, outcome in changed.outcomes]
    words = {"added": "added", "removed": "taken out", "same": "unchanged", "not_found": "not found"}
    parts = [f"{happened.count(key):,} {word}" for key, word in words.items() if key in happened]
    told = f" ({', '.join(parts)})" if parts else ""
    say(f"the {'new ' if made else ''}circle {row.name} has {count(row.people, 'person', 'people')}{told}")


@contextmanager
def _acting(home: "Path | None") -> "Iterator[Context]":
    from facekeep import bootstrap
    from facekeep.cli.output import note

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody yet.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        yield ctx
