"""Walks through the libraries."""

from fastapi import APIRouter

from facekeep.actions import libraries as actions
from facekeep.api.dependencies import PathId, Wired
from facekeep.api.errors import answers
from facekeep.api.schemas import Scan, Scans
from facekeep.store import listing

router = APIRouter(prefix="/scans", tags=["scans"])


@router.get("", responses=answers(503), name="list")
def list_scans(ctx: Wired) -> Scans:
    """The latest twenty, newest first."""
    with ctx.database.read() as reader:
        return Scans(items=[Scan.of(row) for row in listing.scans(reader)])


@router.post("/{scan}/stop", responses=answers(404, 422, 503))
def stop(ctx: Wired, scan: PathId) -> Scan:
    """Stop a scan; what it found stays, and the next one goes on."""
    return Scan.of(actions.stop_scan(ctx, scan))
