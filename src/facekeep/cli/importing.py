"""`facekeep import files`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekeep.cli import options
from facekeep.cli.guard import complain
from facekeep.cli.options import Home, Json

if TYPE_CHECKING:
    from facekeep.actions.context import Context
    from facekeep.actions.importing import ImportCounts, ImportReport
    from facekeep.actions.receiving import ImportedFile, ImportJob
    from facekeep.settings import Settings

STOPPED = 130
"""128 + SIGINT, as shells have it."""

QUIET_EVERY_S = 30.0
JSON_EVERY_S = 1.0

FAILURES_SHOWN = 20

app = typer.Typer(no_args_is_help=True, help="Take photos in from elsewhere, or what is known of people.")

Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE", help="A mounted phone or card, or any folder.", show_default=False, readable=False
    ),
]
Into = Annotated[
    Path,
    typer.Option("--into", metavar="LIBRARY", help="The photo folder to copy into.", readable=False),
]
Folder = Annotated[
    str, typer.Option("--folder", metavar="NAME", help="A folder in the library to copy below.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be copied, and change nothing.")]


@app.command()
def files(
    source: Source,
    into: Into,
    folder: Folder = "",
    dry_run: DryRun = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Copy the photos of a phone, card or folder into a library: verified, and only those it has not yet.

    Nothing is overwritten, and the source is only read. Ctrl-C stops between two photos; running it again
    goes on from there, also after a crash or after the device was pulled out.
    """
    from facekeep.actions.importing import Watch, import_files
    from facekeep.actions.receiving import ImportJob
    from facekeep.cli.stopping import stoppable

    settings = options.load(home)
    options.start_logging(settings)
    job = ImportJob(source, into, folder, dry_run, own=(settings.home,))
    told = _Told(job, json)
    with _context(settings, job) as ctx, told.shown() as progress, stoppable() as stop:
        report = import_files(ctx, job, Watch(progress, told.file, stop.is_set))
    raise typer.Exit(told.end(report))


@contextmanager
def _context(settings: "Settings", job: "ImportJob") -> "Iterator[Context | None]":
    """The database; none is made for a dry run, nor before the folders are known to be usable."""
    from facekeep import bootstrap
    from facekeep.actions.importing import check_job
    from facekeep.cli.output import note

    check_job(job)
    if job.dry_run and not options.is_begun(settings):
        yield None
        return
    with bootstrap.open_context(settings, notice=note) as ctx:
        yield ctx


class _Told:
    """What is said about an import, as text or as JSON lines."""

    def __init__(self, job: "ImportJob", json: bool) -> None:
        self.job, self.json = job, json
        self._failed: list[ImportedFile] = []
        self._pace = _Pace()

    @contextmanager
    def shown(self) -> "Iterator[Callable[[ImportCounts], None]]":
        """What to call with the progress."""
        if self.json:
            yield self._every(JSON_EVERY_S, self._emit_progress)
        elif sys.stderr.isatty():
            with _bar(self._pace) as show:
                yield show
        else:
            yield self._every(QUIET_EVERY_S, self._note_progress)

    def file(self, file: "ImportedFile") -> None:
        """Called with each file that is settled."""
        if self.json:
            self._emit_file(file)
        elif file.outcome == "failed" and len(self._failed) < FAILURES_SHOWN:
            self._failed.append(file)

    def end(self, report: "ImportReport") -> int:
        """Say how it went; the exit status."""
        if self.json:
            self._emit_end(report)
        else:
            for line in _summary(self.job, report):
                typer.echo(line)
            self._say_failures(report.counts.failed)
        if report.fault is not None:
            complain(report.fault.message, report.fault.hint)
            return report.fault.exit_status
        if report.outcome == "stopped":
            return STOPPED
        return 1 if report.counts.failed else 0

    def _every(
        self, seconds: float, say: "Callable[[ImportCounts], None]"
    ) -> "Callable[[ImportCounts], None]":
        said = time.monotonic()

        def show(now: "ImportCounts") -> None:
            nonlocal said
            self._pace.note(now)
            if time.monotonic() - said >= seconds:
                said = time.monotonic()
                say(now)

        return show

    def _note_progress(self, now: "ImportCounts") -> None:
        from facekeep.cli.output import note

        note(f"{_doing(now)}: {now.done:,} of {now.files:,} photos; {self._pace.words(now)}")

    def _emit_progress(self, now: "ImportCounts") -> None:
        from facekeep.cli.output import emit

        rate, left = self._pace.rate(now), self._pace.left(now)
        emit({"event": "progress", **_numbers(now), "rate": rate, "seconds_left": left})
        sys.stdout.flush()  # it is of use only now

    def _emit_file(self, file: "ImportedFile") -> None:
        from facekeep.cli.output import emit
        from facekeep.library.identity import display_path

        copy = None if file.file is None else display_path(file.file)
        item = {"event": "file", "source": display_path(file.source), "outcome": file.outcome}
        emit({**item, "file": copy, "size": file.size, "message": file.message})

    def _emit_end(self, report: "ImportReport") -> None:
        from facekeep.cli.output import emit

        message = "" if report.fault is None else report.fault.message
        item: dict[str, Any] = {"event": "end", "outcome": report.outcome, "dry_run": self.job.dry_run}
        item |= _numbers(report.counts)
        emit({**item, "not_copied": dict(report.others), "links": report.links, "message": message})

    def _say_failures(self, failed: int) -> None:
        for file in self._failed:
            complain(file.message)
        if failed > len(self._failed):
            complain(f"and {failed - len(self._failed):,} more; --json tells them all")


class _Pace:
    """Bytes a second since the copying began, and what that means for the rest."""

    def __init__(self) -> None:
        self._began: float | None = None

    def note(self, now: "ImportCounts") -> None:
        if self._began is None and now.stage == "copying":
            self._began = time.monotonic()

    def rate(self, now: "ImportCounts") -> float:
        passed = 0.0 if self._began is None else time.monotonic() - self._began
        return round(now.size_done / passed, 1) if passed > 0 else 0.0

    def left(self, now: "ImportCounts") -> float | None:
        rate = self.rate(now)
        return round((now.size - now.size_done) / rate, 1) if rate > 0 else None

    def words(self, now: "ImportCounts") -> str:
        from facekeep.cli.progress import duration

        rate, left = self.rate(now), self.left(now)
        parts = [f"{_bytes(now.size_done)} of {_bytes(now.size)}"]
        if rate > 0:
            parts.append(f"{_bytes(rate)}/s")
        if left:
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)


@contextmanager
def _bar(pace: _Pace) -> "Iterator[Callable[[ImportCounts], None]]":
    from facekeep.cli.progress import bar

    with bar() as shown:
        task = shown.add_task("starting", total=None, detail="")

        def show(now: "ImportCounts") -> None:
            pace.note(now)
            total = None if now.stage == "looking" else now.files
            shown.update(
                task, description=_doing(now), completed=now.done, total=total, detail=pace.words(now)
            )

        yield show


def _summary(job: "ImportJob", report: "ImportReport") -> Iterator[str]:
    from facekeep.cli.output import count, path

    now = report.counts
    copied = "would be copied" if job.dry_run else "copied"
    yield f"{path(job.source)}: {count(now.files, 'photo')}, {_bytes(now.size)}"
    renamed = f", {now.renamed:,} under another name" if now.renamed else ""
    size = _bytes(now.size_copied)
    yield f"{count(now.copied, 'photo')} {copied} into {path(job.library)} ({size}{renamed})"
    yield f"{now.there:,} there already, {now.failed:,} failed"
    if report.others:
        kinds = ", ".join(f"{number:,} {name}" for name, number in sorted(report.others.items()))
        yield f"not copied, for facekeep takes photos only: {kinds.replace(' ,', ' other,')}"
    if report.links:
        yield f"links that lead elsewhere, not followed: {report.links:,}"
    if report.outcome == "stopped":
        yield "stopped; run the same command again to go on from here"
    elif now.copied and not job.dry_run:
        yield f"`facekeep scan {path(job.library)}` finds the faces in them; a running server does by itself"


def _numbers(now: "ImportCounts") -> dict[str, object]:
    return {
        "stage": now.stage,
        "files": now.files,
        "size": now.size,
        "size_done": now.size_done,
        "copied": now.copied,
        "size_copied": now.size_copied,
        "renamed": now.renamed,
        "there": now.there,
        "failed": now.failed,
    }


def _doing(now: "ImportCounts") -> str:
    words = {
        "looking": "looking for photos",
        "recording": "recording what the library has",
        "copying": "copying",
    }
    return words[now.stage]


def _bytes(count: float) -> str:
    """`812 B`, `3.2 MB`: powers of a thousand, as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
