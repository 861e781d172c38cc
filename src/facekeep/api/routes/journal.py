"""What was decided, by users and machines, and taking it back."""

from typing import Annotated

from fastapi import APIRouter, Query

from facekeep.actions import journal as actions
from facekeep.api.dependencies import (
    DECIDED,
    DEFAULT_PAGE,
    Asking,
    Cursor,
    Deciding,
    Limit,
    OptionalId,
    PathId,
    Wired,
)
from facekeep.api.errors import answers
from facekeep.api.journal_schemas import ChangesPage, Decision, DecisionChange, JournalPage, Undone
from facekeep.api.schemas import Text
from facekeep.store import decisions

router = APIRouter(prefix="/journal", tags=["journal"])

Word = Annotated[Text | None, Query(min_length=1, max_length=40)]


@router.get("", responses=answers(400, 422, 503), name="list")
def list_decisions(  # noqa: PLR0913 - what narrows a listing
    ctx: Wired,
    visitor: Asking,
    face: OptionalId = None,
    person: OptionalId = None,
    actor: Word = None,
    verb: Word = None,
    account: OptionalId = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> JournalPage:
    """Every decision, newest first; of a face, of a person and its faces, of an actor, verb or account."""
    with ctx.database.read() as reader:
        page = decisions.decisions(
            reader,
            face=face,
            person=person,
            actor=actor,
            verb=verb,
            account=account,
            viewer=visitor.account,
            cursor=cursor,
            limit=limit,
        )
    return JournalPage(items=[Decision.of(row) for row in page.items], total=page.total, next=page.next)


@router.get("/{decision}", responses=answers(404, 422, 503))
def get(ctx: Wired, visitor: Asking, decision: PathId) -> Decision:
    """One decision."""
    with ctx.database.read() as reader:
        return Decision.of(decisions.decision(reader, decision, viewer=visitor.account))


@router.get("/{decision}/changes", responses=answers(400, 404, 422, 503))
def changes(ctx: Wired, decision: PathId, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> ChangesPage:
    """Each row that a decision changed, from what to what, in the order in which it was done."""
    with ctx.database.read() as reader:
        decisions.decision(reader, decision)
        page = decisions.changes(reader, decision, cursor=cursor, limit=limit)
    return ChangesPage(items=[DecisionChange.of(row) for row in page.items], total=page.total, next=page.next)


@router.post("/{decision}/undo", responses=DECIDED | answers(404, 409, 422, 503))
def undo(ctx: Deciding, decision: PathId) -> Undone:
    """Put back what a decision changed, unless it was changed since; at any age, the machine's as well."""
    return Undone.of(actions.undo(ctx, decision))


@router.post("/{decision}/redo", responses=DECIDED | answers(404, 409, 422, 503))
def redo(ctx: Deciding, decision: PathId) -> Undone:
    """Do again what was undone, unless it was changed since."""
    return Undone.of(actions.redo(ctx, decision))
