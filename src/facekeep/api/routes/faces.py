"""Faces, whose they are, and what they look like."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from facekeep.actions import people as actions
from facekeep.actions import pictures
from facekeep.api.dependencies import (
    DECIDED,
    DEFAULT_PAGE,
    Cursor,
    Deciding,
    Limit,
    OptionalId,
    PathId,
    Wired,
)
from facekeep.api.errors import answers
from facekeep.api.pictures import IMAGE, send
from facekeep.api.schemas import Face, FacesPage, ToName, ToPerson
from facekeep.domain.faces import Standing
from facekeep.store import listing

router = APIRouter(prefix="/faces", tags=["faces"])


@router.get("", responses=answers(400, 422, 503), name="list")
def list_faces(
    ctx: Wired,
    person: OptionalId = None,
    photo: OptionalId = None,
    unassigned: bool = False,
    standing: Annotated[Standing, Query(description="Those of which you said so.")] = "shown",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> FacesPage:
    """Faces: of a person, of a photo, or without a person."""
    with ctx.database.read() as reader:
        page = listing.faces(
            reader,
            person=person,
            photo=photo,
            unassigned=unassigned,
            standing=standing,
            cursor=cursor,
            limit=limit,
        )
    return FacesPage(items=[Face.of(row) for row in page.items], total=page.total, next=page.next)


@router.get("/{face}", responses=answers(404, 422, 503))
def get(ctx: Wired, face: PathId) -> Face:
    """One face."""
    with ctx.database.read() as reader:
        return Face.of(listing.face(reader, face))


@router.put("/{face}/person", responses=DECIDED | answers(400, 404, 409, 422, 503))
def assign(ctx: Deciding, face: PathId, body: ToPerson | ToName) -> Face:
    """This face is that person, or a new person of that name."""
    if isinstance(body, ToPerson):
        return Face.of(actions.assign_face(ctx, face, person_id=body.person))
    return Face.of(actions.assign_face(ctx, face, name=body.name))


@router.delete("/{face}/person", responses=DECIDED | answers(404, 409, 422, 503))
def unassign(ctx: Deciding, face: PathId) -> Face:
    """This face is not the person it is on. Remembered for good."""
    return Face.of(actions.unassign_face(ctx, face))


@router.get(
    "/{face}/crop", response_class=Response, responses={200: IMAGE, 304: {}, **answers(404, 422, 503)}
)
def crop(
    request: Request,
    ctx: Wired,
    face: PathId,
    size: Annotated[int, Query(ge=1, le=640, description="Pixels; the next of 96, 160, 320, 640.")] = 160,
) -> Response:
    """A square picture of the face, made on demand from the photo."""
    return send(request, lambda: pictures.face_crop(ctx, face, size=size))
