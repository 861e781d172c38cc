"""Options that several commands have, and what they lead to: settings, and a look into the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep import settings as settings_module
from facekeep.settings import Settings

if TYPE_CHECKING:
    from facekeep.api.recent import RecentLines
    from facekeep.store.database import Reader

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="The data folder, instead of FACEKEEP_HOME.",
        show_default=False,
        readable=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for programs.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", help="How many photos to look at side by side.", show_default=False
    ),
]
Limit = Annotated[
    int, typer.Option("--limit", min=1, metavar="N", help="Rows in the table; --json gives all of them.")
]


def load(home: Path | None, **flags: object) -> Settings:
    """The settings, with this command's flags above all else."""
    return settings_module.load({"home": home, **flags})


def start_logging(settings: Settings) -> "RecentLines":
    """Log to standard error, as the settings say; everything after --debug. Gives the latest lines."""
    from facekeep.cli import logs

    logs.catch_strays()
    return logs.start(settings.log_level, settings.log_format)


@contextmanager
def looking(settings: Settings) -> "Iterator[Reader | None]":
    """A look into the database; None when there is none yet: a command that only reads makes none."""
    if not is_begun(settings):
        yield None
        return
    from facekeep import bootstrap
    from facekeep.cli.output import note

    with bootstrap.open_context(settings, notice=note) as ctx, ctx.database.read() as reader:
        yield reader


def is_begun(settings: Settings) -> bool:
    """Whether anything was ever stored here."""
    if settings.database_url is not None:
        return True
    from facekeep.store import embedded

    return embedded.describe(settings.home).version != ""


def nothing_yet(settings: Settings) -> str:
    """What to say when there is no database yet."""
    return f"nothing is in {settings.home} yet; `facekeep scan DIR` looks at the photos in a folder"
