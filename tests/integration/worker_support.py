"""Real children on real photos: the astronaut that scikit-image brings, in many pictures; and bad files."""

import os
import signal
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from facekeep.domain.faces import Pixels
from facekeep.inference.models import prepare
from facekeep.worker import child
from facekeep.worker.children import Children

PATIENCE_S = 120.0


@pytest.fixture(scope="session")
def models() -> Iterator[Path]:
    """A folder with the bundled models, made once."""
    with tempfile.TemporaryDirectory(prefix="fk-models-") as folder:
        prepare(Path(folder))
        yield Path(folder)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children in which some photos, told by their names, do what photos do to codecs."""
    monkeypatch.setattr(child, "run", run_with_faults)


def run_with_faults(pipe: Connection, models_folder: Path) -> None:
    """A child's whole life, as a real one's but for photos called crash, hang or swell."""
    real = child._Hands.perform

    def perform(hands: child._Hands, request: child.Request) -> child.Answer:
        name = request.path.name
        if name.startswith("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if name.startswith("hang"):
            time.sleep(3600)
        if name.startswith("swell"):
            raise MemoryError
        return real(hands, request)

    child._Hands.perform = perform  # type: ignore[method-assign, assignment]
    child.run(pipe, models_folder)


@pytest.fixture
def children(models: Path) -> Iterator[Children]:
    """Two children."""
    pool = Children(2, models)
    try:
        yield pool
    finally:
        pool.close()


def astronaut() -> Pixels:
    """A real photo with one large face; scikit-image is a dependency of the tests."""
    from skimage import data

    return np.asarray(data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]


def write_astronauts(folder: Path, count: int, side: int = 256) -> list[Path]:
    """So many photos of her, each of another content, with one face each."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(astronaut()[:384, 64:448])
    paths = []
    for number in range(count):
        turned = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number % 2 else picture
        path = folder / f"{number:02}.png"
        turned.resize((side + number, side + number)).save(path)
        paths.append(path)
    return paths


def bomb(side: int = 40_000) -> bytes:
    """A PNG of a few kilobytes that says it has 1,600 million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3 * side + 1) * 4)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def write_bad_files(folder: Path) -> dict[str, str]:
    """Files that cannot be looked at; the failure code of each."""
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("This is not a photo.\n" * 20)
    whole = next(iter(write_astronauts(folder / "whole", 1))).read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 10])
    (folder / "whole" / "00.png").unlink()
    (folder / "bomb.png").write_bytes(bomb())
    return {
        "empty.jpg": "unreadable",
        "text.jpg": "unreadable",
        "truncated.png": "unreadable",
        "bomb.png": "too_large",
    }


def child_processes(parent: int | None = None) -> list[psutil.Process]:
    """The living children of this or another facekeep process."""
    return _named("facekeep-child", parent)


def nurseries(parent: int | None = None) -> list[psutil.Process]:
    """The living processes from which this or another facekeep process forks its children."""
    return _named("facekeep-nurse", parent)


def _named(name: str, parent: int | None) -> list[psutil.Process]:
    found = psutil.Process(os.getpid() if parent is None else parent).children(recursive=True)
    return [process for process in found if _is(process, name)]


def _is(process: psutil.Process, name: str) -> bool:
    try:
        return bool(process.name() == name) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(check: Callable[[], object], what: str) -> None:
    """Wait, generously, until the check holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


def gone(processes: Sequence[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
