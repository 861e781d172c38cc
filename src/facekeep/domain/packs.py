"""Model packs: what a detector and an embedder promise, and the distances that mean something under them."""

from dataclasses import dataclass

WORKING_LONG_SIDE = 1440
"""Longer side, in pixels, to which pictures are scaled down before models see them; smaller ones stay."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Euclidean distances between embeddings of one pack, calibrated on labelled photos."""

    same: float
    """At or below: two faces taken alone are more likely one person than two."""
    match: float
    """At or below, and clear of the runner-up: assigned without asking."""
    suggest: float
    """At or below: proposed to the user."""
    group: float
    """Root mean squared distance at or below which two groups of unknown faces are one."""
    margin: float
    """How much nearer the best person must be than the second best for an automatic match."""
    lead: float = 0.02
    """The same for asking beyond `match`: a stranger has several people as near as each other."""


@dataclass(frozen=True, slots=True)
class ModelPack:
    """A detector and an embedder by name and version. Embeddings are compared only within one pack."""

    name: str
    version: int
    description: str
    licence: str
    dimensions: int
    norm_low: float
    """Every embedding's Euclidean norm lies between these; the database refuses others."""
    norm_high: float
    thresholds: Thresholds

    @property
    def label(self) -> str:
        """The pack in one word, as stored and shown: `bundled-1`."""
        return f"{self.name}-{self.version}"


BUNDLED = ModelPack(
    name="bundled",
    version=1,
    description="MTCNN detector and dlib ResNet-29 embedder, from packages; works offline",
    licence="MIT and CC0-1.0",
    dimensions=128,
    # dlib's vectors are not unit length; 1.38 to 1.60 was seen on real faces, with room for poor ones.
    norm_low=0.5,
    norm_high=3.0,
    # 0.6 is dlib's own decision point; the others are calibrated (docs/matching.md).
    thresholds=Thresholds(same=0.6, match=0.5, suggest=0.6, group=0.6, margin=0.06, lead=0.02),
)

PACKS = (BUNDLED,)
