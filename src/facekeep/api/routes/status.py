"""How far everything is, once or as it changes."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from facekeep.actions import models
from facekeep.actions.context import Context
from facekeep.api.dependencies import Asking, Feed, Wired
from facekeep.api.errors import answers
from facekeep.api.models_schemas import Status
from facekeep.api.schemas import Text
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


LONGEST_STREAM_S = 300.0
"""Whoever is logged in connects anew then, so that who is locked out does not watch on."""

LastEvent = Annotated[
    Text | None,
    Header(
        alias="Last-Event-ID",
        max_length=40,
        description="The `id` of the last event that you got: what happened since comes first.",
    ),
]
Since = Annotated[
    Text | None, Query(max_length=40, description="The same, where a header cannot be sent.", examples=["17"])
]


@router.get(
    "/events",
    tags=["status"],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `status` with the object of GET /status, at once and after "
            "each change, at most twice a second; `change` for what was decided and for photos and scans "
            "that are done or failed; `reset` where that is no longer known since your `id`; `problem` "
            "(`code`, `detail`, `hint`) when it is unknown.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **answers(422),
    },
)
async def events(
    feed: Feed, visitor: Asking, last_event_id: LastEvent = None, since: Since = None
) -> StreamingResponse:
    """How far everything is, and what happens, as it changes."""
    known = since if last_event_id is None else last_event_id
    return StreamingResponse(
        feed.stream(
            None if known is None else _position(known),
            None if visitor.account is None else LONGEST_STREAM_S,
        ),
        media_type="text/event-stream",
        # The second is for nginx, which would collect events before it passes them on.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _position(given: str) -> int:
    """An id of ours; anything else is as one that is too old."""
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else -1
