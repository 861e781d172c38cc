"""`facekeep serve` as a process of its own: when it is ready, when it will not start, how it stops."""

import json
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cli_support import Ran, ended, run, started
from embedded_support import end_processes, eventually, open_folder, processes_of


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = open_folder()
    try:
        (made / "photos").mkdir()
        yield made
        assert processes_of(made, patience_s=20) == [], "left running"
    finally:
        end_processes(made)
        shutil.rmtree(made)


@pytest.fixture
def home(folder: Path) -> Path:
    return folder / "home"


@contextmanager
def serving(home: Path, *arguments: object) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """A server, and the address it printed: it is asked the moment it says so."""
    with started(home, "serve", "--port", 0, *arguments) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("facekeep: http://127.0.0.1:"), line
        yield process, line.split()[1]


def test_it_answers_as_soon_as_it_says_so_and_ends_in_order(home: Path) -> None:
    with serving(home) as (process, url):
        assert httpx.get(f"{url}healthz", trust_env=False).json()["status"] == "ok"
        assert httpx.get(url, trust_env=False).status_code in (200, 503)
        process.send_signal(signal.SIGINT)
        ran = ended(process)
    assert ran.status == 0
    assert "Traceback" not in ran.err
    assert not (home / "serving.json").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_open_event_streams_do_not_keep_it_from_stopping(home: Path, how: signal.Signals) -> None:
    with serving(home) as (process, url):
        first, lines = threading.Event(), []

        def watch() -> None:
            with httpx.stream("GET", f"{url}api/v1/events", timeout=60, trust_env=False) as stream:
                for line in stream.iter_lines():
                    lines.append(line)
                    if line.startswith("data: "):
                        first.set()

        watching = threading.Thread(target=watch)
        watching.start()
        assert first.wait(30)
        process.send_signal(how)
        ran = ended(process)
        watching.join(30)
    assert ran.status == 0, ran.err
    assert "event: status" in lines


def test_a_second_one_says_where_the_first_is(home: Path) -> None:
    with serving(home) as (_, url):
        for port in (0, httpx.URL(url).port):
            second = run(home, "serve", "--port", port)
            assert second.status == 3
            assert "already running" in second.err
            assert url in second.err
        assert f"running at {url}" in run(home, "doctor").out
        assert f"the page is at {url}" in run(home, "status").out


def test_a_record_of_a_server_that_is_gone_is_not_believed(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}/"
    home.mkdir(mode=0o711, exist_ok=True)
    for record in (json.dumps({"url": url, "instance": "x"}), "{", "[]", '{"url": "file:///etc/"}'):
        (home / "serving.json").write_text(record)
        with serving(home) as (process, _):
            process.send_signal(signal.SIGINT)
            assert ended(process).status == 0


def test_a_port_that_is_taken_is_named_before_anything_is_made(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = run(folder / "unmade", "serve", "--port", port)
    assert ran.status == 3
    assert str(port) in ran.err
    assert "--port" in ran.err
    assert not (folder / "unmade").exists()


def test_two_at_the_same_moment_leave_one(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    home = folder / "home"
    with started(home, "serve", "--port", port) as one, started(home, "serve", "--port", port) as two:
        eventually(lambda: one.poll() is not None or two.poll() is not None, "one gives way")
        loser, winner = (one, two) if one.poll() is not None else (two, one)
        lost = ended(loser)
        assert (lost.status, winner.poll()) == (3, None)
        assert winner.stdout is not None
        assert "http://" in winner.stdout.readline()
        winner.send_signal(signal.SIGINT)
        assert ended(winner).status == 0


def test_folders_are_taken_in_and_scanned(folder: Path, home: Path) -> None:
    with serving(home, folder / "photos") as (process, url):
        (library,) = httpx.get(f"{url}api/v1/libraries", trust_env=False).json()["items"]
        assert library["root"] == str(folder / "photos")
        process.send_signal(signal.SIGINT)
        assert ended(process).status == 0


def test_scan_beside_a_running_server(folder: Path, home: Path) -> None:
    with serving(home) as (process, _):
        ran: Ran = run(home, "scan", folder / "photos")
        assert ran.status == 0, ran.err
        process.send_signal(signal.SIGINT)
        assert ended(process).status == 0
