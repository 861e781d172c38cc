"""A change of the model pack by real workers on real photos: killed half-way, gone on with, and back."""

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_support import run, started
from made_packs import write_opencv
from models_support import decided
from PIL import Image
from store_support import Bench
from worker_support import eventually, write_astronauts

from facekeep import bootstrap
from facekeep.actions import models
from facekeep.actions.context import Context
from facekeep.actions.using import current
from facekeep.domain.packs import BUNDLED, OPENCV
from facekeep.settings import load
from facekeep.worker.children import Children

PHOTOS = 40


@pytest.fixture
def scanned(home: Path, ground: Path) -> Iterator[tuple[Path, Context]]:
    """A data folder with photos of one person, by the real command; its database stays open."""
    write_astronauts(ground / "photos", PHOTOS, side=200)
    done = run(home, "scan", ground / "photos")
    assert done.status == 0, done.err
    with bootstrap.open_context(load({"home": home}, environ={})) as ctx:
        yield home, ctx


def add_made(home: Path, folder: Path) -> None:
    digests = write_opencv(folder)
    vouched = [part for file, digest in digests.items() for part in ("--sha256", f"{file}={digest}")]
    done = run(home, "models", "add", "opencv", "--from", folder, *vouched)
    assert done.status == 0, done.err


def done_so_far(ctx: Context) -> int:
    with ctx.database.read() as reader:
        change = models.change(reader)
    return PHOTOS if change is None else change.done


def told(ctx: Context) -> list[tuple[object, ...]]:
    bench = Bench.__new__(Bench)  # only to ask: it scans nothing here
    bench.ctx = ctx
    return decided(bench)


@pytest.mark.slow
def test_a_worker_killed_half_way_costs_nothing(scanned: tuple[Path, Context], ground: Path) -> None:
    home, ctx = scanned
    before = told(ctx)
    assert len(before) > PHOTOS
    add_made(home, ground / "given")
    used = run(home, "models", "use", "opencv")
    assert (used.status, "nobody works on it now" in used.out) == (0, True)
    assert f"0 of {PHOTOS} photos" in run(home, "status").out

    with started(home, "worker", "--workers", "1") as worker:
        eventually(lambda: done_so_far(ctx) >= 3, "some photos are embedded")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    half = done_so_far(ctx)
    assert 3 <= half < PHOTOS
    assert current(ctx).pack is BUNDLED

    with started(home, "worker", "--workers", "1"):
        eventually(lambda: current(ctx).pack is OPENCV, "the change ends")
    assert told(ctx) == before
    listed = {item["name"]: item for item in run(home, "models", "list", "--json").items}
    assert (listed["opencv"]["active"], listed["opencv"]["faces"]) == (True, listed["bundled"]["faces"])

    back = run(home, "models", "use", "bundled")
    assert (back.status, back.out) == (0, "bundled-1 is in use\n")
    assert current(ctx).pack is BUNDLED
    assert told(ctx) == before
    removed = run(home, "models", "remove", "opencv")
    assert (removed.status, "nothing was removed" in removed.err) == (2, True)
    assert run(home, "models", "remove", "opencv", "--yes").status == 0
    assert run(home, "models", "use", "opencv").status == 3


def test_a_child_embeds_known_faces_with_another_pack(models: Path, ground: Path) -> None:
    """The same face in the same place gives the same vector, by its own points, at any size of the photo."""
    from facekeep.actions import bringing

    folder = ground / "models"
    by_hand = write_opencv(ground / "given")
    bringing.add(folder, OPENCV, ground / "given", accepted=True, by_hand=by_hand)
    (path,) = write_astronauts(ground / "photos", 1, side=300)
    pool = Children(1, models)
    other = Children(1, folder)
    try:
        (face,) = pool.analyse(path).result(60).faces
        vectors = other.embed(path, [face.landmarks] * 2, pack=OPENCV.label).result(60).vectors
        with Image.open(path) as picture:
            picture.resize((600, 600)).save(ground / "large.png")
        red = np.full((96, 128, 3), 90, dtype=np.uint8)
        red[32:64, 64:96] = (255, 0, 0)
        Image.fromarray(red).save(ground / "red.png")
        seen = other.analyse(ground / "red.png", pack=OPENCV.label).result(60)
        larger = other.embed(ground / "large.png", [face.landmarks], pack=OPENCV.label).result(60).vectors
    finally:
        pool.close()
        other.close()
    assert (seen.pack, len(seen.faces)) == (OPENCV.label, 1)  # by the pack's own detector
    assert seen.faces[0].box.x == pytest.approx(0.5)
    assert vectors.shape == (2, OPENCV.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert vectors[0] == pytest.approx(vectors[1])
    assert float(np.linalg.norm(vectors[0] - larger[0])) < 0.2
