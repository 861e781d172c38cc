"""The work that goes on, and steering it."""

from fastapi import APIRouter

from facekeep.actions import steering as actions
from facekeep.actions.context import Context
from facekeep.api.dependencies import Counted, Wired
from facekeep.api.errors import answers
from facekeep.api.looks import Costly
from facekeep.api.metrics import Counts
from facekeep.api.work_schemas import Released, Work
from facekeep.api.working import work_fields
from facekeep.store import steering

router = APIRouter(tags=["activity"])


def look(ctx: Context, counts: Costly[Counts]) -> Work:
    """Queue, workers and what holds them up, now; the queue's numbers may be some seconds old."""
    queue = counts.get().found.queue
    with ctx.database.read() as reader:
        return Work.model_validate(work_fields(steering.control(reader), queue, steering.workers(reader)))


@router.get("/activity", responses=answers(503))
def get(ctx: Wired, counts: Counted) -> Work:
    """What is being done, by whom, how fast, and what holds it up."""
    return look(ctx, counts)


@router.post("/activity/pause", responses=answers(503))
def pause(ctx: Wired, counts: Counted) -> Work:
    """Take up no more photos, in any worker, until resumed. What is in hand is finished."""
    actions.pause(ctx)
    return look(ctx, counts)


@router.post("/activity/resume", responses=answers(503))
def resume(ctx: Wired, counts: Counted) -> Work:
    """Go on."""
    actions.resume(ctx)
    return look(ctx, counts)


@router.post("/models/release", status_code=202, responses=answers(503))
def release(ctx: Wired) -> Released:
    """Give the models' memory back, in every worker; they are loaded again with the next photo."""
    actions.release_models(ctx)
    with ctx.database.read() as reader:
        return Released(workers=sum(worker.alive for worker in steering.workers(reader)))
