"""`facekeep users`: who may log in."""

from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.domain.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facekeep.actions.context import Context
    from facekeep.store.accounts import AccountRow

app = typer.Typer(help="Who may log in, and what they may.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.", show_default=False)]
Stdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of standard input."),
]


@app.command("list")
def list_users(json: Json = False, home: Home = None) -> None:
    """List who may log in, and what they may."""
    from facekeep.cli.output import emit, say, table
    from facekeep.store import accounts

    settings = options.load(home)
    with options.looking(settings) as reader:
        rows = [] if reader is None else accounts.accounts(reader, limit=1000).items
    if json:
        for row in rows:
            emit(_fields(row))
    elif rows:
        table(["name", "role", "", "since"], [_cells(row) for row in rows])
    else:
        say("no accounts: whoever sits at this machine may do everything, and nobody else comes in")


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="Look, decide, or manage.")] = Role.EDITOR,
    password_stdin: Stdin = False,
    home: Home = None,
) -> None:
    """Let somebody log in. The first account is an admin. Asks for the password."""
    from facekeep.actions import accounts as actions

    password = _password(password_stdin)
    _acting(home, lambda ctx: actions.add_account(ctx, name, role, password), "may log in, as {role}")


@app.command()
def password(name: Name, password_stdin: Stdin = False, home: Home = None) -> None:
    """Give somebody another password. They are logged out everywhere."""
    new = _password(password_stdin)
    _changing(home, name, {"password": new}, "has a new password, and is logged out everywhere")


@app.command()
def role(
    name: Name,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="One of the three.", show_default=False)],
    home: Home = None,
) -> None:
    """Say what somebody may: look (viewer), decide about people (editor), or manage everything (admin)."""
    _changing(home, name, {"role": role}, "is {role} now")


@app.command()
def disable(
    name: Name,
    enable: Annotated[bool, typer.Option("--enable", help="Let them in again.")] = False,
    home: Home = None,
) -> None:
    """Keep somebody out, with all their sessions and API keys, until --enable lets them in again."""
    done = "may log in again" if enable else "may not log in any more"
    _changing(home, name, {"disabled": not enable}, done)


@app.command()
def remove(name: Name, home: Home = None) -> None:
    """Remove an account with its sessions and API keys. What it decided stays, under its name."""
    from facekeep.actions import accounts as actions

    _acting(home, lambda ctx: actions.remove_account(ctx, _number(ctx, name)), "is removed")


def _changing(home: "Path | None", name: str, change: dict[str, object], done: str) -> None:
    from typing import cast

    from facekeep.actions import accounts as actions
    from facekeep.actions.accounts import AccountChange

    told = cast(AccountChange, change)
    _acting(home, lambda ctx: actions.change_account(ctx, _number(ctx, name), told), done)


def _acting(home: "Path | None", act: "Callable[[Context], AccountRow]", done: str) -> None:
    from facekeep import bootstrap
    from facekeep.cli.output import note, say

    with bootstrap.open_context(options.load(home), notice=note) as ctx:
        row = act(ctx)
    say(f"{row.name} {done.format(role=row.role)}")


def _number(ctx: "Context", name: str) -> int:
    from facekeep.store import accounts

    with ctx.database.read() as reader:
        return accounts.named(reader, name).account


def _password(from_stdin: bool) -> str:
    """From standard input or asked for; never from the command line, which others can see."""
    import sys

    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True))


def _fields(row: "AccountRow") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(row)


def _cells(row: "AccountRow") -> tuple[object, ...]:
    return row.name, row.role, "disabled" if row.disabled else "", f"{row.added_at.astimezone():%Y-%m-%d}"
