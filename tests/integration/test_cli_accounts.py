"""`facekeep users` and `facekeep keys`, and a server that other machines can reach."""

import os
import pty
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cli_support import PATIENCE_S, Ran, command, ended, environment, run, started
from embedded_support import end_processes, open_folder, processes_of

from facekeep import bootstrap
from facekeep.settings import load

PASSWORD = "four plain dull words"
API = "/api/v1"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = open_folder()
    try:
        yield made
        assert processes_of(made, patience_s=20) == [], "left running"
    finally:
        end_processes(made)
        shutil.rmtree(made)


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Path]:
    """A data folder whose database runs all the time: quicker than starting it with each command."""
    with bootstrap.open_context(load({"home": folder / "home"}, environ={})):
        yield folder / "home"


def told(home: Path, *arguments: object, password: str = PASSWORD) -> Ran:
    """Run a command that reads a password from standard input."""
    done = subprocess.run(
        [*command(*arguments), "--password-stdin"],
        env=environment(home),
        input=f"{password}\nand more\n".encode(),
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_without_accounts_no_other_machine_is_let_in(folder: Path, home: Path) -> None:
    for where in (folder / "unmade", home):
        ran = run(where, "serve", "--host", "0.0.0.0", "--port", 0)
        assert ran.status == 3
        assert "facekeep users add NAME --role admin" in ran.err
    assert not (folder / "unmade").exists(), "before anything is made"
    assert run(home, "users", "list").out.startswith("no accounts")
    ran = told(home, "users", "add", "bob")
    assert (ran.status, "the first account is an admin" in ran.err) == (2, True)


def test_accounts_from_the_first_to_the_last(home: Path) -> None:
    assert told(home, "users", "add", "ada", "--role", "admin").out == "ada may log in, as admin\n"
    assert told(home, "users", "add", "bob").out == "bob may log in, as editor\n"
    assert told(home, "users", "add", "ADA").status == 2
    assert run(home, "users", "role", "bob", "viewer").out == "bob is viewer now\n"
    assert run(home, "users", "disable", "bob").status == 0
    ada, bob = run(home, "users", "list", "--json").items
    assert (ada["name"], ada["role"], ada["disabled"]) == ("ada", "admin", False)
    assert (bob["name"], bob["role"], bob["disabled"]) == ("bob", "viewer", True)
    assert run(home, "users", "disable", "bob", "--enable").out == "bob may log in again\n"
    assert run(home, "users", "remove", "bob").out == "bob is removed\n"
    ran = run(home, "users", "remove", "ada")
    assert (ran.status, "last admin" in ran.err) == (2, True)


def test_the_password_is_asked_for_and_never_shown(home: Path) -> None:
    parent, child = pty.openpty()
    process = subprocess.Popen(
        command("users", "add", "eve"), env=environment(home), stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    shown = _answering(parent, [b"Password", b"Again"], f"{PASSWORD}\n".encode())
    assert process.wait(60) == 0
    assert PASSWORD not in shown
    assert "eve may log in, as editor" in shown


def _answering(terminal: int, questions: list[bytes], answer: bytes) -> str:
    shown, waiting = b"", list(questions)
    while True:
        try:
            part = os.read(terminal, 1000)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            os.close(terminal)
            return shown.decode()
        shown += part
        if waiting and waiting[0] in shown:
            waiting.pop(0)
            time.sleep(0.2)  # until it does not echo any more
            os.write(terminal, answer)


def test_a_key_is_printed_alone_and_once(home: Path) -> None:
    ran = run(home, "keys", "add", "ada", "the NAS", "--role", "viewer", "--days", 30)
    key = ran.out.strip()
    assert key.startswith("fk_")
    assert "not shown again" in ran.err
    (row,) = run(home, "keys", "list", "--json").items
    assert (row["name"], row["role"], row["prefix"]) == ("the NAS", "viewer", key[:9])
    assert row["expires_at"]
    listed = run(home, "keys", "list").out
    assert key[:9] in listed
    assert key not in listed
    assert "is revoked" in run(home, "keys", "revoke", row["key"]).out
    assert "revoked" in run(home, "keys", "list").out


def own_address() -> str:
    """An address of this machine that is no loopback one, as others see it; skips where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            found = str(probe.getsockname()[0])
        except OSError:
            found = "127.0.0.1"
    if found.startswith("127."):
        pytest.skip("NOT PROVEN: this machine has no address but its own")
    return found


def test_other_machines_log_in(home: Path) -> None:
    address = own_address()
    key = run(home, "keys", "add", "ada", "a script").out.strip()
    with started(home, "serve", "--port", 0, "--host", "0.0.0.0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("facekeep: http://127.0.0.1:"), line
        port = int(line.split()[1].rstrip("/").rsplit(":", 1)[1])
        with httpx.Client(base_url=f"http://{address}:{port}", trust_env=False) as other:
            assert other.get("/healthz").status_code == 200
            assert other.get(f"{API}/people").status_code == 401
            forged = {"Host": "127.0.0.1", "X-Forwarded-For": "127.0.0.1"}
            assert other.get(f"{API}/people", headers=forged).status_code == 401
            assert other.get(f"{API}/people", headers={"Host": "localhost"}).status_code == 401
            bearer = {"Authorization": f"Bearer {key}"}
            assert other.get(f"{API}/people", headers=bearer).status_code == 200
            body = {"name": "ada", "password": PASSWORD}
            assert other.post(f"{API}/session", json=body).status_code == 200
            assert other.get(f"{API}/people").status_code == 200
            # Another password on the command line ends it in the running server.
            assert told(home, "users", "password", "ada", password="other plain words").status == 0
            assert other.get(f"{API}/people").status_code == 401
        assert httpx.get(f"http://127.0.0.1:{port}{API}/people", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        assert ended(process).status == 0
