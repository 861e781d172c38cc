"""Two contestants timed in turn, A B A B, so that whatever else the machine does falls on both."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one thing: their median, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def scaled(self, by: float) -> "Spread":
        """In another unit."""
        return Spread(self.median * by, self.low * by, self.high * by)


@dataclass(frozen=True, slots=True)
class Duel:
    """Seconds of each side, repetition by repetition."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> Spread:
        """How many times faster ours was, repetition by repetition."""
        return Spread.of([their / our for our, their in zip(self.ours, self.theirs, strict=True)])

    def per(self, work: float) -> "tuple[Spread, Spread]":
        """Seconds for one of `work` pieces: ours, theirs."""
        return Spread.of(self.ours).scaled(1 / work), Spread.of(self.theirs).scaled(1 / work)


def seconds(run: Run) -> float:
    """How long it takes, by a clock that nobody sets."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def in_turn(sides: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, tuple[float, ...]]:
    """Run every side once, then every side again: the seconds that each says it took, by its name."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: tuple(values) for name, values in taken.items()}


def duel(ours: Run, theirs: Run, repetitions: int, *, rounds: int = 1) -> Duel:
    """Time both in turn. Ours, being quicker, may run `rounds` times a turn; its mean is taken.

    Nothing is warmed up here: a caller that wants first-use costs left out runs both once before.
    """
    taken = in_turn(
        {
            "ours": lambda: seconds(lambda: [ours() for _ in range(rounds)]) / rounds,
            "theirs": lambda: seconds(theirs),
        },
        repetitions,
    )
    return Duel(taken["ours"], taken["theirs"])
