"""The wheel holds all that runs: code, SQL, migrations, the licence, and the page once it is built."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "facekeep"
PAGE = PACKAGE / "api" / "page"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_every_source_file_is_in_it(names: set[str]) -> None:
    sources = {
        str(path.relative_to(ROOT / "src"))
        for path in PACKAGE.rglob("*")
        if path.is_file()
        and path.suffix in {".py", ".sql", ".typed", ".mako"}
        and "__pycache__" not in path.parts
    }
    assert sources - names == set()


def test_the_page_is_in_it_whole(names: set[str]) -> None:
    assert PAGE.is_dir(), "run script/setup: it builds the page"
    assert {str(path.relative_to(ROOT / "src")) for path in PAGE.rglob("*") if path.is_file()} <= names
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    wanted = re.findall(r'(?:src|href)="/([^"]+)"', index)
    assert wanted
    assert {f"facekeep/api/page/{name}" for name in wanted} <= names


def test_the_licence_is_in_it(names: set[str]) -> None:
    assert any(re.fullmatch(r"facekeep-[^/]+\.dist-info/licenses/LICENSE", name) for name in names)


def test_nothing_else_is_in_it(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"facekeep"}
    assert [name for name in names if "__pycache__" in name or name.endswith((".map", ".pyc"))] == []
