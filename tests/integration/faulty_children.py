"""Children in which something really goes wrong: what, is told by the photo's name up to its first dash.

All of it happens while a photo is analysed, its header read. Imported by the children themselves.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.worker import child

PATIENCE_S = 120.0


class Wordless(Exception):
    """Has no text."""


class Tongueless(Exception):
    """Fails when it is asked for its text."""

    def __str__(self) -> str:
        raise RuntimeError("no tongue")


def grow() -> NoReturn:
    """Take memory step by step, and use it."""
    kept = []
    while True:
        kept.append(np.ones(4 << 20, dtype=np.uint8))
        time.sleep(0.005)


def ask_the_runtime_for_a_terabyte() -> None:
    """A model that makes a picture of 2 ** 40 bytes: the C++ runtime has to fail in its own way."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    shape = helper.make_tensor_value_info("shape", TensorProto.INT64, [2])
    made = helper.make_tensor_value_info("made", TensorProto.FLOAT, None)
    node = helper.make_node("ConstantOfShape", ["shape"], ["made"])
    graph = helper.make_graph([node], "large", [shape], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert isinstance(model, onnx.ModelProto)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    session.run(None, {"shape": np.array([1 << 19, 1 << 19], dtype=np.int64)})


def raises(error: BaseException) -> Callable[[], NoReturn]:
    def fault() -> NoReturn:
        raise error

    return fault


def deep() -> None:
    """An error whose traceback is long."""

    def further(left: int) -> None:
        if left == 0:
            raise ValueError("x" * 20_000)
        further(left - 1)

    further(200)


FAULTS: dict[str, Callable[[], object]] = {
    "segv": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "hang": lambda: time.sleep(3600),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "grow": grow,
    "leap": lambda: bytearray(64 << 30),
    "numpy": lambda: np.ones(64 << 30, dtype=np.uint8),
    "runtime": ask_the_runtime_for_a_terabyte,
    "wordless": raises(Wordless()),
    "tongueless": raises(Tongueless()),
    "empty": raises(PhotoFault(FailureCode.UNREADABLE, "")),
    "sysexit": raises(SystemExit(5)),
    "keyboard": raises(KeyboardInterrupt()),
    "deep": deep,
    "slow": lambda: time.sleep(0.7),
}


def run(pipe: Connection, models_folder: Path) -> None:
    """A child's whole life, as a real one's but for such photos."""
    from facekeep.inference.models import FaceModels

    perform, look = child._Hands.perform, FaceModels.analyse
    names = [""]

    def performed(hands: child._Hands, request: child.Request) -> child.Answer:
        names[0] = request.path.name
        if names[0].startswith("nonsense"):
            pipe._send_bytes(b"no pickle at all")  # type: ignore[attr-defined]
        if names[0].startswith("oom-"):
            count = request.path.with_name("vmstat")
            count.write_text("nr_free_pages 5\noom_kill 1\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return perform(hands, request)

    def looked(models: FaceModels, picture: Any) -> Any:
        FAULTS.get(names[0].partition("-")[0], lambda: None)()
        return look(models, picture)

    child._Hands.perform = performed  # type: ignore[method-assign, assignment]
    FaceModels.analyse = looked  # type: ignore[method-assign, assignment]
    child.run(pipe, models_folder)


def run_and_die_once_unready(pipe: Connection, models_folder: Path) -> None:
    """The first child dies when it is given a photo, before it has said that it takes it."""
    ready = child._readied
    mark = models_folder / "died-once"

    def readied(hands: child._Hands, request: child.Request) -> child.Failed | None:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return ready(hands, request)

    child._readied = readied
    child.run(pipe, models_folder)


def die_at_once(pipe: Connection, models_folder: Path) -> None:
    """As when a library is missing."""
    os._exit(9)


def main() -> None:
    """A parent that hands out a photo that hangs, says who its processes are, and waits to be killed."""
    import sys

    from faulty_children import run  # by a name that children know too: for them this is not __main__

    from facekeep.worker.children import Children
    from facekeep.worker.starting import Spawner

    how, models, photo = sys.argv[1:]
    pool = Children(1, Path(models), entry=run)
    if how == "spawned":
        pool._starter = Spawner(lambda: run, Path(models), None)
    future = pool.analyse(Path(photo))
    while not future.done() and not any(turn.taken for turn in pool._watcher._turns):
        time.sleep(0.01)
    sys.stdout.write("over\n" if future.done() else "taken\n")
    sys.stdout.flush()
    time.sleep(PATIENCE_S)


if __name__ == "__main__":
    main()
