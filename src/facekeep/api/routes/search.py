"""Photos by who is in them."""

from fastapi import APIRouter

from facekeep.api.dependencies import Wired
from facekeep.api.errors import answers
from facekeep.api.search_schemas import PhotoSearch, PhotosFound
from facekeep.store import search as store

router = APIRouter(prefix="/search", tags=["search"])


@router.post("/photos", responses=answers(400, 404, 422, 503))
def photos(ctx: Wired, body: PhotoSearch) -> PhotosFound:
    """Photos of A and B and not C, alone or with others, between dates, by age, library and number of faces.

    Changes nothing; it is a POST because what is asked for may be long. Send the same body with `cursor` for
    the following page.
    """
    with ctx.database.read() as reader:
        return PhotosFound.of(store.photos(reader, body.query(), cursor=body.cursor, limit=body.limit))
