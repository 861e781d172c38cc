"""The reader of dlib's weight file, on a file made here and on the real one."""

import struct

import numpy as np
import pytest

from facekeep.domain.errors import ModelFault
from facekeep.inference.bundled import SOURCES, read_weights
from facekeep.inference.dlib_weights import Affine, Convolution, Dense, read_layers


def packed(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def tensor(values: np.ndarray, *shape: int) -> bytes:
    return packed(2) + b"".join(map(packed, shape)) + values.astype("<f4").tobytes()


def layer(tag: bytes, body: bytes) -> bytes:
    return bytes([1, len(tag)]) + tag + body


@pytest.fixture(scope="module")
def small() -> bytes:
    kernel, bias = np.arange(2 * 3 * 3 * 5), np.array([7.0, -8.0])
    convolution = tensor(np.concatenate([kernel.ravel(), bias]), 92, 1, 1, 1)
    numbers = b"".join(map(packed, (2, 3, 5, 2, 1, 0, 4)))
    affine = tensor(np.array([1.0, 2.0, 3.0, 4.0]), 4, 1, 1, 1)
    dense = packed(2) + packed(300) + tensor(np.arange(600.0), 300, 2, 1, 1)
    parts = [layer(b"con_4", convolution + numbers), layer(b"affine_", affine), layer(b"fc_2", dense)]
    return b"header" + b"between".join(parts) + b"trailer"


def test_layers_are_read_in_order_with_their_shapes(small: bytes) -> None:
    convolution, affine, dense = read_layers(small)
    assert isinstance(convolution, Convolution)
    assert convolution.kernel.shape == (2, 3, 3, 5)
    assert convolution.kernel.ravel().tolist() == list(range(90))
    assert convolution.bias.tolist() == [7.0, -8.0]
    assert (convolution.stride, convolution.padding) == ((2, 1), (0, 4))
    assert isinstance(affine, Affine)
    assert (affine.gamma.tolist(), affine.beta.tolist()) == ([1.0, 2.0], [3.0, 4.0])
    assert isinstance(dense, Dense)
    assert dense.matrix.shape == (300, 2)
    assert dense.matrix[1].tolist() == [2.0, 3.0]


@pytest.mark.parametrize("cut", [40, 100, 300, 480, 700])
def test_a_truncated_file_is_a_model_fault(small: bytes, cut: int) -> None:
    with pytest.raises(ModelFault, match="byte") as caught:
        read_layers(small[:cut])
    assert "face_recognition_models" in caught.value.hint


def test_an_unknown_tensor_version_is_a_model_fault(small: bytes) -> None:
    at = small.index(b"con_4") + len(b"con_4")
    assert small[at : at + 2] == packed(2)
    with pytest.raises(ModelFault):
        read_layers(small[:at] + packed(3) + small[at + 2 :])


def test_the_real_file_has_29_convolutions_and_their_affines() -> None:
    layers = read_layers(read_weights(SOURCES["embedder"]))
    assert [type(one) for one in layers] == [Convolution, Affine] * 29 + [Dense]
    first, last = layers[0], layers[-1]
    assert isinstance(first, Convolution)
    assert first.kernel.shape == (32, 3, 7, 7)
    assert isinstance(last, Dense)
    assert last.matrix.shape == (256, 128)


def test_the_mean_colour_that_the_graph_assumes_is_the_one_in_the_file() -> None:
    """dlib writes a float as mantissa and exponent of two, both packed; they follow the input layer's tag."""
    content = read_weights(SOURCES["embedder"])
    at = content.index(b"input_rgb_image_sized") + len(b"input_rgb_image_sized")
    means = []
    for _ in range(3):
        mantissa, at = _unpacked(content, at)
        exponent, at = _unpacked(content, at)
        means.append(struct.unpack("<f", struct.pack("<f", mantissa * 2.0**exponent))[0])
    assert means == pytest.approx([122.782, 117.001, 104.298], abs=1e-3)


def _unpacked(content: bytes, at: int) -> tuple[int, int]:
    control, end = content[at], at + 1 + (content[at] & 0x0F)
    value = int.from_bytes(content[at + 1 : end], "little")
    return (-value if control & 0x80 else value), end
