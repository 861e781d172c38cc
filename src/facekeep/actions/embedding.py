"""Photos whose faces lack an embedding: claimed, embedded elsewhere, stored."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt

from facekeep.actions.context import Context
from facekeep.domain.catalogue import RECIPES
from facekeep.domain.errors import ModelFault
from facekeep.domain.faces import Landmarks
from facekeep.inference import packs as files
from facekeep.store import packs
from facekeep.store.database import tried_again
from facekeep.store.packs import FacePlace, PutOff, ToEmbed, Use


@dataclass(frozen=True, slots=True)
class Task:
    """A photo in a worker's hands, and its faces that lack an embedding under a pack."""

    token: UUID
    pack: int
    label: str
    known: ToEmbed
    faces: tuple[FacePlace, ...]

    @property
    def photo(self) -> int:
        """Its id."""
        return self.known.photo

    @property
    def root(self) -> Path:
        """Its library's folder."""
        return Path(os.fsdecode(self.known.root))

    @property
    def path(self) -> Path:
        """Where to read it."""
        return self.root / os.fsdecode(self.known.path)

    @property
    def size_bytes(self) -> int:
        """Of the file when it was scanned."""
        return self.known.size_bytes

    @property
    def mtime_ns(self) -> int:
        """Of the file when it was scanned."""
        return self.known.mtime_ns

    @property
    def long_side(self) -> int | None:
        """The working size that its faces were found in."""
        return self.known.long_side

    @property
    def landmarks(self) -> tuple[Landmarks, ...]:
        """By which each face is aligned; those of a face that somebody drew are guessed from its box."""
        return tuple(Landmarks.usual(face.box) if face.points is None else face.points for face in self.faces)


def target(ctx: Context) -> Use:
    """What is in use, and what is wanted."""
    with ctx.database.read() as reader:
        return packs.use(reader)


def claim(ctx: Context, use: Use, worker: int, limit: int) -> list[Task]:
    """Lease photos whose faces lack an embedding under the pack wanted, or in use.

    None when another change has begun since `use` was read. ModelFault when the pack's files are not on this
    machine, or are others than those that made the embeddings so far.
    """
    pack, label = use.target, use.target_label
    if pack is None or label is None:
        return []
    token = uuid4()
    with ctx.database.write() as writer:
        if packs.use(writer).target != pack:
            return []
        claimed = packs.claim(writer, worker, token, limit, lease_s=ctx.rules.lease_s)
        if claimed:
            _check_embedder(ctx, label, packs.embedder(writer, pack))
        places = packs.faces_without(writer, [item.photo for item in claimed], pack)
    faces = defaultdict(list)
    for place in places:
        faces[place.photo].append(place)
    return [Task(token, pack, label, item, tuple(faces[item.photo])) for item in claimed]


def _check_embedder(ctx: Context, label: str, made_by: str | None) -> None:
    """Raised inside the transaction of the claim: nothing stays claimed."""
    if label in RECIPES and files.fingerprint(ctx.models_folder, label) != made_by:
        raise ModelFault(
            f"the files of {label} on this machine are others than those that made its embeddings",
            hint="Give every machine the same files, or drop the embeddings: `facekeep models remove`.",
        )


@tried_again
def record(ctx: Context, task: Task, vectors: npt.NDArray[np.float32] | None) -> bool:
    """Store the embeddings, one row a face of the task; False when the lease was lost meanwhile."""
    rows = [] if vectors is None else list(zip(task.faces, vectors, strict=True))
    with ctx.database.write() as writer:
        return packs.put(writer, task.photo, task.token, task.pack, rows)


@tried_again
def put_off(ctx: Context, task: Task, why: PutOff) -> None:
    """Enter why it could not be done, and give it back for later."""
    with ctx.database.write() as writer:
        packs.put_off(writer, task.photo, task.token, why)


def give_back(ctx: Context, tasks: Sequence[Task]) -> None:
    """Return photos untouched."""
    if tasks:
        with ctx.database.write() as writer:
            packs.give_back(writer, [(task.photo, task.token) for task in tasks])
