"""What a claim costs does not grow with the library: pages that the server reads, counted by the server."""

import os
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from store_support import WORKER, token

from facekeep.store import photos
from facekeep.store.database import Database

pytestmark = pytest.mark.slow

MANY = int(os.environ.get("FACEKEEP_TEST_PHOTOS", "60000"))
"""A million shows it in full; `script/chaos` asks for that."""

LIMIT = 8

FILL = [
    "INSERT INTO library (root, online) VALUES ('/away', false), ('/here', true)",
    # Nine of ten lie on a disk that is away, and are due first; those that are there come after them.
    """INSERT INTO photo (content_hash, size_bytes, due_at)
       SELECT sha256(n::text::bytea), 1, now() - interval '1 day' + n * interval '1 microsecond'
       FROM generate_series(1, %(many)s::int) n""",
    """INSERT INTO photo_file (photo_id, library_id, path, size_bytes, mtime_ns, seen_in)
       SELECT p.id, l.id, convert_to(p.id::text, 'UTF8'), 1, 1, 1
       FROM (SELECT id, row_number() OVER (ORDER BY due_at) AS n FROM photo) p
       JOIN library l ON l.online = (p.n > %(many)s::int * 9 / 10)""",
    "ANALYZE",
]


def pages(plan: dict[str, Any]) -> int:
    """Pages touched by a plan as a whole."""
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


def claim_plan(conninfo: str) -> dict[str, Any]:
    """What a claim really does, as the server tells."""
    row = {"worker": WORKER, "token": uuid4(), "limit": LIMIT, "lease_s": 60, "without": [], "only": None}
    row["fresh"] = False
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        sql = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + photos.SQL["claim"]
        found = connection.execute(sql, row).fetchone()
        connection.rollback()
    assert found is not None
    plan: dict[str, Any] = found[0][0]["Plan"]
    return plan


def test_a_claim_reads_a_few_pages_however_large_the_library(conninfo: str, database: Database) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in FILL:
            connection.execute(statement, {"many": MANY} if "%(" in statement else None)
    plan = claim_plan(conninfo)
    scans = {node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == "photo"}
    assert "Seq Scan" not in scans, scans
    assert plan["Actual Rows"] == LIMIT
    few = pages(plan)
    assert few < 40 * LIMIT
    work_off(database, MANY // 20)
    # Without a vacuum: what was claimed and finished has left dead entries where the next claim begins.
    assert pages(claim_plan(conninfo)) < few + 60 * LIMIT


def work_off(database: Database, count: int) -> None:
    done = 0
    while done < count:
        mine = token()
        with database.write() as writer:
            found = photos.claim(writer, WORKER, mine, photos.Wanted(50), lease_s=60)
        with database.write() as writer:
            ids = [item.photo for item in found]
            sql = "UPDATE photo SET state = 'failed', due_at = NULL, leased_by = NULL, leased_worker = NULL"
            writer.run(
                "INSERT INTO failure (photo_id, code, message, attempts, permanent)"
                " SELECT unnest(%(ids)s::bigint[]), 'unreadable', 'made up', 1, true",
                {"ids": ids},
            )
            writer.run(sql + " WHERE id = ANY(%(ids)s)", {"ids": ids})
        done += len(found)
