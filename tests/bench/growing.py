"""Grouping as the program does it, on a database: the first grouping of a library, then adding to it.

    python -m tests.bench.growing [--sizes 10000 100000] [--added 1 100 10000] [--huge 20000] [--given]

Generated faces (docs/grouping.md), on a private database of its own in a temporary folder. `--huge` puts so
many more faces of one person in, and then adds single ones of it. With `--given` people are put in as they
are, instead of being found: for what is added to a million faces alone. Faces are added to a library at rest,
of which everything is counted. Peak memory is that of the process which groups; the database has its own.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from tests.bench.face_generator import BUNDLED_LIKE, Crowd, Library, library
from tests.bench.grouping_truth import judged
from tests.peak_memory import peak_kilobytes

from facekeep.actions import counting
from facekeep.actions.context import Context
from facekeep.actions.group import group_new_faces
from facekeep.actions.twice import find_twice
from facekeep.bootstrap import open_context
from facekeep.domain.library_grouping import LONE
from facekeep.settings import load
from facekeep.store.database import Writer

REPEATED = 7
"""Times that a single face is added; the median counts."""

LANDMARKS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9]
BUILD = """
SET LOCAL maintenance_work_mem = '2GB';
CREATE INDEX embedding_{pack}_near ON embedding_{pack} USING hnsw ((vector::halfvec(128)) halfvec_l2_ops)"""
MARKED = "SELECT EXISTS (SELECT FROM stale_photo) OR EXISTS (SELECT FROM stale_person)"
GROUPS = "SELECT f.id, a.person_id FROM face f LEFT JOIN assignment a ON a.face_id = f.id ORDER BY f.id"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growing", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=(10_000, 100_000), metavar="FACES")
    parser.add_argument("--added", type=int, nargs="+", default=(1, 100, 10_000), metavar="FACES")
    parser.add_argument("--huge", type=int, default=0, metavar="FACES", help="of one more person")
    parser.add_argument("--given", action="store_true", help="do not measure the first grouping")
    given = parser.parse_args(arguments)
    for size in given.sizes:
        folder = Path(tempfile.mkdtemp(prefix="facekeep-bench-"))
        folder.chmod(0o755)
        try:
            with open_context(load({"home": folder / "home"}, environ={})) as ctx:
                measure(ctx, size, given.added, given.huge, given=given.given)
        finally:
            shutil.rmtree(folder)


def measure(
    ctx: Context, size: int, added: Sequence[int], huge: int, *, given: bool = False
) -> dict[str, float]:
    """Seconds of each, which are printed as well."""
    times = {count: REPEATED if count == 1 else 1 for count in added}
    made = library(BUNDLED_LIKE, Crowd(size + sum(count * often for count, often in times.items())))
    took: dict[str, float] = {}
    with ctx.database.write() as writer:
        _drop_index(writer, ctx.pack_id)
    took["loading"] = _timed(lambda: fill(ctx, made, 0, size))
    took["building the index"] = _timed(lambda: _build_index(ctx))
    if given:
        took["putting people in"] = _timed(lambda: put_people(ctx, made, size))
    else:
        took["first grouping"] = _timed(lambda: group_everything(ctx))
    _show(size, took, _right(ctx, made))
    took["counting and sweeping after it"] = _timed(lambda: settle(ctx))
    start = size
    for count, often in times.items():
        seconds, used = [], 0.0
        for _ in range(often):
            fill(ctx, made, start, start + count)
            before = _processor(ctx)
            seconds.append(_timed(partial(group_everything, ctx, count)))
            used += _processor(ctx) - before
            start += count
        took |= _added(f"{count:,} added", seconds, used)
    if not given:
        took["finding who is there twice"] = _timed(lambda: find_twice(ctx))
    if huge:
        took |= of_one(ctx, huge, made)
    _show(size, took, _right(ctx, made))
    return took


def settle(ctx: Context) -> None:
    """What an idle worker and the server do by themselves after so much was written."""
    while _marked(ctx):
        counting.count_left(ctx)
    ctx.database.maintain([f"VACUUM ANALYZE {table}" for table in ("person", "face", "assignment")])


def _marked(ctx: Context) -> bool:
    with ctx.database.read() as reader:
        return bool(reader.value(MARKED))


def put_people(ctx: Context, made: Library, size: int) -> None:
    """Everybody of more than one face as it is, past the triggers: of a million that is some minutes less."""
    often = np.bincount(made.person[:size])
    with ctx.database.write() as writer:
        writer.run("SET LOCAL session_replication_role = replica")
        writer.run("INSERT INTO person (name) SELECT NULL FROM generate_series(1, %(n)s)", {"n": len(often)})
        writer.run(
            """INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id)
            SELECT f.id, f.photo_id, k.person + 1, 'auto', 0.9, %(pack)s
            FROM unnest(%(people)s::bigint[]) WITH ORDINALITY AS k (person, number)
            JOIN face f ON f.id = k.number WHERE (%(often)s::integer[])[k.person + 1] > 1""",
            {"people": made.person[:size].tolist(), "often": often.tolist(), "pack": ctx.pack_id},
        )
        writer.run("UPDATE face SET grouped = true")
    with ctx.database.write() as writer:
        writer.run("ANALYZE")


def of_one(ctx: Context, huge: int, made: Library) -> dict[str, float]:
    """One person more, of so many faces, and single faces that join it."""
    random = np.random.default_rng(9)
    centre = made.vectors[0] * np.float32(-0.9)
    spread = (random.normal(size=(huge + REPEATED, 128)) * (0.185 / 2 / 128) ** 0.5).astype(np.float32)
    one = Library(
        vectors=np.asarray(centre + spread, dtype=np.float32),
        photo=np.arange(huge + REPEATED) + 10**9,
        quality=np.full(huge + REPEATED, 0.9),
        person=np.zeros(huge + REPEATED, dtype=np.int64),
    )
    with ctx.database.write(verb="group") as writer:
        person = int(writer.value("INSERT INTO person (name) VALUES (NULL) RETURNING id"))
    fill(ctx, one, 0, huge, person=person)
    seconds, used = [], 0.0
    for number in range(REPEATED):
        fill(ctx, one, huge + number, huge + number + 1)
        before = _processor(ctx)
        seconds.append(_timed(lambda: group_everything(ctx, 1)))
        used += _processor(ctx) - before
    with ctx.database.read() as reader:
        got = reader.value("SELECT count(*) FROM assignment WHERE person_id = %(p)s", {"p": person})
    return _added(f"1 added to one of {huge:,}", seconds, used) | {"of them joined it": float(got - huge)}


def _added(what: str, seconds: list[float], used: float) -> dict[str, float]:
    """The middle and the least; and what processors did for it, the server's included, whatever else runs."""
    return {
        what: statistics.median(seconds),
        f"{what}, at least": min(seconds),
        f"{what}, processor time": used / len(seconds),
    }


def fill(ctx: Context, made: Library, start: int, end: int, *, person: int | None = None) -> None:
    """Faces with their photos, new to grouping; or of a person."""
    with ctx.database.write(verb="group") as writer:
        photos = np.unique(made.photo[start:end]).tolist()
        numbers = _photos(writer, photos, ctx.pack_id)
        first = int(writer.value("SELECT coalesce(max(id), 0) + 1 FROM face"))
        rows = range(start, end)
        with writer._connection.cursor() as cursor:
            columns = "photo_id, x, y, width, height, landmarks, score, quality, found_by, grouped"
            with cursor.copy(f"COPY face ({columns}) FROM STDIN") as copy:
                for at in rows:
                    x = 0.9 * (at % 997) / 997
                    quality = float(made.quality[at])
                    copy.write_row(
                        (numbers[int(made.photo[at])], x, (at // 997 % 997) / 1100, 0.05, 0.05)
                        + (LANDMARKS, 0.9, quality, ctx.pack_id, person is not None)
                    )
            with cursor.copy("COPY embedding (face_id, pack_id, vector) FROM STDIN") as copy:
                for at in rows:
                    copy.write_row((first + at - start, ctx.pack_id, made.vectors[at]))
        if person is not None:
            writer.run(
                """INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id)
                SELECT id, photo_id, %(person)s, 'auto', 0.9, %(pack)s FROM face WHERE id >= %(first)s""",
                {"person": person, "pack": ctx.pack_id, "first": first},
            )
    with ctx.database.write() as writer:
        writer.run("ANALYZE photo, face, embedding, assignment")


def _photos(writer: Writer, photos: list[int], pack: int) -> dict[int, int]:
    """Their numbers in the database; those that are not there yet are made."""
    writer.run(
        """INSERT INTO photo (content_hash, size_bytes, state, due_at, width, height, media_type, analysed_at,
            analysed_by)
        SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), 1000, 'done', NULL, 1000, 800, 'image/png', now(),
            %(pack)s
        FROM unnest(%(photos)s::bigint[]) AS n ON CONFLICT DO NOTHING""",
        {"photos": photos, "pack": pack},
    )
    found = writer.tuples(
        """SELECT n, p.id FROM unnest(%(photos)s::bigint[]) AS n
        JOIN photo p ON p.content_hash = decode(lpad(to_hex(n), 64, '0'), 'hex')""",
        {"photos": photos},
    )
    return {int(photo): int(number) for photo, number in found}


def group_everything(ctx: Context, count: int = sys.maxsize) -> None:
    """As a worker does; without looking in vain at the end where it is known how many there are."""
    while count > 0 and (done := group_new_faces(ctx).faces):
        count -= done


def _processor(ctx: Context) -> float:
    """Seconds that this process and those of the database server have used."""
    with ctx.database.read() as reader:
        backend = psutil.Process(int(reader.value("SELECT pg_backend_pid()")))
    server = backend.parents()[0]
    used = sum(server.cpu_times()[:4])
    for child in server.children():
        with suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:2])
    return time.process_time() + float(used)


def _drop_index(writer: Writer, pack: int) -> None:
    writer.run(f"DROP INDEX embedding_{pack}_vector_idx")


def _build_index(ctx: Context) -> None:
    with ctx.database.write() as writer:
        for statement in BUILD.replace("{pack}", str(ctx.pack_id)).split(";"):
            writer.run(statement)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _right(ctx: Context, made: Library) -> str:
    with ctx.database.read() as reader:
        rows = reader.tuples(GROUPS)[: len(made.person)]
    group = np.array([LONE if person is None else person for _, person in rows], dtype=np.int64)
    truth = judged(group, made.person[: len(group)])
    return f"precision {truth.precision:.4f}, recall {truth.recall:.4f}"


def _show(size: int, took: dict[str, float], right: str) -> None:
    peak = peak_kilobytes() / 1024
    sys.stdout.write(f"{size:,} faces: {right}, peak {peak:.0f} MB\n")
    for what, seconds in took.items():
        sys.stdout.write(f"  {what:42s} {seconds:9.3f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
