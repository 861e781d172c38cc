"""A photo whose header has been read and whose pixels have not: what every format reader hands back."""

from collections.abc import Callable
from dataclasses import dataclass

from facekeep.domain.faces import PhotoFacts, Pixels
from facekeep.inference.exif import CameraNotes, upright, upright_size
from facekeep.inference.limits import working_size


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An opened photo. `width` and `height` are as stored, before it is turned upright."""

    width: int
    height: int
    media_type: str
    notes: CameraNotes
    load: Callable[[tuple[int, int]], Pixels]
    """Given (width, height), not above `best`: the sRGB pixels at that size, as stored."""
    best: tuple[int, int] | None = None
    """The largest size that pixels exist in, where that is not the photo's own size (camera RAW)."""

    @property
    def facts(self) -> PhotoFacts:
        """About the upright photo at full size."""
        width, height = upright_size(self.width, self.height, self.notes.orientation)
        return PhotoFacts(width, height, self.media_type, self.notes.taken_at)

    def pixels(self, long_side: int) -> Pixels:
        """Upright, the longer side `long_side` pixels, or fewer where there are no more."""
        return upright(self.load(working_size(*self._best, long_side)), self.notes.orientation)

    def pixels_of_at_least(self, long_side: int) -> Pixels:
        """Upright, at whichever of an eighth, a quarter, a half or all of the full size is enough.

        To cut from: JPEG decodes at these sizes directly, and nothing is spent on scaling what is cut away.
        """
        width, height = self._best
        sizes = ((-(-width * eighths // 8), -(-height * eighths // 8)) for eighths in (1, 2, 4))
        size = next((size for size in sizes if max(size) >= long_side), (width, height))
        return upright(self.load(size), self.notes.orientation)

    @property
    def _best(self) -> tuple[int, int]:
        return self.best if self.best is not None else (self.width, self.height)
