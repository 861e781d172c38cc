"""Photos that could not be looked at, and trying them again."""

from fastapi import APIRouter

from facekeep.actions import failures as actions
from facekeep.api.dependencies import DEFAULT_PAGE, Cursor, Limit, Wired
from facekeep.api.errors import answers
from facekeep.api.schemas import Failure, FailureCount, FailureCounts, FailuresPage, Retried, Retry
from facekeep.domain.errors import FailureCode
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
    """How many failed for each reason, most first."""
    with ctx.database.read() as reader:
        counts = listing.failure_counts(reader)
    return FailureCounts(items=[FailureCount(code=code, count=count) for code, count in counts])


@router.post("/retry", responses=answers(404, 422, 503))
def retry(ctx: Wired, body: Retry) -> Retried:
    """Look again: at one photo, at all that failed for one reason, or at all."""
    code = None if body.code is None else body.code.value
    return Retried(retried=actions.retry(ctx, photo_id=body.photo, code=code))
