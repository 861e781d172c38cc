"""How faces lie to each other under a model pack."""

from facekeep.domain.likeness import BUNDLED_LIKENESS, Likeness
from facekeep.domain.packs import ModelPack

CALIBRATED = {"bundled": BUNDLED_LIKENESS}
"""By the name of the pack."""


def likeness_of(pack: ModelPack) -> Likeness:
    """A pack's own numbers, or for one that has none what its thresholds say, on the careful side."""
    if pack.name in CALIBRATED:
        return CALIBRATED[pack.name]
    same = pack.thresholds.same
    # As for `bundled`, where `same` is 0.6; between people a tenth less than there.
    return Likeness((0.72 * same) ** 2, 18.0, (1.15 * same) ** 2, 42.0)
