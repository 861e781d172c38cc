"""Bringing packs from a server, by the action and by the command."""

import os
import signal
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from cli_support import ended, run, started
from made_packs import embedder, scrfd, sha256
from worker_support import eventually
from zoo_server import Zoo, serving_files

from facekeep.actions import bringing
from facekeep.connectors.fetching import Patience
from facekeep.domain.catalogue import RECIPES, Offer, Piece
from facekeep.domain.errors import DownloadFault
from facekeep.domain.packs import BUFFALO_S, OPENCV
from facekeep.inference import packs
from facekeep.inference.models import opened

HURRY = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05, connect_s=2, silence_s=2)
PATH = "/buffalo_s/buffalo_s.zip"


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zoo]:
    """A mirror that has buffalo_s: made files in an archive of the published form."""
    made = {"det_500m.onnx": scrfd(), "w600k_mbf.onnx": embedder(512, batch=None, name="input.1")}
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, graph in made.items():
            archive.writestr(name, graph)
    pieces = tuple(
        Piece(model, name, sha256(made[name]), len(made[name]))
        for model, name in zip(("detector", "embedder"), made, strict=True)
    )
    body = content.getvalue()
    offer = Offer("buffalo_s.zip", "https://zoo.invalid/buffalo_s.zip", sha256(body), len(body), pieces)
    monkeypatch.setitem(RECIPES, BUFFALO_S.label, replace(RECIPES[BUFFALO_S.label], offers=(offer,)))
    with serving_files({PATH: body}) as running:
        yield running


def download(folder: Path, zoo: Zoo) -> bool:
    return bringing.download(folder, BUFFALO_S, accepted=True, base_url=zoo.url, patience=HURRY)


def test_a_pack_comes_out_of_its_archive_and_works(tmp_path: Path, zoo: Zoo) -> None:
    assert download(tmp_path, zoo)
    assert not download(tmp_path, zoo)
    assert len(zoo.asked) == 1
    there = {path.name for path in (tmp_path / BUFFALO_S.label).iterdir()}
    assert there == {"detector.onnx", "embedder.onnx", "manifest.json", ".lock"}
    models = opened(tmp_path, BUFFALO_S.label)
    models.load()
    assert models.pack is BUFFALO_S


def test_it_goes_on_where_it_broke_off(tmp_path: Path, zoo: Zoo) -> None:
    zoo.break_after = [5000, 0, 0]
    with pytest.raises(DownloadFault):
        download(tmp_path, zoo)
    assert not packs.is_there(tmp_path, BUFFALO_S.label)
    zoo.break_after, zoo.asked = [], []
    assert download(tmp_path, zoo)
    assert zoo.asked == [(PATH, "bytes=5000-")]


def test_altered_bytes_make_no_pack(tmp_path: Path, zoo: Zoo) -> None:
    body = bytearray(zoo.files[PATH])
    body[1000] ^= 1
    zoo.files[PATH] = bytes(body)
    with pytest.raises(DownloadFault, match="SHA-256"):
        download(tmp_path, zoo)
    assert [path.name for path in (tmp_path / BUFFALO_S.label).iterdir()] == [".lock"]


def test_several_at_once_download_once(tmp_path: Path, zoo: Zoo) -> None:
    came: list[bool] = []
    threads = [threading.Thread(target=lambda: came.append(download(tmp_path, zoo))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [False, False, False, True]
    assert len(zoo.asked) == 1


# The command -----------------------------------------------------------------------------------------------


@pytest.fixture
def liar() -> Iterator[Zoo]:
    """A mirror whose files have the published sizes and another content."""
    files = {f"/opencv/{offer.file}": os.urandom(offer.size) for offer in RECIPES[OPENCV.label].offers[:1]}
    with serving_files(files) as running:
        yield running


def test_the_command_refuses_other_files_and_keeps_nothing(home: Path, liar: Zoo) -> None:
    ran = run(home, "models", "download", "opencv", FACEKEEP_MODELS_URL=liar.url)
    assert ran.status == 3
    assert "is not the file expected: its SHA-256 is" in ran.err
    assert not list(home.rglob("*.onnx*"))


def test_the_command_asks_for_a_yes_where_there_are_terms(home: Path, liar: Zoo) -> None:
    ran = run(home, "models", "download", "buffalo_l", FACEKEEP_MODELS_URL=liar.url)
    assert (ran.status, liar.asked) == (2, [])
    assert "non-commercial research" in ran.err


def test_ctrl_c_keeps_what_has_come(home: Path, liar: Zoo) -> None:
    liar.pause_s = 0.02
    url = liar.url
    with started(home, "models", "download", "opencv", FACEKEEP_MODELS_URL=url) as process:
        eventually(lambda: any(path.stat().st_size for path in home.rglob("*.part")), "some bytes came")
        process.send_signal(signal.SIGINT)
        ran = ended(process)
    assert ran.status == 130
    (part,) = home.rglob("*.part")
    size = part.stat().st_size
    liar.asked, liar.pause_s = [], 0.0
    run(home, "models", "download", "opencv", FACEKEEP_MODELS_URL=url)
    assert liar.asked[0][1] == f"bytes={size}-"
