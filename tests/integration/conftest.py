"""Makes the modules of this folder importable by its tests, and gives them a place for private servers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from embedded_support import end_processes, open_folder, processes_of, write_row
from import_support import importing  # noqa: F401 - fixtures
from schema_support import one_connection, sql  # noqa: F401 - fixtures
from store_support import bench, cluster, conninfo, ctx, database, hashed  # noqa: F401 - fixtures
from worker_support import children, faults, models  # noqa: F401 - fixtures

from facekeep.store.embedded import open_server


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that the server's user can enter, unlike pytest's own; the test fails when a server
    of a home below it is left running."""
    folder = open_folder()
    system = folder / "system"
    system.mkdir(mode=0o755)
    monkeypatch.setenv("FACEKEEP_PG_FOLDER", str(system))
    try:
        yield folder
        assert processes_of(folder, patience_s=20) == [], "left running"
    finally:
        end_processes(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A home with a stopped server whose table has one row, to be copied: quicker than making one each
    time."""
    folder = open_folder()
    try:
        with open_server(folder / "home") as server:
            write_row(server.conninfo)
        yield folder / "home"
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def used_home(template: Path, home: Path) -> Path:
    """A data folder whose database has one row, with no server running."""
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    return home


@pytest.fixture
def home(ground: Path) -> Path:
    """A data folder that does not exist yet."""
    return ground / "home"


@pytest.fixture
def as_root() -> None:
    """Skip unless this run is root's."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
