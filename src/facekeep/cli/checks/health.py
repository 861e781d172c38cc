"""The health files: what processes said last, and whether that is still true."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from facekeep.cli.checks.finding import Check
from facekeep.cli.output import span

if TYPE_CHECKING:
    from facekeep.worker.health import Found


def files(home: Path) -> Iterator[Check]:
    """One finding for each file."""
    from facekeep.worker import health

    yield from map(_one, health.find(home))


def _one(found: "Found") -> Check:
    from facekeep.worker.health import STALE_S

    name, status = found.path.name, found.report.get("status")
    who = f"{found.report.get('role')}, process {found.report.get('pid')}"
    if status == "stopped":
        return Check(name, "ok", f"{who}: stopped in order")
    if found.alive is False:
        advice = "It was killed or crashed; nothing is lost. Start it again."
        return Check(name, "warn", f"{who}: {status} when it ended, {span(found.age_s)} ago", advice)
    if found.age_s > STALE_S:
        advice = "It hangs, or its disk is full; its log says more. Start it again."
        return Check(name, "warn", f"{who}: has said nothing for {span(found.age_s)}", advice)
    if status == "stuck":
        loop = span(float(str(found.report.get("loop_age_s", 0))))
        advice = "It waits for a disk, a network mount or the database. Mend that, or start it again."
        return Check(name, "warn", f"{who}: stuck, its work has not gone on for {loop}", advice)
    return Check(name, "ok", f"{who}: {status}")
