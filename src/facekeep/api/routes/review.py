"""What facekeep asks: is this face that person, are these two one person; and the answers."""

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query

from facekeep.actions import proposals, review
from facekeep.api.dependencies import (
    DECIDED,
    DEFAULT_PAGE,
    Cursor,
    Deciding,
    Limit,
    OptionalId,
    PathId,
    Wired,
)
from facekeep.api.errors import answers
from facekeep.api.review_schemas import (
    AnswerAll,
    Answered,
    AnsweredAll,
    AnsweredItems,
    Proposal,
    ProposalAnswered,
    ProposalAnswers,
    ProposalsAnswered,
    ProposalsPage,
    SuggestedPeoplePage,
    SuggestedPerson,
    Suggestion,
    SuggestionAnswers,
    SuggestionsPage,
)
from facekeep.store import apart as apart_store
from facekeep.store import review as store
from facekeep.store.review import Narrowed

router = APIRouter()

SUGGESTIONS: list[str | Enum] = ["suggestions"]
PROPOSALS: list[str | Enum] = ["proposals"]

Minimum = Annotated[float, Query(ge=0, le=1, description="Only from this confidence on.")]
Hidden = Annotated[bool, Query(description="About hidden people as well.")]


@router.get("/suggestions", tags=SUGGESTIONS, responses=answers(400, 422, 503), name="list")
def list_suggestions(
    ctx: Wired,
    person: OptionalId = None,
    face: OptionalId = None,
    photo: OptionalId = None,
    minimum: Minimum = 0.0,
    hidden: Hidden = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> SuggestionsPage:
    """Faces and whom they may be, the surest first, skipped ones last; of a person, a face, a photo."""
    narrowed = Narrowed(person, face, photo, minimum, hidden)
    with ctx.database.read() as reader:
        page = store.suggestions(reader, narrowed, cursor=cursor, limit=limit)
    return SuggestionsPage(items=[Suggestion.of(row) for row in page.items], total=page.total, next=page.next)


@router.get("/suggestions/people", tags=SUGGESTIONS, responses=answers(400, 422, 503), name="people")
def list_people(
    ctx: Wired,
    minimum: Minimum = 0.0,
    hidden: Hidden = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> SuggestedPeoplePage:
    """Who is asked about and how often, the surest question first."""
    with ctx.database.read() as reader:
        page = store.asked_people(
            reader, Narrowed(minimum=minimum, hidden=hidden), cursor=cursor, limit=limit
        )
    found = [SuggestedPerson.of(row) for row in page.items]
    return SuggestedPeoplePage(items=found, total=page.total, next=page.next)


@router.post(
    "/suggestions/answer", tags=SUGGESTIONS, responses=DECIDED | answers(400, 409, 422, 503), name="answer"
)
def answer_suggestions(ctx: Deciding, body: SuggestionAnswers) -> AnsweredItems:
    """Yes, no, somebody else, not now: all in one decision. Says for each what became of it."""
    given = review.answer_suggestions(ctx, [item.value() for item in body.answers])
    return AnsweredItems(items=[Answered.of(item) for item in given])


@router.post(
    "/people/{person}/suggestions/accept",
    tags=SUGGESTIONS,
    responses=DECIDED | answers(404, 409, 422, 503),
    name="accept",
)
def accept_all(ctx: Deciding, person: PathId, body: AnswerAll) -> AnsweredAll:
    """Yes to all questions about a person from a confidence on, as one decision."""
    given = review.accept_all(ctx, person, minimum=body.minimum, skipped=body.skipped, limit=body.limit)
    return AnsweredAll.of(given)


@router.post(
    "/people/{person}/suggestions/reject",
    tags=SUGGESTIONS,
    responses=DECIDED | answers(404, 409, 422, 503),
    name="reject",
)
def reject_all(ctx: Deciding, person: PathId, body: AnswerAll) -> AnsweredAll:
    """No to all questions about a person from a confidence on, as one decision."""
    given = review.reject_all(ctx, person, minimum=body.minimum, skipped=body.skipped, limit=body.limit)
    return AnsweredAll.of(given)


@router.get("/proposals", tags=PROPOSALS, responses=answers(400, 422, 503), name="list")
def list_proposals(
    ctx: Wired,
    person: OptionalId = None,
    hidden: Hidden = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> ProposalsPage:
    """Two who may be one person, with what speaks for it, the least doubtful first, skipped ones last."""
    with ctx.database.read() as reader:
        page = apart_store.proposals(reader, person=person, hidden=hidden, cursor=cursor, limit=limit)
    return ProposalsPage(items=[Proposal.of(row) for row in page.items], total=page.total, next=page.next)


@router.post(
    "/proposals/answer", tags=PROPOSALS, responses=DECIDED | answers(400, 409, 422, 503), name="answer"
)
def answer_proposals(ctx: Deciding, body: ProposalAnswers) -> ProposalsAnswered:
    """One person, two for good, not now: all in one decision. Says for each what became of it."""
    given = proposals.answer_proposals(ctx, [item.value() for item in body.answers])
    return ProposalsAnswered(items=[ProposalAnswered.of(item) for item in given])
