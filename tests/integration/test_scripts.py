"""script/setup in the cases that need no network: nothing to do, no Python, a folder it cannot use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "dirname", "sed", "cat", "mkdir", "rm", "tail", "mv", "touch")


def run(script: Path, *arguments: str, cwd: Path, path: str = os.defpath) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(script), *arguments],
        cwd=cwd,
        env={"PATH": path, "HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The setup script in a checkout of its own, in a folder with a space, where nothing is set up."""
    top = tmp_path / "my checkout"
    shutil.copytree(ROOT / "script", top / "script")
    return top


@pytest.fixture
def few_tools(tmp_path: Path) -> str:
    """A PATH with the tools that the script itself calls, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


def test_without_python_it_says_what_to_install(copy: Path, few_tools: str) -> None:
    ran = run(copy / "script" / "setup", cwd=copy, path=few_tools)
    assert ran.returncode == 3
    assert "no Python 3.11, 3.12 or 3.13 found" in ran.stderr
    assert "apt-get install python3" in ran.stderr
    assert not (copy / ".venv").exists()


def test_a_python_that_is_too_old_is_passed_over(copy: Path, few_tools: str) -> None:
    old = Path(few_tools) / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ran = run(copy / "script" / "setup", cwd=copy, path=few_tools)
    assert ran.returncode == 3
    assert "no Python 3.11, 3.12 or 3.13 found" in ran.stderr


def test_a_failing_install_shows_its_reason_and_its_log(copy: Path) -> None:
    (copy / "requirements").mkdir()
    for name in ("build", "run"):
        (copy / "requirements" / f"{name}.txt").write_text("what is this\n")
    (copy / "pyproject.toml").write_text("")
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    path = os.pathsep.join([str(python.parent), os.defpath])
    ran = run(copy / "script" / "setup", cwd=copy, path=path)
    assert ran.returncode == 3
    assert "FAILED while installing the Python packages" in ran.stderr
    assert "Invalid requirement" in ran.stderr
    assert str(copy / ".cache" / "setup.log") in ran.stderr


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "script").iterdir()))
def test_every_script_is_sound_bash(name: str) -> None:
    checked = subprocess.run(["bash", "-n", str(ROOT / "script" / name)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "set -euo pipefail" in (ROOT / "script" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["setup", "test", "lock"])
def test_a_script_explains_itself(name: str, tmp_path: Path) -> None:
    ran = run(ROOT / "script" / name, "--help", cwd=tmp_path)
    assert ran.returncode == 0
    assert len(ran.stdout.splitlines()) >= 2


def test_an_unknown_option_of_setup_is_refused(tmp_path: Path) -> None:
    ran = run(ROOT / "script" / "setup", "--devel", cwd=tmp_path)
    assert ran.returncode == 2
    assert "--devel" in ran.stderr
