"""Converting the bundled weights: whole or not at all, once for all processes, never from altered files."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from facekeep.domain.errors import ModelFault
from facekeep.inference.bundled import MODELS, SOURCES, prepare, read_weights

FOLDER = "bundled-1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    prepare(folder)
    return folder / FOLDER


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.onnx")}


def python(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_all_models_are_there_and_the_manifest_says_what_they_are(made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    assert {f"{name}.onnx" for name in MODELS} == set(digests(made))
    assert manifest["files"] == {name.removesuffix(".onnx"): digest for name, digest in digests(made).items()}
    assert manifest["sources"] == {name: weights.sha256 for name, weights in SOURCES.items()}
    assert not list(made.glob("*.part"))


def test_the_second_start_only_checks(made: Path) -> None:
    steps: list[str] = []
    prepare(made.parent, progress=lambda step, share: steps.append(step))
    assert steps == []


def test_progress_rises_from_nothing_to_all(tmp_path: Path) -> None:
    shares: list[float] = []
    prepare(tmp_path, progress=lambda step, share: shares.append(share))
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


def test_conversion_gives_the_same_bytes_every_time(made: Path, tmp_path: Path) -> None:
    prepare(tmp_path)
    assert digests(tmp_path / FOLDER) == digests(made)


KILLED = """
import os, signal, sys
from pathlib import Path
from facekeep.inference import bundled
calls, fsync = 0, os.fsync
def dies_in_the_middle(handle):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)
os.fsync = dies_in_the_middle
bundled.prepare(Path(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
@pytest.mark.parametrize("at", [1, 2, 5, 11, 13, 14])
def test_killed_at_any_write_the_next_start_makes_it_whole(at: int, made: Path, tmp_path: Path) -> None:
    """Odd calls flush a file not yet in place, even ones its folder afterwards; 13 and 14 the manifest."""
    victim = python(KILLED, tmp_path, at)
    victim.communicate()
    assert victim.returncode == -9
    prepare(tmp_path)
    assert digests(tmp_path / FOLDER) == digests(made)
    assert not list((tmp_path / FOLDER).glob("*.part"))


TOGETHER = """
import sys
from pathlib import Path
from facekeep.inference import bundled
bundled.prepare(Path(sys.argv[1]), progress=lambda step, share: print(step, flush=True))
"""


def test_processes_that_start_at_once_convert_once(made: Path, tmp_path: Path) -> None:
    processes = [python(TOGETHER, tmp_path) for _ in range(4)]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], outputs
    steps = [line for output, _ in outputs for line in output.splitlines()]
    assert steps.count("converting embedder") == 1
    assert digests(tmp_path / FOLDER) == digests(made)


@pytest.mark.parametrize(
    "harm", ["alter", "truncate", "delete", "no manifest", "bad manifest", "old converter"]
)
def test_altered_models_are_made_anew(harm: str, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / FOLDER)
    _harm(tmp_path / FOLDER, harm)
    steps: list[str] = []
    prepare(tmp_path, progress=lambda step, share: steps.append(step))
    assert "converting embedder" in steps
    assert digests(tmp_path / FOLDER) == digests(made)


def _harm(folder: Path, harm: str) -> None:
    model, manifest = folder / "embedder.onnx", folder / "manifest.json"
    if harm == "alter":
        content = bytearray(model.read_bytes())
        content[len(content) // 2] ^= 1
        model.write_bytes(content)
    elif harm == "truncate":
        model.write_bytes(model.read_bytes()[:1000])
    elif harm == "delete":
        model.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    elif harm == "bad manifest":
        manifest.write_bytes(manifest.read_bytes()[:50])
    else:
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "converter": 0}))


def test_a_package_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "pnet", replace(SOURCES["pnet"], package="facekeep_no_such_package"))
    with pytest.raises(ModelFault, match="facekeep_no_such_package") as caught:
        prepare(tmp_path)
    assert "Install" in caught.value.hint
    assert not list((tmp_path / FOLDER).glob("*.json"))


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of weights whose files a test may harm; importing it would fail the test."""
    package = tmp_path / "site" / "facekeep_stand_in"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(package.parent))
    for name, weights in list(SOURCES.items()):
        file = package / weights.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(read_weights(weights))
        monkeypatch.setitem(SOURCES, name, replace(weights, package=package.name))
    return package


def test_weights_are_found_without_importing_their_package(
    stand_in: Path, made: Path, tmp_path: Path
) -> None:
    prepare(tmp_path / "models")
    assert digests(tmp_path / "models" / FOLDER) == digests(made)


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_missing_weight_file_is_named(name: str, stand_in: Path, tmp_path: Path) -> None:
    path = stand_in / SOURCES[name].path
    path.unlink()
    with pytest.raises(ModelFault, match=path.name) as caught:
        prepare(tmp_path / "models")
    assert "Reinstall" in caught.value.hint


@pytest.mark.parametrize("name", list(SOURCES))
def test_one_altered_byte_in_a_weight_file_is_refused(name: str, stand_in: Path, tmp_path: Path) -> None:
    path = stand_in / SOURCES[name].path
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFault, match="altered"):
        prepare(tmp_path / "models")
    assert not (tmp_path / "models" / FOLDER / "manifest.json").exists()


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_put_in_place_of_weights_is_never_run(stand_in: Path, tmp_path: Path) -> None:
    went_off = tmp_path / "went off"
    (stand_in / SOURCES["pnet"].path).write_bytes(pickle.dumps(_Bomb(went_off)))
    with pytest.raises(ModelFault):
        prepare(tmp_path / "models")
    assert not went_off.exists()


def test_models_made_once_do_not_need_the_weights(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, weights in list(SOURCES.items()):
        monkeypatch.setitem(SOURCES, name, replace(weights, package="facekeep_no_such_package"))
    assert prepare(made.parent).folder == made


def test_a_folder_that_cannot_be_made_is_a_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ModelFault, match="taken") as caught:
        prepare(tmp_path / "taken")
    assert "data folder" in caught.value.hint


def test_a_full_disk_leaves_no_half_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ModelFault, match="No space left"):
            prepare(tmp_path)
    assert not (tmp_path / FOLDER / "manifest.json").exists()
    prepare(tmp_path)
    assert (tmp_path / FOLDER / "manifest.json").exists()
