"""What must be true of a database at rest, whatever happened before: one checker for every test here."""

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

FAILED = "WITH failed AS (SELECT p.*, x.* FROM photo p JOIN failure x ON x.photo_id = p.id) "
QUERIES = {
    "a lease is left": "SELECT id FROM photo WHERE leased_by IS NOT NULL OR leased_worker IS NOT NULL",
    "still waiting": "SELECT id FROM photo WHERE state = 'waiting'",
    "done, and yet due": "SELECT id FROM photo WHERE state = 'done' AND due_at IS NOT NULL",
    "done, and yet a failure": "SELECT id FROM failed WHERE state = 'done'",
    "failed without a reason": """
        SELECT p.id FROM photo p LEFT JOIN failure x ON x.photo_id = p.id
        WHERE p.state = 'failed' AND x.photo_id IS NULL""",
    "permanent, and yet due": "SELECT id FROM failed WHERE permanent AND due_at IS NOT NULL",
    "to be tried again, and never due": "SELECT id FROM failed WHERE NOT permanent AND due_at IS NULL",
    "permanent, and not by its own fault": """
        SELECT photo_id FROM failure
        WHERE permanent AND code IN ('library_offline', 'storage', 'internal') AND NOT given_up""",
    "charged, and not for its own fault": """
        SELECT photo_id FROM failure
        WHERE attempts > 0 AND code IN ('missing_file', 'library_offline') AND tries = attempts""",
    "more charges than tries": "SELECT photo_id FROM failure WHERE attempts > tries OR attempts > 5",
    "faces in a photo that was never looked at": """
        SELECT p.id FROM photo p JOIN face f ON f.photo_id = p.id
        WHERE p.state <> 'done' AND p.analysed_at IS NULL AND f.source = 'detected'""",
    "a face without one embedding": """
        SELECT f.id FROM face f LEFT JOIN embedding e ON e.face_id = f.id
        WHERE f.source = 'detected' GROUP BY f.id HAVING count(e.face_id) <> 1""",
    "a face twice": """
        SELECT a.id FROM face a JOIN face b ON b.photo_id = a.photo_id AND b.id > a.id
        WHERE least(a.x + a.width, b.x + b.width) - greatest(a.x, b.x) > 0.8 * greatest(a.width, b.width)
          AND least(a.y + a.height, b.y + b.height) - greatest(a.y, b.y)
              > 0.8 * greatest(a.height, b.height)""",
    "a photo twice": "SELECT min(id) FROM photo GROUP BY content_hash HAVING count(*) > 1",
    "a scan is left open": "SELECT id FROM scan WHERE finished_at IS NULL",
    "a worker is left": "SELECT id FROM worker",
}


def broken(conninfo: str) -> dict[str, list[int]]:
    """The rules that do not hold, each with the first ids that break it. Empty when all is well."""
    with psycopg.connect(conninfo) as connection:
        found = {
            rule: [int(row[0]) for row in connection.execute((FAILED + query).encode()).fetchmany(10)]
            for rule, query in QUERIES.items()
        }
    return {rule: ids for rule, ids in found.items() if ids}


def charged(conninfo: str) -> dict[str, str]:
    """The files of photos that were charged for anything, or failed for good, and their codes."""
    query = """
        SELECT f.path, x.code::text FROM failure x JOIN photo_file f ON f.photo_id = x.photo_id
        WHERE x.attempts > 0 OR x.permanent ORDER BY f.path"""
    return {_name(path): str(code) for path, code in _rows(conninfo, query)}


def states(conninfo: str) -> dict[str, str]:
    """Every file with its photo's state, or the code that it failed with."""
    query = """
        SELECT f.path, coalesce(x.code::text, p.state::text)
        FROM photo_file f JOIN photo p ON p.id = f.photo_id LEFT JOIN failure x ON x.photo_id = p.id"""
    return {_name(path): str(state) for path, state in _rows(conninfo, query)}


def results(conninfo: str) -> list[tuple[Any, ...]]:
    """Photos, faces and boxes without ids and times: equal after any two runs over the same folder.

    Boxes and vectors are rounded to six digits, for a model may compute in another order of threads.
    """
    query = """
        SELECT p.content_hash, p.state::text, p.width, p.height, f.path,
               (SELECT array_agg(row(round(c.x::numeric, 6), round(c.y::numeric, 6),
                                     round(c.width::numeric, 6), round(c.height::numeric, 6))::text
                                 ORDER BY c.x, c.y)
                FROM face c WHERE c.photo_id = p.id),
               (SELECT count(*) FROM face c JOIN embedding e ON e.face_id = c.id WHERE c.photo_id = p.id)
        FROM photo p JOIN photo_file f ON f.photo_id = p.id ORDER BY f.path"""
    return [_plain(row) for row in _rows(conninfo, query)]


def people(conninfo: str) -> list[tuple[Any, ...]]:
    """Who is together: for each person the photos of the faces, by content."""
    query = """
        SELECT array_agg(p.content_hash ORDER BY p.content_hash)
        FROM assignment a JOIN photo p ON p.id = a.photo_id GROUP BY a.person_id ORDER BY 1"""
    return [_plain(row) for row in _rows(conninfo, query)]


def count(conninfo: str, query: str) -> int:
    """The one number that a query gives."""
    [(value,)] = _rows(conninfo, query)
    return int(value)


def _rows(conninfo: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode()).fetchall()


def _name(path: bytes) -> str:
    return bytes(path).decode("utf-8", "backslashreplace")


def _plain(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_each(row))


def _each(row: Iterable[Any]) -> Iterator[Any]:
    for value in row:
        yield bytes(value) if isinstance(value, memoryview) else value
