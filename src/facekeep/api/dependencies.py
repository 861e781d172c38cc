"""What endpoints ask for by type."""

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request

from facekeep.actions.context import Context
from facekeep.api.events import StatusFeed
from facekeep.api.looks import Costly
from facekeep.api.metrics import Counts
from facekeep.api.schemas import MAX_ID, Text

MAX_PAGE = 1000
DEFAULT_PAGE = 100


def _context(request: Request) -> Context:
    return cast(Context, request.app.state.context)


def _feed(request: Request) -> StatusFeed:
    return cast(StatusFeed, request.app.state.feed)


def _counts(request: Request) -> Costly[Counts]:
    return cast("Costly[Counts]", request.app.state.counts)


Wired = Annotated[Context, Depends(_context)]
Feed = Annotated[StatusFeed, Depends(_feed)]
Counted = Annotated[Costly[Counts], Depends(_counts)]

PathId = Annotated[int, Path(ge=1, le=MAX_ID)]
OptionalId = Annotated[int | None, Query(ge=1, le=MAX_ID)]
Cursor = Annotated[
    Text | None,
    Query(max_length=500, description="`next` of the page before; leave it out for the first page."),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many to give at most.")]
Search = Annotated[Text, Query(max_length=200)]
