"""Forgetting somebody for good."""

from enum import Enum

from fastapi import APIRouter

from facekeep.actions.forgetting import forget_person
from facekeep.api.dependencies import DECIDED, Deciding, PathId
from facekeep.api.errors import answers
from facekeep.api.forget_schemas import Forget, Forgotten
from facekeep.domain.errors import UsageError

router = APIRouter()

PEOPLE: list[str | Enum] = ["people"]


@router.post(
    "/people/{person}/forget",
    tags=PEOPLE,
    responses=DECIDED | answers(400, 404, 409, 422, 503),
    name="forget",
)
def forget(ctx: Deciding, person: PathId, body: Forget) -> Forgotten:
    """Erase a person, who was merged into it, and their faces, for good. It cannot be undone.

    Say `dry_run` first: it counts, and tells the version to confirm with.
    """
    if not body.dry_run and body.confirm is None:
        raise UsageError(
            "forgetting cannot be undone, and was not confirmed",
            hint="Ask with `dry_run` first, then give its `version` as `confirm`.",
        )
    version = None if body.dry_run else body.confirm
    result = forget_person(ctx, person, version=version, dry_run=body.dry_run)
    return Forgotten.of(result, dry_run=body.dry_run)
