"""Idempotency keys: a request that is sent again is answered again, not done again (IETF draft `draft-ietf-
httpapi-idempotency-key-header`). For every POST of the API.

What is done and that it was done under this key are one transaction, so there is no moment in which a crash
could let it be done twice. The answer is kept just after. A crash between the two loses the answer alone: who
asks again is told that it was done, and under which decision.
"""

import hashlib
import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facekeep.actions.context import Context
from facekeep.api.access import PREFIX
from facekeep.api.admission import VISITOR
from facekeep.api.errors import answer_to, respond_to_http
from facekeep.domain.errors import AnswerLost, FacekeepError, KeyInProgress, KeyReused, UsageError
from facekeep.store import answers
from facekeep.store.answers import Asked, Kept

log = logging.getLogger(__name__)

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
COMPLETE = "complete"
"""Where a request's state keeps what is to be done at the end of each of its transactions."""

LEFT_OUT = frozenset({f"{PREFIX}/session", f"{PREFIX}/accounts"})
"""They carry passwords, of which not even a hash is to be kept. A name is refused the second time anyway."""
SHOWN_ONCE = frozenset({f"{PREFIX}/keys"})
"""Their answers hold a secret, which is never kept."""

_HEADERS = ("content-type", "location", "x-facekeep-decision")


@dataclass(slots=True)
class _Answer:
    """What an endpoint sends, collected."""

    start: Message = field(default_factory=dict)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def status(self) -> int:
        return int(self.start["status"])

    @property
    def headers(self) -> dict[str, str]:
        """Those that belong to what was done."""
        found = Headers(raw=self.start["headers"])
        return {name: found[name] for name in _HEADERS if name in found}

    async def send(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})


class Keeping:
    """Answers a POST whose key was answered before as it was then; keeps the answers of new ones."""

    def __init__(self, app: ASGIApp, *, context: Context | None) -> None:
        self._app, self._context = app, context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key_of(scope)
        if key is None or self._context is None:
            await self._app(scope, receive, send)
            return
        try:
            body = await _whole(receive)
            asked = _asked(scope, key, body)
            with ExitStack() as stack:
                kept = await to_thread.run_sync(partial(_begin, self._context, stack, asked))
                if kept is None:
                    await self._answer(self._context, asked, scope, _again(body, receive), send)
                else:
                    await _replay(kept, send)
        except FacekeepError as error:
            await answer_to(error, scope["method"], scope["path"])(scope, receive, send)
        except HTTPException as error:  # the body is too large
            await respond_to_http(error)(scope, receive, send)

    async def _answer(
        self, context: Context, asked: Asked, scope: Scope, receive: Receive, send: Send
    ) -> None:
        scope.setdefault("state", {})[COMPLETE] = partial(answers.enter, asked=asked)
        answer = _Answer()
        await self._app(scope, receive, answer.take)
        if scope["path"] not in SHOWN_ONCE:
            await to_thread.run_sync(_keep, context, asked, answer)
        await answer.send(send)


def _begin(context: Context, stack: ExitStack, asked: Asked) -> Kept | None:
    """What to answer again; None for a new request. KeyInProgress, KeyReused, AnswerLost."""
    if not stack.enter_context(answers.under_way(context.database, asked)):
        raise KeyInProgress("a request with this key is under way", hint="Ask again in a moment.")
    with context.database.write() as writer:
        answers.sweep(writer)
        kept = answers.get(writer, asked)
    if kept is None:
        return None
    if bytes(kept.fingerprint) != asked.fingerprint:
        raise KeyReused("this idempotency key was given with another request", hint="Take a new key.")
    if kept.status is None:
        under = "" if kept.decision is None else f", as decision {kept.decision}"
        raise AnswerLost(
            f"this was done before{under}; its answer is not there any more",
            hint="Look at what there is now; do not send it again.",
            decision=kept.decision,
        )
    return kept


def _keep(context: Context, asked: Asked, answer: _Answer) -> None:
    """Kept is what was done, and what was done in part; what was refused may be tried again under its key."""
    try:
        with context.database.write() as writer:
            if answer.status < 400 or answers.get(writer, asked) is not None:
                answers.keep(writer, asked, answer.status, answer.headers, answer.body)
    except FacekeepError as error:
        # It was done, and whoever asked gets the answer; only a second time would go without.
        log.warning("the answer to an idempotency key was not kept: %s", error.message)


async def _replay(kept: Kept, send: Send) -> None:
    headers = MutableHeaders({} if kept.headers is None else kept.headers)
    body = b"" if kept.body is None else bytes(kept.body)
    headers["content-length"] = str(len(body))
    headers[REPLAYED] = "true"
    await send({"type": "http.response.start", "status": kept.status, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def _key_of(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(f"{PREFIX}/"):
        return None
    return None if scope["path"] in LEFT_OUT else Headers(scope=scope).get(HEADER)


def _asked(scope: Scope, given: str, body: bytes) -> Asked:
    key = given.strip().strip('"')
    if not 1 <= len(key) <= 255 or not (key.isascii() and key.isprintable()):
        raise UsageError("an idempotency key has 1 to 255 printable ASCII characters")
    visitor = scope.get("state", {}).get(VISITOR)
    owner = 0 if visitor is None or visitor.account is None else int(visitor.account)
    parts = (scope["method"].encode(), scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"])
    number = hashlib.sha256(f"{owner}\0{key}".encode()).digest()[:4]
    return Asked(owner, key, _hash(*parts, body), int.from_bytes(number, signed=True))


def _hash(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


async def _whole(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as it came, then what comes after it."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
