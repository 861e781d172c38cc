"""Logging in and out, and one's own sessions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from facekeep.actions import logins
from facekeep.api.account_schemas import Login, PasswordChange, Session, Sessions, Who
from facekeep.api.admission import COOKIE, SECURE_COOKIE, VISITOR
from facekeep.api.dependencies import Asking, PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.locality import address_of, is_secure
from facekeep.domain.accounts import LONGEST_S, Visitor
from facekeep.domain.errors import UsageError
from facekeep.store import credentials

router = APIRouter(tags=["session"])


@router.post("/session", responses=answers(401, 422, 429, 503), name="start")
def log_in(ctx: Wired, request: Request, response: Response, body: Login) -> Who:
    """Log in: the answer sets a cookie. Who guesses passwords waits: 429 says how long."""
    agent = request.headers.get("user-agent", "")
    address = address_of(request.scope)
    token = logins.log_in(ctx, body.name, body.password, address=address, user_agent=agent)
    before = _known(request)
    if before is not None:
        logins.log_out(ctx, before)  # another session takes its place
    secure = is_secure(request.scope)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        token,
        max_age=LONGEST_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
    return Who.of(logins.visitor_of_token(ctx, token))


@router.get("/session", responses=answers(503))
def get(request: Request, response: Response) -> Who:
    """Who you are, and whether you must log in first."""
    response.headers["Cache-Control"] = "no-store"
    return Who.of(_known(request))


@router.delete("/session", responses=answers(422, 503), name="end")
def log_out(
    ctx: Wired,
    request: Request,
    response: Response,
    everywhere: Annotated[bool, Query(description="End all your sessions, not this one alone.")] = False,
) -> Who:
    """Log out. Answers as well where nobody is logged in."""
    before = _known(request)
    if before is not None:
        logins.log_out(ctx, before, everywhere=everywhere)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    response.delete_cookie(SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    response.headers["Clear-Site-Data"] = '"cache"'
    return Who.of(None if before is None or before.account is not None else before)


@router.put("/session/password", responses=answers(400, 422, 429, 503), name="password")
def change_password(ctx: Wired, request: Request, visitor: Asking, body: PasswordChange) -> Who:
    """Change your password. Your other sessions end."""
    _refuse_keys(visitor)
    logins.change_password(ctx, visitor, body.old, body.new, address=address_of(request.scope))
    return Who.of(visitor)


@router.get("/sessions", tags=["session"], responses=answers(503), name="list")
def list_sessions(ctx: Wired, visitor: Asking) -> Sessions:
    """Where you are logged in."""
    if visitor.account is None:
        return Sessions(items=[])
    with ctx.database.read() as reader:
        found = credentials.sessions(reader, visitor.account)
    return Sessions(items=[Session.of(row, visitor) for row in found])


@router.delete("/sessions/{session}", responses=answers(404, 422, 503), name="drop")
def drop(ctx: Wired, visitor: Asking, session: PathId) -> Sessions:
    """Log out somewhere else; answers with what remains."""
    logins.end_session(ctx, visitor, session)
    return list_sessions(ctx, visitor)


def _known(request: Request) -> Visitor | None:
    found: Visitor | None = getattr(request.state, VISITOR, None)
    return found


def _refuse_keys(visitor: Visitor) -> None:
    """Who has found a key must not be able to take the account over."""
    if visitor.key is not None:
        raise UsageError("a password is not changed with an API key", hint="Log in.")
