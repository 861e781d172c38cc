"""Photos that could not be looked at: why, trying them again, or never."""

from fastapi import APIRouter

from facekeep.actions import failures as actions
from facekeep.api.dependencies import DEFAULT_PAGE, Cursor, Limit, PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.schemas import (
    Failure,
    FailureCount,
    FailureCounts,
    FailureDetail,
    FailuresPage,
    GivenUp,
    GiveUp,
    Retried,
    Retry,
)
from facekeep.domain.errors import FailureCode, UsageError
from facekeep.store import failures as ledger
from facekeep.store import listing

router = APIRouter(prefix="/failures", tags=["failures"])


@router.get("", responses=answers(400, 422, 503), name="list")
def list_failures(
    ctx: Wired, code: FailureCode | None = None, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> FailuresPage:
    """Photos that could not be looked at, then paths that could not be read; all, or for one reason."""
    wanted = None if code is None else code.value
    with ctx.database.read() as reader:
        page = listing.failures(reader, code=wanted, cursor=cursor, limit=limit)
    return FailuresPage(items=[Failure.of(row) for row in page.items], total=page.total, next=page.next)


@router.get("/summary", responses=answers(503))
def summary(ctx: Wired) -> FailureCounts:
    """How many failed for each reason, most first; what it means and what comes next."""
    with ctx.database.read() as reader:
        counts = listing.failure_counts(reader)
    return FailureCounts(items=[FailureCount.of(row) for row in counts])


@router.get("/{photo}", responses=answers(404, 422, 503))
def get(ctx: Wired, photo: PathId) -> FailureDetail:
    """Why one photo failed, with the error's full text."""
    with ctx.database.read() as reader:
        return FailureDetail.with_detail(listing.failure(reader, photo), ledger.one(reader, photo).detail)


@router.post("/retry", responses=answers(400, 422, 503))
def retry(ctx: Wired, body: Retry) -> Retried:
    """Look again: at these photos, at all that failed for one reason, or at all."""
    if sum(given is not None for given in (body.photos, body.code, body.all)) != 1:
        raise UsageError("it was not said what to try again", hint="Give one of photos, code and all.")
    code = None if body.code is None else body.code.value
    return Retried(retried=actions.retry(ctx, photos=body.photos, code=code))


@router.post("/give-up", responses=answers(422, 503), name="abandon")
def give_up(ctx: Wired, body: GiveUp) -> GivenUp:
    """Never look at these again, until their file changes or a retry names them."""
    return GivenUp(given_up=actions.give_up(ctx, body.photos))
