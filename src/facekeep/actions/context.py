"""What every action works on. Filled by bootstrap; a value, never a global."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from facekeep.actions.derived import DerivedPictures
from facekeep.domain.faces import Box, MeasuredFace, PhotoAnalysis
from facekeep.domain.failures import Rules
from facekeep.domain.packs import ModelPack
from facekeep.store.database import Database

State = Literal["idle", "scanning", "analysing", "grouping", "paused", "offline"]


@dataclass(frozen=True, slots=True)
class Activity:
    """What the background work is doing now. `rate` in photos a second."""

    state: State = "idle"
    photos_done: int = 0
    faces_found: int = 0
    rate: float = 0.0
    seconds_left: float | None = None
    message: str = ""


class Renderer(Protocol):
    """Draws derived pictures away from this process: a bad photo harms only its own picture."""

    def crop(self, path: Path, box: Box, size: int) -> Future[bytes]:
        """A square around a face, `size` pixels, JPEG. Fails with PhotoFault."""
        ...

    def thumbnail(self, path: Path, long_side: int) -> Future[bytes]:
        """The upright photo, JPEG. Fails with PhotoFault."""
        ...


class Looker(Protocol):
    """Looks at faces away from this process, while somebody waits for it."""

    def measure(self, path: Path, boxes: Sequence[Box], *, pack: str) -> Future[tuple[MeasuredFace, ...]]:
        """What is in some boxes of a photo. Fails with PhotoFault."""
        ...

    def look(self, content: bytes, *, pack: str) -> Future[PhotoAnalysis]:
        """The faces in a picture that was sent. Fails with PhotoFault."""
        ...


class Painter(Renderer, Looker, Protocol):
    """Both: the child process that a server keeps for those who wait."""


@dataclass(frozen=True, slots=True)
class WorkRules:
    """How failures are met, and how long a claimed photo stays with a worker that is not heard any more."""

    failures: Rules = field(default_factory=Rules)
    lease_s: float = 60.0
    suggestion_days: int = 0
    """Days after which a suggestion that nobody answered is dropped; 0 for never."""


def idle() -> Activity:
    """What a process without background work is doing."""
    return Activity()


@dataclass(frozen=True, slots=True)
class Context:
    """The wired parts. `pack_id` is the active pack's id in this database."""

    home: Path
    cache_folder: Path
    models_folder: Path
    database: Database
    pack: ModelPack
    pack_id: int
    pictures: DerivedPictures
    renderer: Renderer | None = None
    looker: Looker | None = None
    rules: WorkRules = field(default_factory=WorkRules)
    activity: Callable[[], Activity] = idle
    wake: Callable[[], None] = lambda: None
    """Tells the background work that there is something to do."""
    decided: Callable[[int], None] = lambda _: None
    """Gets the number of each decision of the user that is stored: it can be undone by it."""
