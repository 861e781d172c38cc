"""`facekeep failures`: why photos could not be looked at, trying them again, or never."""

from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit
from facekeep.domain.errors import FailureCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facekeep.actions.context import Context
    from facekeep.settings import Settings
    from facekeep.store.database import Reader
    from facekeep.store.rows import FailureRow

Code = Annotated[FailureCode | None, typer.Option(help="Only those that failed for this reason.")]

app = typer.Typer(
    help="Show photos that could not be looked at, and why; try them again, or give them up.",
    invoke_without_command=True,
)


@app.callback()
def failures(
    called: typer.Context,
    code: Code = None,
    retry: Annotated[bool, typer.Option("--retry", help="Look at them again: as `retry` does.")] = False,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List photos that could not be looked at, and paths that could not be read, with the reason.

    First how many there are for each reason, what it means and what comes next; then one line for each.
    """
    called.obj = home
    if called.invoked_subcommand is not None:
        if code is not None or retry or json:
            raise UsageError(f"options of {called.invoked_subcommand} stand behind it")
        return
    settings = options.load(home)
    if retry:
        _try_again(settings, None, code)
    else:
        _list(settings, code, limit, json)


@app.command("show")
def show(
    called: typer.Context,
    photo: Annotated[int, typer.Argument(min=1, metavar="PHOTO", help="The photo's number.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """Show all that is known of one photo's failure, with the error's full text."""
    from facekeep.api.fields import failure_fields
    from facekeep.cli.output import emit, say
    from facekeep.store import failures as ledger
    from facekeep.store import listing

    settings = _settings(called, home)
    with options.looking(settings) as reader:
        if reader is None:
            say(options.nothing_yet(settings))
            return
        row, detail = listing.failure(reader, photo), ledger.one(reader, photo).detail
    if json:
        emit(failure_fields(row) | {"detail": detail})
    else:
        _show_one(row, detail)


Photos = Annotated[
    list[int] | None,
    typer.Argument(min=1, metavar="[PHOTO…]", help="Numbers of photos.", show_default=False),
]


@app.command("retry")
def retry(
    called: typer.Context,
    photos: Photos = None,
    code: Code = None,
    every: Annotated[bool, typer.Option("--all", help="All that failed, but those given up.")] = False,
    home: Home = None,
) -> None:
    """Look again: at some photos, at all that failed for a reason, or at all. With all attempts anew.

    A running `facekeep serve` or `facekeep worker` does it at once, else the next scan. What was given up is
    looked at again only when its number is named.
    """
    if sum((bool(photos), code is not None, every)) != 1:
        raise UsageError("say what to try again", hint="Give numbers of photos, --code CODE, or --all.")
    _try_again(_settings(called, home), photos, code)


@app.command("give-up")
def give_up(
    called: typer.Context,
    photos: Annotated[list[int], typer.Argument(min=1, metavar="PHOTO…", help="Numbers of photos.")],
    home: Home = None,
) -> None:
    """Never look at some photos again, until their file changes or `retry` names them."""
    from facekeep.actions import failures as actions
    from facekeep.cli.output import count, say

    settings = _settings(called, home)
    number = _acting(settings, lambda ctx: actions.give_up(ctx, photos))
    if number is not None:
        say(f"{count(number, 'photo')} will not be looked at again")
        if number < len(set(photos)):
            say(f"{count(len(set(photos)) - number, 'other')} had no failure on record")


def _settings(called: typer.Context, home: "Path | None") -> "Settings":
    # `facekeep failures --home DIR retry` means the same as `facekeep failures retry --home DIR`.
    return options.load(called.obj if home is None else home)


def _try_again(settings: "Settings", photos: "Sequence[int] | None", code: FailureCode | None) -> None:
    from facekeep.actions import failures as actions
    from facekeep.cli.output import count, say

    wanted = None if code is None else code.value
    number = _acting(settings, lambda ctx: actions.retry(ctx, photos=photos, code=wanted))
    if number is not None:
        say(
            f"{count(number, 'photo')} will be looked at again, by `facekeep serve` or the next "
            "`facekeep scan`"
        )


def _acting(settings: "Settings", act: "Callable[[Context], int]") -> int | None:
    from facekeep import bootstrap
    from facekeep.cli.output import note, say

    if not options.is_begun(settings):
        say(options.nothing_yet(settings))
        return None
    with bootstrap.open_context(settings, notice=note) as ctx:
        return act(ctx)


def _list(settings: "Settings", code: FailureCode | None, limit: int, json: bool) -> None:
    from facekeep.api.fields import failure_fields
    from facekeep.cli.output import emit, say
    from facekeep.store import listing

    with options.looking(settings) as reader:
        if json:
            for row in () if reader is None else listing.iter_failures(reader):
                if code is None or row.code == code:
                    emit(failure_fields(row))
        elif reader is None:
            say(options.nothing_yet(settings))
        else:
            _show_counts(reader, code)
            _show_rows(reader, code, limit)


def _show_counts(reader: "Reader", code: FailureCode | None) -> None:
    from facekeep.api.reasons import REASONS
    from facekeep.cli.output import say, table
    from facekeep.store import listing

    counts = [row for row in listing.failure_counts(reader) if code is None or row.code == code]
    if not counts:
        return
    reasons = {row.code: REASONS[FailureCode(row.code)] for row in counts}
    rows = [
        (row.code, row.count, row.given_up or "", reasons[row.code].meaning, reasons[row.code].next)
        for row in counts
    ]
    table(["code", ">photos", ">given up", "what it means", "what comes next"], rows)
    say("")


def _show_rows(reader: "Reader", code: FailureCode | None, limit: int) -> None:
    from facekeep.api.fields import paths
    from facekeep.cli.output import show_page, table
    from facekeep.store import listing

    page = listing.failures(reader, code=None if code is None else code.value, limit=limit)
    rows = [
        (row.photo, row.code, row.attempts, _again(row), row.message, *paths(row.files)[:1])
        for row in page.items
    ]
    if rows:
        table([">photo", "code", ">attempts", "tried again", "message", "file"], rows)
    show_page(len(rows), page.total, "failure")


def _again(row: "FailureRow") -> str:
    from facekeep.cli.output import until

    if row.given_up:
        return "given up"
    if row.permanent:
        return "not by itself"
    return "with the next scan" if row.retry_at is None else until(row.retry_at)


def _show_one(row: "FailureRow", detail: str) -> None:
    from facekeep.api.fields import failure_fields
    from facekeep.api.reasons import REASONS
    from facekeep.cli.output import say

    fields = failure_fields(row)
    reason = REASONS[FailureCode(row.code)]
    files = fields.pop("files")
    assert isinstance(files, list)
    for file in files:
        say(f"file: {file}")
    for name, value in fields.items():
        say(f"{name.replace('_', ' ')}: {'-' if value is None else value}")
    say(f"means: {reason.meaning}")
    say(f"next: {'given up by the user' if row.given_up else reason.next}")
    if detail:
        say(f"\n{detail}")
