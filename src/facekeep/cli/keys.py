"""`facekeep keys`: API keys, for programs."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.domain.accounts import Role

if TYPE_CHECKING:
    from facekeep.store.credentials import KeyRow

app = typer.Typer(help="API keys: for programs, instead of a password.", no_args_is_help=True)


@app.command("list")
def list_keys(json: Json = False, home: Home = None) -> None:
    """List the API keys of everybody, newest first: how each begins, never the whole."""
    from dataclasses import asdict

    from facekeep.cli.output import emit, say, table
    from facekeep.store import credentials

    with options.looking(options.load(home)) as reader:
        rows = [] if reader is None else credentials.keys(reader, limit=1000).items
    if json:
        for row in rows:
            emit(asdict(row))
    elif rows:
        table([">key", "begins", "name", "of", "role", "last used", ""], [_cells(row) for row in rows])
    else:
        say("no API keys")


@app.command()
def add(
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose key it is.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.", show_default=False)],
    role: Annotated[
        Role | None,
        typer.Option("--role", help="What it may at most; that of the account.", show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=36_500, metavar="N", help="After how long it ends."),
    ] = None,
    home: Home = None,
) -> None:
    """Make an API key for a program. It is printed this once; only its hash is stored."""
    from facekeep import bootstrap
    from facekeep.actions import logins
    from facekeep.cli.output import note, say
    from facekeep.store import accounts

    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with bootstrap.open_context(options.load(home), notice=note) as ctx:
        with ctx.database.read() as reader:
            owner = accounts.named(reader, user).account
        row, secret = logins.add_key(ctx, owner, name, role, ends)
    note(f"API key {row.key} of {row.account_name}, {row.role}; it is not shown again:")
    say(secret)


@app.command()
def revoke(
    key: Annotated[int, typer.Argument(min=1, metavar="KEY", help="Its number.", show_default=False)],
    home: Home = None,
) -> None:
    """Let an API key open nothing any more."""
    from facekeep import bootstrap
    from facekeep.actions import logins
    from facekeep.cli.output import note, say

    with bootstrap.open_context(options.load(home), notice=note) as ctx:
        row = logins.revoke_key(ctx, key)
    say(f"API key {row.key} ({row.name}) of {row.account_name} is revoked")


def _cells(row: "KeyRow") -> tuple[object, ...]:
    used = "never" if row.last_used_at is None else f"{row.last_used_at.astimezone():%Y-%m-%d %H:%M}"
    ended = row.expires_at is not None and row.expires_at < datetime.now(UTC)
    state = "revoked" if row.revoked_at is not None else ("expired" if ended else "")
    return row.key, f"{row.prefix}…", row.name, row.account_name, row.role, used, state
