"""Real processes that use a private server, and a look at what they leave."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg

import facekeep
from facekeep.store.embedded.accounts import server_account
from facekeep.store.embedded.configuring import server_arguments
from facekeep.store.embedded.layout import control_folder
from facekeep.store.embedded.placing import reachable_binaries, read_place

SOURCE = Path(facekeep.__file__).resolve().parents[1]
PATIENCE_S = 60.0

CLIENT = """
import json, sys
from pathlib import Path
from facekeep.domain.errors import StorageFault
from facekeep.store.embedded import open_server

def say(**values):
    print(json.dumps(values), flush=True)

try:
    server = open_server(Path(sys.argv[1]), notice=lambda text: say(notice=text))
except StorageFault as fault:
    say(fault=fault.message, hint=fault.hint)
    sys.exit(fault.exit_status)
say(conninfo=server.conninfo)
sys.stdin.readline()
server.close()
"""


class Client:
    """Another facekeep process: opens the server of a home and keeps it until told to leave, or killed."""

    def __init__(self, home: Path, *, before: tuple[str, ...] = (), **environment: str) -> None:
        self.notices: list[str] = []
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", CLIENT, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
        )

    def answer(self) -> dict[str, Any]:
        """What the client said at last: its `conninfo`, or a `fault` and a `hint`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message: dict[str, Any] = json.loads(line)
            if "notice" not in message:
                return message
            self.notices.append(message["notice"])
        raise AssertionError("the client ended without a word")

    def conninfo(self) -> str:
        return str(self.answer()["conninfo"])

    def leave(self) -> int:
        """Tell it to close; returns its exit status."""
        self.process.communicate(b"\n", timeout=PATIENCE_S)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def open_folder() -> Path:
    """A new temporary folder that everybody can pass through, in memory where there is much of it: a server's
    thousand small files reach a busy disk slowly."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and _takes_programs(memory)
    folder = Path(tempfile.mkdtemp(prefix="fk-", dir=memory if roomy else "/tmp")).resolve()
    folder.chmod(0o711)
    return folder


def _takes_programs(folder: Path) -> bool:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize > 4 * 2**30 and not found.f_flag & os.ST_NOEXEC


@contextlib.contextmanager
def clients(home: Path, number: int = 1, **options: Any) -> Iterator[list[Client]]:
    """So many clients at once; those that still live at the end are killed."""
    started = [Client(home, **options) for _ in range(number)]
    try:
        yield started
    finally:
        for client in started:
            client.kill()


@contextlib.contextmanager
def orphaned_server(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The server of an initialised home running without a supervisor, as after kill -9 of it where the kernel
    cannot tell a child that its parent died."""
    control = control_folder(home)
    place = read_place(control)
    assert place is not None
    cluster = place.cluster(control)
    account = server_account(cluster.data)
    process = subprocess.Popen(
        [reachable_binaries(account).program("postgres"), *server_arguments(cluster, cluster.sockets)],
        stderr=subprocess.DEVNULL,
        **account.process_options(),
    )
    try:
        eventually((cluster.sockets / ".s.PGSQL.5432").exists, "the orphan listens")
        yield process
    finally:
        process.kill()
        process.wait()


def processes_of(folder: Path, patience_s: float = 0.0) -> list[str]:
    """Command lines of servers and supervisors of homes below the folder, once they had time to leave."""
    deadline = time.monotonic() + patience_s
    while (found := _found(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [" ".join(process.info["cmdline"]) for process in found]


def end_processes(folder: Path) -> None:
    """For a test that failed: end what it left, and only that."""
    for process in _found(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    processes_of(folder, patience_s=10)


def postmaster_pid(home: Path) -> int:
    """The main process of the running server: our own reading, by name, arguments and parent."""
    [pid] = [p.pid for p in _found(home) if "-D" in p.info["cmdline"] and p.info["name"] == "postgres"]
    return int(pid)


def supervisor_pid(home: Path) -> int:
    [pid] = [p.pid for p in _found(home) if "facekeep.store.embedded.supervisor" in p.info["cmdline"]]
    return int(pid)


def kill9(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def eventually(check: Callable[[], bool], what: str) -> None:
    """Wait, generously, until the check holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


def write_row(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id serial PRIMARY KEY)")
        connection.execute("INSERT INTO kept DEFAULT VALUES")


def rows(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        return int(connection.execute("SELECT count(*) FROM kept").fetchone()[0])  # type: ignore[index]


def started_at(conninfo: str) -> str:
    """Tells one run of a server from another."""
    with psycopg.connect(conninfo) as connection:
        return str(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0])  # type: ignore[index]


def wait_for_another_run(conninfo: str, before: str) -> None:
    """Until a server answers that was not started at `before`; the old one may still be leaving."""

    def is_another() -> bool:
        try:
            return started_at(conninfo) != before
        except psycopg.OperationalError:
            return False

    eventually(is_another, "another run of the server")


def answers(conninfo: str) -> bool:
    try:
        started_at(conninfo)
    except psycopg.OperationalError:
        return False
    return True


def _found(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["pid", "name", "cmdline", "cwd", "status"]):
        words = process.info["cmdline"] or []
        ours = process.info["name"] == "postgres" or "facekeep.store.embedded.supervisor" in words
        below = any(_is_below(word, folder) for word in [*words, process.info["cwd"] or ""])
        if ours and below and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def _is_below(word: str, folder: Path) -> bool:
    return word == str(folder) or word.startswith(f"{folder}/")
