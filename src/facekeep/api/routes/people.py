"""Who is in the photos, and what the user says of them."""

from fastapi import APIRouter

from facekeep.actions import people as actions
from facekeep.api.dependencies import DECIDED, DEFAULT_PAGE, Cursor, Deciding, Limit, PathId, Search, Wired
from facekeep.api.errors import answers
from facekeep.api.schemas import Names, PeoplePage, Person, PersonChange, PersonMerge
from facekeep.domain.errors import UsageError
from facekeep.store import listing
from facekeep.store.directory import Sort

router = APIRouter(prefix="/people", tags=["people"])


@router.get("", responses=answers(400, 422, 503), name="list")
def list_people(
    ctx: Wired,
    named: bool | None = None,
    hidden: bool = False,
    q: Search = "",
    sort: Sort | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> PeoplePage:
    """People, named ones first, then those with most faces; or sorted in another way.

    With `q`, those whose name or other name is like it, whatever its accents and case, with a slip or two;
    the best first, and of equals those that you dealt with last.
    """
    with ctx.database.read() as reader:
        page = listing.people(
            reader, named=named, hidden=hidden, query=q, sort=sort, cursor=cursor, limit=limit
        )
    return PeoplePage(items=[Person.of(row) for row in page.items], total=page.total, next=page.next)


@router.get("/names", responses=answers(422, 503))
def names(ctx: Wired, q: Search = "") -> Names:
    """Up to ten named people that fit what was typed, the best first; with nothing typed, those of late."""
    with ctx.database.read() as reader:
        return Names(items=[Person.of(row) for row in listing.names(reader, q)])


@router.get("/{person}", responses=answers(404, 422, 503))
def get(ctx: Wired, person: PathId) -> Person:
    """One person; for one that was merged, the person it became."""
    with ctx.database.read() as reader:
        return Person.of(listing.person(reader, person))


@router.patch("/{person}", responses=DECIDED | answers(400, 404, 409, 422, 503))
def change(ctx: Deciding, person: PathId, body: PersonChange) -> Person:
    """Name, rename or hide a person, as one decision. Naming confirms the faces: no machine moves them."""
    wanted: actions.PersonChange = {}
    if "name" in body.model_fields_set:
        wanted["name"] = body.name
    if body.hidden is not None:
        wanted["hidden"] = body.hidden
    if not wanted:
        raise UsageError("nothing to change was given", hint="Give `name`, `hidden`, or both.")
    return Person.of(actions.change_person(ctx, person, wanted, version=body.version))


@router.post("/{person}/merge", responses=DECIDED | answers(400, 404, 409, 422, 503))
def merge(ctx: Deciding, person: PathId, body: PersonMerge) -> Person:
    """This person and `into` are one. Gives the one that stays."""
    return Person.of(actions.merge_people(ctx, person, body.into, version=body.version))
