"""Inside an isolated child: one request at a time over a pipe, until the parent closes it.

A child holds models and codecs and nothing else: no database, no settings. What kills it costs one photo.
"""

import itertools
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from facekeep.domain.errors import FailureCode, MachineFault, ModelFault, PhotoFault
from facekeep.domain.faces import Box, Landmarks, MeasuredFace, PhotoAnalysis, PhotoFacts, Pixels
from facekeep.domain.packs import BUNDLED, WORKING_LONG_SIDE
from facekeep.inference.memory import give_back

if TYPE_CHECKING:
    from facekeep.inference.models import Models

TRIM_EVERY = 4
"""Photos between two returns of free memory; at every photo it would cost a tenth of the speed."""

TAKEN = "taken"
"""Said of each request before it is looked at, all else ready: who dies before has not seen the photo."""

PICTURE_LONGEST = 4096

SENT_MAX_PIXELS = 64_000_000
"""Of a picture that somebody sends to search by; JPEG, which is scaled while it is decoded, may have 1.75
times as many."""

DETAIL_BYTES = 8000

_MESSAGE_CHARACTERS = 1000

# numpy has its own subclass of MemoryError; a C++ library's is told by its words alone.
_MEMORY_WORDS = (
    "bad_alloc",
    "bad allocation",
    "failed to allocate",
    "out of memory",
    "cannot allocate memory",
)


@dataclass(frozen=True, slots=True)
class Analyse:
    """Look at a photo with the models of a pack; answered with a PhotoAnalysis."""

    path: Path
    long_side: int = WORKING_LONG_SIDE
    pack: str = BUNDLED.label


@dataclass(frozen=True, slots=True)
class Embed:
    """Embed faces that are known already under a pack; answered with Embedded."""

    path: Path
    long_side: int
    pack: str
    faces: tuple[Landmarks, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """One row a face, in their order: shape (n, d)."""

    vectors: npt.NDArray[np.float32]


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


@dataclass(frozen=True, slots=True)
class Measure:
    """Look at what is in some boxes of a photo; answered with a MeasuredFace for each."""

    path: Path
    boxes: tuple[Box, ...]
    pack: str = BUNDLED.label


@dataclass(frozen=True, slots=True)
class Look:
    """Look at a picture that lies in no file; answered with a PhotoAnalysis. Messages call it `path`."""

    content: bytes
    path: Path = Path("picture")
    pack: str = BUNDLED.label


Request = Analyse | Embed | Crop | Thumbnail | Measure | Look
Answer = PhotoAnalysis | Embedded | bytes | tuple[MeasuredFace, ...]

PACKS_HELD = 2
"""Whose models a child keeps loaded: those in use, and those that are changed to."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Said between TAKEN and the answer: the header is read, and this is the photo's longer side."""

    long_side: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A PhotoFault in a form that crosses the pipe. `spent`: this child must not look at another photo.

    `machine`: a MachineFault.
    """

    failure: FailureCode
    message: str
    hint: str = ""
    detail: str = ""
    long_side: int | None = None
    spent: bool = False
    machine: bool = False

    @classmethod
    def of(cls, fault: PhotoFault) -> Self:
        """That fault."""
        machine = isinstance(fault, MachineFault)
        return cls(fault.failure, fault.message, fault.hint, fault.detail, fault.long_side, machine=machine)

    def at(self, long_side: int | None) -> Self:
        """The same, at that size."""
        return replace(self, long_side=long_side)

    def fault(self) -> PhotoFault:
        """The error again."""
        if self.machine:
            return MachineFault(self.message, hint=self.hint, detail=self.detail, long_side=self.long_side)
        return PhotoFault(
            self.failure, self.message, hint=self.hint, detail=self.detail, long_side=self.long_side
        )


def run(pipe: Connection, models_folder: Path) -> None:
    """The child's whole life."""
    _mute_codecs()
    hands = _Hands(models_folder, pipe.send)
    for number in itertools.count(1):
        try:
            request: Request = pipe.recv()
            failed = _readied(hands, request)
            if failed is None:
                pipe.send(TAKEN)
                pipe.send(_answer(hands, request))
            else:
                pipe.send(failed)
        except (EOFError, OSError):
            return  # the parent is gone
        if number % TRIM_EVERY == 0:
            give_back()


def _mute_codecs() -> None:
    """C libraries complain of damaged photos on standard error, or output; the answer says it better."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


class _Hands:
    """The models, loaded at the first photo: a child that only draws pictures never pays for them."""

    def __init__(self, models_folder: Path, tell: Callable[[Opened], None]) -> None:
        self._folder = models_folder
        self._tell = tell
        self._models: dict[str, Models] = {}

    def models(self, pack: str) -> "Models":
        """All of a pack's, loaded. Raises ModelFault."""
        from facekeep.inference.models import opened

        if pack not in self._models:
            models = opened(self._folder, pack)
            models.load()
            while len(self._models) >= PACKS_HELD:
                self._models.pop(next(iter(self._models))).release()
            self._models[pack] = models
        return self._models[pack]

    def perform(self, request: Request) -> Answer:
        from facekeep.inference import crops

        match request:
            case Analyse(path, long_side, pack):
                return self._analyse(path, long_side, pack)
            case Embed(path, long_side, pack, faces):
                return self._embed(path, long_side, pack, faces)
            case Crop(path, box, size):
                return crops.face_crop(path, box, size=size)
            case Thumbnail(path, long_side):
                return crops.thumbnail(path, long_side=long_side)
            case Measure(path, boxes, pack):
                return self._measure(path, boxes, pack)
            case Look(content, path, pack):
                return self._look(content, str(path), pack)

    def _analyse(self, path: Path, long_side: int, pack: str) -> PhotoAnalysis:
        pixels, facts = self._decoded(path, long_side)
        models = self.models(pack)
        return PhotoAnalysis(facts, models.pack.label, models.analyse(pixels), max(pixels.shape[:2]))

    def _embed(self, path: Path, long_side: int, pack: str, faces: tuple[Landmarks, ...]) -> Embedded:
        pixels, _ = self._decoded(path, long_side)
        return Embedded(self.models(pack).embed(pixels, faces))

    def _decoded(self, path: Path, long_side: int) -> tuple[Pixels, PhotoFacts]:
        from facekeep.inference.decode import open_photo

        with open_photo(path) as photo:
            self._tell(Opened(max((photo.width, photo.height) if photo.best is None else photo.best)))
            return photo.pixels(long_side), photo.facts

    def _measure(self, path: Path, boxes: tuple[Box, ...], pack: str) -> tuple[MeasuredFace, ...]:
        from facekeep.inference import drawn
        from facekeep.inference.decode import open_photo

        with open_photo(path) as photo:
            side = drawn.working_side(photo.facts.width, photo.facts.height, boxes)
            pixels = photo.pixels(side)
        return drawn.measure(self.models(pack), pixels, boxes)

    def _look(self, content: bytes, name: str, pack: str) -> PhotoAnalysis:
        from facekeep.inference.decode import open_sent

        with open_sent(content, name, max_pixels=SENT_MAX_PIXELS) as photo:
            pixels, facts = photo.pixels(WORKING_LONG_SIDE), photo.facts
        models = self.models(pack)
        return PhotoAnalysis(facts, models.pack.label, models.analyse(pixels), max(pixels.shape[:2]))


def _readied(hands: _Hands, request: Request) -> Failed | None:
    """Before a photo is looked at: the models. What fails here is the machine's fault, never the photo's."""
    if not isinstance(request, Analyse | Embed | Measure | Look):
        return None
    try:
        hands.models(request.pack)
    except ModelFault as fault:
        return Failed(FailureCode.INTERNAL, fault.message, fault.hint, _trace(fault), machine=True)
    except Exception as error:  # noqa: BLE001 - as above: whatever it is, it is not this photo's
        lack = ": a child's memory limit is too low for them" if _is_memory(error) else ""
        message = f"the models cannot be loaded{lack} ({_said(error)})"
        hint = "Run `facekeep doctor`."
        return Failed(FailureCode.INTERNAL, message, hint, _trace(error), spent=True, machine=True)
    return None


def _answer(hands: _Hands, request: Request) -> Answer | Failed:
    try:
        return hands.perform(request)
    except PhotoFault as fault:
        message = (
            fault.message.strip() if fault.message.strip() else f"{fault.failure} (nothing more is known)"
        )
        # After one refused allocation nobody knows in what state the others are.
        spent = fault.failure is FailureCode.OUT_OF_MEMORY
        return Failed(fault.failure, message, fault.hint, _trace(fault), spent=spent)
    except ModelFault as fault:
        return Failed(FailureCode.INTERNAL, fault.message, fault.hint, _trace(fault), machine=True)
    except Exception as error:  # noqa: BLE001 - the isolation edge: whatever it is, it is this photo's record
        if _is_memory(error):
            said = f"not enough memory to look at this photo ({_said(error)})"
            return Failed(FailureCode.OUT_OF_MEMORY, said, "", _trace(error), spent=True)
        return Failed(FailureCode.INTERNAL, _said(error), "", _trace(error))
    except BaseException as error:  # noqa: BLE001 - a codec that would end the process: not without a record
        said = f"what looked at this photo would have ended the process ({_said(error)})"
        return Failed(FailureCode.CRASHED, said, "", _trace(error), spent=True)


def _is_memory(error: Exception) -> bool:
    words = _said(error).lower()
    return isinstance(error, MemoryError) or any(word in words for word in _MEMORY_WORDS)


def _said(error: BaseException) -> str:
    """Type and message, whatever the error makes of being asked for it."""
    try:
        words = str(error).strip()
    except Exception as worse:  # noqa: BLE001 - an error whose own text fails; that is what there is to tell
        words = f"its message cannot be read: {type(worse).__name__}"
    return f"{type(error).__name__}: {words if words else 'without a message'}"[:_MESSAGE_CHARACTERS]


def _trace(error: BaseException) -> str:
    """The traceback's end, at most DETAIL_BYTES in UTF-8."""
    try:
        raw = "".join(traceback.format_exception(error, limit=-30)).encode("utf-8", "backslashreplace")
    except Exception as worse:  # noqa: BLE001 - no memory for it, say; the message is told all the same
        return f"no traceback: {type(worse).__name__}"
    return raw[-DETAIL_BYTES:].decode("utf-8", "ignore").replace("\0", "")
