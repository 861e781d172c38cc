"""The three detector networks as ONNX graphs against the same networks computed plainly with numpy."""

import io
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pytest

from facekeep.domain.errors import ModelFault
from facekeep.inference.bundled import SOURCES, PackFiles, prepare, read_weights
from facekeep.inference.mtcnn_weights import read_stage
from facekeep.inference.sessions import Sessions

Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return Sessions(prepare(tmp_path_factory.mktemp("models")))


def weights(name: str) -> list[Floats]:
    arrays = joblib.load(io.BytesIO(read_weights(SOURCES[name])))
    return [np.asarray(array, dtype=np.float64) for array in arrays]


# The plain computation: one picture (height, width, channel), loops over the kernel, nothing folded.


def convolve(picture: Floats, kernel: Floats, bias: Floats) -> Floats:
    rows, columns = picture.shape[0] - kernel.shape[0] + 1, picture.shape[1] - kernel.shape[1] + 1
    total = np.zeros((rows, columns, kernel.shape[3])) + bias
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            total += picture[i : i + rows, j : j + columns] @ kernel[i, j]
    return total


def prelu(values: Floats, slopes: Floats) -> Floats:
    return np.where(values > 0, values, values * slopes.reshape(-1))


def pool(picture: Floats, width: int, *, same: bool) -> Floats:
    """Maxima of squares at every second pixel; `same` as TensorFlow means it, padding below and right."""
    height, across = picture.shape[:2]
    rows, columns = (-(-n // 2) if same else (n - width) // 2 + 1 for n in (height, across))
    out = np.empty((rows, columns, picture.shape[2]))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = picture[2 * i : 2 * i + width, 2 * j : 2 * j + width].max(axis=(0, 1))
    return out


def normalised(colours: npt.NDArray[Any]) -> Floats:
    return (np.asarray(colours, dtype=np.float64) - 127.5) * 0.0078125


def softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def plain_pnet(picture: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    w = weights("pnet")
    x = pool(prelu(convolve(normalised(picture), w[0], w[1]), w[2]), 2, same=True)
    x = prelu(convolve(x, w[3], w[4]), w[5])
    x = prelu(convolve(x, w[6], w[7]), w[8])
    return softmax(convolve(x, w[11], w[12]))[..., 1], convolve(x, w[9], w[10])


def plain_rnet(picture: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    w = weights("rnet")
    x = pool(prelu(convolve(normalised(picture), w[0], w[1]), w[2]), 3, same=True)
    x = pool(prelu(convolve(x, w[3], w[4]), w[5]), 3, same=False)
    x = prelu(convolve(x, w[6], w[7]), w[8])
    x = prelu(x.transpose(1, 0, 2).ravel() @ w[9] + w[10], w[11])
    return softmax(x @ w[14] + w[15])[1], x @ w[12] + w[13]


def plain_onet(picture: npt.NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    w = weights("onet")
    x = pool(prelu(convolve(normalised(picture), w[0], w[1]), w[2]), 3, same=True)
    x = pool(prelu(convolve(x, w[3], w[4]), w[5]), 3, same=False)
    x = pool(prelu(convolve(x, w[6], w[7]), w[8]), 2, same=True)
    x = prelu(convolve(x, w[9], w[10]), w[11])
    x = prelu(x.transpose(1, 0, 2).ravel() @ w[12] + w[13], w[14])
    return softmax(x @ w[19] + w[20])[1], x @ w[15] + w[16], x @ w[17] + w[18]


def planes(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), dtype=np.float32)


def smooth_pictures(count: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Random colours with some structure, so that units of both signs are stirred everywhere."""
    random = np.random.default_rng(7)
    coarse = random.integers(0, 256, (count, -(-height // 4), -(-width // 4), 3))
    fine = random.integers(-40, 41, (count, height, width, 3))
    blocks = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    return np.asarray(np.clip(blocks + fine, 0, 255), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(12, 12), (37, 52), (64, 41)])
def test_pnet(sessions: Sessions, height: int, width: int) -> None:
    pictures = smooth_pictures(1, height, width)
    logit, offsets = sessions.run("pnet", {"picture": planes(pictures)}, ["logit", "offsets"])
    scores, boxes = plain_pnet(pictures[0])
    assert logit.shape[2:] == scores.shape
    assert np.allclose(offsets[0].transpose(1, 2, 0), boxes, atol=1e-5)
    kept = logit[0, 0] > -999
    assert np.allclose(1 / (1 + np.exp(-logit[0, 0][kept])), scores[kept], atol=1e-5)
    assert np.array_equal(kept, peaks(scores))


def peaks(scores: Floats) -> npt.NDArray[np.bool_]:
    """Which places no neighbour exceeds."""
    padded = np.pad(scores, 1, constant_values=-1.0)
    rows, columns = scores.shape
    around = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return np.asarray(scores >= np.max(around, axis=0))


def test_rnet(sessions: Sessions) -> None:
    pictures = smooth_pictures(9, 24, 24)
    score, offsets = sessions.run("rnet", {"crops": planes(pictures)}, ["score", "offsets"])
    for picture, one_score, one_box in zip(pictures, score[:, 0], offsets, strict=True):
        expected_score, expected_box = plain_rnet(picture)
        assert one_score == pytest.approx(expected_score, abs=1e-5)
        assert np.allclose(one_box, expected_box, atol=1e-5)


def test_onet(sessions: Sessions) -> None:
    pictures = smooth_pictures(5, 48, 48)
    outputs = sessions.run("onet", {"crops": planes(pictures)}, ["score", "offsets", "points"])
    for picture, one_score, one_box, one_points in zip(pictures, *outputs, strict=True):
        expected_score, expected_box, expected_points = plain_onet(picture)
        assert one_score[0] == pytest.approx(expected_score, abs=1e-5)
        assert np.allclose(one_box, expected_box, atol=1e-5)
        assert np.allclose(one_points, expected_points, atol=1e-5)


@pytest.mark.parametrize("side", [24, 48])
def test_crops_of_whole_pixels_are_those_pixels(sessions: Sessions, side: int) -> None:
    picture = planes(smooth_pictures(1, 80, 90))
    boxes = np.array([[0, 0, side, side], [11, 7, 11 + side, 7 + side]], dtype=np.float32)
    (crops,) = sessions.run(f"crop{side}", {"picture": picture, "boxes": boxes}, ["crops"])
    assert np.allclose(crops[0], picture[0, :, :side, :side], atol=1e-3)
    assert np.allclose(crops[1], picture[0, :, 7 : 7 + side, 11 : 11 + side], atol=1e-3)


def test_a_crop_between_pixels_is_bilinear(sessions: Sessions) -> None:
    down, across = np.mgrid[0:60, 0:70].astype(np.float32)
    picture = np.stack([across, down, across + 2 * down])[None]
    box = np.array([[10.25, 5.5, 10.25 + 36, 5.5 + 36]], dtype=np.float32)
    (crops,) = sessions.run("crop24", {"picture": picture, "boxes": box}, ["crops"])
    centres = (np.arange(24) + 0.5) * 36 / 24 - 0.5
    assert np.allclose(crops[0, 0], 10.25 + centres[None, :], atol=1e-3)
    assert np.allclose(crops[0, 1], 5.5 + centres[:, None], atol=1e-3)


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_other_arrays_than_expected_are_a_model_fault(name: str) -> None:
    arrays = [np.asarray(array, dtype=np.float32) for array in weights(name)]
    with pytest.raises(ModelFault, match=name):
        read_stage(name, arrays[:-1])
    with pytest.raises(ModelFault, match=name):
        read_stage(name, [*arrays[:-1], arrays[-1].astype(np.float64)])


def test_the_files_are_named_after_the_models(tmp_path: Path) -> None:
    assert PackFiles(tmp_path).path("pnet") == tmp_path / "pnet.onnx"
