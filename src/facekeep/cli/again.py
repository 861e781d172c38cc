"""`facekeep detect`."""

from typing import Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json


def detect(
    photos: Annotated[list[int] | None, typer.Argument(metavar="PHOTO…", help="Numbers of photos.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every photo that is done.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Look at photos again, though their files are as they were: faces that were missed may be found.

    A running server, worker or scan does it. What you said of the faces stays.
    """
    from facekeep import bootstrap
    from facekeep.actions import again
    from facekeep.cli.output import emit, note, say
    from facekeep.domain.errors import UsageError

    if bool(photos) == everything:
        raise UsageError("it was not said which photos", hint="Name some, or give --all.")
    with bootstrap.open_context(options.load(home), notice=note) as ctx:
        told = again.look_again(ctx, None if everything else photos)
    if as_json:
        emit({"due": told.due, "items": [{"photo": one, "outcome": how} for one, how in told.outcomes]})
        return
    for photo, outcome in told.outcomes:
        if outcome != "due":
            note(f"photo {photo}: {outcome.replace('_', ' ')}")
    say(f"{told.due:,} {'photo is' if told.due == 1 else 'photos are'} looked at again")
