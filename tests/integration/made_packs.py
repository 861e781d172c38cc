"""Model packs that tests make: small graphs with the inputs and outputs of the published ones.

The detectors find pure red squares, the embedder tells chips apart by their colours. What they cannot show is
how well the published weights do.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from facekeep.domain.catalogue import RECIPES
from facekeep.domain.packs import OPENCV

Floats = npt.NDArray[np.float32]
STRIDES = (8, 16, 32)
SURE = (0.85, 0.9, 1.0)
"""How sure the detectors are by stride: a square of 32 is one face, not four of 16."""

MARKS = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], dtype=np.float32)
"""Of a face whose box has sides of 1."""


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: dict[str, npt.NDArray[np.generic]],
) -> bytes:
    given = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "made", list(inputs), list(outputs), given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def embedder(dimensions: int = 128, *, batch: int | None = 1, seed: int = 0, name: str = "data") -> bytes:
    """Chips (n, 3, 112, 112) to vectors: averages of 14 × 14 pixels, mixed at random."""
    mix = np.random.default_rng(seed).normal(size=(192, dimensions)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", [name], ["pooled"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("ReduceMean", ["flat"], ["level"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["flat", "level"], ["shape"]),
        helper.make_node("MatMul", ["shape", "mix"], ["fc1"]),
    ]
    first = "batch" if batch is None else batch
    given = helper.make_tensor_value_info(name, TensorProto.FLOAT, [first, 3, 112, 112])
    answer = helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [first, dimensions])
    return _model(nodes, [given], [answer], {"mix": mix})


def yunet(*, side: int | None = None) -> bytes:
    """A detector with YuNet's outputs, of blue, green, red; for one size of picture, or any."""
    nodes = [
        helper.make_node("Mul", ["input", "signs"], ["signed"]),
        helper.make_node("ReduceSum", ["signed", "channels"], ["redness"], keepdims=1),
    ]
    constants: dict[str, npt.NDArray[np.generic]] = {
        # 255 is red; with any green or blue less than that.
        "signs": np.array([-1, -1, 1], np.float32).reshape(1, 3, 1, 1) / 255,
        "channels": np.array([1], np.int64),
        "column": np.array([1, -1, 1], np.int64),
        "none": np.zeros((1, 1, 1), np.float32),
        "four": np.array([1, 1, 4], np.int64),
        "ten": np.array([1, 1, 10], np.int64),
        # Centre half a cell on; as large as the cell.
        "boxes": np.array([0.5, 0.5, 0, 0], np.float32).reshape(1, 1, 4),
        "marks": MARKS.reshape(1, 1, 10),
    }
    outputs = []
    for stride, sure in zip(STRIDES, SURE, strict=True):
        constants[f"sure{stride}"] = np.array([sure], np.float32)
        nodes += [
            helper.make_node(
                "AveragePool", ["redness"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            ),
            helper.make_node("Mul", [f"p{stride}", f"sure{stride}"], [f"q{stride}"]),
            helper.make_node("Reshape", [f"q{stride}", "column"], [f"s{stride}"]),
            helper.make_node("Relu", [f"s{stride}"], [f"cls_{stride}"]),
            helper.make_node("Identity", [f"cls_{stride}"], [f"obj_{stride}"]),
            helper.make_node("Mul", [f"s{stride}", "none"], [f"n{stride}"]),
            helper.make_node("Tile", [f"n{stride}", "four"], [f"f{stride}"]),
            helper.make_node("Add", [f"f{stride}", "boxes"], [f"bbox_{stride}"]),
            helper.make_node("Tile", [f"n{stride}", "ten"], [f"t{stride}"]),
            helper.make_node("Add", [f"t{stride}", "marks"], [f"kps_{stride}"]),
        ]
        for what, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            shape: list[str | int | None] = [1, f"cells{stride}", width]
            outputs.append(helper.make_tensor_value_info(f"{what}_{stride}", TensorProto.FLOAT, shape))
    sides: list[str | int | None] = ["height", "width"] if side is None else [side, side]
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *sides])
    return _model(nodes, [given], outputs, constants)


def scrfd() -> bytes:
    """A detector with SCRFD's nine outputs, two answers a cell, of (red, green, blue - 127.5) / 128."""
    constants: dict[str, npt.NDArray[np.generic]] = {
        "signs": np.array([1, -1, -1], np.float32).reshape(1, 3, 1, 1) * (128 / 255),
        "channels": np.array([1], np.int64),
        # -127.5 / 128 of red, +127.5 / 128 of the others: half of 255 is missing.
        "lift": np.array([-0.5], np.float32),
        "column": np.array([-1, 1], np.int64),
        "twice": np.array([1, 2], np.int64),
        "none": np.zeros((1, 1), np.float32),
        "four": np.array([1, 4], np.int64),
        "ten": np.array([1, 10], np.int64),
        # Distances to the left, top, right and bottom of the cell's corner.
        "boxes": np.array([0, 0, 1, 1], np.float32).reshape(1, 4),
        "marks": MARKS.reshape(1, 10),
    }
    nodes = [
        helper.make_node("Mul", ["input.1", "signs"], ["signed"]),
        helper.make_node("ReduceSum", ["signed", "channels"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "lift"], ["redness"]),
    ]
    for stride, sure in zip(STRIDES, SURE, strict=True):
        constants[f"sure{stride}"] = np.array([sure], np.float32)
        nodes += [
            helper.make_node(
                "AveragePool", ["redness"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            ),
            helper.make_node("Mul", [f"p{stride}", f"sure{stride}"], [f"q{stride}"]),
            helper.make_node("Reshape", [f"q{stride}", "column"], [f"c{stride}"]),
            helper.make_node("Tile", [f"c{stride}", "twice"], [f"d{stride}"]),
            helper.make_node("Reshape", [f"d{stride}", "column"], [f"score{stride}"]),
            helper.make_node("Mul", [f"score{stride}", "none"], [f"n{stride}"]),
            helper.make_node("Tile", [f"n{stride}", "four"], [f"f{stride}"]),
            helper.make_node("Add", [f"f{stride}", "boxes"], [f"bbox{stride}"]),
            helper.make_node("Tile", [f"n{stride}", "ten"], [f"t{stride}"]),
            helper.make_node("Add", [f"t{stride}", "marks"], [f"kps{stride}"]),
        ]
    outputs = [
        helper.make_tensor_value_info(f"{what}{stride}", TensorProto.FLOAT, [f"n{what}{stride}", width])
        for what, width in (("score", 1), ("bbox", 4), ("kps", 10))
        for stride in STRIDES
    ]
    given = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, "height", "width"])
    return _model(nodes, [given], outputs, constants)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_opencv(folder: Path, *, seed: int = 0) -> dict[str, str]:
    """The files of the pack `opencv`, made; the SHA-256 of each by its published name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"detector": yunet(), "embedder": embedder(seed=seed)}
    digests = {}
    for piece in RECIPES[OPENCV.label].pieces:
        (folder / piece.file).write_bytes(made[piece.model])
        digests[piece.file] = sha256(made[piece.model])
    return digests
