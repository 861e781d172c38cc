"""How near is near enough: the distance below which two groups of faces are one person, by their sizes.

Two strangers are near each other by chance, and the more strangers there are, the nearer the nearest of them.
So the limit is a quantile of the distances between different people: it shrinks as the library grows, and
widens as groups grow, whose means are known better and of which there are fewer to be mistaken for.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DOUBT = 0.2
"""Strangers that a face may be taken for, expected over the whole library. Half as much again costs 0.2 % of
precision on the generated libraries of docs/grouping.md; a quarter less, 0.5 % of recall."""

ASK = 0.3
"""The same for questions to the user, most of which should be answered with yes."""

LIKELIEST = 5e-3
"""However small the library: no more than this share of strangers may be as near."""

TYPICAL = 0.35
"""However near to the middle of all faces a person is: strangers are no nearer than this part of `apart`, and
its other half."""

STRAYS = 1e-3
"""Share of a person's faces that may be farther from its mean than the limit."""

DRIFT = 0.5
"""Squared distance between two sides of one person (years, glasses, a beard), in scatters."""

VARIED = 0.65
"""A person may scatter more than usual by this part of what half and half of two people would add. On the
labelled photos nobody has more than 1.4 times the mean scatter, but one of two faces (1.9)."""

TAILS = np.concatenate([np.geomspace(1e-14, 0.5, 200), 1 - np.geomspace(0.4, 1e-6, 50)])
DEVIATES = np.array([NormalDist().inv_cdf(float(tail)) for tail in TAILS])
LOG_TAILS = np.log(TAILS)


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """What a group has around it: how many faces, and the mean of them."""

    faces: int
    centre: npt.NDArray[np.floating] | None = None
    """Shape (d,). People near it have more look-alikes. None where it is not known: then all have as many."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Squared Euclidean distances between clear faces under one pack, and how much they vary.

    The effective dimension k of a squared distance of mean m and variance v is 2 m² / v: as many equal
    independent directions would give that spread.
    """

    within: float
    """Mean squared distance of two faces of one person."""
    within_dimensions: float
    between: float
    """Mean squared distance of faces of two people."""
    between_dimensions: float

    @property
    def scatter(self) -> float:
        """Variance of a person's clear faces around their mean, over all directions."""
        return self.within / 2

    @property
    def apart(self) -> float:
        """Mean squared distance between what the faces of two people scatter around."""
        return self.between - self.within

    def limit(self, one: Floats, other: Floats, library: Library, off: Floats | None = None) -> Floats:
        """Squared distance between two means at or below which they are one person.

        `one` and `other` are the sizes of the groups, in clear faces; `off` is how far they lie from the
        middle of the library (see `off`), None where that is not known. There are at most `faces / n` groups
        of n faces in a library: that is how many strangers can be as near by chance.
        """
        farthest = _quantile(self.within_dimensions, np.asarray(1 - STRAYS))
        oneself = self._noise(one, other) * farthest + DRIFT * self.scatter
        return np.minimum(self._strangers(one, other, DOUBT / max(library.faces, 1), off), oneself)

    def askable(self, one: Floats, other: Floats, library: Library, off: Floats | None = None) -> Floats:
        """The same for asking somebody: wider, for one person may have sides that are far from each other."""
        return self._strangers(one, other, ASK / max(library.faces, 1), off)

    def off(self, squared: Floats, size: Floats) -> Floats:
        """Squared distance of people from the middle, from that of the means of so many of their faces."""
        own = squared - self.scatter / np.maximum(size, 1.0)
        return np.maximum(own, TYPICAL * self.apart)

    def _strangers(self, one: Floats, other: Floats, rate: float, off: Floats | None) -> Floats:
        """Squared distance between the means of two people that is undercut so rarely, times the larger."""
        chance = np.minimum(rate * np.maximum(one, other), LIKELIEST)
        # A face that is poor is no farther from strangers than a clear one: less than one clear face is one.
        noise = self._noise(np.maximum(one, 1.0), np.maximum(other, 1.0))
        usual = self.apart / 2 + (self.apart / 2 if off is None else off) + noise
        return np.asarray(usual * _quantile(self.between_dimensions, chance))

    def mixed(self, scatter: Floats, size: Floats) -> Floats:
        """How much more groups scatter around their means than one person does; 0 for most.

        `scatter` is their mean squared distance from the mean, `size` their size in clear faces.
        """
        unbiased = scatter * size / np.maximum(size - 1.0, 0.5)
        return np.maximum(unbiased - self.scatter - VARIED * self.apart / 4, 0.0)

    def _noise(self, first: Floats, second: Floats) -> Floats:
        """Mean squared distance between the means of two groups of one person."""
        return np.asarray(self.scatter * (1 / first + 1 / second))


BUNDLED_LIKENESS = Likeness(
    within=0.43**2 + 0.07**2, within_dimensions=18.0, between=0.77**2 + 0.07**2, between_dimensions=42.0
)
"""For the pack `bundled`, from dlib's vectors of labelled photos, on the careful side (docs/grouping.md)."""


def _quantile(freedom: float, tail: Floats) -> Floats:
    """Of chi-squared over its mean, by Wilson and Hilferty's cube (1931): within 1 % where it is used."""
    deviate = np.interp(np.log(tail), LOG_TAILS, DEVIATES)
    step = 2 / (9 * freedom)
    return np.asarray(np.maximum(1 - step + deviate * np.sqrt(step), 0.0) ** 3)
