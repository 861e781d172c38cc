"""Circles: groups of people that a user makes, such as a family."""

from typing import Annotated

from fastapi import APIRouter, Query

from facekeep.actions import circles as actions
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
from facekeep.api.schemas import MAX_ID
from facekeep.api.search_schemas import (
    Circle,
    CircleChanged,
    CircleNew,
    CirclePeople,
    CircleRename,
    CirclesPage,
    CircleWithPeople,
)
from facekeep.store import circles as store

router = APIRouter(prefix="/circles", tags=["circles"])

CHANGED = DECIDED | answers(400, 404, 409, 422, 503)
MADE = {**answers(400, 409, 422, 503), 201: DECIDED[200]}


@router.get("", responses=answers(400, 422, 503), name="list")
def list_circles(
    ctx: Wired, person: OptionalId = None, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> CirclesPage:
    """Circles, oldest first: all, or those that a person is in."""
    with ctx.database.read() as reader:
        page = store.circles(reader, person=person, cursor=cursor, limit=limit)
    return CirclesPage(items=[Circle.of(row) for row in page.items], total=page.total, next=page.next)


@router.post("", status_code=201, responses=MADE, name="add")
def add(ctx: Deciding, body: CircleNew) -> CircleChanged:
    """A new circle. 409 when one of that name is there, in any case."""
    return CircleChanged.of(actions.create_circle(ctx, body.name, body.people))


@router.get("/{circle}", responses=answers(404, 422, 503), name="get")
def get(ctx: Wired, circle: PathId) -> CircleWithPeople:
    """One circle, with who is in it."""
    with ctx.database.read() as reader:
        return CircleWithPeople.with_people(store.circle(reader, circle), store.members(reader, circle))


@router.patch("/{circle}", responses=CHANGED, name="rename")
def rename(ctx: Deciding, circle: PathId, body: CircleRename) -> Circle:
    """Another name."""
    return Circle.of(actions.rename_circle(ctx, circle, body.name, version=body.version))


@router.delete("/{circle}", responses=CHANGED, name="delete")
def delete(
    ctx: Deciding, circle: PathId, version: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None
) -> Circle:
    """The circle is there no more; its people stay. Can be undone."""
    return Circle.of(actions.delete_circle(ctx, circle, version=version))


@router.post("/{circle}/add", responses=CHANGED, name="join")
def join(ctx: Deciding, circle: PathId, body: CirclePeople) -> CircleChanged:
    """These people are in it. Says for each what happened."""
    return CircleChanged.of(actions.add_people(ctx, circle, body.people, version=body.version))


@router.post("/{circle}/remove", responses=CHANGED, name="leave")
def leave(ctx: Deciding, circle: PathId, body: CirclePeople) -> CircleChanged:
    """These people are not in it. Says for each what happened."""
    return CircleChanged.of(actions.remove_people(ctx, circle, body.people, version=body.version))
