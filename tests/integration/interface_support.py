"""A data folder with photos, faces and people in it, and the real server on it: for tests of the interfaces.

The database, the scan, the matching and the grouping are the real ones; only what a model would have said of
each photo is made up, so that these tests need no weights.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
from fastapi import FastAPI
from PIL import Image

from facekeep import bootstrap
from facekeep.actions import analyse
from facekeep.actions.context import Context
from facekeep.actions.group import group_new_faces
from facekeep.actions.libraries import add_library
from facekeep.actions.scan import scan_library
from facekeep.api.app import create_app
from facekeep.api.server import Server, listen, url_of
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import AnalysedFace, Box, Landmarks, PhotoAnalysis, PhotoFacts, Quality, Vector
from facekeep.settings import Settings, load

Seen = Mapping[str, tuple[str, ...]]
"""Who is in each photo, by file name."""

SEEN: Seen = {
    "a.png": ("ada", "grace"),
    "b.png": ("ada", "grace"),
    "c.png": ("ada", "grace"),
    "d.png": ("ada",),
    "e.png": ("stranger",),
}
BROKEN = "broken.jpg"
ODD_NAME = b"caf\xe9.png"
"""The same content as a.png under a name that is not UTF-8."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A data folder that was scanned."""

    settings: Settings
    photos: Path
    ctx: Context


@contextmanager
def filled(folder: Path) -> Iterator[Filled]:
    """Five photos with eight faces of three people, one duplicate, one broken file; open for use."""
    photos = make_photos(folder / "photos")
    settings = load({"home": folder / "home", "workers": 1}, environ={})
    with bootstrap.open_context(settings) as ctx:
        data = Filled(settings, photos, ctx)
        _fill(data)
        yield data


def refill(data: Filled) -> None:
    """As it was after `filled`, whatever a test did: quicker than a new database."""
    with data.ctx.database.write() as writer:
        writer.run("TRUNCATE library, photo, person, decision, change RESTART IDENTITY CASCADE")
    _fill(data)


def _fill(data: Filled) -> None:
    scan_library(data.ctx, add_library(data.ctx, data.photos).library)
    look(data.ctx, SEEN)


def make_photos(folder: Path) -> Path:
    """Small pictures, each of another content."""
    folder.mkdir()
    for number, name in enumerate(SEEN):
        Image.new("RGB", (200, 100), (number * 40, 90, 200)).save(folder / name)
    (folder / BROKEN).write_bytes(b"")
    odd = bytes(folder) + b"/" + ODD_NAME
    with open(odd, "wb") as copy:
        copy.write((folder / "a.png").read_bytes())
    return folder


def look(ctx: Context, seen: Seen) -> None:
    """Say of every waiting photo what `seen` says, then group."""
    while claimed := analyse.claim(ctx, 1, 50):
        for item in claimed:
            # A photo with two files may be claimed under either name.
            name = "a.png" if ODD_NAME in bytes(item.path) else item.path.name
            if name in seen:
                assert analyse.record(ctx, item, _analysis(seen[name]))
            else:
                analyse.record_failure(ctx, item, PhotoFault(FailureCode.UNREADABLE, "the file is empty"))
    group_new_faces(ctx)


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """The application behind a real HTTP server, and a client of it."""
    ready = threading.Event()
    with listen("127.0.0.1", 0) as found:
        server = Server(app, found, ready=ready.set)
        thread = threading.Thread(target=server.run)
        thread.start()
        with httpx.Client(base_url=url_of(found, "127.0.0.1"), timeout=60, trust_env=False) as client:
            try:
                assert ready.wait(30)
                yield client
            finally:
                server.stop()
                thread.join(60)
                assert not thread.is_alive(), "the server did not stop"


@contextmanager
def serving_filled(folder: Path) -> Iterator[tuple[Filled, httpx.Client]]:
    """`filled`, with the API on it and a process that draws pictures; nobody else takes up photos."""
    with (
        filled(folder) as data,
        bootstrap.open_children(data.settings, count=1) as painter,
        serving(create_app(replace(data.ctx, renderer=painter), page=folder / "page")) as client,
    ):
        yield data, client


def _analysis(people: tuple[str, ...]) -> PhotoAnalysis:
    facts = PhotoFacts(200, 100, "image/png", "2024-05-06T07:08:09")
    faces = tuple(_face(number, person) for number, person in enumerate(people))
    return PhotoAnalysis(facts, "bundled-1", faces, 200)


def _face(number: int, person: str) -> AnalysedFace:
    left = 0.1 + 0.4 * number
    marks = np.array([(0.03, 0.1), (0.07, 0.1), (0.05, 0.15), (0.03, 0.2), (0.07, 0.2)]) + [left, 0.2]
    quality = Quality(0.9, 0.8, 0.7, 0.6, 0.75)
    box = Box(left, 0.2, 0.1, 0.3)
    return AnalysedFace(box, Landmarks.from_array(marks), 0.99, quality, _vector(person))


def _vector(person: str) -> Vector:
    # People at right angles to each other; the faces of one are nearly the same.
    random = np.random.default_rng()
    vector = random.normal(0, 0.01, 128)
    vector[sum(person.encode()) % 128] += 1.4
    return vector.astype(np.float32)
