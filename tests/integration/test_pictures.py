"""Face crops and smaller photos: drawn from the photo that they belong to, and from no other."""

from concurrent.futures import Future
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from store_support import Bench, analysis, face_at, like
from worker_support import write_astronauts

from facekeep.actions import analyse
from facekeep.actions.context import Renderer
from facekeep.actions.pictures import Picture, face_crop, photo_image
from facekeep.domain.errors import EnvironmentFault, NotFound, PhotoFault
from facekeep.domain.faces import Box
from facekeep.worker.children import Children


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


def shown(picture: Picture) -> Image.Image:
    return Image.open(BytesIO(picture.content()))


def test_a_crop_and_a_photo_are_drawn(drawn: Bench) -> None:
    [face] = drawn.faces()
    crop = face_crop(drawn.ctx, face.face, size=100)
    with shown(crop) as opened:
        assert opened.size == (160, 160)
        assert opened.format == crop.media_type.removeprefix("image/").upper()
    whole = photo_image(drawn.ctx, face.photo, long_side=300)
    with shown(whole) as opened:
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
    assert face_crop(drawn.ctx, face.face, size=96).content()
    (drawn.root / "copy.png").unlink()
    assert face_crop(drawn.ctx, face.face, size=96).content()
    with pytest.raises(PhotoFault):
        face_crop(drawn.ctx, face.face, size=640).content()


def test_what_is_not_there_is_not_found(drawn: Bench) -> None:
    with pytest.raises(NotFound):
        face_crop(drawn.ctx, 4711, size=96)
    with pytest.raises(NotFound):
        photo_image(drawn.ctx, 4711, long_side=320)


def test_who_cannot_draw_says_so(drawn: Bench) -> None:
    [face] = drawn.faces()
    with pytest.raises(EnvironmentFault, match="draws no pictures"):
        face_crop(replace(drawn.ctx, renderer=None), face.face, size=96).content()


def test_children_sent_home_say_that_it_stops(drawn: Bench, children: Children) -> None:
    [face] = drawn.faces()
    children.close()
    with pytest.raises(EnvironmentFault, match="stopping"):
        face_crop(drawn.ctx, face.face, size=96).content()


def test_another_photo_under_the_same_name_is_never_shown(drawn: Bench, tmp_path: Path) -> None:
    """The file was replaced, and no scan knows of it yet: its picture is not hers."""
    [face] = drawn.faces()
    kept = face_crop(drawn.ctx, face.face, size=96).content()
    path, original = drawn.root / "00.png", (drawn.root / "00.png").read_bytes()
    Image.new("RGB", (300, 300), "green").save(path)
    with pytest.raises(PhotoFault, match="has changed since it was scanned") as caught:
        face_crop(drawn.ctx, face.face, size=160).content()
    assert "Scan" in caught.value.hint
    with pytest.raises(PhotoFault):
        photo_image(drawn.ctx, face.photo, long_side=320).content()
    assert face_crop(drawn.ctx, face.face, size=96).content() == kept
    path.write_bytes(original)
    assert face_crop(drawn.ctx, face.face, size=160).content()


def test_a_photo_replaced_while_it_is_drawn_is_not_shown(drawn: Bench) -> None:
    [face] = drawn.faces()
    other = drawn.root / ".other.png"
    Image.new("RGB", (300, 300), "green").save(other)

    assert drawn.ctx.renderer is not None
    real: Renderer = drawn.ctx.renderer

    class Swapping:
        """Draws, but the file becomes another just before."""

        def crop(self, path: Path, box: Box, size: int) -> "Future[bytes]":
            other.replace(path)
            return real.crop(path, box, size)

        def thumbnail(self, path: Path, long_side: int) -> "Future[bytes]":
            return real.thumbnail(path, long_side)

    with pytest.raises(PhotoFault, match="has changed"):
        face_crop(replace(drawn.ctx, renderer=Swapping()), face.face, size=96).content()
    assert not list(drawn.ctx.cache_folder.glob("??/*"))


def test_a_known_tag_needs_no_drawing(drawn: Bench) -> None:
    [face] = drawn.faces()
    etag = face_crop(drawn.ctx, face.face, size=96).etag
    assert face_crop(replace(drawn.ctx, renderer=None), face.face, size=96).etag == etag
    assert not list(drawn.ctx.cache_folder.glob("??/*"))
