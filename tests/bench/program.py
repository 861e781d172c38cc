"""facekeep as it runs: its isolated children, and its whole scan into a database of its own."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.timing import seconds

from facekeep import bootstrap, settings
from facekeep.domain.faces import PhotoAnalysis
from facekeep.settings import Settings
from facekeep.worker.children import Children
from facekeep.worker.foreground import Foreground


@contextmanager
def home() -> Iterator[Path]:
    """A data folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="facekeep-bench-") as folder:
        # As root the database server runs as another user, who must be able to reach its files.
        Path(folder).chmod(0o755)
        yield Path(folder)


def settings_of(folder: Path, cores: int) -> Settings:
    """The defaults, whatever this user's environment and files say."""
    return settings.load({"home": folder, "workers": cores}, environ={}, read_file=False)


@contextmanager
def open_children(cores: int, models_folder: Path) -> Iterator[Children]:
    """As many children as cores, ended at the end."""
    children = Children(cores, models_folder)
    try:
        yield children
    finally:
        children.close()


def look_at(children: Children, paths: Sequence[Path]) -> list[PhotoAnalysis]:
    """All photos, in their order, side by side."""
    return [future.result() for future in [children.analyse(path) for path in paths]]


def scan(folder: Path, cores: int, children: Children) -> float:
    """Seconds that a first scan of a folder takes: walk, hash, look, store, match, group.

    Neither the start of the database nor that of the children is in it.
    """
    with home() as data, bootstrap.open_context(settings_of(data, cores)) as ctx:
        scanned = Foreground(ctx, children)
        return seconds(lambda: scanned.run([folder]))


def distinct_copies(paths: Sequence[Path], times: int, folder: Path) -> int:
    """Copies of JPEG files that differ in content, not in pixels: each a photo of its own. How many."""
    folder.mkdir(parents=True)
    for number in range(times):
        for path in paths:
            copy = folder / f"{number}-{path.name}"
            shutil.copyfile(path, copy)
            with copy.open("ab") as file:
                file.write(f"copy {number}".encode())  # what follows the end marker is no part of the picture
    return times * len(paths)
