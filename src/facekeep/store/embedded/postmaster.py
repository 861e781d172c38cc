"""One running PostgreSQL server: started by us, or found running and proven to be ours."""

import signal
import subprocess
import time
from pathlib import Path
from typing import Protocol

import psutil

from facekeep.store.embedded.accounts import Account
from facekeep.store.embedded.binaries import Binaries
from facekeep.store.embedded.configuring import server_arguments
from facekeep.store.embedded.initialising import server_environment
from facekeep.store.embedded.layout import ClusterFolder
from facekeep.store.embedded.parenthood import dies_with_parent

# A fast stop writes what is in memory; a slow disk may need long. After that the server is told to stop
# without writing, which is as safe as a crash: the next start replays the log.
_FAST_STOP_S = 120.0
_IMMEDIATE_STOP_S = 30.0
_TICK_S = 0.02


class Postmaster(Protocol):
    """The main process of a server."""

    @property
    def pid(self) -> int: ...

    def is_alive(self) -> bool: ...

    def send(self, what: signal.Signals) -> None:
        """Signal the process if it still is the one that was proven to be ours."""


class ChildPostmaster:
    """A server that this process started: while it is our child its pid can mean nobody else."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, what: signal.Signals) -> None:
        self._process.send_signal(what)


class AdoptedPostmaster:
    """A server whose supervisor was killed. psutil compares the start time, so a reused pid is never
    signalled."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def is_alive(self) -> bool:
        try:
            return bool(self._process.is_running()) and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def send(self, what: signal.Signals) -> None:
        try:
            self._process.send_signal(what)
        except psutil.NoSuchProcess:
            return


def start_postgres(
    binaries: Binaries, cluster: ClusterFolder, sockets: Path, account: Account
) -> ChildPostmaster:
    """Start the server in the foreground, writing to our own standard error. Raises OSError."""
    process = subprocess.Popen(
        [binaries.program("postgres"), *server_arguments(cluster, sockets)],
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=2,
        env=server_environment(),
        cwd="/",
        # SIGINT is a fast stop: roll back, write out, leave.
        preexec_fn=dies_with_parent(signal.SIGINT),
        **account.process_options(),
    )
    return ChildPostmaster(process)


def find_postmaster(data: Path) -> AdoptedPostmaster | None:
    """The live server on this data folder, proven by its working folder: every process of PostgreSQL stays
    there.

    A pid written in a file proves nothing and is not looked at.
    """
    found = {process.pid: process for process in psutil.process_iter(["name"]) if _works_in(process, data)}
    # Without their postmaster the other processes leave by themselves; they are waited for, not signalled.
    leading = (process for process in found.values() if _parent(process) not in found)
    return next((AdoptedPostmaster(process) for process in leading if _is_postmaster(process, data)), None)


def stop(postmaster: Postmaster) -> bool:
    """Stop the server, fast and safely; False when it could not be stopped."""
    for what, patience in ((signal.SIGINT, _FAST_STOP_S), (signal.SIGQUIT, _IMMEDIATE_STOP_S)):
        postmaster.send(what)
        if wait_gone(postmaster, patience):
            return True
    return False


def wait_gone(postmaster: Postmaster, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while postmaster.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(_TICK_S)
    return True


def _works_in(process: psutil.Process, data: Path) -> bool:
    if not str(process.info["name"]).startswith("postgres"):
        return False
    try:
        return Path(process.cwd()).samefile(data)
    except (psutil.Error, OSError):
        return False


def _is_postmaster(process: psutil.Process, data: Path) -> bool:
    try:
        return str(data) in process.cmdline()
    except psutil.Error:
        return False


def _parent(process: psutil.Process) -> int:
    try:
        return int(process.ppid())
    except psutil.Error:
        return 0
