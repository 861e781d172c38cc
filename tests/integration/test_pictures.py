"""Derived pictures: made when asked for, once, whole or not at all, and within their budget."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest
from PIL import Image
from store_support import Bench, analysis, face_at, like
from worker_support import write_astronauts

from facekeep.actions import analyse, derived
from facekeep.actions.derived import DerivedPictures
from facekeep.actions.pictures import face_crop, photo_image
from facekeep.domain.errors import EnvironmentFault, FailureCode, NotFound, PhotoFault, StorageFault
from facekeep.domain.faces import Box
from facekeep.worker.children import Children


def digest(name: str) -> str:
    return blake2b(name.encode(), digest_size=20).hexdigest()


def picture(byte: bytes = b"x", size: int = 1000) -> bytes:
    return byte * size


@pytest.fixture
def pictures(tmp_path: Path) -> DerivedPictures:
    return DerivedPictures(tmp_path / "cache", 2**20)


def test_a_picture_is_made_once(pictures: DerivedPictures) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return picture()

    first, second = pictures.get(digest("a"), make), pictures.get(digest("a"), make)
    assert first == second
    assert first.read_bytes() == picture()
    assert made == [1]


def test_thirty_two_threads_make_it_once(pictures: DerivedPictures) -> None:
    made: list[int] = []
    got: list[bytes] = []
    ready = threading.Barrier(32)

    def make() -> bytes:
        made.append(1)
        time.sleep(0.05)
        return picture()

    def ask() -> None:
        ready.wait()
        got.append(pictures.get(digest("a"), make).read_bytes())

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert got == [picture()] * 32


def test_pictures_of_many_names_are_made_side_by_side(pictures: DerivedPictures) -> None:
    """A slow one does not hold up the others, but for the few that share its lock."""
    began, end = threading.Event(), threading.Event()

    def slow() -> bytes:
        began.set()
        end.wait(60)
        return picture()

    holder = threading.Thread(target=pictures.get, args=("00000000" + "0" * 32, slow))
    holder.start()
    began.wait(60)
    assert pictures.get("00000001" + "0" * 32, picture).exists()
    end.set()
    holder.join()


def test_a_torn_picture_is_made_again(pictures: DerivedPictures) -> None:
    path = pictures.get(digest("a"), picture)
    path.write_bytes(b"")
    assert pictures.get(digest("a"), lambda: picture(b"y")).read_bytes() == picture(b"y")


def test_a_deleted_folder_is_made_again(pictures: DerivedPictures, tmp_path: Path) -> None:
    path = pictures.get(digest("a"), picture)
    path.unlink()
    path.parent.rmdir()
    assert pictures.get(digest("a"), picture).exists()


def test_a_picture_that_cannot_be_made_leaves_nothing(pictures: DerivedPictures, tmp_path: Path) -> None:
    def broken() -> bytes:
        raise PhotoFault(FailureCode.UNREADABLE, "torn")

    with pytest.raises(PhotoFault):
        pictures.get(digest("a"), broken)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert pictures.get(digest("a"), picture).exists()


def test_the_folder_says_that_it_is_a_cache_and_is_for_nobody_else(
    pictures: DerivedPictures, tmp_path: Path
) -> None:
    path = pictures.get(digest("a"), picture)
    tag = (tmp_path / "cache" / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    assert path.stat().st_mode & 0o077 == 0


def test_the_budget_is_kept_and_the_latest_used_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "SWEEP_EVERY", 10)
    budget = 40_000
    pictures = DerivedPictures(tmp_path / "cache", budget)
    favourite = pictures.get(digest("favourite"), picture)
    os.utime(favourite, (1, 1))
    for number in range(200):
        made = pictures.get(digest(str(number)), picture)
        os.utime(made, (1000 + number, 1000 + number))
        assert pictures.get(digest("favourite"), lambda: picture(b"!")).read_bytes() == picture()
    files = [path for path in (tmp_path / "cache").glob("??/*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= budget + 10 * 1000
    assert favourite in files
    assert pictures.get(digest("199"), lambda: picture(b"!")).read_bytes() == picture()
    assert pictures.get(digest("0"), lambda: picture(b"!")).read_bytes() == picture(b"!")


def test_what_a_crash_left_half_written_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "SWEEP_EVERY", 1)
    pictures = DerivedPictures(tmp_path / "cache", 3000)
    left = tmp_path / "cache" / "ab" / ".making-left"
    left.parent.mkdir(parents=True)
    left.write_bytes(picture(size=5000))
    os.utime(left, (1, 1))
    monkeypatch.setattr(derived, "SWEEP_EVERY", 2)  # a sweep is due whenever made % every == 1
    pictures.get(digest("a"), picture)
    assert not left.exists()


@contextlib.contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[None]:
    """The system refuses to write, as a full or read-only disk does. (Root's permissions never bite.)"""

    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(derived.tempfile, "mkstemp", refuse)  # type: ignore[attr-defined]
        yield


@pytest.mark.parametrize(("number", "words"), [(28, "No space left"), (30, "Read-only file system")])
def test_a_disk_that_takes_nothing_is_told(
    pictures: DerivedPictures, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    kept = pictures.get(digest("kept"), picture)
    with refusing(monkeypatch, number):
        with pytest.raises(StorageFault, match=words) as caught:
            pictures.get(digest("new"), picture)
        assert "free space and permissions" in caught.value.hint
        assert pictures.get(digest("kept"), picture) == kept
    assert pictures.get(digest("new"), picture).exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a quarter of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT PROVEN: a full disk; mounting is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_no_half_picture(small_disk: Path) -> None:
    pictures = DerivedPictures(small_disk / "cache", 2**30)
    first = pictures.get(digest("first"), lambda: picture(size=100_000))
    with pytest.raises(StorageFault, match="No space left"):
        pictures.get(digest("second"), lambda: picture(size=200_000))
    assert [path.name for path in (small_disk / "cache").glob("??/*")] == [first.name]
    assert pictures.get(digest("third"), lambda: picture(size=10_000)).stat().st_size == 10_000


# Asked for by face and photo --------------------------------------------------------------------------------


@pytest.fixture
def drawn(bench: Bench, children: Children) -> Bench:
    """A library with one real photo in two sizes of file, and children who draw."""
    [path] = write_astronauts(bench.root, 1)
    bench.scan()
    [claimed] = bench.claim()
    analyse.record(bench.ctx, claimed, analysis(face_at(Box(0.3, 0.1, 0.3, 0.3), like("her"))))
    bench.ctx = replace(bench.ctx, renderer=children)
    assert path.exists()
    return bench


def test_a_crop_and_a_photo_are_drawn(drawn: Bench) -> None:
    [face] = drawn.faces()
    crop = face_crop(drawn.ctx, face.face, size=100)
    with Image.open(crop.path) as opened:
        assert opened.size == (160, 160)
        assert opened.format == crop.media_type.removeprefix("image/").upper()
    whole = photo_image(drawn.ctx, face.photo, long_side=300)
    with Image.open(whole.path) as opened:
        assert max(opened.size) <= 320


def test_a_tag_changes_with_size_and_content(drawn: Bench) -> None:
    [face] = drawn.faces()
    small, large = (face_crop(drawn.ctx, face.face, size=size) for size in (96, 640))
    assert small.etag != large.etag
    assert face_crop(drawn.ctx, face.face, size=90).etag == small.etag
    drawn.sql("UPDATE photo SET content_hash = sha256('edited')")
    assert face_crop(drawn.ctx, face.face, size=96).etag != small.etag


def test_another_copy_serves_when_the_first_is_gone(drawn: Bench) -> None:
    [face] = drawn.faces()
    (drawn.root / "copy.png").write_bytes((drawn.root / "00.png").read_bytes())
    drawn.scan()
    (drawn.root / "00.png").unlink()
    assert face_crop(drawn.ctx, face.face, size=96).path.exists()
    (drawn.root / "copy.png").unlink()
    assert face_crop(drawn.ctx, face.face, size=96).path.exists()
    with pytest.raises(PhotoFault):
        face_crop(drawn.ctx, face.face, size=640)


def test_what_is_not_there_is_not_found(drawn: Bench) -> None:
    with pytest.raises(NotFound):
        face_crop(drawn.ctx, 4711, size=96)
    with pytest.raises(NotFound):
        photo_image(drawn.ctx, 4711, long_side=320)


def test_who_cannot_draw_says_so(drawn: Bench) -> None:
    [face] = drawn.faces()
    with pytest.raises(EnvironmentFault, match="draws no pictures"):
        face_crop(replace(drawn.ctx, renderer=None), face.face, size=96)


def test_children_sent_home_say_that_it_stops(drawn: Bench, children: Children) -> None:
    [face] = drawn.faces()
    children.close()
    with pytest.raises(EnvironmentFault, match="stopping"):
        face_crop(drawn.ctx, face.face, size=96)
