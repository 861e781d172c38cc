"""Cards with photos that are all different, and how a library looks after an import."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict
from store_support import PNG, Bench, write_photo

from facekeep.actions.importing import ImportCounts, ImportReport, Watch, import_files
from facekeep.actions.receiving import ImportedFile, ImportJob
from facekeep.library import copying

TIME_NS = 1_400_000_000_123_456_789


@dataclass
class Card:
    """A device. What it holds is compared at the end: nobody may have written to it."""

    root: Path
    first: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    def put(self, name: str | bytes, content: str | bytes, mtime_ns: int = TIME_NS) -> Path:
        path = self.root / os.fsdecode(name)
        write_photo(path, content)
        os.utime(path, ns=(mtime_ns - 1_000_000_001, mtime_ns))
        return path

    def fill(self, count: int, size: int = 2000) -> None:
        """So many photos in folders of ten, of different contents."""
        chance = random.Random(count)
        for number in range(count):
            content = chance.randbytes(size + number)
            self.put(f"DCIM/{100 + number // 10}CARD/IMG_{number:04}.PNG", content, TIME_NS + number)

    def remember(self) -> None:
        self.first = self.state()

    def state(self) -> dict[str, tuple[bytes, int]]:
        return contents(self.root)


@dataclass
class Events:
    """What an import told."""

    files: list[ImportedFile] = field(default_factory=list)
    counts: list[ImportCounts] = field(default_factory=list)

    def outcomes(self) -> dict[str, str]:
        return {os.fsdecode(file.source): file.outcome for file in self.files}


@dataclass
class Importing:
    """A library, a card, and imports from the one into the other."""

    bench: Bench
    card: Card
    events: Events = field(default_factory=Events)

    def run(self, folder: str = "", *, dry_run: bool = False, watch: Watch | None = None) -> ImportReport:
        self.events = Events()
        ctx = self.bench.ctx
        job = ImportJob(self.card.root, self.bench.root, folder, dry_run, own=(ctx.home,))
        told = Watch(self.events.counts.append, self.events.files.append) if watch is None else watch
        return import_files(ctx, job, told)

    def library(self) -> dict[str, tuple[bytes, int]]:
        return contents(self.bench.root)

    def recorded(self) -> dict[str, bytes]:
        rows = self.bench.tuples(
            "SELECT f.path, p.content_hash FROM photo_file f JOIN photo p ON p.id = f.photo_id "
            "WHERE f.state = 'present'"
        )
        return {os.fsdecode(bytes(path)): bytes(content) for path, content in rows}


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, hidden ones too: content and time of last change."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def temporaries(root: Path) -> list[str]:
    hidden = (copying.TEMPORARY.decode(), copying.PLACING.decode())
    return [name for name in contents(root) if Path(name).name.startswith(hidden)]


def photo(content: str) -> bytes:
    return PNG + content.encode()


def url_of(conninfo: str) -> str:
    """As FACEKEEP_DATABASE_URL takes it."""
    return f"postgresql:///?{urlencode(conninfo_to_dict(conninfo))}"


@pytest.fixture
def importing(bench: Bench, tmp_path: Path) -> Iterator[Importing]:
    """An empty library and an empty card, which is the same at the end."""
    (tmp_path / "card").mkdir()
    found = Importing(bench, Card(tmp_path / "card"))
    yield found
    if found.card.first:
        assert found.card.state() == found.card.first
    assert temporaries(bench.root) == []
