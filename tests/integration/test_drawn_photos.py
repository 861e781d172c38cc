"""Faces drawn on a real photo, looked at by a real child process; and a search by a picture that is sent."""

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from store_support import Bench
from worker_support import astronaut, bomb, child_processes, eventually

from facekeep.actions import faces as actions
from facekeep.actions import journal, people, standing
from facekeep.actions.alike import MAX_PICTURE_BYTES, search_by_picture, similar
from facekeep.actions.context import Context
from facekeep.domain.errors import Conflict, EnvironmentFault, FailureCode, PhotoFault, UsageError
from facekeep.domain.faces import Box
from facekeep.store.rows import FaceRow
from facekeep.worker.analysing import Analyser
from facekeep.worker.boxes import StaleFaces
from facekeep.worker.children import Children
from facekeep.worker.watching import ChildLimits

WALL = Box(0.02, 0.02, 0.12, 0.12)
"""In the astronaut's picture: something that is no face."""


@pytest.fixture(scope="module")
def child(models: Path) -> Iterator[Children]:
    """One child, warm over all tests of this file."""
    pool = Children(1, models)
    yield pool
    pool.close()


@pytest.fixture
def seen(bench: Bench, child: Children) -> Bench:
    """Two photos of the astronaut, the second mirrored: named in the first, recognised in the second."""
    picture = Image.fromarray(astronaut())
    picture.save(bench.root / "one.png")
    bench.scan()
    bench.ctx = replace(bench.ctx, looker=child)
    assert look(bench) == 1
    people.assign_face(bench.ctx, found(bench, "one.png").face, name="Eileen")
    picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((480, 480)).save(bench.root / "two.png")
    bench.scan()
    assert look(bench) == 1
    return bench


def look(bench: Bench) -> int:
    """What a worker does; how many photos it looked at."""
    pool = bench.ctx.looker
    assert isinstance(pool, Children)
    return Analyser(bench.ctx, pool).run(lambda: False).done


def found(bench: Bench, name: str) -> FaceRow:
    [face] = bench.faces(bench.photo(name).photo)
    return face


def box_of(row: FaceRow) -> Box:
    return Box(row.x, row.y, row.width, row.height)


def vector(bench: Bench, face: int) -> np.typing.NDArray[np.float32]:
    found: np.typing.NDArray[np.float32] = np.asarray(
        bench.value("SELECT vector FROM embedding WHERE face_id = %(f)s", f=face)
    )
    return found


def test_a_drawn_face_is_embedded_and_recognised_at_once(seen: Bench) -> None:
    real = found(seen, "two.png")
    detected = vector(seen, real.face)
    standing.not_a_face(seen.ctx, [real.face])
    around = Box(real.x - 0.03, real.y - 0.04, real.width + 0.07, real.height + 0.07)
    drawn = actions.draw_face(seen.ctx, real.photo, around)
    assert (drawn.source, drawn.stale, drawn.model) == ("drawn", False, "bundled-1")
    assert (drawn.name, drawn.assigned_by) == ("Eileen", "auto")
    assert drawn.score is not None
    assert drawn.score > 0.8
    assert drawn.quality == pytest.approx(real.quality, abs=0.15)
    assert np.linalg.norm(vector(seen, drawn.face) - detected) < 0.25
    assert np.allclose(
        np.reshape(drawn.landmarks or [], (5, 2)), np.reshape(real.landmarks or [], (5, 2)), atol=0.02
    )
    assert seen.journal()[-2:] == ["draw", "match"]


def test_where_no_face_is_seen_the_quality_says_so(seen: Bench) -> None:
    drawn = actions.draw_face(seen.ctx, found(seen, "one.png").photo, WALL, name="Nobody")
    assert (drawn.stale, drawn.score, drawn.name) == (False, None, "Nobody")
    assert drawn.quality is not None
    assert drawn.quality < 0.3


def test_a_box_moved_to_somebody_else_is_looked_at_anew(seen: Bench) -> None:
    real = found(seen, "two.png")
    assert (real.name, real.assigned_by) == ("Eileen", "auto")
    before = vector(seen, real.face)
    moved = actions.move_box(seen.ctx, real.face, WALL)
    assert (moved.stale, moved.person) == (False, None)
    assert np.linalg.norm(vector(seen, real.face) - before) > 0.5
    journal.undo_latest(seen.ctx)
    again = found(seen, "two.png")
    assert (again.stale, again.name, again.model) == (True, "Eileen", None)
    assert look(seen) == 0
    again = found(seen, "two.png")
    assert (again.stale, again.model) == (False, "bundled-1")
    assert np.linalg.norm(vector(seen, real.face) - before) < 0.2


def test_measured_again(seen: Bench) -> None:
    real = found(seen, "two.png")
    seen.sql("UPDATE face SET quality = NULL, landmarks = landmarks WHERE id = %(f)s", f=real.face)
    assert actions.measure_face(seen.ctx, real.face).quality == pytest.approx(real.quality, abs=0.15)
    standing.ignore(seen.ctx, [real.face])
    with pytest.raises(Conflict, match="not shown"):
        actions.measure_face(seen.ctx, real.face)


def test_a_scan_from_the_beginning_keeps_all(seen: Bench) -> None:
    real = found(seen, "one.png")
    drawn = actions.draw_face(seen.ctx, real.photo, WALL, name="Nobody")
    moved = actions.move_box(seen.ctx, real.face, Box(real.x, real.y, real.width, real.height * 1.1))
    standing.ignore(seen.ctx, [found(seen, "two.png").face])
    rows = "SELECT id, standing, x, y, width, height, stale FROM face WHERE box_by = 'user' ORDER BY id"
    before = seen.tuples(rows)
    for photo in seen.photos():
        seen.look_again(photo.photo)
    assert look(seen) == 2
    assert seen.tuples(rows) == before
    assert [(row.face, row.name) for row in seen.faces()] == [(moved.face, "Eileen"), (drawn.face, "Nobody")]


def test_a_photo_that_is_away_is_looked_at_when_it_is_back(seen: Bench, child: Children) -> None:
    real = found(seen, "two.png")
    path = seen.root / "two.png"
    away = path.rename(seen.root.parent / "away.png")
    drawn = actions.draw_face(seen.ctx, real.photo, WALL)
    assert (drawn.stale, drawn.model) == (True, None)
    with pytest.raises(PhotoFault):
        actions.measure_face(seen.ctx, drawn.face)
    stale = StaleFaces(seen.ctx, child)
    assert stale.look(lambda: False) == 0
    assert seen.photo("two.png").state == "done"  # nothing is charged to it
    assert seen.value("SELECT count(*) FROM failure") == 0
    away.rename(path)
    assert stale.look(lambda: False) == 0  # it rests for a while
    assert StaleFaces(seen.ctx, child).look(lambda: False) == 1
    assert seen.value("SELECT count(*) FROM face WHERE stale") == 0


def test_the_child_dies_while_it_looks(seen: Bench, models: Path) -> None:
    real = found(seen, "one.png")
    with_holes = Children(1, models, entry=dies_at_work)
    try:
        drawn = actions.draw_face(replace(seen.ctx, looker=with_holes), real.photo, WALL, name="Nobody")
        assert (drawn.stale, drawn.name) == (True, "Nobody")
        with pytest.raises(PhotoFault) as dead:
            search_by_picture(replace(seen.ctx, looker=with_holes), png(astronaut()))
        assert dead.value.failure is FailureCode.CRASHED
    finally:
        with_holes.close()
    assert seen.photo("one.png").state == "done"
    assert StaleFaces(seen.ctx, seen.ctx.looker).look(lambda: False) == 1  # type: ignore[arg-type]


def dies_at_work(pipe: object, folder: Path) -> None:
    """A child's life in which all that is asked for by somebody who waits kills it."""
    from facekeep.worker import child

    def perform(hands: object, request: object) -> child.Answer:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    child._Hands.perform = perform  # type: ignore[method-assign, assignment]
    child.run(pipe, folder)  # type: ignore[arg-type]


def test_faces_like_this_one(seen: Bench) -> None:
    one, two = found(seen, "one.png"), found(seen, "two.png")
    actions.draw_face(seen.ctx, one.photo, WALL)
    first, second = similar(seen.ctx, one.face)
    assert (first.found.face, first.found.name) == (two.face, "Eileen")
    assert first.found.distance < second.found.distance
    assert first.confidence > 0.9
    [lone] = similar(seen.ctx, one.face, unassigned=True)
    assert lone.found.face == second.found.face
    assert [each.found.face for each in similar(seen.ctx, one.face, limit=1)] == [two.face]


# A picture that is sent -------------------------------------------------------------------------------------


def png(pixels: np.typing.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_who_is_in_a_picture(seen: Bench) -> None:
    before = {path: path.stat().st_mtime_ns for path in seen.root.parent.rglob("*")}
    searched = search_by_picture(seen.ctx, png(astronaut()[:, 60:460]))
    assert (searched.width, searched.height) == (400, 512)
    [face] = searched.faces
    [person] = face.people
    assert (person.name, person.face) == ("Eileen", found(seen, "one.png").face)
    assert person.distance < 0.2
    assert person.confidence > 0.9
    assert len(face.faces) == 2
    assert face.quality.overall > 0.5
    assert {path: path.stat().st_mtime_ns for path in seen.root.parent.rglob("*")} == before


def test_a_picture_without_a_face(seen: Bench) -> None:
    assert search_by_picture(seen.ctx, png(np.full((60, 80, 3), 90, np.uint8))).faces == ()


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"This is not a picture.", FailureCode.UNREADABLE),
        (b"\xff\xd8\xff" + bytes(500), FailureCode.UNREADABLE),
        (bomb(12_000), FailureCode.TOO_LARGE),
    ],
    ids=["text", "broken", "bomb"],
)
def test_a_picture_that_is_none(ctx: Context, child: Children, content: bytes, failure: FailureCode) -> None:
    with pytest.raises(PhotoFault) as refused:
        search_by_picture(replace(ctx, looker=child), content)
    assert refused.value.failure is failure


def test_a_truncated_picture(ctx: Context, child: Children) -> None:
    with pytest.raises(PhotoFault):
        search_by_picture(replace(ctx, looker=child), png(astronaut())[:2000])


def test_a_picture_too_large_or_empty_is_not_even_looked_at(ctx: Context) -> None:
    for content in (b"", bytes(MAX_PICTURE_BYTES + 1)):
        with pytest.raises(UsageError, match="32 MB"):
            search_by_picture(ctx, content)
    with pytest.raises(EnvironmentFault):
        search_by_picture(ctx, b"any")


def test_children_that_are_sent_home_while_somebody_waits(ctx: Context, models: Path) -> None:
    pool = Children(1, models, limits=ChildLimits(timeout_s=60))
    asked: Future[object] = Future()

    def ask() -> None:
        try:
            asked.set_result(search_by_picture(replace(ctx, looker=pool), png(astronaut())))
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            asked.set_exception(error)

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(lambda: child_processes(), "a child")
    time.sleep(0.05)
    pool.close()
    thread.join(60)
    assert asked.exception() is None or isinstance(asked.exception(), EnvironmentFault | PhotoFault)
