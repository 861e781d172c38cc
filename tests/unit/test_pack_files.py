"""A pack's files: taken whole and as published, or not at all."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made_packs import embedder, scrfd, sha256, write_opencv

from facekeep.actions import bringing
from facekeep.domain.catalogue import RECIPES, Offer, Piece
from facekeep.domain.errors import ModelFault, NotFound, TermsNotAccepted, UsageError
from facekeep.domain.packs import BUFFALO_S, BUNDLED, OPENCV, PACKS, pack_called
from facekeep.inference import packs

DETECTOR, EMBEDDER = "det_500m.onnx", "w600k_mbf.onnx"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    return folder


def test_every_pack_of_the_catalogue_is_pinned() -> None:
    assert {pack.label for pack in PACKS} - set(RECIPES) == {BUNDLED.label}
    for recipe in RECIPES.values():
        assert sorted(piece.model for piece in recipe.pieces) == ["detector", "embedder"]
        sizes = [(each.sha256, each.size) for each in recipe.offers]
        for sha, size in sizes + [(each.sha256, each.size) for each in recipe.pieces]:
            assert len(bytes.fromhex(sha)) == 32
            assert size > 100_000
        assert all(offer.url.startswith("https://") for offer in recipe.offers)
        assert not recipe.pack.calibrated


def test_packs_are_called_by_name_or_label() -> None:
    assert pack_called("opencv") is pack_called("opencv-1") is OPENCV
    with pytest.raises(NotFound, match="no model pack 'yolo'"):
        pack_called("yolo")


def test_files_that_are_not_the_published_ones_are_refused_and_nothing_stays(
    tmp_path: Path, source: Path
) -> None:
    write_opencv(source)
    with pytest.raises(ModelFault, match="is not the file expected"):
        bringing.add(tmp_path, OPENCV, source, accepted=False)
    assert not packs.is_there(tmp_path, OPENCV.label)
    with pytest.raises(ModelFault, match="are not in"):
        packs.check(tmp_path, OPENCV.label)


def test_files_that_the_user_vouches_for_are_taken_and_told_apart(tmp_path: Path, source: Path) -> None:
    by_hand = write_opencv(source)
    bringing.add(tmp_path, OPENCV, source, accepted=False, by_hand=by_hand)
    found = packs.check(tmp_path, OPENCV.label)
    assert found.path("embedder").read_bytes() == embedder()
    assert packs.fingerprint(tmp_path, OPENCV.label) == sha256(embedder())
    assert bringing.download(tmp_path, OPENCV, accepted=False, base_url="http://127.0.0.1:1") is False


def test_a_bad_addition_leaves_what_was_there(tmp_path: Path, source: Path) -> None:
    by_hand = write_opencv(source)
    bringing.add(tmp_path, OPENCV, source, accepted=False, by_hand=by_hand)
    (source / RECIPES[OPENCV.label].pieces[1].file).write_bytes(b"other")
    with pytest.raises(ModelFault):
        bringing.add(tmp_path, OPENCV, source, accepted=False, by_hand=by_hand)
    assert packs.check(tmp_path, OPENCV.label).path("embedder").read_bytes() == embedder()


@pytest.mark.parametrize("model", ["detector", "embedder"])
def test_a_file_altered_later_is_found_out(tmp_path: Path, source: Path, model: str) -> None:
    bringing.add(tmp_path, OPENCV, source, accepted=False, by_hand=write_opencv(source))
    packs.check(tmp_path, OPENCV.label)
    path = tmp_path / OPENCV.label / f"{model}.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelFault, match="altered") as caught:
        packs.check(tmp_path, OPENCV.label)
    assert "facekeep models download opencv" in caught.value.hint


def test_a_manifest_cannot_vouch_for_another_file_than_the_published_one(
    tmp_path: Path, source: Path
) -> None:
    bringing.add(tmp_path, OPENCV, source, accepted=False, by_hand=write_opencv(source))
    manifest = tmp_path / OPENCV.label / "manifest.json"
    manifest.write_text(manifest.read_text().replace("true", "false"))
    with pytest.raises(ModelFault, match="altered"):
        packs.check(tmp_path, OPENCV.label)


def test_terms_are_asked_for_before_anything_is_done(tmp_path: Path, source: Path) -> None:
    with pytest.raises(TermsNotAccepted, match="non-commercial research"):
        bringing.download(tmp_path / "models", BUFFALO_S, accepted=False, base_url="http://127.0.0.1:1")
    with pytest.raises(TermsNotAccepted):
        bringing.add(tmp_path / "models", BUFFALO_S, source, accepted=False)
    assert not (tmp_path / "models").exists()


def test_what_cannot_be_added(tmp_path: Path, source: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        bringing.add(tmp_path, OPENCV, source / "none", accepted=True)
    with pytest.raises(UsageError, match="has no file"):
        bringing.add(tmp_path, OPENCV, source, accepted=True, by_hand={"evil.onnx": "0" * 64})
    with pytest.raises(UsageError, match="comes with facekeep"):
        bringing.add(tmp_path, BUNDLED, source, accepted=True)
    with pytest.raises(ModelFault, match="there is no face_detection"):
        bringing.add(tmp_path, OPENCV, source, accepted=True)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, source: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ModelFault, match="cannot be written"):
        bringing.add(tmp_path / "models", OPENCV, source, accepted=True, by_hand=write_opencv(source))


# Archives --------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The pack buffalo_s, of made files in an archive of the published shape."""
    made = {DETECTOR: scrfd(), EMBEDDER: embedder(512, batch=None, name="input.1")}
    pieces = (
        Piece("detector", DETECTOR, sha256(made[DETECTOR]), len(made[DETECTOR])),
        Piece("embedder", EMBEDDER, sha256(made[EMBEDDER]), len(made[EMBEDDER])),
    )
    recipe = RECIPES[BUFFALO_S.label]
    offer = Offer("buffalo_s.zip", "https://zoo.invalid/buffalo_s.zip", "0" * 64, 1, pieces)
    monkeypatch.setitem(RECIPES, BUFFALO_S.label, replace(recipe, offers=(offer,)))
    return made


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


def added(tmp_path: Path, source: Path) -> None:
    bringing.add(tmp_path / "models", BUFFALO_S, source, accepted=True)


def test_only_the_named_files_come_out_of_an_archive(
    tmp_path: Path, source: Path, small: dict[str, bytes]
) -> None:
    evil = {"../../evil.onnx": b"x", "/etc/evil": b"x", "genderage.onnx": b"x"}
    archive(source / "buffalo_s.zip", {**evil, **{f"buffalo_s/{name}": small[name] for name in small}})
    added(tmp_path, source)
    there = {path.name for path in (tmp_path / "models" / BUFFALO_S.label).iterdir()}
    assert there == {"detector.onnx", "embedder.onnx", "manifest.json", ".lock"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "models"]


def test_a_path_out_of_the_archive_leads_nowhere(
    tmp_path: Path, source: Path, small: dict[str, bytes]
) -> None:
    """The right content under an evil path is only content."""
    archive(source / "buffalo_s.zip", {f"../../../{name}": small[name] for name in small})
    added(tmp_path, source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "models"]


Spoil = Callable[[dict[str, bytes], Path], None]


def bomb(small: dict[str, bytes], path: Path) -> None:
    archive(path, {**small, EMBEDDER: bytes(200_000_000)})


def twice(small: dict[str, bytes], path: Path) -> None:
    archive(path, {**{f"a/{name}": small[name] for name in small}, f"b/{EMBEDDER}": b"x"})


def lacking(small: dict[str, bytes], path: Path) -> None:
    archive(path, {DETECTOR: small[DETECTOR]})


def torn(small: dict[str, bytes], path: Path) -> None:
    path.write_bytes(archive(path, small).read_bytes()[:-40])


def flipped(small: dict[str, bytes], path: Path) -> None:
    content = bytearray(archive(path, small).read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def other(small: dict[str, bytes], path: Path) -> None:
    archive(path, {**small, EMBEDDER: os.urandom(1000)})


@pytest.mark.parametrize("spoil", [bomb, twice, lacking, torn, flipped, other])
def test_a_bad_archive_is_refused_and_nothing_stays(
    tmp_path: Path, source: Path, small: dict[str, bytes], spoil: Spoil
) -> None:
    spoil(small, source / "buffalo_s.zip")
    with pytest.raises(ModelFault):
        added(tmp_path, source)
    assert not packs.is_there(tmp_path / "models", BUFFALO_S.label)
    assert sum(path.stat().st_size for path in (tmp_path / "models").rglob("*.part")) < 1_000_000
