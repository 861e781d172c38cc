"""`facekeep export people`."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from facekeep.actions.exporting import Exported, Format

FORMATS = ("jsonl", "json", "csv")
STDOUT = "-"
TOLD_EVERY_S = 10.0

app = typer.Typer(no_args_is_help=True, help="Take what is known of people elsewhere.")


@app.command()
def people(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where to write it; `-` for standard output.")
    ] = STDOUT,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="jsonl, json or csv; by default as FILE ends.",
            show_default=False,
        ),
    ] = None,
    person: Annotated[
        list[int] | None,
        typer.Option("--person", min=1, metavar="PERSON", help="Only this person; may be repeated."),
    ] = None,
    unnamed: Annotated[
        bool, typer.Option("--unnamed", help="Also people without a name, and faces that are nobody's.")
    ] = False,
    vectors: Annotated[bool, typer.Option("--vectors", help="Also the embeddings: biometric data.")] = False,
    home: Home = None,
) -> None:
    """Write down all that is known of people: names, faces, rejections, circles. `import people` reads it.

    A file is written whole or not at all; one that is there is replaced.
    """
    from facekeep import bootstrap
    from facekeep.actions import exporting
    from facekeep.cli.output import count, note

    settings = options.load(home)
    chosen = _format(file, form)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="There is nobody yet.")
    wanted = exporting.Wanted(None if not person else tuple(person), unnamed, vectors)
    with bootstrap.open_context(settings, notice=note) as ctx:
        if file == STDOUT:
            for part in exporting.encoded(ctx, wanted, chosen):
                sys.stdout.buffer.write(part)
            exporting.remember(ctx, b"standard output", wanted)
            return
        done = exporting.export_file(ctx, Path(file), wanted, chosen, _progress())
    people_of = f"{count(done.people, 'person', 'people')} with {count(done.faces, 'face')}"
    note(f"{people_of} in {count(done.photos, 'photo')} written to {file}")


def _format(file: str, form: str | None) -> "Format":
    given = Path(file).suffix.lower().removeprefix(".") if form is None else form
    if form is None and (file == STDOUT or given == "ndjson"):
        return "jsonl"
    if given not in FORMATS:
        raise UsageError(f"no format is called {given or file!r}", hint="Say --format jsonl, json or csv.")
    return given  # type: ignore[return-value]


def _progress() -> "Callable[[Exported], None]":
    from facekeep.cli.output import count, note

    said = time.monotonic()

    def show(now: "Exported") -> None:
        nonlocal said
        if time.monotonic() - said > TOLD_EVERY_S:
            said = time.monotonic()
            note(f"{count(now.faces, 'face')} in {count(now.photos, 'photo')} written so far")

    return show
