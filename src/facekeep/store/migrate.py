"""Bringing a database to this program's schema: forward only, one process at a time, whole or not at all."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, cast

import psycopg

from facekeep.domain.errors import StorageFault
from facekeep.store.database import Reader

HEAD = "0003"
"""The schema this program works with; the newest file in migrations/versions (a test holds them equal)."""

_LOCK = 4_201_001  # any constant: all facekeep processes that migrate take the same advisory lock


def ignore(_: str) -> None:
    """Tell nobody."""


def current(conninfo: str) -> str | None:
    """The database's schema version; None when it is empty. StorageFault when it cannot be asked."""
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            return _version(connection)
    except psycopg.Error as error:
        raise StorageFault(
            f"cannot open the database: {str(error).strip()}",
            hint="Check FACEKEEP_DATABASE_URL, and that the server runs.",
        ) from error


def version_of(reader: Reader) -> str | None:
    """The schema version that a connection sees; None when there is none."""
    if reader.value("SELECT to_regclass('schema_version')") is None:
        return None
    found = reader.value("SELECT version_num FROM schema_version")
    return None if found is None else str(found)


def migrate(conninfo: str, *, notice: Callable[[str], None] = ignore) -> None:
    """Bring the database to HEAD. Cheap when it is there already.

    StorageFault when it was made by a newer facekeep, or lacks the vector extension.
    """
    version = current(conninfo)
    if version == HEAD:
        return
    _refuse_newer(version)
    notice("preparing the database" if version is None else "upgrading the database")
    from sqlalchemy.exc import DBAPIError

    try:
        _upgrade(conninfo)
    except psycopg.Error as error:
        raise _explained(error) from error
    except DBAPIError as error:
        # What Alembic does itself goes through SQLAlchemy, which wraps the driver's errors.
        raise _explained(error.orig) from error


def run_sql(name: str) -> None:
    """Execute one migration's SQL file inside Alembic's transaction."""
    from alembic import op

    text = resources.files("facekeep.store.migrations").joinpath("versions", name).read_text("utf-8")
    # Straight to the driver: SQLAlchemy would read colons and per cents in it as parameters.
    driver: psycopg.Connection[Any] = cast(Any, op.get_bind().connection).driver_connection
    driver.execute(text.encode())


def _version(connection: psycopg.Connection[Any]) -> str | None:
    if connection.execute("SELECT to_regclass('schema_version')").fetchone() == (None,):
        return None
    found = connection.execute("SELECT version_num FROM schema_version").fetchone()
    return found[0] if found else None


def _refuse_newer(version: str | None) -> None:
    if version is not None and version > HEAD:
        raise StorageFault(
            f"the database has schema {version}, newer than this facekeep's {HEAD}",
            hint="Upgrade facekeep, or restore a backup that this version made.",
        )


def _upgrade(conninfo: str) -> None:
    # Loaded only when there is something to do: Alembic brings SQLAlchemy along.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with psycopg.connect(conninfo, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=pool.NullPool
        )
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()


def _explained(error: BaseException | None) -> StorageFault:
    text = str(error).strip().split("\n", 1)[0]
    if isinstance(error, psycopg.errors.FeatureNotSupported | psycopg.errors.UndefinedFile):
        return StorageFault(
            f"the database server has no pgvector: {text}",
            hint="Install the pgvector extension (0.7 or newer) there, or unset FACEKEEP_DATABASE_URL.",
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return StorageFault(
            f"not allowed to prepare the database: {text}",
            hint="As a superuser run `CREATE EXTENSION vector` in it, and make facekeep's user its owner.",
        )
    return StorageFault(f"the database could not be prepared: {text}")
