"""`facekeep faces`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit

if TYPE_CHECKING:
    from facekeep.settings import Settings
    from facekeep.store.database import Reader
    from facekeep.store.rows import FaceRow


def faces(
    person: Annotated[
        int | None, typer.Option(min=1, metavar="ID", help="Only faces of this person.")
    ] = None,
    photo: Annotated[int | None, typer.Option(min=1, metavar="ID", help="Only faces in this photo.")] = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Only faces without a person.")] = False,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List faces: where they are and who they are."""
    from facekeep.api.fields import face_fields
    from facekeep.cli.output import emit

    settings = options.load(home)
    with options.looking(settings) as reader:
        if json and reader is not None:
            for row in _all(reader, person, photo, unassigned):
                emit(face_fields(row))
        elif not json:
            _show(settings, reader, limit, person=person, photo=photo, unassigned=unassigned)


def _all(reader: "Reader", person: int | None, photo: int | None, unassigned: bool) -> "Iterator[FaceRow]":
    from facekeep.store import listing

    if person is None and photo is None and not unassigned:
        yield from listing.iter_faces(reader)
        return
    cursor: str | None = None
    while True:
        page = listing.faces(
            reader, person=person, photo=photo, unassigned=unassigned, cursor=cursor, limit=1000
        )
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _show(
    settings: "Settings",
    reader: "Reader | None",
    limit: int,
    *,
    person: int | None,
    photo: int | None,
    unassigned: bool,
) -> None:
    from facekeep.api.fields import paths
    from facekeep.cli.output import say, show_page, table
    from facekeep.store import listing

    if reader is None:
        say(options.nothing_yet(settings))
        return
    page = listing.faces(reader, person=person, photo=photo, unassigned=unassigned, limit=limit)
    rows = (
        (
            row.face,
            row.photo,
            row.person,
            row.name,
            row.assigned_by,
            _two_digits(row.quality),
            *paths(row.files)[:1],
        )
        for row in page.items
    )
    table([">face", ">photo", ">person", "name", "by", ">quality", "file"], rows)
    show_page(len(page.items), page.total, "face")


def _two_digits(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"
