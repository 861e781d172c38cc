"""`facekeep draw`, `resize`, `ignore`, `show`, `similar` and `like`: what a user says of faces themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.cli.verbs import Faces, NewName, acting
from facekeep.domain.errors import NotFound, UsageError

if TYPE_CHECKING:
    from facekeep.actions.alike import Likeness, SearchedFace
    from facekeep.actions.context import Context
    from facekeep.domain.faces import Standing
    from facekeep.store.rows import FaceRow

Face = Annotated[int, typer.Argument(min=1, metavar="FACE", help="A face's number.")]
X = Annotated[float, typer.Argument(min=0, max=1, metavar="X", help="Left edge, in photo widths: 0 to 1.")]
Y = Annotated[float, typer.Argument(min=0, max=1, metavar="Y", help="Upper edge, in photo heights.")]
Width = Annotated[float, typer.Argument(min=0, max=1, metavar="WIDTH", help="Width, in photo widths.")]
Height = Annotated[float, typer.Argument(min=0, max=1, metavar="HEIGHT", help="Height, in photo heights.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=200, metavar="N", help="How many at most.")]


def draw(
    photo: Annotated[int, typer.Argument(min=1, metavar="PHOTO", help="A photo's number.")],
    x: X,
    y: Y,
    width: Width,
    height: Height,
    person: Annotated[
        int | None,
        typer.Option("--person", min=1, metavar="ID", help="Whose face it is.", show_default=False),
    ] = None,
    name: NewName = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say that there is a face in a photo that facekeep did not see. `facekeep undo` takes it back."""
    from facekeep.actions import faces

    box = faces.box_of(x, y, width, height)
    with _looking(home) as ctx:
        _tell(faces.draw_face(ctx, photo, box, person_id=person, name=name), json)


def resize(
    face: Face, x: X, y: Y, width: Width, height: Height, json: Json = False, home: Home = None
) -> None:
    """Put the box of a face elsewhere, or make it larger or smaller. `facekeep undo` takes it back."""
    from facekeep.actions import faces

    box = faces.box_of(x, y, width, height)
    with _looking(home) as ctx:
        _tell(faces.move_box(ctx, face, box), json)


def measure(face: Face, json: Json = False, home: Home = None) -> None:
    """Look at a face again: its quality, its landmarks, and what it is recognised by."""
    from facekeep.actions import faces

    with _looking(home) as ctx:
        _tell(faces.measure_face(ctx, face), json)


def ignore(
    faces: Faces,
    none: Annotated[bool, typer.Option("--not-a-face", help="They are no faces.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="They are to be gone.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Put faces away: nobody wants to know whose they are, and they stay away in later scans.

    `facekeep undo` takes it back, with whoever they were; `facekeep show` shows them again at any time.
    """
    if none and delete:
        raise UsageError("--not-a-face and --delete exclude each other", hint="Give the one that is true.")
    _stand(faces, "not_a_face" if none else "deleted" if delete else "ignored", json, home)


def show(faces: Faces, json: Json = False, home: Home = None) -> None:
    """Show faces again that were put away. Whose they are, facekeep finds out anew."""
    _stand(faces, "shown", json, home)


def similar(
    face: Face,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Only faces without a person.")] = False,
    limit: Most = 24,
    json: Json = False,
    home: Home = None,
) -> None:
    """List the faces that look most like one, nearest first."""
    from facekeep.actions import alike

    with acting(home) as ctx:
        _list(alike.similar(ctx, face, unassigned=unassigned, limit=limit), json)


def like(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture; it is not added to anything.")],
    limit: Most = 10,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say who is in a picture: for each face in it, the people whom it looks like."""
    from facekeep.actions import alike
    from facekeep.api.fields import searched_fields
    from facekeep.cli.output import emit, say

    content = _content(file)
    with _looking(home) as ctx:
        found = alike.search_by_picture(ctx, content, limit=limit)
    for number, face in enumerate(found.faces, start=1):
        if json:
            emit(searched_fields(face))
        else:
            _show_found(number, face)
    if not found.faces and not json:
        say("no faces in it")


def _content(file: Path) -> bytes:
    from facekeep.actions.alike import MAX_PICTURE_BYTES

    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    with file.open("rb") as opened:
        content = opened.read(MAX_PICTURE_BYTES + 1)
    if len(content) > MAX_PICTURE_BYTES:
        raise UsageError(f"{file} has more than {MAX_PICTURE_BYTES >> 20} MB", hint="Make a smaller copy.")
    return content


@contextmanager
def _looking(home: Path | None) -> "Iterator[Context]":
    """As `acting`, with a child process that looks at pictures."""
    from facekeep import bootstrap
    from facekeep.cli.progress import Steps

    settings = options.load(home)
    with acting(home) as ctx:
        with Steps() as steps:
            bootstrap.prepare_models(settings, progress=steps)
        with bootstrap.open_children(settings, count=1) as children:
            yield replace(ctx, looker=children)


def _stand(faces: list[int], said: "Standing", json: bool, home: Path | None) -> None:
    from facekeep.actions import standing
    from facekeep.cli.output import count, emit, say

    with acting(home) as ctx:
        stood = standing.set_standing(ctx, faces, said)
    if json:
        for face, outcome in stood.outcomes:
            emit({"face": face, "outcome": outcome, "standing": stood.standing})
        return
    happened = [outcome for _, outcome in stood.outcomes]
    words = {"done": _SAID[said], "same": "unchanged", "not_found": "not found"}
    parts = [f"{happened.count(key):,} {word}" for key, word in words.items() if key in happened]
    say(f"{count(len(happened), 'face')}: {', '.join(parts)}")


_SAID = {"shown": "shown again", "ignored": "ignored", "not_a_face": "no face", "deleted": "deleted"}


def _tell(row: "FaceRow", json: bool) -> None:
    from facekeep.api.fields import face_fields
    from facekeep.cli.output import emit, say

    if json:
        emit(face_fields(row))
        return
    whose = "nobody that is known" if row.person is None else _called(row.person, row.name)
    say(f"face {row.face} in photo {row.photo}: {whose}")
    if row.stale:
        say("  it could not be looked at now; `facekeep scan` or `facekeep serve` does it later")


def _list(found: "list[Likeness]", json: bool) -> None:
    from facekeep.api.fields import likeness_fields
    from facekeep.cli.output import emit, table

    if json:
        for each in found:
            emit(likeness_fields(each))
        return
    rows = []
    for each in found:
        face = each.found
        sure = f"{each.confidence:.2f}"
        rows.append((face.face, face.photo, f"{face.distance:.3f}", sure, face.person, face.name))
    table([">face", ">photo", ">distance", ">sure", ">person", "name"], rows)


def _show_found(number: int, face: "SearchedFace") -> None:
    from facekeep.cli.output import say

    say(f"face {number}, quality {face.quality.overall:.2f}:")
    for person in face.people:
        sure = f"distance {person.distance:.3f}, sure {person.confidence:.2f}"
        say(f"  {_called(person.person, person.name)}: {sure}, as face {person.face}")
    if not face.people:
        say("  nobody that is known")


def _called(person: int, name: str | None) -> str:
    return f"person {person}" if name is None else f"{name} (person {person})"
