"""`facekeep scan`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from facekeep.cli import options
from facekeep.cli.folders import Folders, checked, kinds
from facekeep.cli.guard import complain
from facekeep.cli.options import Home, Workers

if TYPE_CHECKING:
    from facekeep.actions.context import Context
    from facekeep.actions.scan import ScanReport
    from facekeep.worker.foreground import Outcome

STOPPED = 130
"""128 + SIGINT, as shells have it."""


def scan(folders: Folders, workers: Workers = None, home: Home = None) -> None:
    """Look at the photos in one or more folders: find the faces, and who they are.

    A folder that was scanned before costs little: only new and changed photos are looked at. Ctrl-C stops
    after the photos in hand; running it again goes on from there.
    """
    from facekeep import bootstrap
    from facekeep.cli.output import note
    from facekeep.cli.progress import Steps, view
    from facekeep.cli.stopping import stoppable
    from facekeep.worker.foreground import Foreground
    from facekeep.worker.health import HealthFile

    settings = options.load(home, workers=workers)
    roots = checked(settings, folders)
    options.start_logging(settings)
    with bootstrap.open_context(settings, notice=note) as ctx:
        with Steps() as steps:
            bootstrap.prepare_models(settings, progress=steps)
        with bootstrap.open_children(settings) as children, view() as show, stoppable() as stop:
            run = Foreground(ctx, children, progress=show, stop=stop)
            with HealthFile(settings.home, "scan", run.snapshot):
                outcome = run.run(roots)
        status = _report(ctx, roots, outcome)
    raise typer.Exit(status)


def _report(ctx: "Context", roots: Sequence[Path], outcome: "Outcome") -> int:
    """Say how it went; the exit status."""
    from facekeep.cli.output import count, say

    done = outcome.analysis
    for root, report in outcome.reports.items():
        say(_walked(root, report))
    say(f"{count(done.done, 'photo')} looked at, {count(done.faces, 'face')} found")
    for error in outcome.errors.values():
        complain(error.message, error.hint)
    failed = _say_failures(ctx, roots)
    if outcome.stopped:
        say("stopped; run it again to go on from here")
        return STOPPED
    _say_people(ctx)
    if outcome.errors:
        return max(error.exit_status for error in outcome.errors.values())
    return 1 if failed else 0


def _walked(root: Path, report: "ScanReport") -> str:
    from facekeep.cli.output import count, path

    counts = report.counts
    if report.outcome == "joined":
        return f"{path(root)}: scanned by another facekeep at the same time"
    if report.outcome == "done" and counts.files_seen == 0 and counts.problems == 0:
        return f"{path(root)}: no photos in it; looked for {kinds()}"
    parts = [f"{counts.photos_new:,} new", f"{counts.photos_changed:,} changed"]
    if counts.files_missing:
        parts.append(f"{counts.files_missing:,} gone")
    return f"{path(root)}: {count(counts.files_seen, 'photo file')}, {', '.join(parts)}"


def _say_failures(ctx: "Context", roots: Sequence[Path]) -> int:
    """How many photos and paths in these folders failed, in this scan or before."""
    from facekeep.cli.output import count, say
    from facekeep.store import listing

    starts = tuple(os.fsencode(root).rstrip(b"/") + b"/" for root in roots)
    with ctx.database.read() as reader:
        failed = sum(
            any(file.startswith(starts) for file in row.files) for row in listing.iter_failures(reader)
        )
    if failed:
        say(f"{count(failed, 'photo')} could not be looked at; `facekeep failures` tells why")
    return failed


def _say_people(ctx: "Context") -> None:
    from facekeep.cli.output import count, say
    from facekeep.store import listing

    with ctx.database.read() as reader:
        status = listing.status(reader)
    if status.people:
        named = f"{status.named:,} named" if status.named else "none named yet"
        say(f"{count(status.people, 'person', 'people')} known, {named}; `facekeep serve` shows them")
