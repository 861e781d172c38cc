"""`facekeep export people`, `import people` and `forget`, as a user runs them."""

import csv
import io
import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_support import Ran, command, environment
from embedded_support import open_folder
from interface_support import Filled, filled, refill
from typer.testing import CliRunner

from facekeep.cli.main import app

NAME = "Ada Lovelace"


@pytest.fixture(scope="module")
def server() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as data:
            yield data
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def home(server: Filled) -> Path:
    """A data folder of which somebody has a name."""
    refill(server)
    home = server.settings.home
    run(home, "name", run(home, "people", "--json").items[0]["person"], NAME)
    return home


def run(home: Path, *arguments: object) -> Ran:
    result = CliRunner().invoke(app, [*map(str, arguments), "--home", str(home)])
    return Ran(result.exit_code, result.stdout, result.stderr)


def test_export_import_and_forget(home: Path) -> None:
    file = home.parent / "people.jsonl"
    done = run(home, "export", "people", file)
    assert (done.status, done.out) == (0, "")
    assert "1 person with 4 faces in 4 photos written to" in done.err
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [record["kind"] for record in records].count("photo") == 4
    odd = [path for record in records for path in record.get("files", []) if "path_base64" in path]
    assert len(odd) == 1
    plain = run(home, "export", "people", "-", "--format", "csv")
    assert [row["name"] for row in csv.DictReader(io.StringIO(plain.out, newline=""))] == [NAME] * 4
    refused = run(home, "export", "people", home.parent / "people.xml")
    assert (refused.status, "no format is called" in refused.err) == (2, True)

    same = run(home, "import", "people", file)
    assert (same.status, same.out) == (0, "1 person known\n4 faces as before\nnothing had to be changed\n")
    person = records[1]["person"]
    run(home, "move", *(row["face"] for row in run(home, "faces", "--json").items if row["name"]), "--nobody")
    dry = run(home, "import", "people", file, "--dry-run", "--json")
    assert {item["outcome"] for item in dry.items if item["event"] == "face"} == {"rejected_here"}
    assert dry.items[-1]["dry_run"] is True
    run(home, "undo")
    file.write_text(file.read_text("utf-8").rsplit("\n", 2)[0])
    broken = run(home, "import", "people", file)
    assert (broken.status, "line 7: it breaks off" in broken.err) == (2, True)

    counted = run(home, "forget", person, "--dry-run", "--json")
    [told] = counted.items
    assert (told["faces"], told["dry_run"]) == (4, True)
    assert [copy["kind"] for copy in told["copies"]] == ["export", "export"]
    unasked = run(home, "forget", person)
    assert (unasked.status, "Say --yes." in unasked.err) == (2, True)
    forgotten = run(home, "forget", person, "--yes")
    assert forgotten.status == 0, forgotten.err
    assert "is forgotten" in forgotten.out
    assert "4 faces in 4 photos, 4 embeddings" in forgotten.out
    assert f"still has it: {file}" in forgotten.out
    assert run(home, "forget", person, "--yes").status == 2
    assert NAME not in run(home, "journal", "--json").out
    # What was written to the write-ahead log stays there until it is used anew.
    files = [path for path in home.rglob("*") if path.is_file() and "pg_wal" not in path.parts]
    assert [path for path in files if NAME.encode() in path.read_bytes()] == []


def test_the_name_is_asked_for(home: Path) -> None:
    person = run(home, "people", "--json").items[0]["person"]
    assert "nothing was erased" in typed(home, person, "Somebody Else")
    assert "is forgotten" in typed(home, person, NAME)
    assert run(home, "forget", person, "--dry-run").status == 2


def typed(home: Path, person: int, name: str) -> str:
    """All that the command says to somebody at a terminal who types that name."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.Popen(
            command("forget", person),
            env=environment(home),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.write(ours, f"{name}\n".encode())
        out, _ = done.communicate(timeout=120)
    finally:
        os.close(ours)
        os.close(theirs)
    return out.decode()
