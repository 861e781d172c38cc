"""The command line without any photo: help, wrong usage, exit statuses, and what it does not make."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from cli_support import command, environment, run
from typer.testing import CliRunner

from facekeep.cli.guard import GuardedGroup
from facekeep.domain import errors
from facekeep.domain.errors import FacekeepError, FailureCode, MachineFault, PhotoFault

HEAVY = {
    "alembic", "fastapi", "numpy", "onnx", "onnxruntime", "PIL", "psutil", "psycopg", "pydantic", "rich",
    "sqlalchemy", "uvicorn",
}  # fmt: skip


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A data folder that does not exist."""
    return tmp_path / "home"


def test_loading_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, facekeep.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(Path("/x"))
    )
    assert set(loaded.stdout.split()) & HEAVY == set()


def test_the_bare_command_shows_its_help(nowhere: Path) -> None:
    ran = run(nowhere)
    assert "serve" in ran.out + ran.err
    assert run(nowhere, "--version").out.startswith("facekeep ")
    assert not nowhere.exists()


@pytest.mark.parametrize(
    "line",
    [
        "scan",
        "scan --fast x",
        "scan / --workers 0",
        "nonsense",
        "faces --person x",
        "faces --limit 0",
        "name Ada",
        "name 1",
        "name 1 Ada --merge --new",
        "name 1 Ada --remove",
        "name --face 1 Ada more",
        "failures --code bad_luck",
        "serve --port 70000",
    ],
)
def test_wrong_usage_is_status_2_without_a_traceback(nowhere: Path, line: str) -> None:
    ran = run(nowhere, *line.split())
    assert ran.status == 2
    assert ran.err
    assert "Traceback" not in ran.err
    assert not nowhere.exists()


def test_others_are_not_let_in_before_anybody_has_an_account(nowhere: Path) -> None:
    ran = run(nowhere, "serve", "--host", "0.0.0.0")
    assert ran.status == 3
    assert "facekeep users add" in ran.err


def test_a_folder_that_is_missing_a_file_or_unreadable_is_named_and_nothing_is_made(
    nowhere: Path, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    (tmp_path / "shut").mkdir(mode=0)
    wrong = [tmp_path / "missing", tmp_path / "photo.jpg"]
    wrong += [tmp_path / "shut"] if os.geteuid() != 0 else []  # root reads everything
    (tmp_path / "fine").mkdir()
    for name in ("scan", "serve"):
        for folder in wrong:
            ran = run(nowhere, name, tmp_path / "fine", folder)
            assert ran.status == 2
            assert str(folder) in ran.err
            assert ran.err.count("\n") == 2, "one line for what happened, one for what to do"
            assert not nowhere.exists()


def test_a_data_folder_among_the_photos_is_never_scanned(tmp_path: Path) -> None:
    home = tmp_path / "photos" / "home"
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "derived.jpg").write_bytes(b"not a photo of anybody's")
    ran = run(home, "scan", tmp_path)
    assert ran.status == 0, ran
    assert "no photos in it" in ran.out


@pytest.mark.parametrize("name", ["status", "faces", "people", "failures"])
def test_looking_at_nothing_says_so_and_makes_nothing(nowhere: Path, name: str) -> None:
    ran = run(nowhere, name)
    assert ran.status == 0
    assert "nothing is in" in ran.out
    assert "facekeep scan" in ran.out
    lines = run(nowhere, name, "--json").items
    if name == "status":
        (status,) = lines
        assert set(status.values()) == {0}
        assert {"photos", "faces", "people", "named", "waiting", "failed"} <= set(status)
    else:
        assert lines == []
    assert not nowhere.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["pause"],
        ["resume"],
        ["models", "release"],
        ["models", "pause"],
        ["failures", "retry", "--all"],
        ["failures", "give-up", "1"],
    ],
    ids=" ".join,
)
def test_steering_nothing_says_so_and_makes_nothing(nowhere: Path, words: list[str]) -> None:
    ran = run(nowhere, *words)
    assert (ran.status, "nothing is in" in ran.out) == (0, True)
    assert not nowhere.exists()


def test_naming_in_nothing_is_refused(nowhere: Path) -> None:
    assert run(nowhere, "name", "1", "Ada").status == 2
    assert not nowhere.exists()


def test_models_are_listed_before_they_are_made(nowhere: Path) -> None:
    (pack, *others) = run(nowhere, "models", "list", "--json").items
    assert [other["model"] for other in others] == ["opencv-1", "buffalo_s-1", "buffalo_l-1"]
    assert not any(other["ready"] or other["active"] for other in others)
    assert (pack["model"], pack["ready"], pack["active"], pack["dimensions"]) == (
        "bundled-1",
        False,
        True,
        128,
    )
    assert "CC0" in run(nowhere, "models", "list").out
    assert not nowhere.exists()


def test_a_data_folder_that_cannot_be_made_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("")
    ran = run(tmp_path / "file" / "home", "scan", tmp_path / "photos")
    assert ran.status == 3
    assert ran.err.startswith("facekeep: ")
    assert "FACEKEEP_HOME" in ran.err


def test_an_external_database_that_is_away_is_the_machines_fault(nowhere: Path) -> None:
    url = "postgresql://facekeep:sesame@127.0.0.1:9/facekeep"
    ran = run(nowhere, "status", FACEKEEP_DATABASE_URL=url)
    assert ran.status == 3
    assert ran.err.startswith("facekeep: ")
    assert "sesame" not in ran.err


def test_a_reader_that_leaves_early_is_no_error(nowhere: Path) -> None:
    line = " ".join(f"'{part}'" for part in command("models", "list", "--json"))
    script = f"set -o pipefail; {line} | true; {line} | head -c 1 >/dev/null"
    done = subprocess.run(["bash", "-c", script], env=environment(nowhere), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


# Where errors end ------------------------------------------------------------------------------------------


def every_error() -> list[type[FacekeepError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, FacekeepError)]


def failing(error: BaseException) -> typer.Typer:
    made = typer.Typer(cls=GuardedGroup, pretty_exceptions_enable=False)

    @made.command()
    def fail() -> None:
        raise error

    @made.callback()
    def options(debug: bool = False) -> None:
        """A group, as the real one is."""

    return made


@pytest.mark.parametrize("kind", every_error())
def test_the_error_tree_gives_the_exit_status(kind: type[FacekeepError]) -> None:
    error = (
        kind(FailureCode.CRASHED, "what", hint="do")
        if issubclass(kind, PhotoFault) and not issubclass(kind, MachineFault)
        else kind("what", hint="do")
    )
    result = CliRunner().invoke(failing(error), ["fail"])
    assert result.exit_code == kind.exit_status
    assert result.stderr == "facekeep: what\n  do\n"
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (OSError(28, "No space left on device", "/data/x"), 3, "No space left on device: /data/x"),
        (PermissionError(13, "Permission denied", b"/caf\xe9"), 3, "/caf\\xe9"),
        (ValueError("odd"), 3, "--debug"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_is_not_ours_ends_in_one_line_too(error: BaseException, status: int, word: str) -> None:
    result = CliRunner().invoke(failing(error), ["fail"])
    assert result.exit_code == status
    assert word in result.stderr
    assert "Traceback" not in result.stderr


INTERRUPTED_IN_EXEC = """
import runpy, sys, facekeep.cli.main
def main():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        sys.exit(130)
facekeep.cli.main.main = main
runpy.run_module("facekeep", run_name="__main__")
"""


def test_ctrl_c_while_a_dataclass_is_made_has_the_same_exit_status(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_IN_EXEC)
    clean = environment(tmp_path / "home")
    clean["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    ran = subprocess.run([sys.executable, "-m", "interrupted"], env=clean, check=False)
    assert ran.returncode == 130


def test_debug_shows_the_traceback() -> None:
    result = CliRunner().invoke(failing(ValueError("odd")), ["--debug", "fail"])
    assert result.exit_code == 3
    assert "Traceback" in result.stderr


# doctor ----------------------------------------------------------------------------------------------------


def checks(home: Path, **more: str) -> dict[str, dict[str, str]]:
    return {item["name"]: item for item in run(home, "doctor", "--json", **more).items}


def test_doctor_finds_an_unused_machine_in_order_and_makes_nothing(nowhere: Path) -> None:
    ran = run(nowhere, "doctor")
    assert ran.status == 0
    assert "FAIL" not in ran.out
    found = checks(nowhere)
    assert {"python", "platform", "settings", "data folder", "disk space", "models", "page", "server"} <= set(
        found
    )
    assert all(set(item) == {"name", "state", "detail", "advice"} for item in found.values())
    assert found["data folder"]["state"] == "ok"
    assert not nowhere.exists()


def test_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run(tmp_path / "file", "doctor")
    assert ran.status == 3
    found = checks(tmp_path / "file")["data folder"]
    assert (found["state"], bool(found["advice"])) == ("fail", True)


def test_doctor_warns_of_slips_and_of_open_doors(tmp_path: Path) -> None:
    assert checks(tmp_path, FACEKEEP_PROT="1")["settings"]["state"] == "warn"
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    assert "chmod 700" in checks(home)["data folder"]["advice"]
    home.chmod(0o700)
    (home / "config.toml").write_text('database_url = "postgresql://a:b@127.0.0.1:9/c"\n')
    (home / "config.toml").chmod(0o644)
    found = checks(home)
    assert "chmod 600" in found["settings"]["advice"]
    assert found["database"]["state"] == "fail"


def test_doctor_goes_on_after_settings_that_are_refused(nowhere: Path) -> None:
    ran = run(nowhere, "doctor", "--json", FACEKEEP_PORT="http")
    assert ran.status == 3
    assert ran.items[-1]["name"] == "settings"
    assert "FACEKEEP_PORT" in ran.items[-1]["detail"]


def test_json_stays_valid_where_the_terminal_knows_few_letters(
    nowhere: Path,
) -> None:
    ran = run(nowhere / "Zoë €", "doctor", "--json", PYTHONIOENCODING="latin-1")
    assert "Zoë €" in next(item for item in ran.items if item["name"] == "data folder")["detail"]
