"""Names for the arrays in the weight files of the `mtcnn` package.

Each file is a list of float32 arrays in the order of the network: kernel (row, column, in, out), bias and
PReLU slopes for every convolution and the one dense layer, then the heads: box, landmarks (O-Net only),
face. Kernels are turned here into (out, in, row, column), the order of ONNX.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facekeep.domain.errors import ModelFault

Floats = npt.NDArray[np.float32]

ARRAYS = {"pnet": 13, "rnet": 16, "onet": 21}
"""How many arrays each file holds."""

_CONVOLUTIONS = {"pnet": 3, "rnet": 3, "onet": 4}


@dataclass(frozen=True, slots=True, eq=False)
class Activated:
    """A layer with PReLU. `kernel` is (out, in, row, column), or (in, out) of a dense layer."""

    kernel: Floats
    bias: Floats
    slopes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A last layer, without activation; `kernel` as above."""

    kernel: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One of the three networks."""

    convolutions: tuple[Activated, ...]
    dense: Activated | None
    """None in P-Net, which has no dense layer."""
    heads: tuple[Head, ...]
    """Box (4), [landmarks (10), five x then five y,] and no face / face (2)."""


def read_stage(name: str, arrays: Sequence[Any]) -> Stage:
    """The network `name` (pnet, rnet or onet) from the list of arrays in its file.

    Raises ModelFault when the list is not the one expected.
    """
    if len(arrays) != ARRAYS[name] or not all(_is_float32(array) for array in arrays):
        raise ModelFault(
            f"the weights of {name} are not the {ARRAYS[name]} arrays expected",
            hint="Reinstall the package mtcnn.",
        )
    rest = iter(arrays)
    convolutions = tuple(_activated(rest) for _ in range(_CONVOLUTIONS[name]))
    dense = None if name == "pnet" else _activated(rest)
    return Stage(convolutions, dense, tuple(_heads(rest)))


def _is_float32(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype == np.float32


def _activated(rest: Iterator[Floats]) -> Activated:
    return Activated(_kernel(next(rest)), next(rest), next(rest).ravel())


def _heads(rest: Iterator[Floats]) -> Iterator[Head]:
    for kernel in rest:
        yield Head(_kernel(kernel), next(rest))


def _kernel(array: Floats) -> Floats:
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array
