"""How well a face can be recognised: size, sharpness, pose and exposure, each 0 (useless) to 1 (ideal).

Each part rises in a straight line between two measured values (docs/models.md says how they were chosen).
The whole is the geometric mean of the worst part and the mean of all four, times what the frame leaves of
the face: one bad part pulls it down, and a useless one makes it useless. Below 0.3 faces look alike whoever
they are.
"""

from dataclasses import dataclass
from math import log

import numpy as np

from facekeep.domain.faces import Landmarks, Quality

# The side, in pixels of the picture, of the square that becomes the 150-pixel chip.
_SIDE_USELESS, _SIDE_IDEAL = 20.0, 110.0

# Detail at the finest scale as a share of all contrast (see Exposed.detail), taken by its logarithm.
_DETAIL_USELESS, _DETAIL_IDEAL = log(4e-4), log(5e-3)

# How far the nose leaves the middle between the eyes, in distances between eyes and mouth.
_TURN_USELESS, _TURN_IDEAL = 0.60, 0.10
# How far the nose's height between eyes and mouth leaves its frontal place, as a share of that distance.
_TILT_USELESS, _TILT_IDEAL = 0.45, 0.12
_FRONTAL_NOSE = 0.555

# Standard deviation of brightness over the face, 0 to 255.
_CONTRAST_USELESS, _CONTRAST_IDEAL = 4.0, 30.0
# Share of the face that is black or white.
_CLIPPED_USELESS, _CLIPPED_IDEAL = 0.6, 0.1

# Share of the chip that lies in the frame; the rest is made up from its edge.
_SEEN_USELESS, _SEEN_IDEAL = 0.45, 0.75


@dataclass(frozen=True, slots=True)
class Exposed:
    """What the pixels of an aligned face say."""

    detail: float
    """Energy of the finest detail (second differences) as a share of the variance of brightness."""
    contrast: float
    """Standard deviation of brightness, 0 to 255."""
    clipped: float
    """Share of pixels that are (nearly) black or white, 0 to 1."""
    seen: float = 1.0
    """Share of the aligned face that lies inside the photo, 0 to 1."""


def quality(landmarks: Landmarks, aspect: float, side: float, exposed: Exposed) -> Quality:
    """The quality of a face.

    `aspect` is the picture's width over its height, to undo what fractions do to angles; `side` is the side
    in pixels of the picture's part that became the aligned chip.
    """
    size = _ramp(side, _SIDE_USELESS, _SIDE_IDEAL)
    sharpness = _ramp(log(max(exposed.detail, 1e-9)), _DETAIL_USELESS, _DETAIL_IDEAL)
    frontal = pose(landmarks, aspect)
    light = min(
        _ramp(exposed.contrast, _CONTRAST_USELESS, _CONTRAST_IDEAL),
        _ramp(exposed.clipped, _CLIPPED_USELESS, _CLIPPED_IDEAL),
    )
    parts = (size, sharpness, frontal, light)
    seen = _ramp(exposed.seen, _SEEN_USELESS, _SEEN_IDEAL)
    overall = (min(parts) * sum(parts) / len(parts)) ** 0.5 * seen
    return Quality(size, sharpness, frontal, light, overall)


def pose(landmarks: Landmarks, aspect: float) -> float:
    """1 for a face seen from the front, less as it turns aside, up or down. Leaning costs nothing."""
    points = landmarks.array() * [aspect, 1.0]
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    down = mouth - eyes
    length = float(np.hypot(*down))
    if length == 0.0:
        return 0.0
    across, along = np.array([down[1], -down[0]]) / length, down / length
    nose = points[2] - eyes
    turn = abs(float(nose @ across)) / length
    tilt = abs(float(nose @ along) / length - _FRONTAL_NOSE)
    return min(_ramp(turn, _TURN_USELESS, _TURN_IDEAL), _ramp(tilt, _TILT_USELESS, _TILT_IDEAL))


def _ramp(value: float, useless: float, ideal: float) -> float:
    """0 at `useless`, 1 at `ideal`, straight between, level beyond. Works in either direction."""
    return float(min(max((value - useless) / (ideal - useless), 0.0), 1.0))
