"""What benchmarks give back: rows of a table, and the same for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tests.bench.timing import Duel, Spread
from tests.bench.truth import Found


@dataclass(frozen=True, slots=True)
class Ratio:
    """One thing measured on both sides, in `unit`. `times` says how much faster ours is."""

    what: str
    against: str
    unit: str
    ours: Spread
    theirs: Spread
    times: Spread
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target; None where there is none."""
        return None if self.target is None else self.times.median >= self.target


@dataclass(frozen=True, slots=True)
class Finding:
    """How many of the annotated faces somebody found in some photos."""

    where: str
    who: str
    found: Found


@dataclass(frozen=True, slots=True)
class Figure:
    """A single number that is compared with nobody's."""

    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Result:
    """Of one benchmark."""

    ratios: tuple[Ratio, ...] = ()
    findings: tuple[Finding, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __add__(self, other: "Result") -> "Result":
        return Result(
            self.ratios + other.ratios,
            self.findings + other.findings,
            self.figures + other.figures,
            self.notes + other.notes,
        )


def duration(what: str, against: str, duel: Duel, pieces: float, target: float | None) -> Ratio:
    """Milliseconds for each of the pieces that one repetition did."""
    ours, theirs = duel.per(pieces)
    return Ratio(what, against, "ms", ours.scaled(1e3), theirs.scaled(1e3), duel.ratios, target)


def rate(what: str, against: str, duel: Duel, pieces: float, target: float | None) -> Ratio:
    """Pieces in a second."""
    ours, theirs = (Spread.of([pieces / taken for taken in side]) for side in (duel.ours, duel.theirs))
    return Ratio(what, against, "photos/s", ours, theirs, duel.ratios, target)


def as_json(result: Result, about: dict[str, object]) -> str:
    """Everything, for programs."""
    return json.dumps({"about": about, **_plain(result)}, indent=1, ensure_ascii=False)


def _plain(result: Result) -> dict[str, object]:
    ratios = [{**asdict(ratio), "met": ratio.met} for ratio in result.ratios]
    findings = [
        {
            "where": finding.where,
            "who": finding.who,
            **asdict(finding.found),
            "recall": finding.found.recall,
            "precision": finding.found.precision,
        }
        for finding in result.findings
    ]
    figures: Sequence[dict[str, object]] = [asdict(figure) for figure in result.figures]
    return {"ratios": ratios, "findings": findings, "figures": list(figures), "notes": list(result.notes)}
