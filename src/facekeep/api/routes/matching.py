"""Who a face may be, who stands for a person, finding more of somebody, and whether machines decide."""

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query

from facekeep.actions import exemplars, finding
from facekeep.actions import matching as actions
from facekeep.api.dependencies import DECIDED, Deciding, PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.matching_schemas import (
    Candidates,
    Exemplars,
    FindMore,
    FoundMore,
    Matching,
    MatchingChange,
)

router = APIRouter()

PEOPLE: list[str | Enum] = ["people"]
FACES: list[str | Enum] = ["faces"]
MATCHING: list[str | Enum] = ["matching"]


@router.get("/matching", tags=MATCHING, responses=answers(503), name="get")
def get(ctx: Wired) -> Matching:
    """Whether facekeep says by itself who a face is."""
    return Matching(auto=actions.auto(ctx))


@router.patch("/matching", tags=MATCHING, responses=answers(422, 503), name="change")
def change(ctx: Wired, body: MatchingChange) -> Matching:
    """Let facekeep say who a face is where that is clear, or let it only ask. Outlives restarts."""
    return Matching(auto=actions.set_auto(ctx, body.auto))


@router.get("/faces/{face}/candidates", tags=FACES, responses=answers(404, 422, 503), name="candidates")
def candidates(ctx: Wired, face: PathId, limit: Annotated[int, Query(ge=1, le=50)] = 10) -> Candidates:
    """The people this face may be, its own included, the likeliest first, and why."""
    with ctx.database.read() as reader:
        return Candidates.of(face, actions.candidates(ctx, reader, face, limit=limit))


@router.get(
    "/people/{person}/exemplars", tags=PEOPLE, responses=answers(404, 409, 422, 503), name="exemplars"
)
def get_exemplars(ctx: Wired, person: PathId) -> Exemplars:
    """The faces that stand for a person when others are matched, and how its eras are covered."""
    return Exemplars.of(exemplars.exemplars_of(ctx, person))


@router.post(
    "/people/{person}/exemplars/{face}",
    tags=PEOPLE,
    responses=DECIDED | answers(400, 404, 409, 422, 503),
    name="pin",
)
def pin(ctx: Deciding, person: PathId, face: PathId) -> Exemplars:
    """This face always stands for its person; it is theirs by the user's word then."""
    return Exemplars.of(exemplars.pin_face(ctx, person, face))


@router.delete(
    "/people/{person}/exemplars/{face}",
    tags=PEOPLE,
    responses=DECIDED | answers(400, 404, 409, 422, 503),
    name="unpin",
)
def unpin(ctx: Deciding, person: PathId, face: PathId) -> Exemplars:
    """This face may stand for its person, as any other."""
    return Exemplars.of(exemplars.unpin_face(ctx, person, face))


@router.post(
    "/people/{person}/find-more", tags=PEOPLE, responses=answers(400, 404, 409, 422, 503), name="more"
)
def find_more(ctx: Wired, person: PathId, body: FindMore) -> FoundMore:
    """Look for unassigned faces that may be this person, and ask about the likeliest. Assigns nothing."""
    return FoundMore.of(finding.find_more(ctx, person, body.faces, limit=body.limit))
