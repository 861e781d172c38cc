"""A second pack beside the bundled one, and what a worker would do with its photos; no network is run."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
from made_packs import write_opencv
from store_support import WORKER, Bench, face

from facekeep.actions import bringing, embedding, models
from facekeep.actions.context import Context
from facekeep.actions.using import current
from facekeep.domain.faces import Box, MeasuredFace, PhotoAnalysis, Vector
from facekeep.domain.packs import OPENCV
from facekeep.store import packs

Say = Callable[[int], Vector]
"""The embedding under the new pack of a face by its id."""


def with_two_packs(ctx: Context, folder: Path) -> None:
    """The pack `opencv` is on this machine, made; the database knows the bundled one as the one in use."""
    by_hand = write_opencv(folder)
    bringing.add(ctx.models_folder, OPENCV, folder, accepted=True, by_hand=by_hand)
    with ctx.database.write() as writer:
        packs.begin_with(writer, ctx.pack_id)


def unit(which: int) -> Vector:
    """Some vector of unit length, always the same for a face."""
    vector = np.random.default_rng(which).normal(size=OPENCV.dimensions)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def embed(ctx: Context, limit: int = 1000, say: Say = unit) -> int:
    """Do what a worker does with up to so many photos; how many."""
    tasks = embedding.claim(ctx, embedding.target(ctx), WORKER, limit)
    for task in tasks:
        vectors = np.array([say(face.face) for face in task.faces])
        assert embedding.record(ctx, task, vectors if len(task.faces) else None)
    return len(tasks)


def work(bench: Bench, say: Say = unit) -> None:
    """Until nothing is left, then switch if that is due."""
    while embed(bench.ctx, say=say):
        pass
    models.finish(bench.ctx)


def active(ctx: Context) -> str:
    """The label of the pack in use."""
    return current(ctx).pack.label


def now(bench: Bench) -> Bench:
    """The bench under the pack in use."""
    bench.ctx = replace(current(bench.ctx))
    return bench


def lacking(bench: Bench, pack: int) -> int:
    """How many faces have no embedding under a pack."""
    found = bench.value(
        "SELECT count(*) FROM face f WHERE NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id"
        " AND e.pack_id = %(pack)s)",
        pack=pack,
    )
    return int(str(found))


def decided(bench: Bench) -> list[tuple[object, ...]]:
    """People, who has which face by whose word, and what was rejected."""
    return [
        *bench.tuples("SELECT id, name, hidden, merged_into, gone FROM person ORDER BY id"),
        *bench.tuples("SELECT face_id, person_id, decided_by, confidence FROM assignment ORDER BY face_id"),
        *bench.tuples("SELECT face_id, person_id FROM rejection ORDER BY 1, 2"),
    ]


def number(bench: Bench) -> int:
    with bench.ctx.database.read() as reader:
        found = packs.id_of(reader, OPENCV.label)
    assert found is not None
    return found


def left(bench: Bench) -> packs.Left:
    with bench.ctx.database.read() as reader:
        return packs.left(reader)


def going(bench: Bench) -> models.Change | None:
    with bench.ctx.database.read() as reader:
        return models.change(reader)


class Looking:
    """Sees Ada in every box, and remembers by which pack it was asked to look."""

    def __init__(self) -> None:
        self.packs: list[str] = []

    def measure(self, path: Path, boxes: Sequence[Box], *, pack: str) -> Future[tuple[MeasuredFace, ...]]:
        assert path.is_file()
        self.packs.append(pack)
        seen = face("ada")
        vector = unit(1) if pack == OPENCV.label else seen.embedding
        answer: Future[tuple[MeasuredFace, ...]] = Future()
        answer.set_result((MeasuredFace(seen.landmarks, 0.9, seen.quality, vector),) * len(boxes))
        return answer

    def look(self, content: bytes, *, pack: str) -> Future[PhotoAnalysis]:
        raise AssertionError("nobody sends a picture")


def use(bench: Bench, **more: bool) -> None:
    models.use(bench.ctx, OPENCV, accepted=False, **more)
