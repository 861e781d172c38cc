"""How far everything is, once or as it changes."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from facekeep.actions import models
from facekeep.actions.context import Context
from facekeep.api.dependencies import Feed, Wired
from facekeep.api.errors import answers
from facekeep.api.models_schemas import Status
from facekeep.store import listing

router = APIRouter()


def look(ctx: Context) -> Status:
    """The counts and what goes on, now."""
    with ctx.database.read() as reader:
        found, change = listing.status(reader), models.change(reader)
    return Status.told(found, ctx.activity(), change)


@router.get("/status", tags=["status"], responses=answers(503))
def get(ctx: Wired) -> Status:
    """How far everything is."""
    return look(ctx)


@router.get(
    "/events",
    tags=["status"],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `status` with the object of GET /status, at once and after "
            "each change, at most twice a second; `problem` (`code`, `detail`, `hint`) when it is unknown.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def events(feed: Feed) -> StreamingResponse:
    """How far everything is, as it changes."""
    return StreamingResponse(
        feed.stream(),
        media_type="text/event-stream",
        # The second is for nginx, which would collect events before it passes them on.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
