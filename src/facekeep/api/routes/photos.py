"""Photos and the faces in them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from facekeep.actions import again, pictures
from facekeep.api.dependencies import DEFAULT_PAGE, MAX_PAGE, Cursor, Limit, OptionalId, PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.pictures import IMAGE, send
from facekeep.api.schemas import Photo, PhotosPage, PhotoWithFaces
from facekeep.api.work_schemas import LookedAgain, PhotosAgain
from facekeep.domain.errors import UsageError
from facekeep.store import listing

router = APIRouter(prefix="/photos", tags=["photos"])


@router.get("", responses=answers(400, 422, 503), name="list")
def list_photos(
    ctx: Wired,
    person: OptionalId = None,
    state: Literal["waiting", "done", "failed"] | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> PhotosPage:
    """Photos, the newest taken first: all, those that show a person, or those in a state."""
    with ctx.database.read() as reader:
        page = listing.photos(reader, person=person, state=state, cursor=cursor, limit=limit)
    return PhotosPage(items=[Photo.of(row) for row in page.items], total=page.total, next=page.next)


@router.post("/detect", responses=answers(400, 422, 503))
def detect(ctx: Wired, body: PhotosAgain) -> LookedAgain:
    """Look at photos again, though their files are as they were. What was said of their faces stays."""
    if (body.photos is None) == (body.all is None):
        raise UsageError("it was not said which photos", hint="Give one of photos and all.")
    return LookedAgain.of(again.look_again(ctx, body.photos))


@router.get("/{photo}", responses=answers(404, 422, 503))
def get(ctx: Wired, photo: PathId) -> PhotoWithFaces:
    """One photo with its faces, up to a thousand of them."""
    with ctx.database.read() as reader:
        row = listing.photo(reader, photo)
        return PhotoWithFaces.with_faces(row, listing.faces(reader, photo=photo, limit=MAX_PAGE).items)


@router.get(
    "/{photo}/image", response_class=Response, responses={200: IMAGE, 304: {}, **answers(404, 422, 503)}
)
def image(
    request: Request,
    ctx: Wired,
    photo: PathId,
    size: Annotated[int, Query(ge=1, le=2048, description="Long side; the next of 320, 1280, 2048.")] = 1280,
) -> Response:
    """The upright photo, made smaller."""
    return send(request, lambda: pictures.photo_image(ctx, photo, long_side=size))
