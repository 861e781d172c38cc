"""Whose face is this? match, suggest or unknown, by the faces near it whose people are known.

A person's nearest few faces vote, those first that were taken near in time; a poor face needs more, and so
does one whose runner-up is as near. Who it cannot be (in one photo, rejected, not born) is given as
`excluded`; whom machines may only propose, as `asking`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import exp, inf
from typing import Literal

from facekeep.domain.eras import is_near
from facekeep.domain.packs import Thresholds

VOTERS = 3
"""How many of a person's nearest faces speak for it: one alone may be a mistake or a poor picture."""

SOFTNESS = 0.05
"""Euclidean distance over which confidence falls from about 0.73 to 0.5; near the spread of one person."""

MOST_LIKELY = 3
"""So many people are proposed for one face at most."""

PLAIN = 0.3
"""From this quality on a face is judged by the thresholds as they are; below, faces resemble each other."""

POOREST = 0.8
"""The part of each limit that is left for a face of quality 0."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known face near the one in question: whose, and at what Euclidean distance."""

    person: int
    distance: float
    face: int | None = None
    quality: float | None = None
    taken: date | None = None
    exemplar: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The face in question. What is not known is None, and speaks neither for nor against."""

    quality: float | None = None
    taken: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person that the face may be, with what speaks for it: the voters, nearest first."""

    person: int
    distance: float
    """Mean over the voters, weighted by their quality."""
    confidence: float
    voters: tuple[Neighbour, ...]
    other_era: bool
    """None of its faces was taken near in time."""
    runner_up: int | None = None
    """The nearest other person, also one that the face cannot be; and how far that one is."""
    runner_up_distance: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`match` is clear and unopposed, `suggest` wants a yes or no, `unknown` has no person."""

    outcome: Literal["match", "suggest", "unknown"]
    person: int | None = None
    confidence: float | None = None
    likely: tuple[Candidate, ...] = field(default=(), compare=False)
    """Whom to ask about, the most likely first; for a match that one alone."""


UNKNOWN = Verdict("unknown")


def decide(
    neighbours: Iterable[Neighbour],
    thresholds: Thresholds,
    *,
    subject: Subject = Subject(),
    births: Mapping[int, date] | None = None,
    excluded: Collection[int] = (),
    asking: Collection[int] = (),
) -> Verdict:
    """The verdict for one face.

    `excluded` are people it cannot be: rejected by the user, already in the photo, not yet born. They still
    count as opposition: a face that looks most like somebody it is not is no clear match for anybody else.
    `asking` are people whom only the user puts faces on: they are proposed. `births` are birth dates.
    """
    everybody = ranked(neighbours, thresholds, subject=subject, births=births)
    allowed = [one for one in everybody if one.person not in excluded]
    strict = strictness(subject)
    likely = [one for one in allowed if one.distance <= strict * thresholds.suggest]
    if not likely or not _stands_out(likely[0], thresholds, strict):
        return UNKNOWN
    best = likely[0]
    if best.person not in asking and _is_clear(best, thresholds, strict):
        return Verdict("match", best.person, best.confidence, (best,))
    limit = min(best.distance + thresholds.margin, strict * thresholds.match)
    alike = [one for one in likely[1:] if one.distance <= limit]
    return Verdict("suggest", best.person, best.confidence, (best, *alike[: MOST_LIKELY - 1]))


def ranked(
    neighbours: Iterable[Neighbour],
    thresholds: Thresholds,
    *,
    subject: Subject = Subject(),
    births: Mapping[int, date] | None = None,
) -> list[Candidate]:
    """Everybody near the face, the nearest first, each with its runner-up."""
    known = {} if births is None else births
    people = [
        _candidate(person, votes, thresholds, subject, known.get(person))
        for person, votes in _votes(neighbours).items()
    ]
    people.sort(key=lambda one: (one.distance, one.person))
    return [_with_runner_up(one, people) for one in people]


def confidence(distance: float, thresholds: Thresholds) -> float:
    """0 to 1; one half at the distance where same and different are equally likely."""
    return 1.0 / (1.0 + exp((distance - thresholds.same) / SOFTNESS))


def strictness(subject: Subject) -> float:
    """The part of each distance limit that holds for a face of its quality: 1 for a plain one, less below."""
    if subject.quality is None or subject.quality >= PLAIN:
        return 1.0
    return POOREST + (1.0 - POOREST) * subject.quality / PLAIN


def _votes(neighbours: Iterable[Neighbour]) -> dict[int, list[Neighbour]]:
    """By person. A face that was found both as an exemplar and as a neighbour has one vote."""
    of: dict[int, list[Neighbour]] = defaultdict(list)
    heard: set[int] = set()
    for one in neighbours:
        if one.face is None or one.face not in heard:
            of[one.person].append(one)
        heard |= set() if one.face is None else {one.face}
    return of


def _candidate(
    person: int, votes: Sequence[Neighbour], thresholds: Thresholds, subject: Subject, born: date | None
) -> Candidate:
    timely = [one for one in votes if is_near(one.taken, subject.taken, born)]
    # Few of the same time speak together with those of other times, who may only make it farther or nearer.
    heard = timely if len(timely) >= VOTERS else votes
    voters = tuple(sorted(heard, key=_nearest_first)[:VOTERS])
    weights = [_weight(one) for one in voters]
    distance = sum(w * one.distance for w, one in zip(weights, voters, strict=True)) / sum(weights)
    sure = confidence(distance, thresholds)
    return Candidate(person, distance, sure, voters, other_era=not timely)


def _nearest_first(one: Neighbour) -> tuple[float, int]:
    return one.distance, 0 if one.face is None else one.face


def _weight(voter: Neighbour) -> float:
    return 1.0 if voter.quality is None else 0.25 + 0.75 * voter.quality


def _with_runner_up(one: Candidate, people: Sequence[Candidate]) -> Candidate:
    other = next((other for other in people if other.person != one.person), None)
    if other is None:
        return one
    return Candidate(
        one.person, one.distance, one.confidence, one.voters, one.other_era, other.person, other.distance
    )


def _stands_out(best: Candidate, thresholds: Thresholds, strict: float) -> bool:
    """Whether it is worth asking: near, or nobody else is as near. A poor face must stand out in any case."""
    if strict < 1.0:
        return _ahead(best) >= thresholds.margin
    return best.distance <= thresholds.match or _ahead(best) >= thresholds.lead


def _is_clear(best: Candidate, thresholds: Thresholds, strict: float) -> bool:
    near = best.distance <= strict * thresholds.match
    return near and _ahead(best) >= thresholds.margin and not best.other_era


def _ahead(best: Candidate) -> float:
    """How much nearer it is than the next; negative where that one is nearer."""
    return inf if best.runner_up_distance is None else best.runner_up_distance - best.distance
