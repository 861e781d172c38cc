"""`facekeep faces`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json, Limit

if TYPE_CHECKING:
    from facekeep.domain.faces import Standing
    from facekeep.settings import Settings
    from facekeep.store.database import Reader
    from facekeep.store.rows import FaceRow, Page


class Said(StrEnum):
    """What a user said of a face."""

    SHOWN = "shown"
    IGNORED = "ignored"
    NOT_A_FACE = "not_a_face"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which faces to list."""

    person: int | None = None
    photo: int | None = None
    unassigned: bool = False
    standing: "Standing" = "shown"

    def page(self, reader: "Reader", limit: int, cursor: str | None = None) -> "Page[FaceRow]":
        """Some of them, by number."""
        from facekeep.store import listing

        return listing.faces(
            reader,
            person=self.person,
            photo=self.photo,
            unassigned=self.unassigned,
            standing=self.standing,
            cursor=cursor,
            limit=limit,
        )


def faces(
    person: Annotated[
        int | None, typer.Option(min=1, metavar="ID", help="Only faces of this person.")
    ] = None,
    photo: Annotated[int | None, typer.Option(min=1, metavar="ID", help="Only faces in this photo.")] = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Only faces without a person.")] = False,
    standing: Annotated[
        Said, typer.Option("--standing", metavar="WHAT", help="shown, ignored, not_a_face or deleted ones.")
    ] = Said.SHOWN,
    limit: Limit = 50,
    json: Json = False,
    home: Home = None,
) -> None:
    """List faces: where they are and who they are."""
    from facekeep.api.fields import face_fields
    from facekeep.cli.output import emit

    wanted = Wanted(person, photo, unassigned, standing.value)
    settings = options.load(home)
    with options.looking(settings) as reader:
        if json and reader is not None:
            for row in _all(reader, wanted):
                emit(face_fields(row))
        elif not json:
            _show(settings, reader, limit, wanted)


def _all(reader: "Reader", wanted: Wanted) -> "Iterator[FaceRow]":
    from facekeep.store import listing

    if wanted == Wanted():
        yield from listing.iter_faces(reader)
        return
    cursor: str | None = None
    while True:
        page = wanted.page(reader, 1000, cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _show(settings: "Settings", reader: "Reader | None", limit: int, wanted: Wanted) -> None:
    from facekeep.api.fields import paths
    from facekeep.cli.output import say, show_page, table

    if reader is None:
        say(options.nothing_yet(settings))
        return
    page = wanted.page(reader, limit)
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
