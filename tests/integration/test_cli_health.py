"""Health files and logs of real processes, from their start to their end."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_support import ended, run, started
from embedded_support import end_processes, eventually, open_folder, processes_of
from worker_support import write_astronauts

NAME = "Zebedee Quatermain"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = open_folder()
    try:
        (made / "photos").mkdir()
        write_astronauts(made / "photos", 2)
        (made / "photos" / f"{NAME}.jpg").write_bytes(b"")
        yield made
        assert processes_of(made, patience_s=20) == [], "left running"
    finally:
        end_processes(made)
        shutil.rmtree(made)


def health(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return found


def test_a_server_tells_how_it_is_and_logs_json_alone(folder: Path) -> None:
    home, file = folder / "home", folder / "home" / "health.json"
    logged = {"FACEKEEP_LOG_FORMAT": "json", "FACEKEEP_LOG_LEVEL": "debug"}
    with started(home, "serve", "--port", 0, folder / "photos", **logged) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        eventually(lambda: health(file).get("done") == 2, "both are looked at")
        eventually(lambda: health(file)["status"] == "idle", "it is idle")
        told = health(file)
        assert (told["pid"], told["failed"], told["last_success_at"] is None) == (process.pid, 1, False)
        assert told["children"]["count"] >= 1
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/readyz").status_code == 200
            person = client.get("/api/v1/people").json()["items"][0]
            body = {"name": NAME, "version": person["version"]}
            assert client.patch(f"/api/v1/people/{person['person']}", json=body).status_code == 200
            assert client.get("/api/v1/people", params={"q": NAME}).json()["total"] == 1
        process.send_signal(signal.SIGTERM)
        ran = ended(process)
    assert ran.status == 0
    assert health(file)["status"] == "stopped"
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert any(line.get("code") == "unreadable" for line in lines), "ids and codes are fields"
    assert [line for line in lines if NAME in line["message"] and ".jpg" not in line["message"]] == []


def test_a_scan_and_a_worker_tell_it_while_they_run(folder: Path) -> None:
    home = folder / "home"
    run(home, "pause")
    (folder / "photos" / "more").mkdir(exist_ok=True)
    write_astronauts(folder / "photos" / "more", 3)
    with started(home, "scan", folder / "photos") as scan, started(home, "worker") as worker:
        files = {
            role: home / f"health-{role}-{process.pid}.json"
            for role, process in (("scan", scan), ("worker", worker))
        }
        for role, file in files.items():
            eventually(lambda file=file: health(file).get("status") == "paused", f"the {role} waits")  # type: ignore[misc]
            assert health(file)["role"] == role
        run(home, "resume")
        assert ended(scan).status == 1, "one photo is broken"
        worker.send_signal(signal.SIGTERM)
        assert ended(worker).status == 0
    assert [file for file in files.values() if file.exists()] == []


def test_an_error_is_a_line_of_json_too(folder: Path) -> None:
    logged = {"FACEKEEP_LOG_FORMAT": "json", "FACEKEEP_DATABASE_URL": "postgresql://a:b@127.0.0.1:9/c"}
    ran = run(folder / "other", "scan", folder / "photos", **logged)
    assert ran.status == 3
    last = json.loads(ran.err.splitlines()[-1])
    assert (last["level"], bool(last["hint"])) == ("error", True)
