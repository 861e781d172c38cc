"""What endpoints ask for by type."""

from dataclasses import replace
from typing import Annotated, Any, cast

from fastapi import Depends, Path, Query, Request, Response

from facekeep.actions.context import Context
from facekeep.actions.using import Current
from facekeep.api.admission import VISITOR
from facekeep.api.events import StatusFeed
from facekeep.api.keeping import COMPLETE
from facekeep.api.looks import Costly
from facekeep.api.metrics import Counts
from facekeep.api.schemas import MAX_ID, Text
from facekeep.domain.accounts import Role, Visitor

MAX_PAGE = 1000
DEFAULT_PAGE = 100


def _context(request: Request) -> Context:
    context = cast(Current, request.app.state.current).context()
    account, complete = _asking(request).account, getattr(request.state, COMPLETE, None)
    if account is None and complete is None:
        return context
    return replace(context, database=context.database.on_behalf(account, complete))


def _asking(request: Request) -> Visitor:
    """Who asks. A stranger, who comes only where anybody may, is as a viewer without an account."""
    found: Visitor = getattr(request.state, VISITOR, STRANGER)
    return found


STRANGER = Visitor(Role.VIEWER)


DECISION_HEADER = "X-Facekeep-Decision"


def _deciding(request: Request, response: Response) -> Context:
    def decided(decision: int) -> None:
        response.headers[DECISION_HEADER] = str(decision)

    return replace(_context(request), decided=decided)


DECIDED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            DECISION_HEADER: {
                "description": "The journal's number of what was decided, to undo it by; absent when "
                "nothing changed.",
                "schema": {"type": "integer"},
            }
        }
    }
}
"""The OpenAPI description of an answer to a decision."""


def _feed(request: Request) -> StatusFeed:
    return cast(StatusFeed, request.app.state.feed)


def _counts(request: Request) -> Costly[Counts]:
    return cast("Costly[Counts]", request.app.state.counts)


Wired = Annotated[Context, Depends(_context)]
Asking = Annotated[Visitor, Depends(_asking)]
"""Who asks."""
Deciding = Annotated[Context, Depends(_deciding)]
"""As `Wired`; the answer names the decision that was made in a header."""
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
