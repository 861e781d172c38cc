"""Photo folders."""

from pathlib import Path

from fastapi import APIRouter

from facekeep.actions import libraries as actions
from facekeep.api.dependencies import PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.schemas import Libraries, Library, LibraryNew, Scan
from facekeep.domain.errors import UsageError
from facekeep.store import listing

router = APIRouter(prefix="/libraries", tags=["libraries"])


@router.get("", responses=answers(503), name="list")
def list_libraries(ctx: Wired) -> Libraries:
    """Every library, oldest first."""
    with ctx.database.read() as reader:
        return Libraries(items=[Library.of(row) for row in listing.libraries(reader)])


@router.post("", status_code=201, responses=answers(400, 422, 503))
def add(ctx: Wired, body: LibraryNew) -> Library:
    """Take a folder of this machine in, and ask for its scan. One that is known already is found again."""
    root = Path(body.root)
    if not root.is_absolute():
        raise UsageError(
            f"{body.root} is not a full path", hint="Begin with the root, as in /home/ada/Pictures."
        )
    row = actions.add_library(ctx, root)
    actions.request_scan(ctx, row.library)
    return Library.of(row)


@router.post("/{library}/scan", status_code=202, responses=answers(404, 422, 503))
def scan(ctx: Wired, library: PathId) -> Scan:
    """Ask for a scan; joins one that is under way."""
    return Scan.of(actions.request_scan(ctx, library))
