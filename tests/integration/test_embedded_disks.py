"""A full or read-only disk, and little shared memory: a clear error, nothing half-made, the database
intact."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from embedded_support import SOURCE, answers, eventually, processes_of, rows, write_row

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded import describe, open_server
from facekeep.store.embedded.tuning import settings_for_machine


class Disk:
    """A file system of its own, of a size that can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True)

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 65_536)
        with contextlib.suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 512)

    def free(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(ground: Path, as_root: None) -> Iterator[Disk]:
    folder = ground / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "facekeep-test", str(folder)]
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(
            f"NOT PROVEN: full and read-only disks; mounting is not allowed here ({mounted.stderr.strip()})"
        )
    try:
        yield Disk(folder)
        assert processes_of(folder, patience_s=20) == []
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_nothing_half_made(disk: Disk) -> None:
    disk.remount("size=16m")
    home = disk.folder / "home"
    with pytest.raises(StorageFault, match="No space left on device") as caught:
        open_server(home)
    assert "Free some space" in caught.value.hint
    assert processes_of(home, patience_s=5) == []
    assert not (home / "database" / "data").exists()
    assert not list((home / "database").glob("data.new-*"))
    disk.remount("size=200m")
    with open_server(home) as server:
        write_row(server.conninfo)


def test_no_room_for_anything_at_all(disk: Disk) -> None:
    disk.fill()
    with pytest.raises(StorageFault, match="No space left on device"):
        open_server(disk.folder / "home")
    disk.free()
    open_server(disk.folder / "home").close()


def test_a_disk_that_filled_up_keeps_the_database_intact(disk: Disk, template: Path) -> None:
    home = disk.folder / "home"
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    disk.fill()
    with pytest.raises(StorageFault, match="No space left on device") as caught:
        open_server(home)
    assert "Free some space" in caught.value.hint
    assert processes_of(home, patience_s=5) == []
    disk.free()
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_disk_that_fills_up_under_a_running_server_loses_nothing_committed(
    disk: Disk, template: Path
) -> None:
    home = disk.folder / "home"
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    with open_server(home) as server:
        with psycopg.connect(server.conninfo) as connection:
            connection.execute("CREATE TABLE filling (words text)")
        disk.fill()
        committed = write_until_it_fails(server.conninfo)
        disk.free()
        eventually(lambda: answers(server.conninfo), "the server is back")
        with psycopg.connect(server.conninfo) as connection:
            found = connection.execute("SELECT count(*) FROM filling").fetchone()
        assert found is not None
        assert found[0] >= committed
        assert rows(server.conninfo) == 1


def write_until_it_fails(conninfo: str) -> int:
    """Number of rows whose commit was confirmed."""
    committed = 0
    with contextlib.suppress(psycopg.Error), psycopg.connect(conninfo, autocommit=True) as connection:
        while committed < 4000:
            connection.execute("INSERT INTO filling SELECT repeat(md5(random()::text), 200)")
            committed += 1
    assert committed < 4000, "the disk never was full"
    return committed


def test_a_read_only_disk_is_named_and_left_alone(disk: Disk, template: Path) -> None:
    home = disk.folder / "home"
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    disk.remount("ro")
    try:
        with pytest.raises(StorageFault, match="Read-only file system") as caught:
            open_server(home)
        assert "read-only" in caught.value.hint
        with pytest.raises(StorageFault, match="Read-only file system"):
            open_server(disk.folder / "fresh")
        assert describe(home).version == "18"
    finally:
        disk.remount("rw")
    with open_server(home) as server:
        assert rows(server.conninfo) == 1


def test_a_folder_that_may_not_be_written(ground: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; proven by the run as an ordinary user")
    closed = ground / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(StorageFault, match="Permission denied") as caught:
        open_server(closed / "home")
    assert "FACEKEEP_HOME" in caught.value.hint
    closed.chmod(0o755)


def test_shared_memory_is_used_in_parallel_only_where_there_is_enough(disk: Disk) -> None:
    disk.folder.chmod(0o1777)
    disk.remount("size=2g")
    assert "max_parallel_maintenance_workers" not in settings_for_machine(disk.folder)
    disk.remount("size=64m")
    small = settings_for_machine(disk.folder)
    assert small["max_parallel_maintenance_workers"] == "0"
    assert small["dynamic_shared_memory_type"] == "posix"
    disk.folder.chmod(0o755)
    assert settings_for_machine(disk.folder)["dynamic_shared_memory_type"] == "mmap"
    assert settings_for_machine(disk.folder / "absent")["dynamic_shared_memory_type"] == "mmap"


BUILD = """
import sys; from pathlib import Path
import psycopg
from facekeep.store.embedded import open_server
server = open_server(Path(sys.argv[1]))
connection = psycopg.connect(server.conninfo, autocommit=True)
connection.execute("CREATE EXTENSION vector")
connection.execute("CREATE TABLE places (v vector(128))")
connection.execute("INSERT INTO places SELECT array_agg(random())::real[]::vector"
    " FROM generate_series(1, 2000 * 128) AS i GROUP BY i % 2000")
connection.execute("SET maintenance_work_mem = '192MB'; SET min_parallel_table_scan_size = 0")
index = "CREATE INDEX ON places USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 8)"
connection.execute(index)
print("built")
connection.execute("SET max_parallel_maintenance_workers = 2")
try:
    connection.execute(index)
except psycopg.errors.DiskFull as error:
    print("parallel:", error)
connection.close()
server.close()
"""


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize(
    ("options", "parallel"), [("size=64m,mode=1777", "parallel: could not resize"), ("mode=700", "")]
)
def test_an_index_is_built_with_the_shared_memory_of_a_container(options: str, parallel: str) -> None:
    """In a mount namespace of its own, with such a /dev/shm; that a parallel build fails there is shown as
    well."""
    folder = Path(tempfile.mkdtemp(prefix="fk-", dir="/tmp"))
    mounts = ((options, "/dev/shm"), ("mode=711", str(folder)))
    mounting = " && ".join(f"mount -t tmpfs -o {option} tmpfs {place}" for option, place in mounts)
    inside = f'{mounting} || exit 77; exec "$@"'
    try:
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                inside,
                "sh",
                sys.executable,
                "-c",
                BUILD,
                str(folder / "home"),
            ],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert processes_of(folder, patience_s=20) == []
    finally:
        shutil.rmtree(folder)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"NOT PROVEN: small shared memory; no mount namespaces here ({done.stderr.strip()})")
    assert done.stdout.startswith("built\n"), done.stderr
    assert parallel in done.stdout
