"""Results as tables for people."""

import platform
from importlib.metadata import version

from rich.console import Console
from rich.table import Table
from tests.bench.results import Ratio, Result
from tests.bench.timing import Spread

VERSIONS = ("facekeep", "onnxruntime", "dlib-bin", "numpy", "pillow", "simplejpeg")


def about(cores: int) -> dict[str, object]:
    """What the figures depend on, without naming the machine."""
    return {
        "cores": cores,
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
    }


def show(result: Result, facts: dict[str, object], console: Console) -> None:
    """One table of ratios, one of faces found, one of single figures."""
    if result.ratios:
        console.print(_ratios(result))
    if result.findings:
        console.print(_findings(result))
    if result.figures:
        console.print(_figures(result))
    for note in result.notes:
        console.print(note, markup=False)
    versions = facts["versions"]
    known = (
        ", ".join(f"{name} {number}" for name, number in versions.items())
        if isinstance(versions, dict)
        else ""
    )
    console.print(
        f"{facts['cores']} cores, {facts['architecture']}, Python {facts['python']}; {known}. "
        "Median (lowest to highest) of repetitions run in turn.",
        markup=False,
    )


def _ratios(result: Result) -> Table:
    table = Table(title="Side by side")
    for name in ("measured", "against"):
        table.add_column(name, overflow="fold")
    for name in ("facekeep", "the other", "times faster", "asked"):
        table.add_column(name, justify="right")
    for ratio in result.ratios:
        table.add_row(
            ratio.what,
            ratio.against,
            _with_unit(ratio.ours, ratio.unit),
            _with_unit(ratio.theirs, ratio.unit),
            f"{_spread(ratio.times)}×",
            _asked(ratio),
        )
    return table


def _asked(ratio: Ratio) -> str:
    if ratio.target is None:
        return ""
    return f"{ratio.target:g}×: {'met' if ratio.met else 'MISSED'}"


def _findings(result: Result) -> Table:
    table = Table(title="Annotated faces found")
    table.add_column("photos", overflow="fold")
    table.add_column("who")
    for name in ("faces", "found", "recall", "false boxes", "precision"):
        table.add_column(name, justify="right")
    for finding in result.findings:
        found = finding.found
        table.add_row(
            finding.where,
            finding.who,
            str(found.faces),
            str(found.found),
            f"{found.recall:.3f}",
            str(found.false),
            f"{found.precision:.3f}",
        )
    return table


def _figures(result: Result) -> Table:
    table = Table(title="Figures")
    table.add_column("measured", overflow="fold")
    table.add_column("value", overflow="fold")
    for figure in result.figures:
        table.add_row(figure.what, figure.value)
    return table


def _with_unit(spread: Spread, unit: str) -> str:
    return f"{_spread(spread)} {unit}"


def _spread(spread: Spread) -> str:
    if spread.low == spread.high:
        return _short(spread.median)
    return f"{_short(spread.median)} ({_short(spread.low)} to {_short(spread.high)})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
