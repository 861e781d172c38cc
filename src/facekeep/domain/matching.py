"""Whose face is this? match, suggest or unknown, from the nearest faces whose people are known."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import exp
from typing import Literal

from facekeep.domain.packs import Thresholds

VOTERS = 3
"""How many of a person's nearest faces speak for it: one alone may be a mistake or a poor picture."""

SOFTNESS = 0.05
"""Euclidean distance over which confidence falls from about 0.73 to 0.5; near the spread of one person."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known face near the one in question: whose, and at what Euclidean distance."""

    person: int
    distance: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`match` is clear and unopposed, `suggest` wants a yes or no, `unknown` has no person."""

    outcome: Literal["match", "suggest", "unknown"]
    person: int | None = None
    confidence: float | None = None


UNKNOWN = Verdict("unknown")


def decide(
    neighbours: Iterable[Neighbour], thresholds: Thresholds, *, excluded: Collection[int] = ()
) -> Verdict:
    """The verdict for one face.

    `excluded` are people it cannot be: rejected by the user, or already in the photo. They still count as
    opposition: a face that looks most like somebody it is not is no clear match for anybody else.
    """
    ranked = sorted((distance, person) for person, distance in _distances(neighbours).items())
    allowed = [(distance, person) for distance, person in ranked if person not in excluded]
    if not allowed or allowed[0][0] > thresholds.suggest:
        return UNKNOWN
    best, person = allowed[0]
    others = [distance for distance, other in ranked if other != person]
    clear = best <= thresholds.match and (not others or others[0] - best >= thresholds.margin)
    return Verdict("match" if clear else "suggest", person, confidence(best, thresholds))


def confidence(distance: float, thresholds: Thresholds) -> float:
    """0 to 1; one half at the distance where same and different are equally likely."""
    return 1.0 / (1.0 + exp((distance - thresholds.same) / SOFTNESS))


def _distances(neighbours: Iterable[Neighbour]) -> dict[int, float]:
    """Each person's mean distance over its nearest faces."""
    of: dict[int, list[float]] = defaultdict(list)
    for neighbour in neighbours:
        of[neighbour.person].append(neighbour.distance)
    return {person: _mean(sorted(distances)[:VOTERS]) for person, distances in of.items()}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
