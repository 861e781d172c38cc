"""Who asks, and whether they may: looked at before any endpoint, by the one table in access.py."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from facekeep.actions import logins
from facekeep.actions.context import Context
from facekeep.api import access
from facekeep.api.errors import answer_to
from facekeep.api.locality import is_local
from facekeep.domain.accounts import LOCAL, Role, Visitor
from facekeep.domain.errors import FacekeepError, ForbiddenRole, Unauthenticated
from facekeep.store import accounts

COOKIE = "facekeep_session"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Over HTTPS: browsers let nobody but this very host set a cookie of such a name."""

VISITOR = "visitor"
"""Where a request's state keeps who asks; absent for a stranger."""


class Admission:
    """Refuses whom nobody knows (401), and who may not do it (403)."""

    def __init__(self, app: ASGIApp, *, context: Context | None, loopback_open: bool) -> None:
        self._app, self._context, self._loopback_open = app, context, loopback_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._context is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope, self._context)
        except FacekeepError as error:
            await answer_to(error, scope["method"], scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, context: Context) -> None:
        least = access.least(scope["method"], scope["path"])
        if least is None and not scope["path"].startswith(access.PREFIX):
            return  # the page itself, and whether the server lives
        visitor = await self._visitor(scope, context, needed=least is not None)
        if visitor is not None:
            scope.setdefault("state", {})[VISITOR] = visitor
        if least is not None:
            refuse(visitor, least)

    async def _visitor(self, scope: Scope, context: Context, *, needed: bool) -> Visitor | None:
        """Who asks: by an API key, else by a session, else as the local user."""
        headers = Headers(scope=scope)
        key = bearer(headers)
        if key is not None:
            found = await to_thread.run_sync(logins.visitor_of_key, context, key)
            if found is None and needed:
                raise Unauthenticated(
                    "this API key holds no more", hint="Make another with `facekeep keys add`."
                )
            return found
        token = token_in(headers)
        if token is not None:
            found = await to_thread.run_sync(logins.visitor_of_token, context, token)
            if found is not None:
                return found
        if not is_local(scope):
            return None
        if self._loopback_open or not await to_thread.run_sync(_is_any_account, context):
            return LOCAL
        return None


def refuse(visitor: Visitor | None, least: Role) -> None:
    """Unauthenticated, ForbiddenRole unless somebody known may do what needs this role."""
    if visitor is None:
        raise Unauthenticated(
            "log in first",
            hint="Send a session's cookie (POST /api/v1/session) or an API key (Authorization: Bearer …). "
            "`facekeep users add NAME --role admin` makes the first account.",
        )
    if not visitor.role.includes(least):
        who = "this API key" if visitor.key is not None else f"{visitor.name}"
        raise ForbiddenRole(f"{who} is {visitor.role}, and this needs {least}", hint="Ask an admin.")


def bearer(headers: Headers) -> str | None:
    """The API key of a request, if it carries one."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def token_in(headers: Headers) -> str | None:
    """The session's token in a request's cookies, if there is one."""
    cookies = _cookies(headers)
    return cookies.get(SECURE_COOKIE, cookies.get(COOKIE))


def _cookies(headers: Headers) -> Mapping[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _is_any_account(context: Context) -> bool:
    with context.database.read() as reader:
        return accounts.is_any(reader)
