"""`script/bench`: measures facekeep beside the programs that people would use otherwise."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from tests.bench import report
from tests.bench.photos import Collection, collect
from tests.bench.plan import FULL, QUICK, Plan
from tests.bench.results import Result, as_json

ALONE = ("grouping",)
"""Measured only when named: ten minutes, and no photos."""

BENCHES = ("embedding", "detection", "pipeline", "memory", *ALONE)
CALIBRATION = "calibration"
"""Not a benchmark beside another program: only when it is asked for, and alone."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for and print it."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    if told[:1] == ["listing"]:
        from tests.bench import listing

        listing.main(told[1:])
        return
    if told[:1] == ["latency"]:
        from tests.bench import latency

        latency.main(told[1:])
        return
    given = _parse(told)
    if given.benches == [CALIBRATION]:
        from tests.bench import calibration

        calibration.main(faces=2000 if given.quick else 10_000)
        return
    plan = QUICK if given.quick else FULL
    if given.photos is not None:
        plan = replace(plan, memory_photos=given.photos)
    with tempfile.TemporaryDirectory(prefix="facekeep-bench-") as folder:
        collection = collect(Path(folder))
        result = measure(given.benches or BENCHES[: -len(ALONE)], plan, collection, Path(folder), given.plot)
    facts = report.about(plan.cores)
    if given.json:
        print(as_json(result, facts))  # noqa: T201 - its output
    else:
        report.show(result, facts, Console(width=None if sys.stdout.isatty() else 150))


def measure(
    names: Sequence[str], plan: Plan, collection: Collection, scratch: Path, plot: Path | None = None
) -> Result:
    """The named benchmarks, one after the other."""
    benches = _benches(plan, collection, scratch, plot)
    result = Result(notes=(collection.caveat,) if collection.caveat else ())
    for name in names:
        print(f"measuring {name} …", file=sys.stderr)  # noqa: T201 - a long silence would worry
        result += benches[name]()
    return result


def _benches(
    plan: Plan, collection: Collection, scratch: Path, plot: Path | None
) -> dict[str, Callable[[], Result]]:
    from tests.bench import detection, embedding, grouping, memory, pipeline

    photos, models = collection.photos, scratch / "models"
    return {
        "embedding": lambda: embedding.run(plan, photos, models),
        "detection": lambda: detection.run(plan, photos, models),
        "pipeline": lambda: pipeline.run(plan, photos, models, scratch),
        "memory": lambda: memory.run(plan, photos, scratch, plot),
        "grouping": lambda: grouping.run(plan),
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    known = ", ".join(BENCHES)
    kinds = f"any of {known}; all but grouping by default. Alone: {CALIBRATION}"
    parser.add_argument("benches", nargs="*", metavar="NAME", help=kinds)
    parser.add_argument("--quick", action="store_true", help="a short form: about two minutes")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--photos", type=int, metavar="N", help="photos scanned by `memory`")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the course of `memory` as SVG")
    given = parser.parse_args(arguments)
    unknown = set(given.benches) - set(BENCHES)
    if unknown and given.benches != [CALIBRATION]:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {known}")
    return given


if __name__ == "__main__":
    main()
