"""Builds the ONNX graphs of the bundled models from their weights.

What can be folded is folded: the normalisation of the input into the first convolution (none of them
pads, so that is exact), batch normalisation into its convolution, the two-way softmax into a sigmoid of
the difference.

Every graph takes raw colours from 0 to 255, RGB.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from facekeep.inference.dlib_weights import Affine, Convolution, Dense, Layer
from facekeep.inference.mtcnn_weights import Activated, Head, Stage
from facekeep.inference.winograd import BIAS_TAP, products, tiling

Floats = npt.NDArray[np.float32]

OPSET, IR_VERSION = 17, 8
"""Understood by every ONNX Runtime from 1.12 on."""

CHIP = 150
"""Side of the aligned face that the embedder takes, in pixels."""

_CHANNEL_BLOCK = 16  # ONNX Runtime pools fastest when the channels come in whole blocks of this many

_WINOGRAD = {8: 4, 4: 2}
"""Side of the pictures that are convolved by Winograd's way in dlib's network, and the side of its tiles.
Larger pictures gain nothing: their transforms take what the products save. Measured, see docs/models.md."""

_MTCNN_MEAN, _MTCNN_SCALE = 127.5, 1 / 128
_DLIB_MEAN = np.array(
    [122.782, 117.001, 104.298], dtype=np.float64
)  # red, green, blue; from dlib's input layer
_DLIB_SCALE = 1 / 256

Value = tuple[str, int, Sequence[int | str]]
"""An input or output: name, ONNX element type, shape with names for what varies."""


class Graph:
    """A graph in the making; every operator added returns the name of its one output."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, array: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        name = f"w{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=dtype), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output if output else f"{operator.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def split(self, value: str, sizes: Sequence[int], axis: int, last: str = "") -> list[str]:
        outputs = [f"split{len(self._nodes)}_{part}" for part in range(len(sizes))]
        outputs[-1] = last if last else outputs[-1]
        inputs = [value, self.constant(sizes, np.int64)]
        self._nodes.append(helper.make_node("Split", inputs, outputs, axis=axis))
        return outputs

    def content(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> bytes:
        """The whole model as the bytes of an ONNX file, checked."""
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [_value(v) for v in inputs],
            [_value(v) for v in outputs],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="facekeep")
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def _value(value: Value) -> onnx.ValueInfoProto:
    name, element, shape = value
    return helper.make_tensor_value_info(name, element, shape)


def proposal_network(stage: Stage) -> bytes:
    """P-Net: `picture` (1, 3, height, width) to `logit` (1, 1, rows, columns) and `offsets` (1, 4, same).

    `logit` is the log of the odds that the 12-pixel window at (2 * row, 2 * column) is a face, and minus
    1000 where a neighbouring window is surer: the suppression of overlaps that follows would drop those.
    """
    graph = Graph("pnet")
    first, second, third = _normalised(stage)
    value, order = _pooled_prelu(graph, "picture", first, pool=(2, 1))
    value = _prelu(graph, _conv(graph, value, second.kernel[:, order], second.bias), second.slopes)
    value = _proposal_heads(graph, _conv(graph, value, third.kernel, third.bias), third.slopes, stage.heads)
    odds, _offsets = graph.split(value, [1, 4], axis=1, last="offsets")
    peak = graph.add("MaxPool", odds, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    graph.add("Where", graph.add("GreaterOrEqual", odds, peak), odds, graph.constant(-1000.0), output="logit")
    element = onnx.TensorProto.FLOAT
    return graph.content(
        [("picture", element, (1, 3, "height", "width"))],
        [("logit", element, (1, 1, "rows", "columns")), ("offsets", element, (1, 4, "rows", "columns"))],
    )


def _proposal_heads(graph: Graph, value: str, slopes: Floats, heads: Sequence[Head]) -> str:
    """Odds and offsets, of what PReLU makes of the value.

    prelu(x) = slope * x + (1 - slope) * relu(x), and the heads are linear: they take both terms apart,
    which spares the widest activation its own pass through memory.
    """
    box, face = heads
    odds_kernel, odds_bias = _odds(face, axis=0)
    kernel = np.concatenate([odds_kernel, box.kernel])
    plain, kinked = slopes.reshape(1, -1, 1, 1), 1 - slopes.reshape(1, -1, 1, 1)
    straight = _conv(graph, value, kernel * plain, np.concatenate([odds_bias, box.bias]))
    bent = graph.add("Conv", graph.add("Relu", value), graph.constant(kernel * kinked))
    return graph.add("Add", straight, bent)


def refinement_network(stage: Stage) -> bytes:
    """R-Net: `crops` (n, 3, 24, 24) to `score` (n, 1) from 0 to 1 and `offsets` (n, 4)."""
    graph = Graph("rnet")
    features = _trunk(graph, stage, pools=((3, 1), (3, 0)))
    box, face = stage.heads
    _score(graph, features, face)
    _gemm(graph, features, box.kernel, box.bias, output="offsets")
    return graph.content([_crops(24)], [_rows("score", 1), _rows("offsets", 4)])


def output_network(stage: Stage) -> bytes:
    """O-Net: `crops` (n, 3, 48, 48) to `score`, `offsets` and `points` (n, 10): five x, then five y."""
    graph = Graph("onet")
    features = _trunk(graph, stage, pools=((3, 1), (3, 0), (2, 0)))
    box, points, face = stage.heads
    _score(graph, features, face)
    _gemm(graph, features, box.kernel, box.bias, output="offsets")
    _gemm(graph, features, points.kernel, points.bias, output="points")
    return graph.content([_crops(48)], [_rows("score", 1), _rows("offsets", 4), _rows("points", 10)])


def crop_graph(side: int) -> bytes:
    """Crops of `side` pixels: `picture` (1, 3, height, width) and `boxes` (n, 4; x1, y1, x2, y2) to `crops`.

    Each pixel of a crop is one bilinear sample, which is right for boxes of up to some 1.4 times `side`.
    """
    graph = Graph(f"crop{side}")
    count = graph.add("Gather", graph.add("Shape", "boxes"), graph.constant([0], np.int64), axis=0)
    zeros = graph.add(
        "ConstantOfShape", count, value=helper.make_tensor("zero", onnx.TensorProto.INT64, [1], [0])
    )
    graph.add(
        "RoiAlign", "picture", "boxes", zeros, output="crops",
        output_height=side, output_width=side, sampling_ratio=1, mode="avg",
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    picture = ("picture", onnx.TensorProto.FLOAT, (1, 3, "height", "width"))
    return graph.content([picture, _rows("boxes", 4)], [_crops(side)])


def embedding_network(layers: Sequence[Layer]) -> bytes:
    """dlib's ResNet: `chips` (n, 150, 150, 3), uint8, to `embeddings` (n, 128)."""
    graph = Graph("dlib-resnet")
    first, *blocks = _folded(layers)
    planes = graph.add("Cast", graph.add("Transpose", "chips", perm=[0, 3, 1, 2]), to=onnx.TensorProto.FLOAT)
    value = graph.add("Relu", _convolve(graph, planes, _dlib_normalised(first), CHIP))
    value = graph.add("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2])
    side, channels = 35, first.kernel.shape[0]
    for into, out in zip(blocks[::2], blocks[1::2], strict=True):
        value, side = _residual(graph, value, (into, out), side, channels)
        channels = out.kernel.shape[0]
    value = graph.add("Flatten", graph.add("GlobalAveragePool", value))
    graph.add("MatMul", value, graph.constant(_dense(layers).matrix), output="embeddings")
    chips = ("chips", onnx.TensorProto.UINT8, ("n", CHIP, CHIP, 3))
    return graph.content([chips], [_rows("embeddings", 128)])


def _dense(layers: Sequence[Layer]) -> Dense:
    last = layers[-1]
    assert isinstance(last, Dense)
    return last


def _folded(layers: Sequence[Layer]) -> list[Convolution]:
    pairs = zip(layers[:-1:2], layers[1:-1:2], strict=True)
    return [_fold(convolution, affine) for convolution, affine in pairs]


def _fold(convolution: Layer, affine: Layer) -> Convolution:
    assert isinstance(convolution, Convolution)
    assert isinstance(affine, Affine)
    kernel = convolution.kernel * affine.gamma.reshape(-1, 1, 1, 1)
    bias = convolution.bias * affine.gamma + affine.beta
    return Convolution(kernel, bias, convolution.stride, convolution.padding)


def _dlib_normalised(first: Convolution) -> Convolution:
    kernel = first.kernel.astype(np.float64) * _DLIB_SCALE
    bias = first.bias - np.einsum("ocij,c->o", kernel, _DLIB_MEAN)
    return Convolution(kernel.astype(np.float32), bias.astype(np.float32), first.stride, first.padding)


def _residual(
    graph: Graph, value: str, block: tuple[Convolution, Convolution], side: int, channels: int
) -> tuple[str, int]:
    """relu(block(x) + skip(x)); the smaller of the two gets zeros below, to the right and as channels."""
    into, out = block
    skip, skip_side, inner_side = value, side, side
    if into.stride != (1, 1):
        skip = graph.add("AveragePool", value, kernel_shape=[2, 2], strides=[2, 2])
        skip_side, inner_side = side // 2, (side - 3) // 2 + 1
    inner = graph.add("Relu", _convolve(graph, value, into, side))
    inner = _convolve(graph, inner, out, inner_side)
    larger = max(skip_side, inner_side)
    skip = _padded(graph, skip, out.kernel.shape[0] - channels, larger - skip_side)
    inner = _padded(graph, inner, 0, larger - inner_side)
    return graph.add("Relu", graph.add("Add", inner, skip)), larger


def _padded(graph: Graph, value: str, channels: int, pixels: int) -> str:
    if channels == 0 and pixels == 0:
        return value
    return graph.add("Pad", value, graph.constant([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64))


def _convolve(graph: Graph, value: str, layer: Convolution, side: int) -> str:
    """A convolution of pictures of `side` by `side`."""
    if side in _WINOGRAD and layer.stride == (1, 1) and layer.padding == (1, 1):
        return _winograd(graph, value, layer, side, _WINOGRAD[side])
    (down, across), kernel = layer.padding, layer.kernel
    return graph.add(
        "Conv", value, graph.constant(kernel), graph.constant(layer.bias),
        strides=list(layer.stride), pads=[down, across, down, across],
    )  # fmt: skip


def _winograd(graph: Graph, value: str, layer: Convolution, side: int, tile: int) -> str:
    """A convolution of 3 x 3, stride 1, border 1, on pictures of `side` by `side`, by Winograd's way.

    Rows first, then columns, with the channels last; the products of all taps are one grouped convolution of
    1 x 1, which ONNX Runtime lays out when it loads the model.
    """
    cut, filters, channels = tiling(side, tile), *layer.kernel.shape[:2]
    taps, rows, values = cut.taps, cut.places * cut.taps, graph.constant(cut.values)
    value = _shaped(graph, graph.add("Transpose", value, perm=[0, 2, 3, 1]), -1, side, side * channels)
    value = _shaped(graph, graph.add("MatMul", values, value), -1, side, channels)
    value = graph.add("MatMul", values, value)
    value = _swapped(graph, value, taps, cut.places, taps * channels)
    value = _shaped(graph, value, 1, 1, -1, taps * taps * channels)
    value = graph.add("Transpose", value, perm=[0, 3, 1, 2])
    kernel = products(layer.kernel, tile).reshape(-1, channels, 1, 1)
    bias = np.zeros((taps, taps, filters))
    bias[BIAS_TAP, BIAS_TAP] = layer.bias
    value = graph.add(
        "Conv", value, graph.constant(kernel), graph.constant(bias.reshape(-1)), group=taps * taps
    )
    value = graph.add("Transpose", value, perm=[0, 2, 3, 1])
    value = _swapped(graph, value, cut.places, taps, taps * filters)
    results = graph.constant(cut.results)
    value = graph.add("MatMul", results, _shaped(graph, value, -1, rows, filters))
    value = graph.add("MatMul", results, _shaped(graph, value, -1, rows, side * filters))
    return graph.add("Transpose", _shaped(graph, value, -1, side, side, filters), perm=[0, 3, 1, 2])


def _swapped(graph: Graph, value: str, first: int, second: int, width: int) -> str:
    """The taps of the rows and the places along a row trade places."""
    return graph.add("Transpose", _shaped(graph, value, -1, first, second, width), perm=[0, 2, 1, 3])


def _shaped(graph: Graph, value: str, *shape: int) -> str:
    return graph.add("Reshape", value, graph.constant(shape, np.int64))


def _normalised(stage: Stage) -> list[Activated]:
    first, *others = stage.convolutions
    kernel = first.kernel.astype(np.float64) * _MTCNN_SCALE
    bias = first.bias - kernel.sum(axis=(1, 2, 3)) * _MTCNN_MEAN
    return [Activated(kernel.astype(np.float32), bias.astype(np.float32), first.slopes), *others]


def _pooled_prelu(graph: Graph, value: str, layer: Activated, pool: tuple[int, int]) -> tuple[str, list[int]]:
    """Convolution, PReLU, pooling, with the PReLU moved behind the pooling: a quarter of its work.

    A rising PReLU may trade places with a maximum. One with a negative slope is max(x, slope * x), and its
    maxima are those of x and of slope * x apart: such channels are computed twice, the second time scaled by
    their slope. The channels come out in another order, which is returned.
    """
    rising, falling = np.flatnonzero(layer.slopes >= 0), np.flatnonzero(layer.slopes < 0)
    scale = layer.slopes[falling]
    order = [*rising, *falling]
    unused = -(len(order) + len(falling)) % _CHANNEL_BLOCK
    empty = np.zeros((unused, *layer.kernel.shape[1:]), dtype=np.float32)
    kernel = np.concatenate([layer.kernel[order], layer.kernel[falling] * scale.reshape(-1, 1, 1, 1), empty])
    bias = np.concatenate([layer.bias[order], layer.bias[falling] * scale, empty[:, 0, 0, 0]])
    pooled = _max_pool(graph, _conv(graph, value, kernel, bias), pool)
    sizes = [len(rising), len(falling), len(falling), *([unused] if unused else [])]
    upper, plain, scaled, *_ = graph.split(pooled, sizes, axis=1)
    upper = _prelu(graph, upper, layer.slopes[rising])
    return graph.add("Concat", upper, graph.add("Max", plain, scaled), axis=1), order


def _prelu(graph: Graph, value: str, slopes: Floats) -> str:
    """PReLU in plain operators: that of ONNX Runtime takes several times as long."""
    shaped = slopes.reshape(-1, 1, 1)
    scaled = graph.add("Mul", value, graph.constant(shaped))
    if np.all(slopes <= 1):
        return graph.add("Max", value, scaled)
    rest = graph.add("Mul", graph.add("Relu", value), graph.constant(1 - shaped))
    return graph.add("Add", scaled, rest)


def _max_pool(graph: Graph, value: str, pool: tuple[int, int]) -> str:
    """Maxima of squares of `pool[0]` pixels, every second pixel; `pool[1]`: whether a last part counts."""
    width, up = pool
    return graph.add("MaxPool", value, kernel_shape=[width, width], strides=[2, 2], ceil_mode=up)


def _conv(graph: Graph, value: str, kernel: Floats, bias: Floats, output: str = "") -> str:
    return graph.add("Conv", value, graph.constant(kernel), graph.constant(bias), output=output)


def _gemm(graph: Graph, value: str, matrix: Floats, bias: Floats, output: str = "") -> str:
    return graph.add("Gemm", value, graph.constant(matrix), graph.constant(bias), output=output)


def _trunk(graph: Graph, stage: Stage, pools: Sequence[tuple[int, int]]) -> str:
    """All before the heads. `pools`: width of the pooling after each convolution; whether it rounds up."""
    first, second, *others = _normalised(stage)
    value, order = _pooled_prelu(graph, "crops", first, pools[0])
    layers = [Activated(second.kernel[:, order], second.bias, second.slopes), *others]
    for index, layer in enumerate(layers, start=1):
        value = _prelu(graph, _conv(graph, value, layer.kernel, layer.bias), layer.slopes)
        value = _max_pool(graph, value, pools[index]) if index < len(pools) else value
    assert stage.dense is not None
    # The dense layer was trained on features flattened column by column.
    value = graph.add("Flatten", graph.add("Transpose", value, perm=[0, 3, 2, 1]))
    value = _gemm(graph, value, stage.dense.kernel, stage.dense.bias)
    return graph.add("PRelu", value, graph.constant(stage.dense.slopes))


def _score(graph: Graph, features: str, face: Head) -> None:
    graph.add("Sigmoid", _gemm(graph, features, *_odds(face, axis=1)), output="score")


def _odds(face: Head, axis: int) -> tuple[Floats, Floats]:
    """Kernel and bias of face minus no face: the sigmoid of that is the softmax of the two."""
    kernel = np.diff(face.kernel, axis=axis)
    return kernel, np.diff(face.bias)


def _crops(side: int) -> Value:
    return "crops", onnx.TensorProto.FLOAT, ("n", 3, side, side)


def _rows(name: str, width: int) -> Value:
    return name, onnx.TensorProto.FLOAT, ("n", width)
