"""Fixtures that every test folder may use, and a closing section that says what did not run."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chaos import figures

# Also other folders import them, which must not come first.
for _room in ("invariants", "life", "people", "photos", "review"):
    pytest.register_assert_rewrite(f"tests.machine.{_room}")

ROOT = Path(__file__).resolve().parents[1]

# Skips for these reasons are gaps in the proof, not choices: each kind is named loudly at the end.
LOUD = {
    "Chromium": "THE BROWSER TESTS DID NOT RUN: no Chromium here (Debian: apt-get install chromium).",
    "../shared": "The tests on real photographs did not run: ../shared is not beside this checkout.",
}
OPENLY = "NOT PROVEN: "
"""A test that skips with a reason that begins so is named at the end as well."""


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


@pytest.fixture(autouse=True)
def logging_apart() -> Iterator[None]:
    """A command that is run inside this process sets up logging; not for the tests that follow."""
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in [each for each in root.handlers if each not in before]:
        if type(handler).__module__.startswith("facekeep"):  # pytest's own come and go by themselves
            root.removeHandler(handler)


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


def pytest_configure(config: pytest.Config) -> None:
    """Give the processes that tests run in one place for what they measure."""
    if not hasattr(config, "workerinput") and figures.results_folder() is None:
        folder = tempfile.mkdtemp(prefix="fk-figures-")
        os.environ[figures.FIGURES_FOLDER] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Name the failed checks of script/test and the skipped kinds of test, just above the closing line."""
    yield
    if hasattr(terminalreporter.config, "workerinput"):
        return  # the process that started this one reports
    measured = figures.told()
    if measured:
        terminalreporter.section("WHAT THE CHAOS TESTS MEASURED")
        for name, value in measured.items():
            terminalreporter.write_line(f"{name}: {value}")
    lines = [f"FAILED CHECK: {name}" for name in os.environ.get("FAILED_CHECKS", "").splitlines()]
    reasons = sorted({_reason(report) for report in terminalreporter.stats.get("skipped", [])})
    lines += [text for word, text in LOUD.items() if any(word in reason for reason in reasons)]
    lines += [reason.removeprefix(OPENLY) for reason in reasons if reason.startswith(OPENLY)]
    if lines:
        terminalreporter.section("NOT PROVEN BY THIS RUN", red=True, bold=True)
        for line in lines:
            terminalreporter.write_line(line, red=True)


def _reason(report: Any) -> str:
    """Why a test was skipped."""
    told = report.longrepr
    return str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")


def _beside(name: str) -> Path:
    folder = ROOT.parent / "shared" / name
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{name}, which is not on this machine")
    return folder
