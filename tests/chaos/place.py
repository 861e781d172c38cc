"""A data folder and a photo folder for the real program, run as a process of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli_support import Ran, run, started
from embedded_support import end_processes, open_folder

from facekeep.domain.packs import BUNDLED
from facekeep.store import faces as face_store
from facekeep.store.database import Database
from facekeep.store.embedded import ServerHandle, open_server
from facekeep.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program keeps its things and where its photos are; `server` is its own private database."""

    folder: Path
    server: ServerHandle

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    @property
    def conninfo(self) -> str:
        return self.server.conninfo

    def run(self, *arguments: object) -> Ran:
        """Run a command to its end."""
        return run(self.home, *arguments, **_server_folder())

    @contextmanager
    def started(self, *arguments: object, **more: str) -> "Iterator[subprocess.Popen[str]]":
        """A command that goes on while the block runs."""
        with started(self.home, *arguments, **_server_folder(), **more) as process:
            yield process


@contextmanager
def open_place(models: Path) -> Iterator[Place]:
    """An empty, migrated database and the models; gone at the end, with every process that belongs to it."""
    folder = open_folder()
    try:
        (folder / "home").mkdir(mode=0o711)
        shutil.copytree(models, folder / "home" / "models")
        with open_server(folder / "home") as server:
            migrate(server.conninfo)
            with Database(server.conninfo, connections=1) as database, database.write() as writer:
                face_store.add_pack(writer, BUNDLED)
            yield Place(folder, server)
    finally:
        end_processes(folder)
        shutil.rmtree(folder)


def link_all(paths: Sequence[Path], folder: Path) -> None:
    """The same photos in another folder, without their bytes once more."""
    folder.mkdir(parents=True)
    for path in paths:
        os.link(path, folder / path.name)


def _server_folder() -> dict[str, str]:
    name = "FACEKEEP_PG_FOLDER"
    return {name: os.environ[name]} if name in os.environ else {}
