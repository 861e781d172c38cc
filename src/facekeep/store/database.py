"""Connections. A Reader cannot write; a Writer is one transaction, spoken by the user or by the machine."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from functools import wraps
from typing import Any, Literal, ParamSpec, Self, TypeVar

import psycopg
from pgvector.psycopg import register_vector
from pgvector.psycopg.vector import VectorLoader
from psycopg.abc import Buffer
from psycopg.rows import class_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from facekeep.domain.errors import Conflict, DatabaseAway, StorageFault, UsageError

log = logging.getLogger(__name__)

Row = TypeVar("Row")
Result = TypeVar("Result")
Given = ParamSpec("Given")
Actor = Literal["user", "machine"]
Parameters = Mapping[str, Any]

CONNECT_TIMEOUT_S = 30.0

_INTRODUCE = (
    "SELECT set_config('facekeep.actor', %s, true), set_config('facekeep.verb', %s, true),"
    " set_config('facekeep.about', %s, true), set_config('facekeep.account', %s, true)"
)

_LOOK = """SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL max_parallel_workers_per_gather = 0"""
"""Planned for what is asked each time: a person has one face or thirty thousand, and one plan for both is ten
times slower for one of them. By one process: others ask at the same time, and to start two more takes longer
than most pages."""

GAVE_WAY_TRIES = 3

_PATIENCE = "SET LOCAL lock_timeout = '400ms'"
"""Below the second after which the server looks for transactions that wait for each other: whoever is less
patient gives way, and the other never notices."""

_MET = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)


class GaveWay(Conflict):
    """Two transactions waited for each other, and this one was chosen to begin anew."""


def tried_again(verb: Callable[Given, Result]) -> Callable[Given, Result]:
    """A verb of one transaction that begins anew by itself when it gave way: nothing of it was stored."""

    @wraps(verb)
    def trying(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for _ in range(GAVE_WAY_TRIES - 1):
            try:
                return verb(*args, **kwargs)
            except GaveWay as error:
                log.info("%s", error.message)
        return verb(*args, **kwargs)

    return trying


class Reader:
    """A connection in a read-only transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def all(self, row: type[Row], sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row, as `row` built from the columns by name."""
        with self._connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def first(self, row: type[Row], sql: str, parameters: Parameters | None = None) -> Row | None:
        """The first row, or None."""
        with self._connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(sql, parameters).fetchone()

    def tuples(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """Every row as a plain tuple."""
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """The first column of the first row, or None when there is no row."""
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(sql, parameters).fetchone()
        return None if found is None else found[0]

    def packed(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """As `tuples`, sent in the database's own format: for vectors in bulk, as bytes."""
        with self._connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def packed_stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[tuple[Any, ...]]:
        """As `packed`, in bounded memory."""
        with self._connection.cursor("vectors", row_factory=tuple_row, binary=True) as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(sql, parameters)

    def stream(self, row: type[Row], sql: str, parameters: Parameters | None = None) -> Iterator[Row]:
        """Every row, in bounded memory, from a cursor that the server keeps."""
        with self._connection.cursor("listing", row_factory=class_row(row)) as cursor:
            cursor.itersize = 1000
            yield from cursor.execute(sql, parameters)


class Writer(Reader):
    """A connection in a transaction that may write. It commits when its block ends, or not at all."""

    def run(self, sql: str, parameters: Parameters | None = None) -> int:
        """Execute; the number of rows touched."""
        with self._connection.cursor() as cursor:
            return cursor.execute(sql, parameters).rowcount

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that happens whole or not at all, without the rest being lost when it fails."""
        with _translated(), self._connection.transaction():
            yield


class Database:
    """A pool of connections to one facekeep database."""

    def __init__(self, where: str | Callable[[], str], *, connections: int = 8) -> None:
        """`where` is a libpq connection string, or gives one: a server started again may listen elsewhere."""
        self._where: Callable[[], str] = (lambda: where) if isinstance(where, str) else where
        self._pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
            self._where,
            min_size=1,
            max_size=connections,
            timeout=CONNECT_TIMEOUT_S,
            check=ConnectionPool.check_connection,
            configure=_configure,
            kwargs={"autocommit": True, "application_name": "facekeep"},
            open=False,
        )
        self._account = ""
        self._complete: Callable[[Writer], None] = lambda _: None

    def on_behalf(self, account: int | None, complete: Callable[[Writer], None] | None = None) -> "Database":
        """The same connections, spoken through for an account: what users decide is entered under it.

        `complete` is called at the end of each transaction that may write, as its last part.
        """
        other = copy(self)
        other._account = "" if account is None else str(account)
        other._complete = self._complete if complete is None else complete
        return other

    def __enter__(self) -> Self:
        self._pool.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give every connection back to the server."""
        self._pool.close()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """One consistent look: a read-only transaction on a single snapshot."""
        with _translated(), self._pool.connection() as connection, connection.transaction():
            connection.execute(_LOOK)
            yield Reader(connection)

    @contextmanager
    def write(
        self,
        actor: Actor = "machine",
        *,
        verb: str = "",
        about: Parameters | None = None,
        gives_way: bool = False,
    ) -> Iterator[Writer]:
        """One transaction. The database refuses a machine what only a user may do.

        `verb` and `about` name the decision that its changes are entered under in the journal. One that
        `gives_way` waits for no other transaction for long: GaveWay, and it may begin anew.
        """
        told = "" if about is None else json.dumps(dict(about))
        with _translated(), self._pool.connection() as connection, connection.transaction():
            account = self._account if actor == "user" else ""
            connection.execute(_INTRODUCE, (actor, verb, told, account))
            if gives_way:
                connection.execute(_PATIENCE)
            writer = Writer(connection)
            yield writer
            self._complete(writer)

    def maintain(self, statements: Sequence[str]) -> None:
        """Our own statements outside of any transaction, such as VACUUM. GaveWay when one waited too long."""
        with _translated(), psycopg.connect(self._where(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def checkpoint(self) -> None:
        """Let the server put away files that are no longer used; where we may not ask, it does so later."""
        denied = psycopg.errors.InsufficientPrivilege
        with _translated(), psycopg.connect(self._where(), autocommit=True) as connection, suppress(denied):
            connection.execute("CHECKPOINT")

    @contextmanager
    def hold(self, key: int, number: int) -> Iterator[bool]:
        """Try for an advisory lock, held for the block on a connection of its own. True when it is ours.

        The server lets it go when this process dies, however it dies.
        """
        with _translated(), psycopg.connect(self._where(), autocommit=True) as connection:
            found = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (key, number)).fetchone()
            ours = bool(found and found[0])
            try:
                yield ours
            finally:
                # Closing does not wait for the server: whoever asks next could still find it taken. When the
                # connection is lost, so is the lock.
                if ours:
                    with suppress(psycopg.OperationalError):
                        connection.execute("SELECT pg_advisory_unlock(%s, %s)", (key, number))


class _ArrayLoader(VectorLoader):
    """Embeddings as numpy arrays, shape (d,), float32."""

    def load(self, data: Buffer) -> Any:
        vector = super().load(data)
        return None if vector is None else vector.to_numpy()


def _configure(connection: psycopg.Connection[Any]) -> None:
    register_vector(connection)
    # Candidates that an index scan considers; its default, 40, is fewer than the neighbours we ask for.
    connection.execute("SET hnsw.ef_search = 120")
    kind = connection.adapters.types["vector"]
    connection.adapters.register_loader(kind.oid, _ArrayLoader)


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors become ours here and nowhere else."""
    try:
        yield
    except psycopg.errors.IntegrityError as error:
        raise Conflict(_first_line(error), hint="Look again: it may have changed meanwhile.") from error
    except _MET as error:
        raise GaveWay(
            f"two changes met, and this one gave way: {_first_line(error)}", hint="Do it again."
        ) from error
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise UsageError(f"a value that the database cannot hold: {_first_line(error)}") from error
    except psycopg.errors.DiskFull as error:
        raise StorageFault(
            f"the database's disk is full: {_first_line(error)}",
            hint="Free some space on the disk of FACEKEEP_HOME, then run it again; nothing stored was lost.",
        ) from error
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise DatabaseAway(
            f"the database does not answer: {_first_line(error)}",
            hint="Run `facekeep doctor` to see its state.",
        ) from error
    except psycopg.Error as error:
        raise StorageFault(f"the database refused: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
