"""The real server on a data folder of its own, as a user starts it; asked over HTTP like any client."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from facekeep.bootstrap import open_context
from facekeep.settings import load

START_S = 120
"""The first start makes the database and the models."""
STOP_S = 40
QUIET_LOOKS = 4

_SHOWS = re.compile(r"(http://\S+) shows the people")


@dataclass(slots=True)
class Serving:
    """A running `facekeep serve`. `log` gets what it prints."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> Any:
        """The answer of GET /api/v1 + path."""
        return self.send("GET", path)

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Any request to the API; its JSON answer. An error status raises urllib.error.HTTPError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def everybody(self, **filters: str) -> list[dict[str, Any]]:
        """All people, in the order of the page."""
        query = "&".join(f"{key}={value}" for key, value in {"limit": "1000", **filters}.items())
        found: list[dict[str, Any]] = self.get(f"/people?{query}")["items"]
        return found

    def wait_until_idle(self, *, photos: int, seconds: float = 180) -> dict[str, Any]:
        """Waits until at least so many photos are known and nothing is left to do; gives the status.

        Work that a request has just asked for begins a moment later, so one look is not enough.
        """
        deadline = time.monotonic() + seconds
        quiet_looks = 0
        while time.monotonic() < deadline:
            status: dict[str, Any] = self.get("/status")
            rest = status["activity"]["state"] == "idle" and status["waiting"] == 0
            quiet_looks = quiet_looks + 1 if rest and status["photos"] >= photos else 0
            if quiet_looks == QUIET_LOOKS:
                return status
            time.sleep(0.2)
        raise AssertionError(f"not idle after {seconds} s: {status}\n{self.log.read_text()}")

    def run_sql(self, statement: str, **values: object) -> None:
        """Writes straight into its database, what would take long or another machine to come about."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FACEKEEP_PG_FOLDER", str(self.home.parent / "system"))
            settings = load({"home": self.home}, environ={})
            with open_context(settings) as context, context.database.write("user") as writer:
                writer.run(statement, values)

    def restart(self) -> None:
        """Starts again, after `stop`, where it was."""
        again = serve(self.home.parent, name=self.home.name, port=int(self.url.rsplit(":", 1)[1]))
        self.process = again.process

    def stop(self) -> None:
        """As Ctrl-C does; the data stays."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def serve(ground: Path, *folders: Path, name: str = "home", port: int = 0) -> Serving:
    """Starts the server on the data folder `ground/name` and waits until it answers."""
    home, log = ground / name, ground / f"{name}.log"
    _lend_models(ground, home)
    command = [sys.executable, "-m", "facekeep", "serve", "--port", str(port), "--home", str(home)]
    environment = {**os.environ, "FACEKEEP_PG_FOLDER": str(ground / "system"), "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, *map(str, folders)], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    return Serving(_address(process, log), home, log, process)


def _lend_models(ground: Path, home: Path) -> None:
    """Making the models takes seconds: a later data folder gets those of an earlier one."""
    made = next(ground.glob("*/models"), None)
    if made is not None and not home.exists():
        home.mkdir()
        shutil.copytree(made, home / "models")


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        told = _SHOWS.findall(log.read_text())
        if told and _answers(told[-1]):
            return str(told[-1]).rstrip("/")
        time.sleep(0.1)
    process.kill()
    process.wait()
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/healthz", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
