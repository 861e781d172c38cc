"""Whether something grows: the slope of a straight line through measurements, and how sure it is.

Measurements a second apart are alike because they are near, which makes a naive interval far too narrow. So
the mean of each of some blocks is taken first, and the line is drawn through those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCKS = 20
STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
    2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101,
)  # fmt: skip
"""Student's t for a two-sided interval of 95 %, from one degree of freedom on."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Change of y for one of x, and the interval of 95 % around it."""

    value: float
    low: float
    high: float

    def scaled(self, by: float) -> "Slope":
        """For `by` of x."""
        return Slope(self.value * by, self.low * by, self.high * by)


def slope(x: Sequence[float], y: Sequence[float]) -> Slope:
    """Least squares through block means. Raises ValueError for fewer than three points."""
    if len(x) < 3:
        raise ValueError("a trend needs three points at least")
    count = min(BLOCKS, len(x))
    across, up = (np.array([np.mean(part) for part in np.array_split(values, count)]) for values in (x, y))
    centred = across - across.mean()
    spread = float(np.sum(centred**2))
    value = float(np.sum(centred * (up - up.mean()))) / spread
    left = up - up.mean() - value * centred
    error = float(np.sqrt(np.sum(left**2) / (count - 2) / spread))
    margin = STUDENT[count - 3] * error
    return Slope(value, value - margin, value + margin)
