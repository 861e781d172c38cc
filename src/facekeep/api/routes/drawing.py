"""Faces that a user draws, moves or puts away, and faces that look alike."""

from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from facekeep.actions import alike, faces, standing
from facekeep.actions.alike import MOST_ALIKE
from facekeep.api.dependencies import DECIDED, Deciding, PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.face_schemas import (
    FaceBox,
    FaceDraw,
    FacesStanding,
    FacesStood,
    FaceStanding,
    PictureFound,
    SimilarFace,
    SimilarFaces,
)
from facekeep.api.schemas import Face
from facekeep.domain.errors import NotFound
from facekeep.domain.faces import Standing
from facekeep.store import listing

router = APIRouter()

FACES: list[str | Enum] = ["faces"]
SEARCH: list[str | Enum] = ["search"]

DRAWN: dict[int | str, dict[str, Any]] = {201: DECIDED[200]}
PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The picture's bytes, in any format that facekeep reads; told by content.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/*", "application/octet-stream")
        },
    }
}


@router.post(
    "/photos/{photo}/faces",
    tags=FACES,
    status_code=201,
    responses=DRAWN | answers(400, 404, 409, 422, 503),
    name="draw",
)
def draw(ctx: Deciding, photo: PathId, body: FaceDraw) -> Face:
    """There is a face that facekeep did not see. It is looked at before the answer comes, where it can be;
    `stale` says when it could not. Whoever it clearly is it is put on, unless it is said who it is."""
    place = body.box.place()
    return Face.of(faces.draw_face(ctx, photo, place, person_id=body.person, name=body.name))


@router.patch(
    "/faces/{face}", tags=FACES, responses=DECIDED | answers(400, 404, 409, 422, 503), name="change"
)
def change(ctx: Deciding, face: PathId, body: FaceBox | FaceStanding) -> Face:
    """Move or resize the box of a face, or say what it is."""
    if isinstance(body, FaceBox):
        return Face.of(faces.move_box(ctx, face, body.box.place(), was=body.was.place()))
    return _said(ctx, face, body.standing)


@router.delete("/faces/{face}", tags=FACES, responses=DECIDED | answers(404, 409, 422, 503), name="delete")
def delete(ctx: Deciding, face: PathId) -> Face:
    """The face is to be gone, and does not come back when its photo is looked at again. Can be undone."""
    return _said(ctx, face, "deleted")


@router.post("/faces/standing", tags=FACES, responses=DECIDED | answers(409, 422, 503), name="stand")
def stand(ctx: Deciding, body: FacesStanding) -> FacesStood:
    """Ignore faces, say that they are none, delete them, or show them again. Says for each what happened."""
    return FacesStood.of(standing.set_standing(ctx, body.faces, body.standing))


@router.post("/faces/{face}/measure", tags=FACES, responses=answers(404, 409, 422, 503), name="measure")
def measure(ctx: Wired, face: PathId) -> Face:
    """Look at a face again: its landmarks, its embedding and its quality."""
    return Face.of(faces.measure_face(ctx, face))


@router.get("/faces/{face}/similar", tags=FACES, responses=answers(404, 409, 422, 503), name="similar")
def similar(
    ctx: Wired,
    face: PathId,
    unassigned: Annotated[
        bool, Query(description="Only faces that are nobody's, of the 10,000 most like it.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=MOST_ALIKE)] = 24,
) -> SimilarFaces:
    """Other faces that look like this one, nearest first."""
    found = alike.similar(ctx, face, unassigned=unassigned, limit=limit)
    return SimilarFaces(items=[SimilarFace.of(each) for each in found])


@router.post(
    "/search/picture",
    tags=SEARCH,
    responses=answers(400, 413, 422, 503),
    openapi_extra=PICTURE,
    name="picture",
)
async def search_picture(
    request: Request,
    ctx: Wired,
    limit: Annotated[int, Query(ge=1, le=50, description="How many faces and people for each.")] = 10,
) -> PictureFound:
    """Who is in a picture: for each face in it the people and faces that it looks like. Nothing is kept."""
    content = await request.body()
    return PictureFound.of(await run_in_threadpool(alike.search_by_picture, ctx, content, limit=limit))


def _said(ctx: Deciding, face: int, said: Standing) -> Face:
    stood = standing.set_standing(ctx, [face], said)
    if stood.outcomes[0][1] == "not_found":
        raise NotFound(f"there is no face {face}")
    with ctx.database.read() as reader:
        return Face.of(listing.face(reader, face))
