"""A database server that a test stops and starts, and the real program on it without a superuser's rights."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import external_server
from cli_support import command, environment

from facekeep.store.embedded.accounts import Account, server_account
from facekeep.store.embedded.binaries import Binaries

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h

# A superuser may read what its mode forbids. Without these two capabilities a mode means what it says, and
# the process can go on using its own files.
WITHOUT_RIGHTS = f"""
import ctypes, os, sys
for right in ({CAP_DAC_OVERRIDE}, {CAP_DAC_READ_SEARCH}):
    if ctypes.CDLL(None).prctl({PR_CAPBSET_DROP}, right, 0, 0, 0):
        sys.exit("cannot give up a superuser's rights")
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(slots=True)
class Outside:
    """A server over TCP at an address that stays the same."""

    folder: Path
    binaries: Binaries
    account: Account
    port: int
    url: str
    _process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        data = self.folder / "data"
        self._process = external_server._start(self.binaries, self.account, data, self.port)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends connections and shuts down; SIGQUIT ends without, as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None


@contextmanager
def outside_server(tmp_path: Path) -> Iterator[Outside]:
    """Running, with an empty database; gone at the end."""
    with external_server._ground(tmp_path) as folder:
        account = server_account(folder / "none")
        binaries = external_server._binaries(folder)
        password = "only-for-this-test"
        external_server._initialise(folder, binaries, account, password)
        port = external_server._free_port()
        server = f"postgresql://facekeep:{password}@127.0.0.1:{port}"
        outside = Outside(folder, binaries, account, port, f"{server}/facekeep")
        outside.start()
        try:
            assert outside._process is not None
            external_server._create_database(f"{server}/postgres", outside._process)
            yield outside
        finally:
            outside.stop()


@contextmanager
def program(home: Path, url: str, *arguments: object) -> "Iterator[subprocess.Popen[bytes]]":
    """`facekeep` on that database, which no mode lets pass; ended by SIGINT, as by Ctrl-C."""
    words = command(*arguments)
    if os.geteuid() == 0:
        words = [sys.executable, "-c", WITHOUT_RIGHTS, *words]
    log = home.parent / f"{home.name}.log"
    with log.open("wb") as out:
        variables = environment(home, FACEKEEP_DATABASE_URL=url, FACEKEEP_LOG_LEVEL="info")
        process = subprocess.Popen(words, env=variables, stdout=out, stderr=out)
        try:
            yield process
            process.send_signal(signal.SIGINT)
            process.wait(60)
        finally:
            process.kill()
            process.wait()
