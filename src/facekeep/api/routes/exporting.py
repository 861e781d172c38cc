"""All that is known of people, as one stream."""

from enum import Enum
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from facekeep.actions import exporting
from facekeep.actions.exporting import Format
from facekeep.api.dependencies import Wired
from facekeep.api.errors import answers
from facekeep.api.schemas import MAX_NAMED, Id

router = APIRouter()

PEOPLE: list[str | Enum] = ["people"]

MEDIA_TYPES: dict[Format, str] = {
    "jsonl": "application/jsonl",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}

DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The records, as docs/export.md describes them. Without a record of kind `end` as the "
        "last one (there is none in CSV), something broke off.",
        "content": {
            "application/jsonl": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.get(
    "/export/people",
    tags=PEOPLE,
    responses=DOCUMENT | answers(404, 422, 503),
    response_class=StreamingResponse,
    name="export",
)
def export(
    ctx: Wired,
    form: Annotated[Format, Query(alias="format")] = "jsonl",
    unnamed: Annotated[bool, Query(description="Also people without a name, and faces of nobody.")] = False,
    vectors: Annotated[bool, Query(description="Also the embeddings: biometric data.")] = False,
    person: Annotated[list[Id] | None, Query(max_length=MAX_NAMED, description="Only these people.")] = None,
) -> StreamingResponse:
    """Names, faces with boxes, rejections, circles: all that a user said of people, of one moment."""
    wanted = exporting.Wanted(None if not person else tuple(person), unnamed, vectors)
    parts = exporting.encoded(ctx, wanted, form)
    first = next(parts)  # so that what is wrong is said with a status
    exporting.remember(ctx, b"sent over the API", wanted)
    headers = {
        "Content-Disposition": f'attachment; filename="people.{form}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(chain([first], parts), media_type=MEDIA_TYPES[form], headers=headers)
