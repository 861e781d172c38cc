"""ONNX Runtime sessions: each model loaded once a process, on first use, and freed on request."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from facekeep.domain.errors import ModelFault
from facekeep.inference.bundled import PackFiles

Arrays = list[npt.NDArray[Any]]


class Sessions:
    """The models of a pack, ready to run. Safe to share between threads."""

    def __init__(self, files: PackFiles, *, threads: int = 1) -> None:
        """`threads`: cores that one model may use; one is right when each core has a process of its own."""
        self._files = files
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}

    def run(self, model: str, inputs: Mapping[str, npt.NDArray[Any]], outputs: Sequence[str]) -> Arrays:
        """The named outputs of a model, which is loaded first where it is not yet."""
        results: Arrays = self._session(model).run(list(outputs), dict(inputs))
        return results

    def input_of(self, model: str) -> tuple[str, tuple[int | None, ...]]:
        """Name and shape of a model's one input; None for a side that may have any length."""
        (given,) = self._session(model).get_inputs()
        return str(given.name), tuple(side if isinstance(side, int) else None for side in given.shape)

    def outputs_of(self, model: str) -> list[str]:
        """The names of a model's outputs, in its own order."""
        return [str(output.name) for output in self._session(model).get_outputs()]

    def load(self, models: Sequence[str]) -> None:
        """Load these now rather than at their first use. Raises ModelFault."""
        for model in models:
            self._session(model)

    def release(self) -> None:
        """Frees the models; those in use go when their run ends. They are loaded again when next needed."""
        with self._lock:
            self._loaded.clear()

    def _session(self, model: str) -> Any:
        with self._lock:
            if model not in self._loaded:
                self._loaded[model] = self._load(model)
            return self._loaded[model]

    def _load(self, model: str) -> Any:
        # Imported here: it takes 0.2 s, which a command that looks at no photo need not pay.
        import onnxruntime

        try:
            return onnxruntime.InferenceSession(
                str(self._files.path(model)), self._options(), providers=["CPUExecutionProvider"]
            )
        except Exception as fault:  # the runtime raises plain Exceptions of its own, without a common root
            raise ModelFault(
                f"{self._files.path(model)} cannot be loaded: {fault}",
                hint=self._files.mend,
            ) from fault

    def _options(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Plans kept for every shape seen would grow without end: photos come in any shape.
        options.enable_mem_pattern = False
        # A thread that spins while it waits takes the core from the process next door.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return options
