"""`facekeep merge`, `split`, `move`, `hide`, `edit` and `delete`: what a user says of people and faces."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from facekeep.actions.context import Context
    from facekeep.actions.details import Edit
    from facekeep.actions.moving import Moved

Person = Annotated[int, typer.Argument(min=1, metavar="PERSON", help="A person's number.")]
Faces = Annotated[list[int], typer.Argument(min=1, metavar="FACE…", help="Numbers of faces.")]
NewName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The new person's name.", show_default=False)
]


def merge(
    person: Person,
    into: Annotated[int, typer.Argument(min=1, metavar="INTO", help="The number of the one that stays.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """Say that two people are one: all faces of PERSON become INTO's. `facekeep undo` takes it back."""
    from facekeep.actions import people as actions
    from facekeep.api.fields import person_fields
    from facekeep.cli.output import count, emit, say

    with acting(home) as ctx:
        row = actions.merge_people(ctx, person, into)
    if json:
        emit(person_fields(row))
    else:
        called = f"person {row.person}" if row.name is None else f"{row.name} (person {row.person})"
        say(f"person {person} is {called}: {count(row.faces, 'face')} in {count(row.photos, 'photo')}")


def split(person: Person, faces: Faces, name: NewName = None, json: Json = False, home: Home = None) -> None:
    """Say that some faces of a person are somebody else: a new person. `facekeep undo` takes it back."""
    from facekeep.actions import moving

    with acting(home) as ctx:
        _tell(moving.split_person(ctx, person, faces, name=name), json)


def move(
    faces: Faces,
    to: Annotated[
        int | None, typer.Option("--to", min=1, metavar="PERSON", help="Whose they are.", show_default=False)
    ] = None,
    name: NewName = None,
    nobody: Annotated[
        bool, typer.Option("--nobody", help="They are not who they are said to be; remembered for good.")
    ] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say whose faces are: a person's, a new one's, or not who they are said to be."""
    from facekeep.actions import moving

    if sum((to is not None, name is not None, nobody)) != 1:
        raise UsageError("it was not said whose the faces are", hint="Give one of --to, --name and --nobody.")
    with acting(home) as ctx:
        if nobody:
            _tell(moving.remove_faces(ctx, faces), json)
        else:
            _tell(moving.move_faces(ctx, faces, person_id=to, name=name), json)


def hide(
    person: Person,
    show: Annotated[bool, typer.Option("--show", help="Show them again.")] = False,
    home: Home = None,
) -> None:
    """Keep a person out of the listings, or show them again."""
    from facekeep.actions import people as actions
    from facekeep.cli.output import say

    with acting(home) as ctx:
        row = actions.hide_person(ctx, person, not show)
    say(f"person {row.person} is {'shown' if show else 'hidden'}")


def edit(
    person: Person,
    born: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Birth date: facekeep finds nobody in an older photo."),
    ] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", metavar="NAME", help="Another name; may be repeated.")
    ] = None,
    notes: Annotated[str | None, typer.Option(metavar="TEXT", help="Notes.", show_default=False)] = None,
    favourite: Annotated[bool | None, typer.Option(help="Show them among the first.")] = None,
    auto: Annotated[
        bool | None, typer.Option(help="Whether facekeep may put faces on them without asking.")
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say more of a person: other names, birth date, notes. What is not given stays as it is."""
    from facekeep.actions import details
    from facekeep.api.person_schemas import PersonDetails
    from facekeep.cli.output import emit, say

    change = _edit(alias, None if born is None else born.date(), notes, favourite, auto)
    with acting(home) as ctx:
        found = details.edit_person(ctx, person, change)
    if json:
        emit(PersonDetails.of(found).model_dump(mode="json"))
        return
    say(f"person {found.person}: {found.name if found.name is not None else 'no name'}")
    for what, value in (
        ("also", ", ".join(found.aliases)),
        ("born", found.birth_date),
        ("notes", found.notes),
        ("favourite", "yes" if found.favourite else ""),
        ("automatic", "" if found.auto else "no: faces are put on them by you alone"),
    ):
        if value:
            say(f"  {what}: {value}")


def delete(person: Person, home: Home = None) -> None:
    """Say that nobody is this person: their faces are unknown again. `facekeep undo` takes it back."""
    from facekeep.actions import details
    from facekeep.cli.output import count, say

    with acting(home) as ctx:
        faces = details.delete_person(ctx, person)
    say(f"person {person} is nobody any more; {count(len(faces), 'face')} unknown again")


def _edit(
    aliases: list[str] | None, born: date | None, notes: str | None, favourite: bool | None, auto: bool | None
) -> "Edit":
    given = {"aliases": aliases, "birth_date": born, "notes": notes, "favourite": favourite, "auto": auto}
    change = {key: value for key, value in given.items() if value is not None}
    if not change:
        raise UsageError("nothing to change was given", hint="`facekeep edit --help` lists what there is.")
    return change  # type: ignore[return-value]


@contextmanager
def acting(home: "Path | None") -> "Iterator[Context]":
    """The wired parts, for a verb. UsageError where there is no data folder yet."""
    from facekeep import bootstrap
    from facekeep.cli.output import note

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody yet.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        yield ctx


def _tell(moved: "Moved", json: bool) -> None:
    from facekeep.cli.output import count, emit, say

    if json:
        for face, outcome in moved.outcomes:
            emit({"face": face, "outcome": outcome, "person": moved.person})
        return
    happened = [outcome for _, outcome in moved.outcomes]
    words = {"moved": "moved", "confirmed": "confirmed", "removed": "taken off", "same": "unchanged"}
    parts = [f"{happened.count(key):,} {word}" for key, word in words.items() if key in happened]
    if "not_found" in happened:
        parts.append(f"{happened.count('not_found'):,} not found")
    whom = "nobody" if moved.person is None else f"person {moved.person}"
    say(f"{count(len(happened), 'face')} to {whom}: {', '.join(parts)}")
