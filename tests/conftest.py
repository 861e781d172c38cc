"""Fixtures that every test folder may use, and a closing section that says what did not run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Skips with these markers are gaps in the proof, not choices: each is named loudly at the end.
LOUD = {
    "browser": "THE BROWSER TESTS DID NOT RUN: no Chromium here (Debian: apt-get install chromium).",
    "photos": "The tests on real photographs did not run: ../shared/photos is not beside this checkout.",
}


@pytest.fixture(scope="session", autouse=True)
def databases_apart() -> Iterator[None]:
    """As root, databases of data folders that the server's user cannot enter go here, and away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="fk-databases-"))
    folder.chmod(0o755)
    before = os.environ.get("FACEKEEP_PG_FOLDER")
    os.environ["FACEKEEP_PG_FOLDER"] = str(folder)
    yield
    if before is None:
        del os.environ["FACEKEEP_PG_FOLDER"]
    else:
        os.environ["FACEKEEP_PG_FOLDER"] = before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The top of this checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The real photographs beside the checkout; the test skips where they are absent."""
    return _beside("photos")


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The model files beside the checkout; the test skips where they are absent."""
    return _beside("models")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """An installed Chromium; the test skips where there is none. $CHROMIUM names one to use instead."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    for found in (shutil.which(name) for name in names if name):
        if found:
            return found
    pytest.skip("no Chromium is installed here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, so that none that skips escapes the closing section."""
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        if "shared_photos" in wanted:
            item.add_marker("photos")
        if "chromium_path" in wanted:
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Name the failed checks of script/test and the skipped kinds of test, just above the closing line."""
    yield
    lines = [f"FAILED CHECK: {name}" for name in os.environ.get("FAILED_CHECKS", "").splitlines()]
    skipped = terminalreporter.stats.get("skipped", [])
    without = {kind for report in skipped for kind in LOUD if kind in getattr(report, "keywords", ())}
    lines += [LOUD[kind] for kind in sorted(without)]
    if lines:
        terminalreporter.section("NOT PROVEN BY THIS RUN", red=True, bold=True)
        for line in lines:
            terminalreporter.write_line(line, red=True)


def _beside(name: str) -> Path:
    folder = ROOT.parent / "shared" / name
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{name}, which is not on this machine")
    return folder
