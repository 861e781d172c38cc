"""`facekeep failures`."""

from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit
from facekeep.domain.errors import FailureCode

if TYPE_CHECKING:
    from facekeep.settings import Settings
    from facekeep.store.database import Reader


def failures(
    code: Annotated[FailureCode | None, typer.Option(help="Only those that failed for this reason.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Look at them again with the next scan.")] = False,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List photos that could not be looked at, and paths that could not be read, with the reason."""
    from facekeep.api.fields import failure_fields
    from facekeep.cli.output import emit
    from facekeep.store import listing

    settings = options.load(home)
    if retry:
        _retry(settings, code)
        return
    with options.looking(settings) as reader:
        if json:
            for row in () if reader is None else listing.iter_failures(reader):
                if code is None or row.code == code:
                    emit(failure_fields(row))
        else:
            _show(settings, reader, code, limit)


def _retry(settings: "Settings", code: FailureCode | None) -> None:
    from facekeep import bootstrap
    from facekeep.actions.failures import retry
    from facekeep.cli.output import count, note, say

    if not options.is_begun(settings):
        say(options.nothing_yet(settings))
        return
    with bootstrap.open_context(settings, notice=note) as ctx:
        number = retry(ctx, code=None if code is None else code.value)
    say(f"{count(number, 'photo')} will be looked at again, by `facekeep serve` or the next `facekeep scan`")


def _show(settings: "Settings", reader: "Reader | None", code: FailureCode | None, limit: int) -> None:
    from facekeep.api.fields import paths
    from facekeep.cli.output import say, show_page, table
    from facekeep.store import listing

    if reader is None:
        say(options.nothing_yet(settings))
        return
    page = listing.failures(reader, code=None if code is None else code.value, limit=limit)
    rows = [
        (
            row.photo,
            row.code,
            row.attempts,
            "never" if row.permanent else row.retry_at,
            row.message,
            *paths(row.files)[:1],
        )
        for row in page.items
    ]
    table([">photo", "code", ">attempts", "tried again", "message", "file"], rows)
    show_page(len(rows), page.total, "failure")
