"""Model packs: what a detector and an embedder promise, and the distances that mean something under them."""

from dataclasses import dataclass

from facekeep.domain.errors import NotFound, TermsNotAccepted
from facekeep.domain.likeness import BUNDLED_LIKENESS, Likeness

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
    likeness: Likeness = BUNDLED_LIKENESS
    """How the faces of one person and of two lie to each other under it."""
    calibrated: bool = True
    """Whether thresholds and likeness were measured by facekeep, rather than taken from what others say."""
    terms: str = ""
    """What its user must agree to before it is fetched or used; empty where there is nothing to ask."""

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

_UNIT_LOW, _UNIT_HIGH = 0.99, 1.01
"""Packs that normalise: room for float32 alone."""

_INSIGHTFACE_TERMS = (
    "InsightFace's models are for non-commercial research purposes only "
    "(https://github.com/deepinsight/insightface#license)."
)

# Squared Euclidean distances of unit vectors are 2 - 2 cos: cosine 0.55 ± 0.12 within a person and
# 0.02 ± 0.06 between two, as docs/grouping.md takes ArcFace networks to be on photos in the wild.
_ARCFACE_LIKENESS = Likeness(
    within=0.95**2 + 0.13**2, within_dimensions=40.0, between=1.40**2 + 0.043**2, between_dimensions=400.0
)

OPENCV = ModelPack(
    name="opencv",
    version=1,
    description="YuNet detector and SFace embedder, from OpenCV's model zoo",
    licence="MIT and Apache-2.0",
    dimensions=128,
    norm_low=_UNIT_LOW,
    norm_high=_UNIT_HIGH,
    # OpenCV decides at 1.128 (cosine 0.363), DeepFace at 1.055: the careful side of both.
    thresholds=Thresholds(same=1.055, match=0.95, suggest=1.055, group=1.0, margin=0.08),
    # Nobody publishes SFace's spread: with 128 numbers strangers scatter more than under ArcFace's 512.
    likeness=Likeness(within=0.95, within_dimensions=20.0, between=1.95, between_dimensions=90.0),
    calibrated=False,
)

_BUFFALO_THRESHOLDS = Thresholds(same=1.1, match=0.95, suggest=1.1, group=1.05, margin=0.08)
"""DeepFace decides at 1.1, Immich matches at 1.0 (cosine distance 0.5): the careful side of both."""

BUFFALO_S = ModelPack(
    name="buffalo_s",
    version=1,
    description="SCRFD-500M detector and MobileFaceNet embedder, from InsightFace; small and fast",
    licence="InsightFace, non-commercial research only",
    dimensions=512,
    norm_low=_UNIT_LOW,
    norm_high=_UNIT_HIGH,
    thresholds=_BUFFALO_THRESHOLDS,
    likeness=_ARCFACE_LIKENESS,
    calibrated=False,
    terms=_INSIGHTFACE_TERMS,
)

BUFFALO_L = ModelPack(
    name="buffalo_l",
    version=1,
    description="SCRFD-10G detector and ResNet-50 embedder, from InsightFace; large and slow",
    licence="InsightFace, non-commercial research only",
    dimensions=512,
    norm_low=_UNIT_LOW,
    norm_high=_UNIT_HIGH,
    thresholds=_BUFFALO_THRESHOLDS,
    likeness=_ARCFACE_LIKENESS,
    calibrated=False,
    terms=_INSIGHTFACE_TERMS,
)

PACKS = (BUNDLED, OPENCV, BUFFALO_S, BUFFALO_L)


def pack_called(name: str) -> ModelPack:
    """The pack of that name (`opencv`) or label (`opencv-1`). NotFound, naming those there are."""
    for pack in PACKS:
        if name in (pack.name, pack.label):
            return pack
    known = ", ".join(pack.name for pack in PACKS)
    raise NotFound(f"there is no model pack {name!r}", hint=f"There are: {known}.")


def check_terms(pack: ModelPack, *, accepted: bool) -> None:
    """TermsNotAccepted, with the terms, for a pack that asks for a yes that was not given."""
    if pack.terms and not accepted:
        raise TermsNotAccepted(
            f"{pack.name}: {pack.terms}",
            hint="Say --yes (over HTTP: accept_terms) if your use is within these terms.",
        )
