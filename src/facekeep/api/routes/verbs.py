"""What a user says of a person beside their name, and of many faces at once."""

from enum import Enum
from typing import Annotated, cast

from fastapi import APIRouter, Query

from facekeep.actions import details, moving
from facekeep.actions.details import Edit
from facekeep.api.dependencies import DECIDED, Deciding, PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.person_schemas import (
    Deleted,
    FacesMove,
    FacesRemove,
    Moved,
    PersonDetails,
    PersonEdit,
    PersonSplit,
    PhotosMove,
    PhotosRemove,
)
from facekeep.api.schemas import MAX_ID
from facekeep.store import details as store
from facekeep.store import people

router = APIRouter()

PEOPLE: list[str | Enum] = ["people"]
FACES: list[str | Enum] = ["faces"]


@router.get("/people/{person}/details", tags=PEOPLE, responses=answers(404, 422, 503), name="details")
def get_details(ctx: Wired, person: PathId) -> PersonDetails:
    """All that a user says of a person."""
    with ctx.database.read() as reader:
        return PersonDetails.of(store.one(reader, people.follow(reader, person)))


@router.patch(
    "/people/{person}/details",
    tags=PEOPLE,
    responses=DECIDED | answers(400, 404, 409, 422, 503),
    name="edit",
)
def edit(ctx: Deciding, person: PathId, body: PersonEdit) -> PersonDetails:
    """Other names, birth date, notes, favourite, automatic or not, and the face that shows them."""
    told = body.model_dump(include=body.model_fields_set - {"version"})
    return PersonDetails.of(details.edit_person(ctx, person, cast(Edit, told), version=body.version))


@router.delete(
    "/people/{person}", tags=PEOPLE, responses=DECIDED | answers(404, 409, 422, 503), name="delete"
)
def delete(
    ctx: Deciding, person: PathId, version: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None
) -> Deleted:
    """Nobody is this person any more; their faces are unknown again. Can be undone."""
    return Deleted(person=person, faces=details.delete_person(ctx, person, version=version))


@router.post(
    "/people/{person}/split", tags=PEOPLE, responses=DECIDED | answers(400, 404, 409, 422, 503), name="split"
)
def split(ctx: Deciding, person: PathId, body: PersonSplit) -> Moved:
    """These faces are somebody else: a new person."""
    return Moved.of(moving.split_person(ctx, person, body.faces, name=body.name))


@router.post(
    "/people/{person}/photos/move",
    tags=PEOPLE,
    responses=DECIDED | answers(400, 404, 409, 422, 503),
    name="reassign",
)
def move_photos(ctx: Deciding, person: PathId, body: PhotosMove) -> Moved:
    """In these photos it is not this person but another, or a new one."""
    faces = moving.faces_in(ctx, person, body.photos)
    return Moved.of(moving.move_faces(ctx, faces, person_id=body.person, name=body.name))


@router.post(
    "/people/{person}/photos/remove",
    tags=PEOPLE,
    responses=DECIDED | answers(404, 409, 422, 503),
    name="disown",
)
def remove_photos(ctx: Deciding, person: PathId, body: PhotosRemove) -> Moved:
    """In these photos it is not this person."""
    faces = moving.faces_in(ctx, person, body.photos)
    return Moved.of(moving.remove_faces(ctx, faces, reject=body.reject))


@router.post("/faces/move", tags=FACES, responses=DECIDED | answers(400, 404, 409, 422, 503), name="move")
def move(ctx: Deciding, body: FacesMove) -> Moved:
    """These faces are that person, or a new one. Says for each what happened."""
    return Moved.of(moving.move_faces(ctx, body.faces, person_id=body.person, name=body.name))


@router.post("/faces/remove", tags=FACES, responses=DECIDED | answers(409, 422, 503), name="remove")
def remove(ctx: Deciding, body: FacesRemove) -> Moved:
    """These faces are not who they are said to be. Says for each what happened."""
    return Moved.of(moving.remove_faces(ctx, body.faces, reject=body.reject))
