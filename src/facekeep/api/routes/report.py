"""The report that a user may send to the maintainers."""

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from facekeep.api.dependencies import Counted, Wired
from facekeep.api.errors import answers
from facekeep.api.report import About, Ticked, as_text, make

router = APIRouter(tags=["report"])


@router.get(
    "/report",
    response_model=dict[str, Any],
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **answers(422, 503)},
)
def get(
    request: Request,
    ctx: Wired,
    counts: Counted,
    paths: Annotated[bool, Query(description="With the real paths of folders and photos.")] = False,
    faces: Annotated[bool, Query(description="With the names of people. Never with a picture.")] = False,
    format: Annotated[Literal["json", "text"], Query(description="`text` is for pasting.")] = "json",
) -> Response | dict[str, Any]:
    """What a maintainer needs to find a mistake; nothing private unless it is asked for."""
    report = make(ctx, counts, cast(About, request.app.state.about), Ticked(paths, faces))
    return PlainTextResponse(as_text(report)) if format == "text" else report
