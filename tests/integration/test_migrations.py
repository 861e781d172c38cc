"""Migrations: their sum is the snapshot, one process at a time, whole or not at all, and never backwards."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from external_server import external_server
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from store_support import Cluster

from facekeep import bootstrap
from facekeep.domain.errors import StorageFault, UsageError
from facekeep.domain.packs import BUNDLED
from facekeep.settings import load
from facekeep.store import faces, listing, migrate
from facekeep.store.database import Database

STORE = resources.files("facekeep.store")
PARTS = [
    "people",
    "journal",
    "suggestions",
    "exemplars",
    "proposals",
    "review",
    "faces",
    "circles",
    "search",
    "accounts",
    "models",
    "forget",
    "truth",
]
SNAPSHOT = ("schema.sql", *(f"schema_{part}.sql" for part in PARTS))


@pytest.fixture
def empty(cluster: Cluster) -> str:
    """A database with nothing in it."""
    return cluster.database()


def apply(conninfo: str, sql: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.encode())


def tables(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as connection:
        found = connection.execute(
            """SELECT relname FROM pg_class
               WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"""
        )
        return sorted(str(row[0]) for row in found)


def dumped(cluster: Cluster, conninfo: str) -> list[str]:
    """The schema as pg_dump tells it, without comments and blank lines and what names the run."""
    program = cluster.handle.binaries() / "pg_dump"
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--exclude-table=schema_version", f"--dbname={conninfo}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (line.strip() for line in done.stdout.splitlines())
    return [line for line in lines if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))]


def test_the_migrations_add_up_to_the_snapshot(cluster: Cluster, empty: str) -> None:
    migrate.migrate(empty)
    snapshot = cluster.database()
    for part in SNAPSHOT:
        apply(snapshot, (STORE / part).read_text("utf-8"))
    migrated = dumped(cluster, empty)
    assert len(migrated) > 200
    assert migrated == dumped(cluster, snapshot)


def test_a_difference_would_be_seen(cluster: Cluster, empty: str) -> None:
    migrate.migrate(empty)
    before = dumped(cluster, empty)
    apply(empty, "ALTER TABLE face DROP CONSTRAINT box_has_area")
    assert dumped(cluster, empty) != before


def test_head_is_the_newest_migration() -> None:
    versions = sorted(path.name for path in (STORE / "migrations" / "versions").iterdir())
    numbers = [name[:4] for name in versions if re.fullmatch(r"\d{4}_\w+\.py", name)]
    assert numbers
    assert numbers[-1] == migrate.HEAD
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_migrating_again_does_nothing_and_says_nothing(empty: str) -> None:
    said: list[str] = []
    assert migrate.current(empty) is None
    migrate.migrate(empty, notice=said.append)
    assert migrate.current(empty) == migrate.HEAD
    assert said == ["preparing the database"]
    migrate.migrate(empty, notice=said.append)
    assert said == ["preparing the database"]


def test_a_newer_database_is_refused(empty: str) -> None:
    migrate.migrate(empty)
    apply(empty, "UPDATE schema_version SET version_num = '9999'")
    with pytest.raises(StorageFault, match="schema 9999, newer than") as caught:
        migrate.migrate(empty)
    assert "Upgrade facekeep" in caught.value.hint


def test_eight_processes_migrate_at_once(empty: str) -> None:
    program = "import sys; from facekeep.store.migrate import migrate; migrate(sys.argv[1])"
    running = [
        subprocess.Popen([sys.executable, "-c", program, empty], stderr=subprocess.PIPE) for _ in range(8)
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 8, said
    assert migrate.current(empty) == migrate.HEAD


def test_a_migration_that_fails_leaves_nothing(empty: str) -> None:
    apply(empty, "CREATE TABLE photo_file (of_somebody_else text)")
    with pytest.raises(StorageFault, match=r"could not be prepared.*photo_file"):
        migrate.migrate(empty)
    assert [name for name in tables(empty) if name != "schema_version"] == ["photo_file"]
    with psycopg.connect(empty) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_extension WHERE extname = 'vector'"
        ).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM pg_type WHERE typname = 'decider'").fetchone() == (0,)
    apply(empty, "DROP TABLE photo_file")
    migrate.migrate(empty)
    assert migrate.current(empty) == migrate.HEAD


def test_a_server_without_pgvector_is_told(cluster: Cluster, empty: str) -> None:
    name = conninfo_to_dict(empty)["dbname"]
    apply(cluster.handle.conninfo, f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'")
    with pytest.raises(StorageFault, match="no pgvector") as caught:
        migrate.migrate(empty)
    assert "Install the pgvector extension" in caught.value.hint
    assert [table for table in tables(empty) if table != "schema_version"] == []


def test_a_database_that_is_not_there_is_told(cluster: Cluster) -> None:
    with pytest.raises(StorageFault, match="cannot open the database"):
        migrate.migrate(make_conninfo(cluster.handle.conninfo, dbname="no_such_database"))
    with pytest.raises(StorageFault, match="cannot open the database"):
        migrate.migrate("postgresql://127.0.0.1:1/facekeep")


# An external server -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def external(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with external_server(tmp_path_factory.mktemp("external")) as url:
        yield url


def role(external: str, name: str, password: str, *, owner: bool) -> str:
    """The URL of a new database for a new user, who owns it or not."""
    with psycopg.connect(external, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN')
        # The password in the clear is what the test is about; the server stores it hashed.
        literal = psycopg.sql.Literal(password)
        connection.execute(
            psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(psycopg.sql.Identifier(name), literal)
        )
        connection.execute(f'CREATE DATABASE "{name}"' + (f' OWNER "{name}"' if owner else ""))
    server, _, _ = external.rpartition("/")
    if owner:  # as the hint says: pgvector is not for everybody to create
        apply(f"{server}/{quote(name, safe='')}", "CREATE EXTENSION vector")
    host = server.rpartition("@")[2]
    return f"postgresql://{quote(name, safe='')}:{quote(password, safe='')}@{host}/{quote(name, safe='')}"


@pytest.mark.parametrize(
    ("name", "password"),
    [("plain", "simple"), ("odd", "p@ss/w:rd?#%25&'\" +ü"), ("it's %s \\ {x}", "%s%(a)s")],
)
def test_facekeep_on_an_external_server(external: str, tmp_path: Path, name: str, password: str) -> None:
    url = role(external, name, password, owner=True)
    settings = load({"home": tmp_path / "home"}, environ={"FACEKEEP_DATABASE_URL": url})
    for _ in range(2):
        with bootstrap.open_context(settings) as ctx, ctx.database.read() as reader:
            assert listing.status(reader).photos == 0
    assert not (tmp_path / "home" / "database").exists()


def test_a_wrong_password_is_told_and_not_repeated(external: str, tmp_path: Path) -> None:
    url = role(external, "locked", "right", owner=True).replace(":right@", ":very-secret-guess@")
    settings = load({"home": tmp_path / "home"}, environ={"FACEKEEP_DATABASE_URL": url})
    with pytest.raises(StorageFault) as caught, bootstrap.open_context(settings):
        raise AssertionError("got in")
    assert "password" in caught.value.message
    assert "very-secret-guess" not in caught.value.message + caught.value.hint


def test_a_user_without_rights_is_told(external: str) -> None:
    url = role(external, "guest", "guest", owner=False)
    with pytest.raises(StorageFault, match="not allowed to prepare") as caught:
        migrate.migrate(url)
    assert "owner" in caught.value.hint
    assert tables(url) == []


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load({"home": tmp_path}, environ={"FACEKEEP_DATABASE_URL": "mysql://x"})


# Packs in the database --------------------------------------------------------------------------------------


def test_a_pack_is_added_once_by_many(conninfo: str) -> None:
    other = replace(BUNDLED, name="other", dimensions=512)
    with Database(conninfo) as database:
        ids = set()
        for pack in (BUNDLED, other, BUNDLED, other):
            with database.write() as writer:
                ids.add((pack.label, faces.add_pack(writer, pack)))
        assert len(ids) == 2
        with database.read() as reader:
            assert (
                reader.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'embedding'::regclass") == 2
            )


def test_programs_of_the_server_are_found(cluster: Cluster) -> None:
    assert {"pg_dump", "pg_restore"} <= {path.name for path in cluster.handle.binaries().iterdir()}
    assert shutil.which("pg_dump", path=str(cluster.handle.binaries()))
