"""The `facekeep` command and what every subcommand shares: errors in one line, exit statuses, a version."""

import contextlib
import sys
from typing import Annotated

import typer

from facekeep import __version__
from facekeep.cli import (
    again,
    circles,
    doctor,
    drawing,
    exporting,
    faces,
    failures,
    forgetting,
    grouping,
    importing,
    journal,
    keys,
    matching,
    models,
    people,
    people_import,
    review,
    scan,
    search,
    serve,
    status,
    steering,
    users,
    verbs,
    worker,
)
from facekeep.cli.guard import GuardedGroup

HELP = """Finds the people in a photo library and never loses what its user told it.

Start with `facekeep serve DIR`: it scans the photos in DIR and shows the people on a page.

Exit status: 0 done, 1 done with failures, 2 wrong usage, 3 the machine is not in a state to do it,
130 stopped by Ctrl-C.
"""

app = typer.Typer(
    cls=GuardedGroup,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(scan.scan)
app.command()(worker.worker)
app.command()(status.status)
app.command()(people.people)
app.command()(people.name)
app.command()(journal.journal)
app.command()(journal.undo)
app.command()(journal.redo)
app.command()(review.suggest)
app.command()(review.review)
app.command()(verbs.merge)
app.command()(verbs.split)
app.command()(verbs.move)
app.command()(verbs.hide)
app.command()(verbs.edit)
app.command()(verbs.delete)
app.command()(forgetting.forget)
app.command()(grouping.regroup)
app.command()(grouping.twice)
app.command()(grouping.parts)
app.command()(faces.faces)
app.command()(drawing.draw)
app.command()(drawing.resize)
app.command()(drawing.measure)
app.command()(drawing.ignore)
app.command()(drawing.show)
app.command()(drawing.similar)
app.command()(drawing.like)
app.command()(matching.exemplars)
app.command()(matching.find)
app.command()(matching.matching)
app.command()(search.search)
app.command()(circles.circles)
app.add_typer(circles.app, name="circle")
app.add_typer(failures.app, name="failures")
app.command()(again.detect)
app.command()(steering.pause)
app.command()(steering.resume)
importing.app.command()(people_import.people)
app.add_typer(importing.app, name="import")
app.add_typer(exporting.app, name="export")
app.add_typer(models.app, name="models")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")
app.command()(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"facekeep {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of an error, and log everything.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """What may stand before the command."""


def main() -> None:
    """The entry point of the `facekeep` script."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not end a listing.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="facekeep")
