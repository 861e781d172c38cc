"""`facekeep doctor`."""

from typing import Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json

FAILED = 3


def doctor(
    start: Annotated[
        bool,
        typer.Option(
            "--start/--no-start",
            help="Start the private database server, if it rests, to look inside.",
        ),
    ] = True,
    json: Json = False,
    home: Home = None,
) -> None:
    """Check whether this machine and the data folder are in order, and say what to do where they are not.

    Changes nothing. Exit status 3 when something must be mended.
    """
    from dataclasses import asdict

    from facekeep.cli import checks
    from facekeep.cli.output import emit, say

    worst = "ok"
    for check in checks.run(lambda: options.load(home), home, start=start):
        if json:
            emit(asdict(check))
        else:
            say(f"{_MARKS[check.state]:5} {check.name}: {check.detail}")
            if check.advice:
                say(f"      {check.advice}")
        worst = max(worst, check.state, key=list(_MARKS).index)
    raise typer.Exit(FAILED if worst == "fail" else 0)


_MARKS = {"ok": "ok", "warn": "warn", "fail": "FAIL"}
