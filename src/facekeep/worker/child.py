"""Inside an isolated child: one request at a time over a pipe, until the parent closes it.

A child holds models and codecs and nothing else: no database, no settings. What kills it costs one photo.
"""

import ctypes
import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import Box, PhotoAnalysis

if TYPE_CHECKING:
    from facekeep.inference.models import FaceModels

TRIM_EVERY = 4
"""Photos between two returns of free memory; at every photo it would cost a tenth of the speed."""

TAKEN = "taken"
"""Said of each request before it is looked at: who dies without it has not seen the photo."""

PICTURE_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Analyse:
    """Look at a photo; answered with a PhotoAnalysis."""

    path: Path


@dataclass(frozen=True, slots=True)
class Crop:
    """Draw a face; answered with the bytes of a picture, `size` pixels square."""

    path: Path
    box: Box
    size: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Draw the upright photo; answered with the bytes of a picture."""

    path: Path
    long_side: int


Request = Analyse | Crop | Thumbnail
Answer = PhotoAnalysis | bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """A PhotoFault in a form that crosses the pipe."""

    failure: FailureCode
    message: str
    hint: str

    def fault(self) -> PhotoFault:
        """The error again."""
        return PhotoFault(self.failure, self.message, hint=self.hint)


def run(pipe: Connection, models_folder: Path) -> None:
    """The child's whole life."""
    # Ctrl-C reaches the whole process group; only the parent decides when a child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _mute_codecs()
    hands = _Hands(models_folder)
    trim = _trimmer()
    for number in itertools.count(1):
        try:
            request: Request = pipe.recv()
        except (EOFError, OSError):
            return  # the parent is gone
        try:
            pipe.send(TAKEN)
            pipe.send(_answer(hands, request))
        except OSError:
            return
        if number % TRIM_EVERY == 0:
            trim(0)


def _trimmer() -> Callable[[int], object]:
    """glibc's way to give free memory back to the system; nothing elsewhere.

    glibc keeps what one large photo took for the next, in pieces, and grows by steps over thousands.
    """
    return getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None) if os.name == "posix" else lambda _: None


def _mute_codecs() -> None:
    """C libraries complain of damaged photos on standard error; the answer says it better."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


class _Hands:
    """The models, loaded at the first photo: a child that only draws pictures never pays for them."""

    def __init__(self, models_folder: Path) -> None:
        self._folder = models_folder
        self._models: FaceModels | None = None

    def models(self) -> "FaceModels":
        from facekeep.inference.models import FaceModels, prepare

        if self._models is None:
            self._models = FaceModels(prepare(self._folder))
        return self._models

    def perform(self, request: Request) -> Answer:
        from facekeep.inference import crops
        from facekeep.inference.decode import decode
        from facekeep.inference.models import WORKING_LONG_SIDE

        match request:
            case Analyse(path):
                decoded = decode(path, long_side=WORKING_LONG_SIDE)
                models = self.models()
                return PhotoAnalysis(
                    decoded.facts,
                    models.pack.label,
                    models.analyse(decoded.pixels),
                    max(decoded.pixels.shape[:2]),
                )
            case Crop(path, box, size):
                return crops.face_crop(path, box, size=size)
            case Thumbnail(path, long_side):
                return crops.thumbnail(path, long_side=long_side)


def _answer(hands: _Hands, request: Request) -> Answer | Failed:
    try:
        return hands.perform(request)
    except PhotoFault as fault:
        return Failed(fault.failure, fault.message, fault.hint)
    except MemoryError:
        return Failed(FailureCode.OUT_OF_MEMORY, "not enough memory to look at this photo", "")
    except Exception as error:  # noqa: BLE001 - the isolation edge: whatever it is, it is this photo's record
        return Failed(FailureCode.INTERNAL, f"{type(error).__name__}: {error}", "")
