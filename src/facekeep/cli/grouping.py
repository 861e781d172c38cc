"""`facekeep regroup`, `twice` and `parts`: grouping everything anew, and who should be one or several."""

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.domain.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from facekeep.actions.context import Context
    from facekeep.store.regrouping import Run

WAIT_S = 0.5


def regroup(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would change.")
    ] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Group all faces anew. What you said stays; `facekeep undo` takes it back."""
    from facekeep.actions import regroup as actions
    from facekeep.api.grouping_schemas import Regroup
    from facekeep.cli.output import emit, say

    with _acting(home) as ctx:
        run = actions.ask_to_regroup(ctx, dry_run=dry_run)
        try:
            run = _followed(ctx, run)
        except KeyboardInterrupt:
            actions.cancel_regroup(ctx)
            raise
    if run.state == "failed":
        raise EnvironmentFault(f"grouping everything anew failed: {run.message}")
    if json:
        emit(Regroup.of(run).model_dump(mode="json"))
    else:
        say(_told(run))


def twice(json: Json = False, home: Home = None) -> None:
    """Look for people who are there twice, and list them. `facekeep merge` makes two one."""
    from dataclasses import asdict

    from facekeep.actions import twice as actions
    from facekeep.cli.output import count, emit, say, table
    from facekeep.store import twice as store

    with _acting(home) as ctx:
        found = actions.find_twice(ctx)
        with ctx.database.read() as reader:
            rows = store.listed(reader)
    if json:
        for row in rows:
            emit(asdict(row))
        return
    cells = [
        (row.one, _name(row.one_name), row.one_faces, row.other, _name(row.other_name), row.other_faces)
        + (f"{row.near:,} of {row.compared:,}", f"{row.doubt:.2f}")
        for row in rows
    ]
    if cells:
        table([">one", "name", ">faces", ">other", "name", ">faces", ">alike", ">doubt"], cells)
    say(f"{count(len(rows), 'pair')} may be one person, of {count(found.people, 'person', 'people')}")


def parts(
    person: Annotated[int, typer.Argument(min=1, metavar="PERSON", help="A person's number.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """Show which parts a person's faces fall into. `facekeep split` makes one of them somebody else."""
    from dataclasses import asdict

    from facekeep.actions import parts as actions
    from facekeep.cli.output import count, emit, say, table

    with _acting(home) as ctx:
        found = actions.parts_of(ctx, person)
    if json:
        for part in found.parts:
            emit({"person": found.person, **asdict(part)})
        return
    cells = [
        (len(part.faces), f"{part.distance:.2f}", f"{part.doubt:.2f}", _some(part.faces))
        for part in found.parts
    ]
    if cells:
        table([">faces", ">apart", ">doubt", "which"], cells)
    say(f"{count(len(found.parts), 'part')}; {count(len(found.alone), 'face')} like none")


def _followed(ctx: "Context", run: "Run") -> "Run":
    """Do it, or watch whoever does."""
    from facekeep.actions import regroup as actions
    from facekeep.cli.output import note
    from facekeep.store import regrouping

    said = ""
    while run.is_open:
        actions.run_asked(ctx, note)
        with ctx.database.read() as reader:
            run = regrouping.one(reader, run.number)
        if run.is_open:
            if run.stage not in ("", said):
                note(run.stage)
            said = run.stage
            time.sleep(WAIT_S)
    return run


def _told(run: "Run") -> str:
    from facekeep.cli.output import count

    if run.outcome is None:
        return run.message
    found = run.outcome
    would = "would " if run.dry_run else ""
    parts = [
        f"{count(found['stay'], 'person', 'people')} {would}stay as they are",
        f"{found['change']:,} {would}change",
        f"{found['new']:,} {'would be' if would else 'are'} new",
        f"{found['gone']:,} {'would be' if would else 'are'} gone",
        f"{count(found['moved'], 'face')} {would}move" + ("" if would else "d"),
    ]
    undo = "" if run.decision is None else f"; `facekeep undo {run.decision}` takes it back"
    return ", ".join(parts) + undo


def _name(name: str | None) -> str:
    return "" if name is None else name


def _some(faces: list[int]) -> str:
    shown = ", ".join(map(str, faces[:10]))
    return shown if len(faces) <= 10 else f"{shown}, …"


@contextmanager
def _acting(home: "Path | None") -> "Iterator[Context]":
    from facekeep import bootstrap
    from facekeep.cli.output import note

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody yet.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        yield ctx
