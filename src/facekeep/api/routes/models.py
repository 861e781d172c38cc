"""The model packs, and changing to another one."""

from fastapi import APIRouter

from facekeep.actions import models as actions
from facekeep.actions.context import Context
from facekeep.api.dependencies import Wired
from facekeep.api.errors import answers
from facekeep.api.models_schemas import Models, UseModel
from facekeep.api.readiness import are_models_ready
from facekeep.domain.packs import PACKS, pack_called
from facekeep.store import packs

router = APIRouter(prefix="/models", tags=["models"])

FAILED = 100


def look(ctx: Context) -> Models:
    """All packs, and how far the change is."""
    with ctx.database.read() as reader:
        states = actions.listed(reader, PACKS, lambda pack: are_models_ready(ctx.models_folder, pack))
        change, left, use = actions.change(reader), packs.left(reader), packs.use(reader)
        return Models.told(states, change, left, packs.failed(reader, limit=FAILED), use)


@router.get("", responses=answers(503))
def list(ctx: Wired) -> Models:
    """The packs that there are, which of them is in use, and how far the change to another one is."""
    return look(ctx)


@router.post("/use", status_code=202, responses=answers(400, 403, 404, 409, 422, 503))
def use(ctx: Wired, body: UseModel) -> Models:
    """Change to another pack: in the background, or at once when every face has its embedding already.

    The pack in use itself ends a change that is under way. Its files must be on the server's machine.
    """
    pack = pack_called(body.model)
    actions.use(ctx, pack, accepted=body.accept_terms, without_away=body.without_away)
    return look(ctx)


@router.post("/pause", responses=answers(409, 503))
def pause(ctx: Wired) -> Models:
    """Embed no more, in any worker, until resumed; new photos are looked at all the same."""
    actions.pause(ctx)
    return look(ctx)


@router.post("/resume", responses=answers(409, 503))
def resume(ctx: Wired) -> Models:
    """Go on, also with photos that were given up."""
    actions.resume(ctx)
    return look(ctx)


@router.post("/cancel", responses=answers(503))
def cancel(ctx: Wired) -> Models:
    """Stay with the pack in use. What is embedded already is kept, for the next time."""
    actions.cancel(ctx)
    return look(ctx)
