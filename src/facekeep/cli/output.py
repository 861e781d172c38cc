"""Printing: JSON lines for programs, tables for people, notes on standard error."""

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

WIDE = 100_000
"""Columns of a table that is not for a terminal: nothing is cut off or wrapped."""


def emit(item: Mapping[str, object]) -> None:
    """One JSON object on one line."""
    # A pipe in an encoding that cannot hold every character must still carry valid JSON.
    ascii_only = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(item, ensure_ascii=ascii_only, default=_plain) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; columns named with a leading `>` are aligned to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="bold" if console.is_terminal else "")
    for column in columns:
        grid.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left")
    for row in rows:
        grid.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console.print(grid)


def say(text: str) -> None:
    """A line of the answer."""
    typer.echo(text)


def note(text: str) -> None:
    """A line about what goes on; not part of the answer. A log line where the log is for programs."""
    from facekeep.cli import logs

    if logs.is_json():
        logging.getLogger("facekeep").info("%s", text)
    else:
        typer.echo(f"facekeep: {text}", err=True)


def count(number: int, one: str, many: str = "") -> str:
    """`1 photo`, `1,200 photos`."""
    return f"{number:,} {one if number == 1 else (many if many else one + 's')}"


def span(seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 days`: for people, so one unit."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(0, round(seconds / unit))} {name}"
    return f"{round(seconds / 86_400)} days"


def until(moment: datetime) -> str:
    """`now`, `in 5 min`."""
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return "now" if seconds <= 0 else f"in {span(seconds)}"


def path(name: Path) -> str:
    """A path as text that any terminal can show."""
    from facekeep.library.identity import display_path

    return display_path(os.fsencode(name))


def show_page(shown: int, total: int, one: str, many: str = "") -> None:
    """What a table left out, if anything."""
    if total == 0:
        say(f"no {many if many else one + 's'}")
    elif shown < total:
        say(f"{shown:,} of {count(total, one, many)}; --limit shows more, --json all")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
