"""What holds for every operation of the API, written into its description once."""

from collections.abc import Iterator
from typing import Any

from facekeep.api import access, errors
from facekeep.api.admission import COOKIE
from facekeep.api.keeping import LEFT_OUT, REPLAYED

Described = dict[str, Any]

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes it safe to send the request again: with the same key, what was done is not done "
    "again, and the first answer is given again. Kept for 24 hours, for each account apart.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_REPLAYED = {
    "description": "`true` when this is the answer to an earlier request with this idempotency key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "From POST /session."},
    "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
}


def complete(described: Described) -> None:
    """Add to a description made from the routes what the layers around them do."""
    described["components"]["schemas"] |= errors.schemas()
    described["components"]["securitySchemes"] = _SCHEMES
    for method, path, operation in _operations(described):
        least = access.least(method, path)
        operation["x-least-role"] = "anybody" if least is None else str(least)
        _answer(operation, *_refusals(method, path, operation))
        if least is not None:
            # Or neither: whoever is local may need none.
            operation["security"] = [{"session": []}, {"key": []}, {}]
        if method == "POST" and path.startswith(access.PREFIX) and path not in LEFT_OUT:
            _keep(operation)


def _refusals(method: str, path: str, operation: Described) -> Iterator[int]:
    least = access.least(method, path)
    yield 403  # a page of another site
    yield 421  # another host name
    if least is not None:
        yield 401
    if "requestBody" in operation:
        yield from (400, 413)


def _keep(operation: Described) -> None:
    operation.setdefault("parameters", []).append(_KEY)
    _answer(operation, 400, 409, 413, 422)
    for status, answer in operation["responses"].items():
        if status < "300":
            answer.setdefault("headers", {})[REPLAYED] = _REPLAYED


def _answer(operation: Described, *statuses: int) -> None:
    for status, answer in errors.answers(*statuses).items():
        operation["responses"].setdefault(str(status), answer)


def _operations(described: Described) -> Iterator[tuple[str, str, Described]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation
