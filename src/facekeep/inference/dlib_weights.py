"""Reads dlib's serialised face network into plain arrays.

The file is a header followed by the layers in the order of computation, each introduced by a tag: a
packed integer with the tag's length, then the tag. Only three kinds of layer carry weights; all others
are found again from the known shape of the network (see graphs.py). The layout was read off dlib's
`serialize` functions (dlib 19 and 20).

    con_4    tensor of filters (filter, channel, row, column) then one bias a filter; then as packed integers:
             filters, rows, columns, stride down, stride across, padding down, padding across
    affine_  tensor of gamma then beta, one of each a channel
    fc_2     outputs and inputs as packed integers; tensor (input, output)

A tensor is version 2, four packed integers of shape, then little-endian float32. A packed integer is a
control byte (low four bits: how many bytes follow; high bit: negative), then the value, lowest byte
first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from facekeep.domain.errors import ModelFault

Floats = npt.NDArray[np.float32]

_TENSOR_VERSION = 2


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """`kernel` (filter, channel, row, column) and `bias` (filter,); stride and padding as (down, across)."""

    kernel: Floats
    bias: Floats
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """What is left of batch normalisation: y = gamma * x + beta, one of each a channel."""

    gamma: Floats
    beta: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """`matrix` (input, output), no bias."""

    matrix: Floats


Layer = Convolution | Affine | Dense


def read_layers(content: bytes) -> list[Layer]:
    """The layers that carry weights, in the order of computation.

    Raises ModelFault when the content is not laid out as described above.
    """
    reader = _Reader(content)
    layers: list[Layer] = []
    try:
        while (tag := reader.skip_to_next_layer()) is not None:
            layers.append(_READERS[tag](reader))
    except (IndexError, ValueError) as fault:
        raise ModelFault(
            f"the dlib weights end or change shape at byte {reader.position}",
            hint="Reinstall the package face_recognition_models.",
        ) from fault
    return layers


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.position = 0

    def skip_to_next_layer(self) -> bytes | None:
        starts = {tag: self._content.find(_mark(tag), self.position) for tag in _READERS}
        found = {tag: start for tag, start in starts.items() if start >= 0}
        if not found:
            return None
        tag = min(found, key=found.__getitem__)
        self.position = found[tag] + len(_mark(tag))
        return tag

    def integer(self) -> int:
        control = self._content[self.position]
        start, length = self.position + 1, control & 0x0F
        self.position = start + length
        value = int.from_bytes(self._content[start : self.position], "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def tensor(self) -> Floats:
        """Shape (n, k, rows, columns)."""
        if self.integer() != _TENSOR_VERSION:
            raise ValueError("unknown tensor version")
        shape = self.integers(4)
        values = np.frombuffer(self._content, dtype="<f4", count=prod(shape), offset=self.position)
        self.position += values.nbytes
        return values.astype(np.float32).reshape(shape)


def _mark(tag: bytes) -> bytes:
    return bytes([1, len(tag)]) + tag


def _convolution(reader: _Reader) -> Convolution:
    values = reader.tensor().ravel()
    filters, rows, columns, down, across, pad_down, pad_across = reader.integers(7)
    kernel = values[:-filters].reshape(filters, -1, rows, columns)
    return Convolution(kernel, values[-filters:], (down, across), (pad_down, pad_across))


def _affine(reader: _Reader) -> Affine:
    gamma, beta = reader.tensor().reshape(2, -1)
    return Affine(gamma, beta)


def _dense(reader: _Reader) -> Dense:
    outputs, inputs = reader.integers(2)
    return Dense(reader.tensor().reshape(inputs, outputs))


_READERS: dict[bytes, Callable[[_Reader], Layer]] = {
    b"con_4": _convolution,
    b"affine_": _affine,
    b"fc_2": _dense,
}
