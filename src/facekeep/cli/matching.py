"""`facekeep exemplars`, `find` and `matching`: who stands for whom, more of somebody, and who decides."""

from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli.options import Home, Json
from facekeep.cli.verbs import Person, acting
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime


def exemplars(
    person: Person,
    pin: Annotated[
        int | None,
        typer.Option("--pin", min=1, metavar="FACE", help="Let a face of the person always stand for it."),
    ] = None,
    unpin: Annotated[
        int | None, typer.Option("--unpin", min=1, metavar="FACE", help="Let a pinned face go.")
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """List the faces that stand for a person when others are matched with it; pin one, or let it go."""
    from dataclasses import asdict

    from facekeep.actions import exemplars as actions
    from facekeep.cli.output import emit, say, table

    if pin is not None and unpin is not None:
        raise UsageError("--pin and --unpin exclude each other", hint="Do one after the other.")
    with acting(home) as ctx:
        if pin is not None:
            found = actions.pin_face(ctx, person, pin)
        elif unpin is not None:
            found = actions.unpin_face(ctx, person, unpin)
        else:
            found = actions.exemplars_of(ctx, person)
    if json:
        for row in found.exemplars:
            emit({"person": found.person, **asdict(row)})
        return
    rows = [
        (row.face, row.era, _day(row.taken_at), _number(row.quality), "pinned" if row.pinned else "")
        for row in found.exemplars
    ]
    table([">face", "era", "taken", ">quality", ""], rows)
    say("; ".join(f"{era.era}: {era.exemplars:,} of {era.faces:,}" for era in found.eras))


def find(
    person: Person,
    faces: Annotated[
        list[int] | None,
        typer.Option("--from", min=1, metavar="FACE", help="Begin from this face; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Ask about so many at most.")] = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """Find more of a person among the faces that are nobody's: each is asked about, none assigned."""
    from dataclasses import asdict

    from facekeep.actions.finding import find_more
    from facekeep.cli.output import count, emit, say, table

    with acting(home) as ctx:
        found = find_more(ctx, person, faces, limit=limit)
    if json:
        for one in found.items:
            emit(asdict(one))
        return
    table(
        [">face", ">confidence", ">distance"],
        [(one.face, f"{one.confidence:.2f}", f"{one.distance:.3f}") for one in found.items],
    )
    asked = f"{count(len(found.items), 'face')} may be person {found.person}"
    say(f"looked at {count(found.looked_at, 'face')}; {asked}, {found.new:,} asked for the first time")


def matching(
    auto: Annotated[
        bool | None,
        typer.Option("--auto/--no-auto", help="Let facekeep say who a clear face is, or only ask."),
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say whether facekeep puts faces on people by itself, or only asks; for one person, `facekeep edit`."""
    from facekeep.actions import matching as actions
    from facekeep.cli.output import emit, say

    with acting(home) as ctx:
        now = actions.auto(ctx) if auto is None else actions.set_auto(ctx, auto)
    if json:
        emit({"auto": now})
    elif now:
        say("facekeep puts a face on a person by itself where that is clear, and asks where it is likely")
    else:
        say("facekeep puts no face on anybody by itself: it asks")


def _day(moment: "datetime | None") -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
