"""What is refused before any endpoint sees it, and the headers that every answer carries.

On this machine no password is asked for, and elsewhere a browser sends its session by itself, so a web page
of somebody else, open in the same browser, must not be able to use either: a name that is not ours in `Host`
is a DNS rebinding attack, and another page in `Origin` or `Sec-Fetch-Site` is a forged request (OWASP cheat
sheets).
"""

import ipaddress
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
"""No request of this API needs more, but one that carries a picture: the longest holds many numbers."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER_SITES = frozenset({"cross-site", "same-site"})


class SecurityHeaders:
    """Adds the headers to every answer that does not carry them yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class KnownVisitors:
    """Refuses a foreign Host (421), and requests that another site's page makes (403).

    `by_address`: it is asked over the network, so it answers to any address in numbers: rebinding needs a
    name.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: frozenset[str], by_address: bool = False) -> None:
        self._app = app
        self._allowed = allowed_hosts
        self._by_address = by_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(send, *refusal)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            hint = "Ask by 127.0.0.1 or localhost, or name the host in FACEKEEP_ALLOWED_HOSTS."
            return 421, f"facekeep does not answer to the host name {host!r}", hint
        if self._is_foreign(scope["method"], headers, host):
            return 403, "this request was made by a page of another site", "Use facekeep's own page."
        return None

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        return name in self._allowed or is_loopback(name) or (self._by_address and _is_address(name))

    def _is_foreign(self, method: str, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None and not self._same_origin(origin, host):
            return True
        # Following a link from another site to a page or picture here harms nothing.
        followed = method in _SAFE_METHODS and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site") in _OTHER_SITES and not followed

    def _same_origin(self, origin: str, host: str) -> bool:
        authority = origin.partition("://")[2].lower()
        if authority == host.lower():
            return True
        # A reverse proxy may drop its port from Host; loopback names are compared with their port,
        # because another program of this machine may serve pages on another one.
        name = host_name(authority)
        return name in self._allowed and name == host_name(host)


class SmallBodies:
    """Refuses a request body above MAX_BODY_BYTES (413), declared or streamed; at some paths a larger one."""

    def __init__(
        self, app: ASGIApp, *, limit: int = MAX_BODY_BYTES, larger: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._limit = limit
        self._larger = {} if larger is None else dict(larger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            await _refuse(send, 413, _complaint(limit), "")
            return
        await self._app(scope, self._counted(receive, limit), send)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, _complaint(limit))
            return message

        return receive_within_limit


def _complaint(limit: int) -> str:
    return f"the body of a request may have at most {limit} bytes"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def host_name(host: str) -> str:
    """The name in a Host header or authority, lower case, without port and brackets; empty when malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host name leads to this machine wherever it is looked up."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


_REFUSALS = {
    403: ("Forbidden", "forbidden"),
    413: ("Request Entity Too Large", "body_too_large"),
    421: ("Misdirected Request", "forbidden"),
}


async def _refuse(send: Send, status: int, detail: str, hint: str) -> None:
    title, code = _REFUSALS[status]
    fields = {"title": title, "status": status, "detail": detail, "code": code, "hint": hint}
    body = json.dumps({"type": "about:blank", **fields}).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        # The rest of a refused body is not worth reading.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
