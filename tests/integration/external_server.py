"""A second PostgreSQL server, from the same wheel but over TCP with a password: what FACEKEEP_DATABASE_URL
points to."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from facekeep.store.embedded.accounts import Account, server_account
from facekeep.store.embedded.binaries import Binaries, copied_to, from_wheel

_PATIENCE_S = 60.0


@contextlib.contextmanager
def external_server(tmp_path: Path) -> Iterator[str]:
    """Run the server while the block runs; yields the postgresql:// URL of an empty database `facekeep`.

    Authentication is scram-sha-256 with a random password, on a free port of 127.0.0.1; the extension
    `vector` can be created. The files go below `tmp_path` where the server's user can reach it, else below a
    folder of their own.
    """
    with _ground(tmp_path) as folder:
        account = server_account(folder / "none")
        binaries = _binaries(folder)
        password = secrets.token_urlsafe(18)
        data = _initialise(folder, binaries, account, password)
        port = _free_port()
        url = f"postgresql://facekeep:{password}@127.0.0.1:{port}"
        process = _start(binaries, account, data, port)
        try:
            _create_database(f"{url}/postgres", process)
            yield f"{url}/facekeep"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE_S)


@contextlib.contextmanager
def _ground(tmp_path: Path) -> Iterator[Path]:
    parent = tmp_path if _everybody_passes(tmp_path) or os.geteuid() != 0 else None
    folder = Path(tempfile.mkdtemp(prefix="external-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _everybody_passes(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents])


def _binaries(folder: Path) -> Binaries:
    wheel = from_wheel()
    if os.geteuid() != 0 or _everybody_passes(wheel.folder):
        return wheel
    return copied_to(folder, wheel)


def _initialise(folder: Path, binaries: Binaries, account: Account, password: str) -> Path:
    data, secret = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    secret.write_text(password)
    for path in (data, secret):
        os.chown(path, account.uid, account.gid)
    subprocess.run(
        [
            *(binaries.program("initdb"), "-D", str(data), "--username=facekeep", f"--pwfile={secret}"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--auth-local=reject", "--auth-host=scram-sha-256", "--no-sync"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        **_options(account),
    )
    return data


def _start(binaries: Binaries, account: Account, data: Path, port: int) -> "subprocess.Popen[bytes]":
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    with (data.parent / "external.log").open("wb") as log:
        return subprocess.Popen(
            [
                *(binaries.program("postgres"), "-D", str(data)),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            stdout=log,
            stderr=log,
            **_options(account),
        )


def _create_database(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE facekeep")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _options(account: Account) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {"env": environment | {"LC_ALL": "C"}, "cwd": "/", **account.process_options()}


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
