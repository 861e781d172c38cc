"""The loop that embeds known faces: whose fault a failure is, and what it waits for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_packs import sha256, write_opencv
from models_support import active, with_two_packs
from store_support import WORKER, Bench, analysis, face
from worker_support import write_astronauts

from facekeep.actions import analyse, bringing, models
from facekeep.domain.packs import BUNDLED, OPENCV
from facekeep.worker.children import Children
from facekeep.worker.reembedding import Reembedder


@pytest.fixture
def changing(bench: Bench, tmp_path: Path) -> Bench:
    """Two real photos, each with a face that is known; a change to another pack has begun."""
    with_two_packs(bench.ctx, tmp_path / "given")
    write_astronauts(bench.root, 2, side=120)
    bench.scan()
    for item in bench.claim():
        assert analyse.record(bench.ctx, item, analysis(face(item.path.name)))
    models.use(bench.ctx, OPENCV, accepted=False)
    return bench


@pytest.fixture
def pool(changing: Bench) -> Iterator[Children]:
    children = Children(1, changing.ctx.models_folder)
    yield children
    children.close()


def reembedder(bench: Bench, pool: Children) -> Reembedder:
    return Reembedder(bench.ctx, pool, lambda: WORKER)


def queue(bench: Bench) -> list[tuple[object, ...]]:
    return bench.tuples("SELECT code::text, tries, leased_by IS NULL FROM unembedded ORDER BY photo_id")


def test_it_embeds_and_switches(changing: Bench, pool: Children) -> None:
    loop = reembedder(changing, pool)
    assert loop.run(lambda: False) is False
    assert active(changing.ctx) == OPENCV.label
    assert (loop.said.done, loop.said.working, loop.beside()) == (2, False, None)
    assert queue(changing) == []


def test_missing_files_of_the_pack_are_the_machines_fault(changing: Bench, pool: Children) -> None:
    shutil.rmtree(changing.ctx.models_folder / OPENCV.label)
    loop = reembedder(changing, pool)
    assert loop.run(lambda: False) is False
    assert "are not in" in loop.said.message
    assert queue(changing) == [(None, 0, True)] * 2
    assert active(changing.ctx) == BUNDLED.label


def test_a_pack_that_cannot_be_loaded_charges_no_photo(changing: Bench, pool: Children) -> None:
    folder = changing.root.parent / "bad"
    by_hand = write_opencv(folder)
    name = next(file for file in by_hand if "sface" in file)
    (folder / name).write_bytes(b"no network")
    by_hand[name] = sha256(b"no network")
    models.cancel(changing.ctx)
    models.remove(changing.ctx, OPENCV)
    bringing.add(changing.ctx.models_folder, OPENCV, folder, accepted=True, by_hand=by_hand)
    models.use(changing.ctx, OPENCV, accepted=False)
    loop = reembedder(changing, pool)
    assert loop.run(lambda: False) is False
    assert "cannot be loaded" in loop.said.message
    assert queue(changing) == [(None, 0, True)] * 2


def test_a_photo_that_cannot_be_read_is_charged_and_the_other_is_done(
    changing: Bench, pool: Children
) -> None:
    path = changing.root / "00.png"
    stat = path.stat()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(stat.st_size - 8))
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    loop = reembedder(changing, pool)
    loop.run(lambda: False)
    assert queue(changing) == [("unreadable", 1, True)]
    assert loop.said.done == 1
    assert active(changing.ctx) == BUNDLED.label


def test_a_file_that_was_changed_is_not_looked_at_for_the_old_faces(changing: Bench, pool: Children) -> None:
    (changing.root / "00.png").write_bytes((changing.root / "01.png").read_bytes())
    loop = reembedder(changing, pool)
    loop.run(lambda: False)
    assert queue(changing) == [("missing_file", 1, True)]
    assert loop.said.done == 1


def test_a_folder_that_is_away_charges_no_photo(changing: Bench, pool: Children) -> None:
    changing.root.rename(changing.root.with_name("elsewhere"))
    loop = reembedder(changing, pool)
    loop.run(lambda: False)
    assert queue(changing) == [("library_offline", 0, True)] * 2
    changing.root.with_name("elsewhere").rename(changing.root)
    changing.sql("UPDATE unembedded SET due_at = now()")
    loop.run(lambda: False)
    assert active(changing.ctx) == OPENCV.label
