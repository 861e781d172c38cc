"""A model is loaded once a process however many threads ask, and is gone after release."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from facekeep.domain.errors import ModelFault
from facekeep.inference.bundled import PackFiles, prepare
from facekeep.inference.sessions import Sessions

CHIPS = {"chips": np.zeros((1, 150, 150, 3), dtype=np.uint8)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> PackFiles:
    return prepare(tmp_path_factory.mktemp("models"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list["weakref.ref[Any]"]:
    """Every session the runtime makes during the test; the sessions are the real ones."""
    made: list[weakref.ref[Any]] = []
    real = onnxruntime.InferenceSession

    def noting(*arguments: Any, **options: Any) -> Any:
        session = real(*arguments, **options)
        made.append(weakref.ref(session))
        return session

    monkeypatch.setattr(onnxruntime, "InferenceSession", noting)
    return made


def test_nothing_is_loaded_before_it_is_needed(files: PackFiles, loaded: list[Any]) -> None:
    sessions = Sessions(files)
    assert loaded == []
    sessions.run("embedder", CHIPS, ["embeddings"])
    assert len(loaded) == 1


def test_eight_threads_load_a_model_once_and_agree(files: PackFiles, loaded: list[Any]) -> None:
    sessions, together = Sessions(files), threading.Barrier(8)

    def run(_: int) -> Any:
        together.wait()
        return sessions.run("embedder", CHIPS, ["embeddings"])[0]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, range(8)))
    assert len(loaded) == 1
    assert all(np.array_equal(result, results[0]) for result in results)


def test_release_frees_the_models_and_the_next_use_loads_them_again(
    files: PackFiles, loaded: list["weakref.ref[Any]"]
) -> None:
    sessions = Sessions(files)
    (before,) = sessions.run("embedder", CHIPS, ["embeddings"])
    sessions.release()
    gc.collect()
    assert [made() for made in loaded] == [None]
    (after,) = sessions.run("embedder", CHIPS, ["embeddings"])
    assert np.array_equal(before, after)
    assert len(loaded) == 2


def test_release_while_others_run_harms_nobody(files: PackFiles) -> None:
    sessions = Sessions(files)

    def run(turn: int) -> Any:
        if turn % 3 == 0:
            sessions.release()
        return sessions.run("embedder", CHIPS, ["embeddings"])[0]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(12)))
    assert all(np.array_equal(result, results[0]) for result in results)


def test_a_file_that_is_no_model_is_a_model_fault(tmp_path: Path) -> None:
    (tmp_path / "embedder.onnx").write_bytes(b"nonsense")
    with pytest.raises(ModelFault, match="embedder") as caught:
        Sessions(PackFiles(tmp_path)).run("embedder", CHIPS, ["embeddings"])
    assert caught.value.hint
