"""Measures detail, contrast and clipping on an aligned face, and how much of it the photo shows."""

import numpy as np
import numpy.typing as npt

from facekeep.domain.faces import Pixels
from facekeep.domain.quality import Exposed

_FACE = (slice(25, 135), slice(30, 120))  # rows and columns of the chip that show the face itself
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
_BLACK, _WHITE = 8.0, 247.0


def exposed(chip: Pixels, seen: float) -> Exposed:
    """What a chip (150, 150, 3) says about focus and light; `seen` is the share of it inside the photo."""
    luma = chip[_FACE].astype(np.float32) @ _LUMA
    variance = float(luma.var())
    clipped = float(np.mean((luma <= _BLACK) | (luma >= _WHITE)))
    detail = _detail(luma) / variance if variance > 0.0 else 0.0
    return Exposed(detail=detail, contrast=variance**0.5, clipped=clipped, seen=seen)


def _detail(luma: npt.NDArray[np.float32]) -> float:
    centre = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.mean(np.square(centre - around / 4)))
