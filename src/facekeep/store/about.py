"""What the database says of itself, for `facekeep doctor` and the report to maintainers."""

from dataclasses import dataclass
from datetime import datetime

from facekeep.store.database import Reader


@dataclass(frozen=True, slots=True)
class Server:
    """Versions of the server and of its vector extension, its size on disk in bytes, and its clock."""

    version: str
    vector: str | None
    bytes: int
    now: datetime


def server(reader: Reader) -> Server:
    """Asked now; `now` is the clock's reading and not the transaction's beginning."""
    found = reader.first(
        Server,
        """SELECT current_setting('server_version') AS version,
                  (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector,
                  pg_database_size(current_database()) AS bytes, clock_timestamp() AS now""",
    )
    assert found is not None  # there is always one row
    return found


def person_names(reader: Reader) -> list[str]:
    """Every name of people, of circles of them, and of who logs in: what a report must not hold."""
    sql = """SELECT name FROM person WHERE name IS NOT NULL
             UNION SELECT unnest(aliases) FROM person
             UNION SELECT name FROM circle
             UNION SELECT name FROM account"""
    return [str(name) for (name,) in reader.tuples(sql)]


def some_files(reader: Reader, library: int, limit: int) -> list[bytes]:
    """Paths below a library's root of some of its photos that are there: the newest on record."""
    sql = """SELECT path FROM photo_file WHERE library_id = %(library)s AND state = 'present'
             ORDER BY id DESC LIMIT %(limit)s"""
    return [bytes(path) for (path,) in reader.tuples(sql, {"library": library, "limit": limit})]
