"""The page: the files that its build made, and `index.html` for every address that it routes itself."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).with_name("page")

_HASHED = "assets/"
"""Vite puts a hash of the content into the names in this folder: such a file never changes."""
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>facekeep: the page is not built</title>
<h1>The page has not been built yet</h1>
<p>facekeep runs, and its API answers under <code>/api/v1</code>, but the files of the page are missing.</p>
<p>In the checkout, run <code>script/setup</code>, then reload this page.</p>
</html>
"""


def is_built(folder: Path = FOLDER) -> bool:
    """Whether there is a page to show."""
    return (folder / "index.html").is_file()


def router(folder: Path = FOLDER) -> APIRouter:
    """The route of everything that is not the API. It must come last."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/{path:path}", methods=["GET", "HEAD"])
    def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404, f"the API has no /{path}")
        return _answer(folder, path)

    return routes


def _answer(folder: Path, path: str) -> Response:
    found = _file(folder, path)
    if found is not None:
        return FileResponse(found, headers={"Cache-Control": _caching(path)})
    if path.startswith(_HASHED):
        # A page that was loaded before an update asks for files that are gone; index.html would confuse it.
        raise HTTPException(404, f"the page has no file /{path}")
    if not is_built(folder):
        return HTMLResponse(_NOT_BUILT, 503, headers={"Cache-Control": "no-store"})
    return FileResponse(folder / "index.html", headers={"Cache-Control": _ASK_AGAIN})


def _file(folder: Path, path: str) -> Path | None:
    """The built file of that address; None when there is none, or when it would lie outside the folder."""
    try:
        found = (folder / path).resolve()
        return found if found.is_relative_to(folder.resolve()) and found.is_file() else None
    except (OSError, ValueError):
        # A name that this system cannot hold: too long, or with a NUL.
        return None


def _caching(path: str) -> str:
    return _FOREVER if path.startswith(_HASHED) else _ASK_AGAIN
