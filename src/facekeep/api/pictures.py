"""Sending derived pictures, or saying that the browser has them already."""

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from facekeep.actions.pictures import Picture

IMAGE: dict[str, Any] = {
    "description": "The picture. Answered with 304 when `If-None-Match` holds its ETag.",
    "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
}

# A crop changes only when its photo is edited: a day without asking is worth more than seeing that at once.
_CACHING = "private, max-age=86400, stale-while-revalidate=604800"


def send(request: Request, derive: Callable[[], Picture]) -> Response:
    """The picture that `derive` gives, or 304, for which none has to be drawn."""
    picture = derive()
    headers = {"ETag": f'"{picture.etag}"', "Cache-Control": _CACHING}
    if _is_known(request.headers.get("if-none-match", ""), picture.etag):
        return Response(status_code=304, headers=headers)
    return Response(picture.content(), media_type=picture.media_type, headers=headers)


def _is_known(if_none_match: str, etag: str) -> bool:
    given = [tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(",")]
    return etag in given or given == ["*"]
