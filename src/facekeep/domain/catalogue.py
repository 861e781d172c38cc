"""Where the packs that are not bundled come from, file by file, and how their networks want to be asked."""

from dataclasses import dataclass
from typing import Literal

from facekeep.domain.packs import BUFFALO_L, BUFFALO_S, OPENCV, ModelPack

DetectorKind = Literal["yunet", "scrfd"]

ARCFACE_SIDE = 112
ARCFACE_POINTS = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where the five points go in a chip of 112 × 112 pixels: InsightFace's, and OpenCV's for SFace."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """How an embedder is asked: RGB chips, as (pixel - mean) / scale; its answer is made of unit length."""

    mean: float
    scale: float
    side: int = ARCFACE_SIDE
    points: tuple[tuple[float, float], ...] = ARCFACE_POINTS


@dataclass(frozen=True, slots=True)
class Piece:
    """A weight file by its content. `model` is what it is used as: `detector` or `embedder`."""

    model: str
    file: str
    sha256: str
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to download: a weight file itself, or an archive (zip) that holds some."""

    file: str
    url: str
    sha256: str
    size: int
    pieces: tuple[Piece, ...]

    @property
    def is_archive(self) -> bool:
        """Whether the weights are inside of it."""
        return all(piece.file != self.file for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a pack is made of."""

    pack: ModelPack
    detector: DetectorKind
    embedding: Embedding
    offers: tuple[Offer, ...]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Every weight file."""
        return tuple(piece for offer in self.offers for piece in offer.pieces)


def _plain(model: str, file: str, url: str, sha256: str, size: int) -> Offer:
    return Offer(file, f"{url}/{file}", sha256, size, (Piece(model, file, sha256, size),))


# A commit, not a branch: what is offered there cannot change. The SHA-256 are those of the objects in the
# zoo's large file storage.
_ZOO = "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models"
_INSIGHTFACE = "https://github.com/deepinsight/insightface/releases/download/v0.7"

_OPENCV = Recipe(
    OPENCV,
    "yunet",
    # The network itself subtracts and divides.
    Embedding(mean=0.0, scale=1.0),
    (
        _plain(
            "detector",
            "face_detection_yunet_2026may.onnx",
            f"{_ZOO}/face_detection_yunet",
            "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
            229_738,
        ),
        _plain(
            "embedder",
            "face_recognition_sface_2021dec.onnx",
            f"{_ZOO}/face_recognition_sface",
            "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
            38_696_353,
        ),
    ),
)

_BUFFALO_S = Recipe(
    BUFFALO_S,
    "scrfd",
    Embedding(mean=127.5, scale=127.5),
    (
        Offer(
            "buffalo_s.zip",
            f"{_INSIGHTFACE}/buffalo_s.zip",
            "d85a87f503f691807cd8bb97128bdf7a0660326cd9cd02657127fa978bab8b5e",
            127_607_557,
            (
                Piece(
                    "detector",
                    "det_500m.onnx",
                    "5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a",
                    2_524_817,
                ),
                Piece(
                    "embedder",
                    "w600k_mbf.onnx",
                    "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
                    13_616_099,
                ),
            ),
        ),
    ),
)

_BUFFALO_L = Recipe(
    BUFFALO_L,
    "scrfd",
    Embedding(mean=127.5, scale=127.5),
    (
        Offer(
            "buffalo_l.zip",
            f"{_INSIGHTFACE}/buffalo_l.zip",
            "80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f",
            288_621_354,
            (
                Piece(
                    "detector",
                    "det_10g.onnx",
                    "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91",
                    16_923_827,
                ),
                Piece(
                    "embedder",
                    "w600k_r50.onnx",
                    "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
                    174_383_860,
                ),
            ),
        ),
    ),
)

RECIPES = {recipe.pack.label: recipe for recipe in (_OPENCV, _BUFFALO_S, _BUFFALO_L)}
"""By label. The bundled pack has none: it is made of what came with the program."""
