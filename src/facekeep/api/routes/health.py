"""For those who watch over the server: does it answer, is it ready, how much of everything is there.

Each is a coroutine and looks in a thread of its own, so that it answers also while every other request waits.
"""

import logging
from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from facekeep.actions.context import Context
from facekeep.api import metrics as numbers
from facekeep.api.errors import InvalidPart, Problem, answers, respond
from facekeep.api.locality import is_local
from facekeep.api.looks import Costly, Patient
from facekeep.api.readiness import Lack, lacks
from facekeep.api.schemas import Health, Ready
from facekeep.domain.errors import FacekeepError

log = logging.getLogger(__name__)

router = APIRouter(tags=["status"])

READY_PATIENCE_S = 2.0
METRICS_PATIENCE_S = 8.0
"""Below the ten seconds that Prometheus waits by default."""


class Watch:
    """The looks of one server."""

    def __init__(self, context: Context, counts: Costly[numbers.Counts]) -> None:
        self.lacks = Patient(lambda: lacks(context), READY_PATIENCE_S)
        self.numbers = Patient(lambda: numbers.look(context, counts), METRICS_PATIENCE_S)


@router.get("/healthz")
async def healthz(request: Request) -> Health:
    """Whether the server answers; looks at nothing else."""
    return Health(instance=request.app.state.instance)


@router.get("/readyz", response_model=Ready, responses=answers(503))
async def readyz(request: Request) -> Ready | JSONResponse:
    """Whether the server can do its work: database, schema and models are there. Answers within seconds."""
    try:
        found = await _watch(request).lacks.ask()
    except FacekeepError as error:
        found = [Lack("database", error.message)]
    if not found:
        return Ready()
    # Addresses and paths are nobody else's business.
    return _not_ready(found if is_local(request.scope) else [Lack(lack.part, "not ready") for lack in found])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus' text format.", "content": {numbers.CONTENT_TYPE: {}}}},
)
async def metrics(request: Request) -> Response:
    """Counts and states for Prometheus; without those of the database where that does not answer."""
    try:
        found = await _watch(request).numbers.ask()
    except FacekeepError as error:
        log.warning("metrics without the database: %s", error.message)
        found = None
    return Response(
        numbers.text(found), media_type=numbers.CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )


def _watch(request: Request) -> Watch:
    return cast(Watch, request.app.state.watch)


def _not_ready(found: list[Lack]) -> JSONResponse:
    parts = [InvalidPart(where=lack.part, message=lack.message) for lack in found]
    return respond(
        Problem(
            title="Service Unavailable",
            status=503,
            detail="; ".join(lack.message for lack in found),
            code="not_ready",
            hint="Run `facekeep doctor`.",
            errors=parts,
        )
    )
