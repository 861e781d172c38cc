"""Connections: who may write, what errors become, and locks that end with their holder."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from store_support import Bench, face, identity

from facekeep.domain.errors import Conflict, StorageFault, UsageError
from facekeep.store import faces, listing, queries
from facekeep.store.database import Database, GaveWay, Writer, tried_again


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StorageFault, match="read-only transaction"), database.read() as reader:
        reader.value("INSERT INTO library (root) VALUES ('/a') RETURNING id")


def test_a_reader_sees_one_moment(database: Database) -> None:
    count = "SELECT count(*) FROM library"
    with database.read() as reader:
        before = reader.value(count)
        with database.write() as writer:
            writer.run("INSERT INTO library (root) VALUES ('/a')")
        assert reader.value(count) == before == 0
    with database.read() as reader:
        assert reader.value(count) == 1


def test_a_writer_stores_all_or_nothing(database: Database) -> None:
    def add(writer: Writer, after: Callable[[], object]) -> None:
        writer.run("INSERT INTO library (root) VALUES ('/a')")
        after()

    with pytest.raises(Conflict), database.write() as writer:
        add(writer, lambda: add(writer, list))
    with pytest.raises(ZeroDivisionError), database.write() as writer:
        add(writer, lambda: 1 / 0)
    with database.read() as reader:
        assert reader.value("SELECT count(*) FROM library") == 0


def test_who_speaks_is_forgotten_with_the_transaction(conninfo: str) -> None:
    with Database(conninfo, connections=1) as database:
        with database.write("user") as writer:
            assert writer.value("SELECT writing_as_user()") is True
        with database.write() as writer:
            assert writer.value("SELECT writing_as_user()") is False
        with database.read() as reader:
            assert reader.value("SELECT writing_as_user()") is False


def test_a_value_that_cannot_be_stored_is_the_callers(database: Database) -> None:
    for wrong in ("a\x00b", "2023-02-30"):
        with pytest.raises(UsageError, match="cannot hold"), database.write() as writer:
            writer.value("SELECT %(v)s::text, %(v)s::timestamp", {"v": wrong})


def test_a_mistake_in_our_sql_is_a_storage_fault(database: Database) -> None:
    with pytest.raises(StorageFault, match="refused"), database.write() as writer:
        writer.run("SELECT no_such_column FROM face")


def test_a_server_that_is_away_is_a_storage_fault() -> None:
    with Database("postgresql://127.0.0.1:1/nothing", connections=1) as database:
        database._pool.timeout = 0.2  # what is waited for is not on trial
        with pytest.raises(StorageFault, match="does not answer"), database.read():
            pass


def test_a_connection_that_died_is_replaced(database: Database) -> None:
    with database.read() as reader:
        victim = reader.value("SELECT pg_backend_pid()")
    with database.write() as writer:
        other = writer.value("SELECT pg_backend_pid()")
        if other != victim:
            writer.run("SELECT pg_terminate_backend(%(pid)s)", {"pid": victim})
    for _ in range(5):
        with database.read() as reader:
            assert reader.value("SELECT 1") == 1


def test_a_deadlock_ends_and_the_verb_begins_anew(database: Database) -> None:
    with database.write() as writer:
        writer.run("INSERT INTO library (root) VALUES ('/a'), ('/b')")
    met = threading.Barrier(2)
    outcomes: list[str] = []

    @tried_again
    def both(first: str, second: str) -> None:
        with database.write() as writer:
            outcomes.append("began")
            lock = "UPDATE library SET online = NOT online WHERE root = %(root)s"
            writer.run(lock, {"root": first.encode()})
            if len(outcomes) <= 2:
                met.wait()
            writer.run(lock, {"root": second.encode()})
        outcomes.append("ended")

    other = threading.Thread(target=both, args=("/b", "/a"))
    other.start()
    both("/a", "/b")
    other.join()
    assert outcomes.count("ended") == 2
    assert outcomes.count("began") >= 3


def test_what_always_gives_way_says_so() -> None:
    calls: list[int] = []

    @tried_again
    def verb() -> None:
        calls.append(1)
        raise GaveWay("again")

    with pytest.raises(GaveWay):
        verb()
    assert len(calls) == 3


# Advisory locks ---------------------------------------------------------------------------------------------


def test_a_lock_is_held_by_one(database: Database) -> None:
    with database.hold(1, 2) as first, database.hold(1, 2) as second, database.hold(1, 3) as other:
        assert (first, second, other) == (True, False, True)
    with database.hold(1, 2) as again:
        assert again


HOLDER = """
import sys
from facekeep.store.database import Database
with Database(sys.argv[1], connections=1) as database, database.hold(7, 7) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_its_process(conninfo: str, database: Database) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, conninfo], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        with database.hold(7, 7) as ours:
            assert not ours
    finally:
        holder.kill()
        holder.communicate()
    for _ in range(200):
        with database.hold(7, 7) as ours:
            if ours:
                return
        time.sleep(0.05)
    raise AssertionError("the lock outlived its holder")


# Vectors and queries ----------------------------------------------------------------------------------------


def test_embeddings_come_back_as_they_went(bench: Bench) -> None:
    seen = face("ada")
    photo = bench.put("1.png", seen)
    with bench.ctx.database.write() as writer:
        [row] = faces.ungrouped(writer, bench.ctx.pack_id, limit=10)
    assert row.photo == photo
    assert row.vector.dtype == np.float32
    assert np.array_equal(row.vector, seen.embedding)


def test_near_is_exact_and_in_order(bench: Bench) -> None:
    distances = [0.1, 0.5, 0.2, 0.4, 0.3]
    for distance in distances:
        bench.put(f"{distance}.png", face("ada", distance=distance))
    bench.put("far.png", face("grace"))
    with bench.ctx.database.read() as reader:
        near = faces.near(reader, 0, identity("ada"), bench.ctx.pack_id, limit=5)
    assert [row.distance for row in near][:5] == pytest.approx(sorted(distances), abs=1e-5)


def test_the_index_is_used_and_gives_as_many_as_asked_for(bench: Bench) -> None:
    """With the default of pgvector an index scan ends after 40."""
    with bench.ctx.database.write() as writer:
        writer.run(
            """WITH p AS (INSERT INTO photo (content_hash, size_bytes)
                          SELECT sha256(n::text::bytea), 1 FROM generate_series(1, 600) n RETURNING id),
                    f AS (INSERT INTO face (photo_id, x, y, width, height, source)
                          SELECT id, 0, 0, 1, 1, 'drawn' FROM p RETURNING id)
               INSERT INTO embedding (face_id, pack_id, vector)
               SELECT f.id, %(pack)s, v.vector FROM f CROSS JOIN LATERAL (
                   SELECT array_agg(0.12 * cos(f.id * 1.37 * n))::vector AS vector
                   FROM generate_series(1, 128) AS n
               ) AS v""",
            {"pack": bench.ctx.pack_id},
        )
        writer.run("SET LOCAL enable_seqscan = off")
        writer.run("SET LOCAL enable_sort = off")
        rows = faces.near(writer, 0, identity("ada"), bench.ctx.pack_id, limit=80)
    assert len(rows) == 81


def test_every_named_query_is_sound(database: Database) -> None:
    """The server prepares each: no slip of a column's name waits for its first use."""
    fragments = {"{dimensions}": "128", "{filter}": ""}
    for file in ("faces", "libraries", "listing", "people", "photos"):
        for name, sql in queries.load(file).items():
            if (file, name) == ("listing", "of_person"):  # a condition, part of others
                continue
            for mark, text in fragments.items():
                sql = sql.replace(mark, text)
            with database.write("user") as writer:
                writer.run(f"EXPLAIN /* {name} */ {sql.rstrip().rstrip(';')}", _Nothing())


class _Nothing(dict[str, None]):
    """NULL for whatever is asked."""

    def __missing__(self, _: str) -> None:
        return None


def test_listings_page_through_everything_once(bench: Bench) -> None:
    for number in range(7):
        bench.put(f"{number}.png", face("ada"), face("grace", 1))
    with bench.ctx.database.read() as reader:
        seen: list[int] = []
        cursor = None
        while True:
            page = listing.faces(reader, cursor=cursor, limit=4)
            seen += [row.face for row in page.items]
            assert page.total == 14
            if page.next is None:
                break
            cursor = page.next
    assert seen == sorted(set(seen))
    assert len(seen) == 14


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "WzFd" * 3, "eyJhIjoxfQ", "W251bGxd"])
def test_a_foreign_cursor_is_refused(bench: Bench, cursor: str) -> None:
    with bench.ctx.database.read() as reader, pytest.raises(UsageError):
        listing.people(reader, cursor=cursor)


def test_a_lock_that_was_let_go_is_free_at_once(database: Database) -> None:
    """Not only when the server has noticed that the connection is closed."""
    for _ in range(300):
        with database.hold(77, 1) as ours:
            assert ours
