"""`facekeep forget`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from facekeep.actions.context import Context
    from facekeep.actions.forgetting import Forgotten


def forget(
    person: Annotated[int, typer.Argument(min=1, metavar="PERSON", help="A person's number.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it was meant.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Erase a person for good: names, faces, embeddings, pictures, and what the journal says of them.

    It cannot be undone, so it counts first and asks for the name. Photos are not touched.
    """
    from facekeep import bootstrap
    from facekeep.actions import forgetting
    from facekeep.cli.output import note

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody yet.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        counted = forgetting.forget_person(ctx, person, dry_run=True)
        if dry_run:
            _tell(counted, json, done=False)
            return
        if not yes:
            _ask(ctx, counted)
        done = forgetting.forget_person(ctx, person, version=counted.version)
        note("rewriting the files of the database, so that nothing is left in them")
        wiped = forgetting.wipe(ctx)
        _tell(done, json, done=True)
    if not wiped:
        note("the files could not be rewritten now: `facekeep serve` or `facekeep worker` does it later")
        raise typer.Exit(1)


def _ask(ctx: "Context", counted: "Forgotten") -> None:
    """Let the name be typed. UsageError when it is another, or when nobody is there to type."""
    from facekeep.store import details

    if not sys.stdin.isatty():
        raise UsageError("forgetting cannot be undone, and nobody is there to ask", hint="Say --yes.")
    with ctx.database.read() as reader:
        name = details.name(reader, counted.person)
    wanted = str(counted.person) if name is None else name
    _tell(counted, False, done=False)
    typed = typer.prompt(f"To erase it for good, type {wanted}", err=True)
    if " ".join(typed.split()) != wanted:
        raise UsageError(f"that was not {wanted}: nothing was erased")


def _tell(told: "Forgotten", json: bool, *, done: bool) -> None:
    from facekeep.api.forget_schemas import Forgotten as Shown
    from facekeep.cli.output import count, emit, say

    if json:
        emit(Shown.of(told, dry_run=not done).model_dump(mode="json"))
        return
    more = f" and {told.people - 1:,} merged into it" if told.people > 1 else ""
    say(f"person {told.person}{more} {'is forgotten' if done else 'would be forgotten'}:")
    faces = f"{count(told.faces, 'face')} in {count(told.photos, 'photo')}"
    say(f"  {faces}, {count(told.vectors, 'embedding')}, {count(told.rejections, 'rejection')}")
    say(f"  {count(told.entries, 'entry', 'entries')} of the journal emptied, all derived pictures deleted")
    if told.elsewhere:
        say(f"  {count(told.elsewhere, 'face')} that went to somebody else stay with them")
    if told.namesakes:
        say(f"  the name stays with person {', '.join(map(str, told.namesakes))}")
    _tell_copies(told)


def _tell_copies(told: "Forgotten") -> None:
    from facekeep.cli.output import say
    from facekeep.library.identity import display_path

    for copy in told.copies:
        what = f"{copy.kind} of {copy.made_at:%Y-%m-%d %H:%M}{', with embeddings' if copy.vectors else ''}"
        say(f"  still has it: {display_path(copy.place)} ({what})")
