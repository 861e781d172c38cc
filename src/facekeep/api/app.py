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
from facekeep.api import errors, metrics, pages
from facekeep.api.events import StatusFeed
from facekeep.api.looks import Costly
from facekeep.api.report import About
from facekeep.api.routes import (
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
    libraries,
    matching,
    models,
    people,
    photos,
    report,
    review,
    scans,
    search,
    status,
    verbs,
)
from facekeep.api.safety import KnownVisitors, SecurityHeaders, SmallBodies

PREFIX = "/api/v1"

DESCRIPTION = """Finds the people in a photo library and never loses what its user told it.

Problems are RFC 9457 problem details (`application/problem+json`) with a stable `code`. Listings come in
pages: `items`, the true `total`, and `next`, the `cursor` of the following page. Boxes and landmarks are
fractions of the upright photo. There is no password yet, so the server listens on this machine only and
refuses requests that a page of another site makes.
"""


def create_app(
    context: Context | None,
    *,
    allowed_hosts: Iterable[str] = (),
    page: Path = pages.FOLDER,
    instance: str = "",
    about: About | None = None,
) -> FastAPI:
    """The application over one Context. Without one it can only describe itself (`openapi()`).

    `allowed_hosts` are host names beside loopback ones; `instance` is what /healthz tells this server by,
    `about` what the report to maintainers says of the program around it.
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
    app.state.feed = StatusFeed(lambda: status.look(app.state.context).model_dump_json())
    app.state.counts = Costly(lambda: metrics.count(app.state.context))
    app.state.watch = health.Watch(app.state.context, app.state.counts)
    errors.install(app)
    app.include_router(_api())
    app.include_router(health.router)
    app.include_router(pages.router(page))
    # The last added is the first to see a request.
    app.add_middleware(SmallBodies, larger={f"{PREFIX}/search/picture": MAX_PICTURE_BYTES})
    app.add_middleware(KnownVisitors, allowed_hosts=frozenset(allowed_hosts))
    app.add_middleware(SecurityHeaders)
    return app


def openapi() -> dict[str, Any]:
    """The description of the API, from which the page's client is generated."""
    return create_app(None).openapi()


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description, with the schema that every problem has."""
        made = self.openapi_schema is not None
        described = super().openapi()
        if not made:
            described["components"]["schemas"] |= errors.schemas()
        return described


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.feed.close()


def _api() -> APIRouter:
    api = APIRouter(prefix=PREFIX)
    for part in (
        *(status, activity, people, faces, drawing, verbs, forgetting, exporting, matching, grouping, review),
        *(search, circles, journal, photos, failures, libraries, scans, models, report),
    ):
        api.include_router(part.router)
    return api


def _operation_id(route: APIRoute) -> str:
    # Short names for generated clients: people_list, faces_assign.
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name
