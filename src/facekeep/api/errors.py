"""Every error of the tree as an HTTP answer: RFC 9457 problem details with our stable `code` and the hint."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from facekeep.api.safety import SECURITY_HEADERS
from facekeep.domain.errors import (
    AlreadyUndone,
    AnswerLost,
    Conflict,
    DatabaseAway,
    DownloadFault,
    EnvironmentFault,
    FacekeepError,
    ForbiddenRole,
    KeyInProgress,
    KeyReused,
    LibraryOffline,
    MachineFault,
    ModelFault,
    NotFound,
    NothingToUndo,
    NotUndone,
    PhotoFault,
    StorageFault,
    TermsNotAccepted,
    TooManyAttempts,
    Unauthenticated,
    UsageError,
)

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

STATUS_OF: Mapping[type[FacekeepError], HTTPStatus] = {
    FacekeepError: HTTPStatus.INTERNAL_SERVER_ERROR,
    UsageError: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    TermsNotAccepted: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    AlreadyUndone: HTTPStatus.CONFLICT,
    NothingToUndo: HTTPStatus.CONFLICT,
    NotUndone: HTTPStatus.CONFLICT,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    ForbiddenRole: HTTPStatus.FORBIDDEN,
    TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    KeyInProgress: HTTPStatus.CONFLICT,
    AnswerLost: HTTPStatus.CONFLICT,
    EnvironmentFault: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageFault: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseAway: HTTPStatus.SERVICE_UNAVAILABLE,
    ModelFault: HTTPStatus.SERVICE_UNAVAILABLE,
    DownloadFault: HTTPStatus.BAD_GATEWAY,
    LibraryOffline: HTTPStatus.SERVICE_UNAVAILABLE,
    # The request was understood; it is the photo that gives no picture.
    PhotoFault: HTTPStatus.UNPROCESSABLE_ENTITY,
    MachineFault: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The answer to each error. A test walks the tree and fails when a class has none."""

_CODE_OF_STATUS = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
}


class InvalidPart(BaseModel):
    """One thing that is wrong, with a request or with the server."""

    where: str = Field(
        description="The part of it, such as `body.name` or `database`.", examples=["body.version"]
    )
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable and for programs; the rest is for people."""

    type: str = Field(default="about:blank", description="Always `about:blank`: `code` tells problems apart.")
    title: str = Field(description="The HTTP status in words.", examples=["Conflict"])
    status: int = Field(description="The HTTP status.", examples=[409])
    detail: str = Field(description="What happened.", examples=["person 7 has changed since you looked"])
    code: str = Field(
        description="Stable name of the kind of problem: `usage`, `not_found`, `conflict`, `already_undone`, "
        "`nothing_to_undo`, `not_undone`, `environment`, "
        "`storage`, `model`, `terms_not_accepted`, `download`, `library_offline`, `photo`, "
        "`invalid_request`, `forbidden`, `body_too_large`, "
        "`method_not_allowed`, `not_ready`, `internal`, `unauthenticated`, `forbidden_role`, "
        "`too_many_attempts`, `idempotency_key_reused`, `idempotency_in_progress`, "
        "`idempotency_answer_lost`.",
        examples=["conflict"],
    )
    hint: str = Field(default="", description="What to do about it; may be empty.", examples=["Look again."])
    failure: str | None = Field(default=None, description="With `photo`: the failure code of the photo.")
    since: list[str] | None = Field(
        default=None,
        description="With `conflict`: what was decided since you looked, newest first, a line each.",
        examples=[["You merged person 12 into Ada: 14 faces"]],
    )
    errors: list[InvalidPart] | None = Field(
        default=None, description="With `invalid_request` and `not_ready`: what is wrong where."
    )


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI descriptions of an endpoint's problems."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_TYPE: {"schema": _PROBLEM_REF}},
        }
        for status in statuses
    }


_REF = "#/components/schemas/{model}"
_PROBLEM_REF = {"$ref": _REF.format(model="Problem")}


def schemas() -> dict[str, Any]:
    """The OpenAPI schemas that the descriptions of problems refer to."""
    problem = Problem.model_json_schema(mode="serialization", ref_template=_REF)
    return {**problem.pop("$defs"), "Problem": problem}


def problem_of(error: FacekeepError) -> Problem:
    """An error of the tree as problem details."""
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    return Problem(
        title=status.phrase,
        status=status,
        detail=error.message,
        code=error.code,
        hint=error.hint,
        failure=error.failure.value if isinstance(error, PhotoFault) else None,
        since=list(error.since) if isinstance(error, Conflict) and error.since else None,
    )


def respond(problem: Problem) -> JSONResponse:
    """The HTTP answer that carries a problem."""
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=PROBLEM_TYPE,
        headers={"Cache-Control": "no-store", **SECURITY_HEADERS},
    )


def install(app: FastAPI) -> None:
    """Let every failing request be answered with a problem."""
    app.add_exception_handler(FacekeepError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unforeseen)


async def _on_ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FacekeepError)
    return answer_to(error, request.method, request.url.path)


def answer_to(error: FacekeepError, method: str, path: str) -> JSONResponse:
    """The HTTP answer to an error of the tree, logged where it is the machine's."""
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s %s: %s", method, path, error.message)
    answer = respond(problem)
    answer.headers.update(_headers_of(error))
    return answer


def _headers_of(error: FacekeepError) -> dict[str, str]:
    """What a program needs to know beside the problem, where HTTP has a place for it."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="facekeep"'}
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(math.ceil(error.wait_s))}
    if isinstance(error, KeyInProgress):
        return {"Retry-After": "1"}
    if isinstance(error, AnswerLost) and error.decision is not None:
        return {"X-Facekeep-Decision": str(error.decision)}
    return {}


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    parts = [_invalid_part(entry) for entry in error.errors()]
    detail = "; ".join(f"{part.where}: {part.message}" for part in parts)
    problem = _plain(HTTPStatus.UNPROCESSABLE_ENTITY, detail, code="invalid_request")
    return respond(problem.model_copy(update={"errors": parts}))


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return respond_to_http(error)


def respond_to_http(error: HTTPException) -> JSONResponse:
    """The HTTP answer to what the framework refuses."""
    status = HTTPStatus(error.status_code)
    answer = respond(_plain(status, str(error.detail), code=_CODE_OF_STATUS.get(status, "usage")))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _on_unforeseen(_: Request, __: Exception) -> JSONResponse:
    # The server logs the traceback; the answer tells nothing of the inside.
    problem = _plain(HTTPStatus.INTERNAL_SERVER_ERROR, "facekeep made a mistake here.", code="internal")
    answer = respond(problem.model_copy(update={"hint": "The log of `facekeep serve` says more."}))
    answer.headers["Connection"] = "close"  # which the server does after a mistake; a client should know
    return answer


def _plain(status: HTTPStatus, detail: str, *, code: str) -> Problem:
    return Problem(title=status.phrase, status=status, detail=detail, code=code)


def _invalid_part(entry: Mapping[str, Any]) -> InvalidPart:
    where = ".".join(str(step) for step in entry["loc"])
    return InvalidPart(where=where, message=str(entry["msg"]))
