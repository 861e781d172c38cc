"""`facekeep journal`, `facekeep undo` and `facekeep redo`."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facekeep.actions.context import Context
    from facekeep.actions.journal import Undone
    from facekeep.store.decisions import DecisionRow

REASONS_SHOWN = 10

Decision = Annotated[
    int | None,
    typer.Argument(min=1, metavar="[DECISION]", help="Its number in the journal.", show_default=False),
]


def journal(
    person: Annotated[
        int | None,
        typer.Option("--person", min=1, metavar="ID", help="Only what changed this person or its faces."),
    ] = None,
    face: Annotated[
        int | None, typer.Option("--face", min=1, metavar="ID", help="Only what changed this face.")
    ] = None,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List what was decided, by you and by facekeep, newest first. `facekeep undo NUMBER` takes one back."""
    from facekeep.api.fields import decision_fields
    from facekeep.cli.output import emit, say, show_page, table
    from facekeep.store import decisions

    settings = options.load(home)
    with options.looking(settings) as reader:
        if json:
            rows = () if reader is None else decisions.every_decision(reader, face=face, person=person)
            for row in rows:
                emit(decision_fields(row))
        elif reader is None:
            say(options.nothing_yet(settings))
        else:
            page = decisions.decisions(reader, face=face, person=person, limit=limit)
            cells = [(row.decision, _when(row), row.summary, _fate(row)) for row in page.items]
            if cells:
                table([">decision", "when", "what", ""], cells)
            show_page(len(cells), page.total, "decision")


def undo(decision: Decision = None, json: Json = False, home: Home = None) -> None:
    """Take a decision back: the one of that number, or your latest. Asks nothing; `facekeep redo` redoes it.

    What has been changed since is left as it is, and said.
    """
    from facekeep.actions import journal as actions

    _acting(
        home,
        json,
        lambda ctx: actions.undo_latest(ctx) if decision is None else actions.undo(ctx, decision),
    )


def redo(decision: Decision = None, json: Json = False, home: Home = None) -> None:
    """Do again what was undone: the decision of that number, or what you undid last."""
    from facekeep.actions import journal as actions

    _acting(
        home,
        json,
        lambda ctx: actions.redo_latest(ctx) if decision is None else actions.redo(ctx, decision),
    )


def _acting(home: "Path | None", json: bool, act: "Callable[[Context], Undone]") -> None:
    from facekeep import bootstrap
    from facekeep.api.fields import undone_fields
    from facekeep.cli.output import emit, note
    from facekeep.domain.errors import UsageError
    from facekeep.store import decisions

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nothing to undo or to redo.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        done = act(ctx)
        with ctx.database.read() as reader:
            row = decisions.decision(reader, done.decision)
    if json:
        emit(undone_fields(done) | {"summary": row.summary})
    else:
        _tell(done, row)


def _tell(done: "Undone", row: "DecisionRow") -> None:
    from facekeep.cli.output import count, say

    say(f"decision {done.decision}: {row.summary}")
    left = f", {count(len(done.left), 'row')} left" if done.left else ""
    say(f"{count(done.restored, 'row')} put back as before{left}")
    for item in islice(done.left, REASONS_SHOWN):
        named = {"face": item.face, "person": item.person}
        what = " and ".join(f"{key} {number}" for key, number in named.items() if number is not None)
        say(f"  left: {what}: {item.reason}")
    if len(done.left) > REASONS_SHOWN:
        say(f"  and {len(done.left) - REASONS_SHOWN:,} more")
    if done.looked_at_again:
        say(f"{count(done.looked_at_again, 'face')} will be looked at again")


def _when(row: "DecisionRow") -> str:
    return f"{row.decided_at.astimezone():%Y-%m-%d %H:%M:%S}"


def _fate(row: "DecisionRow") -> str:
    return "" if row.undone_by is None else f"undone by {row.undone_by}"
