"""How long merging two large people takes, undoing it, doing it again, and looking it up in the journal.

    python -m tests.bench.merging [FACES]

FACES for each of the two people (5,000 when left out), a photo for each, beside 1,000 lone faces; on a
private database of its own in a temporary folder.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from facekeep.actions import journal, people
from facekeep.actions.context import Context
from facekeep.bootstrap import open_context
from facekeep.domain.packs import BUNDLED
from facekeep.settings import load
from facekeep.store import decisions
from facekeep.store.database import Writer

LONE = 1000
ROUNDS = 5
NORM = 1.4
SPREAD = 0.3

PHOTOS = """
INSERT INTO photo (content_hash, size_bytes, state, due_at, width, height, media_type, analysed_at,
                   analysed_by)
SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), 1000, 'done', NULL, 1000, 800, 'image/png', now(), %(pack)s
FROM generate_series(1, %(count)s) n"""
FACES = """
INSERT INTO face (photo_id, x, y, width, height, landmarks, score, quality, found_by, grouped)
SELECT id, 0.1, 0.1, 0.2, 0.2, ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9], 0.9, random(),
       %(pack)s, true
FROM photo ORDER BY id"""
EMBEDDINGS = """
INSERT INTO embedding (face_id, pack_id, vector)
SELECT e.face, %(pack)s, e.vector::vector
FROM unnest(%(faces)s::bigint[], %(vectors)s::text[]) AS e (face, vector)"""
ASSIGNMENTS = """
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id)
SELECT id, photo_id, CASE WHEN id <= %(each)s THEN 1 ELSE 2 END, 'auto', 0.9, %(pack)s
FROM face WHERE id <= 2 * %(each)s"""
SIZE = "SELECT pg_total_relation_size('change') / (SELECT count(*) FROM change)"


def main(each: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="facekeep-bench-"))
    folder.chmod(0o755)
    try:
        with open_context(load({"home": folder / "home"}, environ={})) as ctx:
            with ctx.database.write(verb="group") as writer:
                fill(writer, ctx.pack_id, each)
            measure(ctx)
    finally:
        shutil.rmtree(folder)


def fill(writer: Writer, pack: int, each: int) -> None:
    """Two people with `each` faces, and lone ones."""
    random = np.random.default_rng(1)
    length = BUNDLED.dimensions
    centres = random.normal(size=(2, length))
    lone = random.normal(size=(LONE, length))
    raw = np.concatenate([np.repeat(centres, each, axis=0), lone])
    vectors = NORM * raw / np.linalg.norm(raw, axis=1, keepdims=True)
    vectors += random.normal(size=vectors.shape) * SPREAD / np.sqrt(length)
    writer.run(PHOTOS, {"pack": pack, "count": len(vectors)})
    writer.run(FACES, {"pack": pack})
    texts = ["[" + ",".join(f"{value:.5f}" for value in vector) + "]" for vector in vectors]
    writer.run(EMBEDDINGS, {"pack": pack, "faces": list(range(1, len(texts) + 1)), "vectors": texts})
    writer.run("INSERT INTO person (name) VALUES (NULL), (NULL)")
    writer.run(ASSIGNMENTS, {"pack": pack, "each": each})


def measure(ctx: Context) -> None:
    """Milliseconds of each, on standard output: the median and all of them."""
    told: list[int] = []
    heard = replace(ctx, decided=told.append)
    took: dict[str, list[float]] = {}

    def step(what: str) -> None:
        merge = _timed(took, f"merge{what}", lambda: people.merge_people(heard, 2, 1), told)
        _timed(took, f"undo{what}", lambda: journal.undo(heard, merge), told)
        _timed(took, f"redo{what}", lambda: journal.redo(heard, merge), told)
        journal.undo(heard, merge)

    step(", nothing confirmed yet")
    people.name_person(heard, 1, "Ada")
    people.name_person(heard, 2, "Grace")
    for _ in range(ROUNDS):
        step("")
        with ctx.database.read() as reader:
            _timed(took, "list the journal", partial(decisions.decisions, reader), told)
            _timed(took, "of one person", partial(decisions.decisions, reader, person=2), told)
            _timed(took, "changes", partial(decisions.changes, reader, told[-1]), told)
    for what, times in took.items():
        each = ", ".join(f"{one:.0f}" for one in times)
        sys.stdout.write(f"{what:30s} {statistics.median(times):6.0f} ms   ({each})\n")
    with ctx.database.read() as reader:
        sys.stdout.write(f"{'bytes for each changed row':30s} {reader.value(SIZE):6d}\n")


def _timed(took: dict[str, list[float]], what: str, step: Callable[[], object], told: list[int]) -> int:
    """Notes how long a step takes; the latest decision after it."""
    start = time.perf_counter()
    step()
    took.setdefault(what, []).append(1000 * (time.perf_counter() - start))
    return told[-1]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
