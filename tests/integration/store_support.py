"""Real databases for tests: one private server a session, and for each test a database cloned from a migrated
one; made-up faces where only the storing and deciding is on trial."""

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from facekeep.actions import analyse
from facekeep.actions.analyse import Claimed
from facekeep.actions.context import Context
from facekeep.actions.derived import DerivedPictures
from facekeep.actions.libraries import add_library
from facekeep.actions.scan import ScanReport, scan_library
from facekeep.domain.errors import PhotoFault
from facekeep.domain.faces import AnalysedFace, Box, Landmarks, PhotoAnalysis, PhotoFacts, Quality, Vector
from facekeep.domain.packs import BUNDLED
from facekeep.library import identity as content
from facekeep.store import faces as face_store
from facekeep.store import listing
from facekeep.store.database import Database
from facekeep.store.embedded import ServerHandle, open_server
from facekeep.store.migrate import migrate
from facekeep.store.rows import FaceRow, PersonRow, PhotoRow, Status

TEMPLATE = "template_facekeep"
WORKER = 77
MOST_DATABASES = 60
GOOD = Quality(size=0.9, sharpness=0.9, pose=0.9, exposure=0.9, overall=0.9)
WAITING = """SELECT count(*) FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND datname = current_database()"""
"""How many wait for others in a database."""

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(slots=True)
class Cluster:
    """A running private server. Its databases go with it; when there are many, old ones go before."""

    handle: ServerHandle
    home: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _made: list[str] = field(default_factory=list)

    def database(self, template: str = "template0") -> str:
        """The conninfo of a new database, cloned from another."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.handle.conninfo, autocommit=True) as connection:
            if len(self._made) >= MOST_DATABASES:
                self._drop_some(connection)
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        return make_conninfo(self.handle.conninfo, dbname=name)

    def _drop_some(self, connection: psycopg.Connection[Any]) -> None:
        """The older half: each takes ten megabytes and more, of memory where the server lies there."""
        old, self._made = self._made[: MOST_DATABASES // 2], self._made[MOST_DATABASES // 2 :]
        for name in old:
            try:
                connection.execute(f"DROP DATABASE {name}".encode())
            except psycopg.errors.ObjectInUse:  # of a whole module of tests
                self._made.append(name)


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A private server in folders that its user can enter, unlike pytest's own."""
    with _open_folder(_fast_disk()) as ground, _open_folder(Path("/tmp")) as system:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FACEKEEP_PG_FOLDER", str(system))
            handle = open_server(ground / "home")
        with handle:
            yield Cluster(handle, ground / "home")


@contextlib.contextmanager
def _open_folder(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fk-store-", dir=parent)).resolve()
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _fast_disk() -> Path:
    """Memory where there is plenty: a hundred databases are made, and a real disk is waited for each time."""
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30
    return memory if plenty else Path("/tmp")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One private server for all tests, with a migrated template."""
    with running_cluster() as running:
        with psycopg.connect(running.handle.conninfo, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        conninfo = make_conninfo(running.handle.conninfo, dbname=TEMPLATE)
        migrate(conninfo)
        with Database(conninfo, connections=1) as database, database.write() as writer:
            face_store.add_pack(writer, BUNDLED)
        yield running


@pytest.fixture
def conninfo(cluster: Cluster) -> str:
    """A migrated database of this test's own, with the bundled pack."""
    return cluster.database(TEMPLATE)


@pytest.fixture
def database(conninfo: str) -> Iterator[Database]:
    """A pool on it."""
    with Database(conninfo) as opened:
        yield opened


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Context:
    """What actions need, without models or children."""
    return context(database, tmp_path / "home")


def context(database: Database, home: Path) -> Context:
    """The wired parts over a database."""
    home.mkdir(exist_ok=True)
    with database.write() as writer:
        pack_id = face_store.add_pack(writer, BUNDLED)
    cache = home / "cache"
    pictures = DerivedPictures(cache, 2**24)
    return Context(home, cache, home / "models", database, BUNDLED, pack_id, pictures)


# Made-up faces ----------------------------------------------------------------------------------------------


def identity(who: str) -> Vector:
    """A person's centre: norm 1.4 as dlib's; two of them lie about 2 apart."""
    random = np.random.default_rng(list(who.encode()))
    direction = random.normal(size=128)
    return np.asarray(1.4 * direction / np.linalg.norm(direction), dtype=np.float32)


_seeds = itertools.count()


def like(who: str, distance: float = 0.2) -> Vector:
    """A face at exactly that distance from a person's centre, every time in another direction."""
    random = np.random.default_rng([next(_seeds), *who.encode()])
    centre = identity(who).astype(np.float64)
    away = random.normal(size=128)
    away -= centre * (away @ centre) / (centre @ centre)
    return np.asarray(centre + distance * away / np.linalg.norm(away), dtype=np.float32)


def face(who: str, place: int = 0, distance: float = 0.2, quality: float = 0.9) -> AnalysedFace:
    """A face of somebody at one of nine places of a photo."""
    row, column = divmod(place, 3)
    return face_at(Box(0.05 + 0.3 * column, 0.05 + 0.3 * row, 0.2, 0.25), like(who, distance), quality)


def face_at(box: Box, vector: Vector, quality: float = 0.9) -> AnalysedFace:
    """A face anywhere."""
    unit = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    points = unit * [box.width, box.height] + [box.x, box.y]
    return AnalysedFace(box, Landmarks.from_array(points), 0.99, replace(GOOD, overall=quality), vector)


def analysis(*faces: AnalysedFace) -> PhotoAnalysis:
    """What a child would answer."""
    return PhotoAnalysis(PhotoFacts(1000, 800, "image/png"), BUNDLED.label, faces, 1000)


# A library of made-up photos --------------------------------------------------------------------------------


def write_photo(path: Path, content: str | bytes) -> Path:
    """A file that is a PNG by its first bytes, and unlike every other content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PNG + (content.encode() if isinstance(content, str) else content))
    return path


Seen = Mapping[str, Sequence[AnalysedFace]]
"""The faces in each photo, by the content given to write_photo."""


class Bench:
    """A context with one library, scanned and looked at as told."""

    def __init__(self, ctx: Context, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self.ctx, self.root = ctx, root
        self.library = add_library(ctx, root).library

    def scan(self) -> ScanReport:
        return scan_library(self.ctx, self.library)

    def put(self, name: str, *faces: AnalysedFace) -> int:
        """A new photo with these faces, scanned and looked at; its id."""
        write_photo(self.root / name, name)
        self.scan()
        self.look({name: faces})
        return self.photo(name).photo

    def put_three(self) -> None:
        """Three files, one of them in a folder; not yet scanned."""
        for name in ("a.png", "b.png", "sub/c.png"):
            write_photo(self.root / name, name)

    def latest_scan(self) -> int:
        with self.ctx.database.read() as reader:
            return listing.scans(reader)[0].scan

    def claim(self, limit: int = 1000) -> list[Claimed]:
        return analyse.claim(self.ctx, WORKER, limit)

    def look(self, seen: Seen) -> int:
        """Say of every due photo what `seen` says, by its content; how many."""
        claimed = self.claim()
        for item in claimed:
            content = item.path.read_bytes().removeprefix(PNG).decode()
            assert analyse.record(self.ctx, item, analysis(*seen.get(content, ())))
        return len(claimed)

    def fail(self, fault: PhotoFault) -> int:
        """Say of every due photo that it failed; how many."""
        claimed = self.claim()
        for item in claimed:
            analyse.record_failure(self.ctx, item, fault)
        return len(claimed)

    def look_again(self, photo: int) -> None:
        """Make a photo due again, as after a change of its file."""
        self.sql("UPDATE photo SET state = 'waiting', due_at = now() WHERE id = %(photo)s", photo=photo)

    def sql(self, statement: str, **parameters: object) -> int:
        with self.ctx.database.write() as writer:
            return writer.run(statement, parameters)

    def value(self, query: str, **parameters: object) -> object:
        with self.ctx.database.read() as reader:
            return reader.value(query, parameters)

    def tuples(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        with self.ctx.database.read() as reader:
            return reader.tuples(query, parameters)

    def photo(self, name: str) -> PhotoRow:
        """The photo with a file of that name."""
        wanted = os.fsencode(self.root / name)
        [found] = [row for row in self.photos() if wanted in row.files]
        return found

    def photos(self) -> list[PhotoRow]:
        with self.ctx.database.read() as reader:
            return listing.photos(reader, limit=1000).items

    def faces(self, photo: int | None = None) -> list[FaceRow]:
        with self.ctx.database.read() as reader:
            return [row for row in listing.iter_faces(reader) if photo in (None, row.photo)]

    def people(self) -> list[PersonRow]:
        with self.ctx.database.read() as reader:
            return list(listing.iter_people(reader))

    def status(self) -> Status:
        with self.ctx.database.read() as reader:
            return listing.status(reader)

    def files(self) -> dict[str, str]:
        """The state of every file on record, by its path in the library."""
        rows = self.tuples("SELECT path, state::text FROM photo_file")
        return {os.fsdecode(bytes(path)): str(state) for path, state in rows}

    def journal(self) -> list[str]:
        return [str(row[0]) for row in self.tuples("SELECT verb FROM decision ORDER BY id")]


@pytest.fixture
def bench(ctx: Context, tmp_path: Path) -> Bench:
    """An empty library, open for use."""
    return Bench(ctx, tmp_path / "photos")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, as they are."""
    names: list[str] = []
    real = content.content_hash

    def counting(path: Path | str | bytes) -> bytes:
        names.append(Path(os.fsdecode(path)).name)
        return real(path)

    monkeypatch.setattr(content, "content_hash", counting)
    return names


def token() -> UUID:
    return uuid4()
