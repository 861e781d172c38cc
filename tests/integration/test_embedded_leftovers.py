"""What crashes, copies and strangers leave in the data folder: dealt with, or named clearly; nobody else is
signalled."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from embedded_support import (
    SOURCE,
    clients,
    eventually,
    kill9,
    orphaned_server,
    processes_of,
    rows,
    started_at,
    supervisor_pid,
    write_row,
)

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded import describe, open_server
from facekeep.store.embedded.accounts import server_account
from facekeep.store.embedded.logfile import keep_bounded


@pytest.fixture
def data(used_home: Path) -> Path:
    """The data folder of a stopped server with one row."""
    return used_home / "database" / "data"


@pytest.fixture
def stranger(data: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the server's own user that has nothing to do with it: PostgreSQL takes it for a
    postmaster."""
    process = subprocess.Popen(["sleep", "600"], cwd="/", **server_account(data).process_options())
    yield process
    process.kill()
    process.wait()


def pid_file_of(data: Path, pid: int) -> str:
    return f"{pid}\n{data}\n1700000000\n5432\n{data.parent / 'socket'}\n\n  1234567 0\nready   \n"


def plant(data: Path, name: str, content: str) -> None:
    path = data / name
    path.write_text(content)
    owner = data.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


@pytest.mark.parametrize("content", ["", "12", "not a number\n", "1\n", "\0" * 40])
def test_a_damaged_pid_file_is_no_obstacle(home: Path, data: Path, content: str) -> None:
    plant(data, "postmaster.pid", content)
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_the_pid_file_of_a_dead_server_is_no_obstacle(home: Path, data: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    plant(data, "postmaster.pid", pid_file_of(data, ended.pid))
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_stranger_whose_pid_is_in_the_file_survives(
    home: Path, data: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    plant(data, "postmaster.pid", pid_file_of(data, stranger.pid))
    assert not describe(home).running
    with open_server(home) as server:
        assert rows(server.conninfo) == 1
    assert stranger.poll() is None


@pytest.mark.parametrize("content", ["", "{pid}\n{data}\n1700000000\n5432\n{sockets}\n"])
def test_the_lock_of_the_socket_is_as_little_an_obstacle(
    home: Path, data: Path, stranger: "subprocess.Popen[bytes]", content: str
) -> None:
    sockets = home / "database" / "socket"
    written = content.format(pid=stranger.pid, data=data, sockets=sockets)
    plant(data, "../socket/.s.PGSQL.5432.lock", written)
    (sockets / ".s.PGSQL.5432").touch()
    with open_server(home) as server:
        assert rows(server.conninfo) == 1
    assert stranger.poll() is None


def test_another_homes_server_is_not_taken_for_ours(ground: Path, home: Path, data: Path) -> None:
    other = ground / "other"
    subprocess.run(["cp", "-a", str(home), str(other)], check=True)
    with orphaned_server(other) as foreign:
        plant(data, "postmaster.pid", pid_file_of(data, foreign.pid))
        with open_server(home) as server:
            assert rows(server.conninfo) == 1
        assert foreign.poll() is None


def test_a_record_that_leads_to_another_server_is_not_believed(ground: Path, home: Path, data: Path) -> None:
    other = ground / "other"
    subprocess.run(["cp", "-a", str(home), str(other)], check=True)
    with open_server(other):
        shutil.copy(other / "database" / "running.json", home / "database" / "running.json")
        assert describe(home).data_folder != data
        with open_server(home) as server:
            assert server.data_folder == data
            assert rows(server.conninfo) == 1


@pytest.mark.parametrize("content", ["", "{", '{"data": 1}'])
def test_a_damaged_record_of_the_running_server_is_no_obstacle(home: Path, data: Path, content: str) -> None:
    (home / "database" / "running.json").write_text(content)
    assert not describe(home).running
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_what_a_crashed_initialisation_left_is_cleaned(home: Path) -> None:
    half = home / "database" / "data.new-abc"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    for folder in (home, home / "database"):
        folder.chmod(0o711)
    with open_server(home) as server:
        write_row(server.conninfo)
    assert not list((home / "database").glob("data.new-*"))


def test_killed_while_initialising_it_begins_again(home: Path) -> None:
    with clients(home) as [client]:
        eventually(lambda: bool(list(home.glob("database/data.new-*/PG_VERSION"))), "initdb is at work")
        kill9(supervisor_pid(home))
        client.kill()
    assert processes_of(home, patience_s=20) == []
    assert not (home / "database" / "data").exists()
    with open_server(home) as server:
        write_row(server.conninfo)
    assert not list((home / "database").glob("data.new-*"))


def test_a_killed_supervisor_is_replaced_while_it_initialises(home: Path) -> None:
    with clients(home) as [client]:
        eventually(lambda: bool(list(home.glob("database/data.new-*/PG_VERSION"))), "initdb is at work")
        kill9(supervisor_pid(home))
        write_row(client.conninfo())


def test_another_major_version_is_refused(home: Path, data: Path) -> None:
    version = data / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(StorageFault, match=r"PostgreSQL 16.*brings 18") as caught:
        open_server(home)
    assert "restore" in caught.value.hint
    version.write_text("18\n")
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_lost_database_is_not_replaced_by_an_empty_one(home: Path, data: Path) -> None:
    away = data.with_name("away")
    data.rename(away)
    with pytest.raises(StorageFault, match="not there any more") as caught:
        open_server(home)
    assert "place.json" in caught.value.hint
    assert describe(home).detail == "its files are gone"
    assert not data.exists()
    away.rename(data)
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_damaged_record_of_the_place_is_named(home: Path, data: Path) -> None:
    record = home / "database" / "place.json"
    kept = record.read_text()
    record.write_text(kept[:9])
    with pytest.raises(StorageFault, match=r"place\.json is damaged"):
        open_server(home)
    record.write_text(kept)
    open_server(home).close()


def test_a_crash_before_the_record_was_completed_loses_nothing(home: Path, data: Path) -> None:
    record = home / "database" / "place.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"initialised": False}))
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_server_that_cannot_start_says_why(home: Path, data: Path) -> None:
    (data / "global" / "pg_control").rename(data / "kept")
    with pytest.raises(StorageFault, match=r"did not start.*pg_control"):
        open_server(home)
    (data / "kept").rename(data / "global" / "pg_control")
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_the_log_does_not_grow_without_bound(home: Path, data: Path) -> None:
    log = home / "database" / "server.log"
    with open_server(home) as server:
        with log.open("a") as file:
            file.write("x" * 5_000_000 + "\n")
        keep_bounded(log)
        with psycopg.connect(server.conninfo) as connection, pytest.raises(psycopg.Error):
            connection.execute("SELECT no_such_column")
        assert "no_such_column" in log.read_text()
    assert log.stat().st_size < 100_000
    assert (home / "database" / "server.log.1").stat().st_size > 5_000_000


def test_a_long_recovery_is_waited_for_and_reported(home: Path, data: Path) -> None:
    """Recovery from an archive that is slow to say that it holds nothing: takes as long as one after a crash
    may."""
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'sleep 1; false'\n")
    plant(data, "recovery.signal", "")
    notices: list[str] = []
    with open_server(home, notice=notices.append) as server:
        assert rows(server.conninfo) == 1
    assert any(notice.startswith("recovering after a crash, ") for notice in notices), notices


def test_a_second_client_waits_for_the_same_recovery(home: Path, data: Path) -> None:
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'sleep 1; false'\n")
    plant(data, "recovery.signal", "")
    with clients(home, 2) as both:
        assert len({started_at(client.conninfo()) for client in both}) == 1
        assert all(client.notices for client in both)


FORKING = """
import os, sys, time
from pathlib import Path
from facekeep.store.embedded import open_server
server = open_server(Path(sys.argv[1]))
child = os.fork()
if child == 0:
    server.close()
    os.close(1)
    time.sleep(600)
print(child, flush=True)
os._exit(0)
"""


def test_a_forked_child_does_not_keep_the_server(home: Path, data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, str(home)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        check=True,
    )
    child = int(done.stdout)
    try:
        assert processes_of(home, patience_s=20) == []
        os.kill(child, 0)
    finally:
        kill9(child)
