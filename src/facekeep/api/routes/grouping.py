"""Grouping everything anew, and what grouping asks about: one person twice, several in one."""

from enum import Enum

from fastapi import APIRouter

from facekeep.actions import parts, regroup, twice
from facekeep.api.dependencies import PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.grouping_schemas import Grouping, PersonParts, Regroup, RegroupAsked, TwiceFound
from facekeep.domain.errors import NotFound
from facekeep.store import grouping, regrouping

router = APIRouter()

GROUPING: list[str | Enum] = ["grouping"]

COUNTED = 10_000


@router.get("/grouping", tags=GROUPING, responses=answers(503), name="state")
def get_state(ctx: Wired) -> Grouping:
    """How many faces wait for grouping, and how grouping everything anew is or was."""
    with ctx.database.read() as reader:
        run = regrouping.latest(reader)
        waiting = grouping.backlog(reader, ctx.pack_id, COUNTED)
    return Grouping(waiting=waiting, regroup=None if run is None else Regroup.of(run))


@router.post("/grouping/regroup", tags=GROUPING, responses=answers(409, 422, 503), name="regroup")
def start(ctx: Wired, body: RegroupAsked) -> Regroup:
    """Group everything anew, in the background. What a user touched stays, and it is one decision."""
    return Regroup.of(regroup.ask_to_regroup(ctx, dry_run=body.dry_run))


@router.delete("/grouping/regroup", tags=GROUPING, responses=answers(404, 503), name="cancel")
def cancel(ctx: Wired) -> Regroup:
    """Cancel it, as long as it has changed nothing."""
    run = regroup.cancel_regroup(ctx)
    if run is None:
        raise NotFound("nothing is being grouped anew")
    return Regroup.of(run)


@router.post("/proposals/find", tags=["proposals"], responses=answers(409, 503), name="find")
def find_twice(ctx: Wired) -> TwiceFound:
    """Look for one person twice among all, propose, and withdraw what is not so any more."""
    return TwiceFound.of(twice.find_twice(ctx))


@router.get("/people/{person}/parts", tags=["people"], responses=answers(404, 422, 503), name="parts")
def get_parts(ctx: Wired, person: PathId) -> PersonParts:
    """The parts that a person's faces fall into, to split by where they are several people."""
    return PersonParts.of(parts.parts_of(ctx, person))
