"""The application: routes, problems, safety. Made from a wired Context; starts nothing by itself."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from facekeep import __version__
from facekeep.actions.alike import MAX_PICTURE_BYTES
from facekeep.actions.context import Context
from facekeep.actions.using import Current
from facekeep.api import describing, errors, metrics, pages
from facekeep.api.admission import Admission
from facekeep.api.changes import Changes
from facekeep.api.events import StatusFeed
from facekeep.api.keeping import Keeping
from facekeep.api.looks import Costly
from facekeep.api.report import About
from facekeep.api.routes import (
    accounts,
    activity,
    circles,
    drawing,
    exporting,
    faces,
    failures,
    forgetting,
    grouping,
    health,
    journal,
    keys,
    libraries,
    matching,
    models,
    people,
    photos,
    report,
    review,
    scans,
    search,
    session,
    status,
    verbs,
)
from facekeep.api.safety import KnownVisitors, SecurityHeaders, SmallBodies

PREFIX = "/api/v1"

DESCRIPTION = """Finds the people in a photo library and never loses what its user told it.

Problems are RFC 9457 problem details (`application/problem+json`) with a stable `code`. Listings come in
pages: `items`, the true `total`, and `next`, the `cursor` of the following page. Boxes and landmarks are
fractions of the upright photo. At the machine itself no password is needed; from elsewhere a session (POST
/session) or an API key is, and `x-least-role` says what role. Requests that a page of another site makes are
refused. A POST with an `Idempotency-Key` may be sent again safely.
"""


def create_app(
    context: Context | None,
    *,
    allowed_hosts: Iterable[str] = (),
    page: Path = pages.FOLDER,
    instance: str = "",
    about: About | None = None,
    loopback_open: bool = True,
    by_address: bool = False,
) -> FastAPI:
    """The application over one Context. Without one it can only describe itself (`openapi()`).

    `allowed_hosts` are host names beside loopback ones; `instance` is what /healthz tells this server by,
    `about` what the report to maintainers says of the program around it. `loopback_open`: who is at this
    machine needs no password even where there are accounts. `by_address`: other machines ask it by number.
    """
    app = _Application(
        title="facekeep",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.context = context
    app.state.current = None if context is None else Current(context)
    app.state.instance = instance
    app.state.about = About() if about is None else about
    changes = None if context is None else Changes(context)
    app.state.feed = StatusFeed(lambda: status.look(app.state.context).model_dump_json(), changes)
    app.state.counts = Costly(lambda: metrics.count(app.state.context))
    app.state.watch = health.Watch(app.state.context, app.state.counts)
    errors.install(app)
    app.include_router(_api())
    app.include_router(health.router)
    app.include_router(pages.router(page))
    # The last added is the first to see a request.
    app.add_middleware(Keeping, context=context)
    app.add_middleware(Admission, context=context, loopback_open=loopback_open)
    app.add_middleware(SmallBodies, larger={f"{PREFIX}/search/picture": MAX_PICTURE_BYTES})
    app.add_middleware(KnownVisitors, allowed_hosts=frozenset(allowed_hosts), by_address=by_address)
    app.add_middleware(SecurityHeaders)
    return app


def openapi() -> dict[str, Any]:
    """The description of the API, from which the page's client is generated."""
    return create_app(None).openapi()


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description, with what holds for every operation."""
        made = self.openapi_schema is not None
        described = super().openapi()
        if not made:
            describing.complete(described)
        return described


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.feed.close()


def _api() -> APIRouter:
    api = APIRouter(prefix=PREFIX)
    for part in (
        *(session, accounts, keys),
        *(status, activity, people, faces, drawing, verbs, forgetting, exporting, matching, grouping, review),
        *(search, circles, journal, photos, failures, libraries, scans, models, report),
    ):
        api.include_router(part.router)
    return api


def _operation_id(route: APIRoute) -> str:
    # Short names for generated clients: people_list, faces_assign.
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name
