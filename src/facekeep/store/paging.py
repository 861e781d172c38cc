"""Cursors: where a page of a listing ended, so that the next goes on from there."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from facekeep.domain.errors import UsageError
from facekeep.store.rows import Page, Row

MAX_PAGE = 1000


def page(rows: list[Row], limit: int, total: int, key: Callable[[Row], list[Any]]) -> Page[Row]:
    """A page of at most `limit` rows, given one more if there is one. `key`: that of the cursor."""
    shown = rows[: bounded(limit)]
    more = len(rows) > len(shown)
    return Page(shown, total, encoded(key(shown[-1])) if more else None)


def bounded(limit: int) -> int:
    """As many as one page may have."""
    return max(1, min(limit, MAX_PAGE))


def encoded(key: list[Any]) -> str:
    """The cursor of a key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decoded(cursor: str | None, *kinds: type) -> list[Any]:
    """The key in a cursor, of just these kinds; all None without one. UsageError when it is not ours."""
    if cursor is None:
        return [None] * len(kinds)
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise UsageError("the cursor is not one that facekeep gave") from error
    if not (
        isinstance(key, list) and [type(part) for part in key] == list(kinds) and all(map(_storable, key))
    ):
        raise UsageError("the cursor is not one that facekeep gave")
    return key


def _storable(part: bool | int | str) -> bool:
    if isinstance(part, str):
        return part == "-infinity" or _is_time(part)
    return 0 <= part < 2**63


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
