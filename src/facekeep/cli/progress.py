"""How a scan is shown while it runs: moving on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from facekeep.cli.output import count, note

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from facekeep.worker.foreground import ForegroundProgress

QUIET_EVERY_S = 30.0

Show = Callable[["ForegroundProgress"], None]


class Steps:
    """Shows the making of the models, which takes a while once and nothing afterwards."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._said and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")

    def __call__(self, step: str, share: float) -> None:
        """Told what is being done, and how much of it, 0 to 1."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[Kfacekeep: {step} {share:.0%}")
            sys.stderr.flush()
        elif not self._said:
            note("making the models, once")
        self._said.add(step)


class Downloads:
    """Shows how much of a file has come: moving on a terminal, a line for each tenth elsewhere."""

    def __init__(self) -> None:
        self._said = ("", -1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._said[0] and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")

    def __call__(self, file: str, done: int, size: int) -> None:
        """Told the file, and how many bytes of how many are here."""
        tenths = 10 * done // max(size, 1)
        line = f"{file}: {done / 1e6:,.1f} of {size / 1e6:,.1f} MB"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[Kfacekeep: {line}")
            sys.stderr.flush()
        elif (file, tenths) != self._said:
            note(line)
        self._said = (file, tenths)


@contextmanager
def view() -> Iterator[Show]:
    """What to call with the progress of a scan."""
    if not sys.stderr.isatty():
        yield _Lines().show
        return
    with bar() as shown:
        task = shown.add_task("starting", total=None, detail="")
        yield lambda now: _update(shown, task, now)


class _Lines:
    def __init__(self) -> None:
        self._said = time.monotonic()

    def show(self, now: "ForegroundProgress") -> None:
        if time.monotonic() - self._said >= QUIET_EVERY_S:
            self._said = time.monotonic()
            note(f"{count(now.analysis.done, 'photo')} done; {_detail(now)}")


def bar() -> "Progress":
    """A line on a terminal that moves: what is done, how much of how much, and a `detail`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )


def _update(bar: "Progress", task: "TaskID", now: "ForegroundProgress") -> None:
    analysed = now.analysis.done + now.analysis.failed
    bar.update(
        task,
        description=_doing(now),
        completed=analysed,
        total=analysed + now.analysis.waiting,
        detail=_detail(now),
    )


def _doing(now: "ForegroundProgress") -> str:
    if now.note:
        return now.note
    if now.walking is not None and now.analysis.state in ("idle", "analysing"):
        return "looking for photos and faces"
    if now.analysis.state != "grouping":
        return "looking for faces"
    return now.analysis.message if now.analysis.message else "grouping faces"


def _detail(now: "ForegroundProgress") -> str:
    parts = [count(now.analysis.faces, "face")]
    if now.analysis.failed:
        parts.append(f"{now.analysis.failed:,} failed")
    if now.analysis.rate > 0:
        parts.append(f"{now.analysis.rate:.1f} photos/s")
    if now.analysis.seconds_left and now.walking is None:
        parts.append(f"{duration(now.analysis.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
