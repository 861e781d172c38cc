"""The private server in fair weather: started by the first user, joined by the others, gone after the
last."""

import os
import stat
from pathlib import Path

import psycopg
import pytest
from embedded_support import clients, processes_of, rows, started_at, supervisor_pid, write_row

from facekeep.store.embedded import describe, open_server


def test_a_fresh_home_gets_a_database_with_vectors(home: Path) -> None:
    notices: list[str] = []
    with open_server(home, notice=notices.append) as server, psycopg.connect(server.conninfo) as connection:
        connection.execute("CREATE EXTENSION vector")
        facts = connection.execute(
            "SELECT datlocprovider::text, datlocale, pg_encoding_to_char(encoding),"
            " current_setting('data_checksums') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert facts == ("b", "C.UTF-8", "UTF8", "on")
    assert notices[0] == "initialising the database"


def test_nothing_is_weakened_and_nothing_listens_on_the_network(used_home: Path) -> None:
    with open_server(used_home) as server, psycopg.connect(server.conninfo) as connection:
        connection.autocommit = True
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        names = ("fsync", "full_page_writes", "synchronous_commit", "listen_addresses")
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in names]
    assert shown == [("on",), ("on",), ("on",), ("",)]


def test_rows_outlive_the_server(home: Path) -> None:
    for expected in (1, 2):
        with open_server(home) as server:
            write_row(server.conninfo)
            assert rows(server.conninfo) == expected


def test_the_last_to_leave_waits_for_the_end(used_home: Path) -> None:
    open_server(used_home).close()
    assert processes_of(used_home, patience_s=2) == []


def test_a_second_process_joins_the_same_server(used_home: Path) -> None:
    with open_server(used_home) as server, clients(used_home) as [other]:
        assert started_at(other.conninfo()) == started_at(server.conninfo)


def test_the_server_stays_until_the_last_has_left(used_home: Path) -> None:
    with clients(used_home) as [other]:
        with open_server(used_home) as server:
            before = started_at(server.conninfo)
            conninfo = other.conninfo()
        assert started_at(conninfo) == before
        assert other.leave() == 0
    assert processes_of(used_home, patience_s=5) == []


def test_one_process_may_open_it_twice(used_home: Path) -> None:
    with open_server(used_home) as first:
        with open_server(used_home) as second:
            assert started_at(first.conninfo) == started_at(second.conninfo)
        assert rows(first.conninfo) == 1


def test_closing_again_does_nothing(used_home: Path) -> None:
    server = open_server(used_home)
    server.close()
    server.close()


def test_the_programs_for_backups_are_at_hand(used_home: Path) -> None:
    with open_server(used_home) as server:
        assert {"pg_dump", "pg_restore"} <= {path.name for path in server.binaries().iterdir()}
        assert (server.data_folder / "PG_VERSION").exists()


def test_variables_for_other_servers_lead_nobody_astray(
    used_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    astray = {
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGOPTIONS": "-c nonsense=1",
        "PGSSLMODE": "verify-full",
        "PGREQUIREAUTH": "scram-sha-256",
        "PGCHANNELBINDING": "require",
        "PGTARGETSESSIONATTRS": "standby",
        "PGDATA": "/nonexistent",
        "LC_ALL": "de_DE.UTF-8",
    }
    for name, value in astray.items():
        monkeypatch.setenv(name, value)
    with open_server(used_home) as server:
        assert rows(server.conninfo) == 1


def test_describing_changes_nothing(home: Path) -> None:
    fresh = describe(home)
    assert (fresh.running, fresh.version, fresh.detail) == (False, "", "not made yet")
    assert not home.exists()
    with open_server(home) as server:
        running = describe(home)
        assert running.running
        assert running.version.startswith("18.")
        assert running.data_folder == server.data_folder
        assert running.socket is not None
    stopped = describe(home)
    assert (stopped.running, stopped.version, stopped.runs_as) == (False, "18", running.runs_as)


def test_folders_are_private(used_home: Path) -> None:
    with open_server(used_home) as server:
        socket = describe(used_home).socket
        assert socket is not None
        for folder in (server.data_folder, socket):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for folder in (used_home, used_home / "database"):
            assert not stat.S_IMODE(folder.stat().st_mode) & 0o066


def test_it_is_a_session_of_its_own(used_home: Path) -> None:
    """Ctrl-C at the terminal must not reach the server before its users have finished."""
    with open_server(used_home):
        assert os.getsid(supervisor_pid(used_home)) != os.getsid(0)
