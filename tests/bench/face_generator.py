"""Embeddings of a made-up photo library, as hard to tell apart as real ones. Documented in docs/grouping.md.

A person is a centre; each of its faces is the centre, plus what its day made of it (a *session*: light, hair,
glasses), plus what the picture did. Distances follow `FaceModel`, fitted to real embeddings. Sizes are
long-tailed, photos hold several different people, some people look alike, some are strangers seen once,
and some faces are blurs, which resemble each other whoever they are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class FaceModel:
    """Distances between clear faces under one pack: Euclidean, mean and standard deviation over pairs."""

    name: str
    dimensions: int
    within: float
    within_sd: float
    between: float
    between_sd: float
    norm: float | None
    """Length that every vector is brought to; None leaves them as they come."""
    shared: float = 0.5
    """Part of the variance within a person that lies in the directions in which people differ: on the
    labelled photos the two covariances are aligned by 0.61, which this gives; independent ones would be by
    0.30."""


BUNDLED_LIKE = FaceModel("like bundled", 128, 0.43, 0.07, 0.77, 0.07, None)
"""dlib's network. Harder than the labelled photos are now (0.41 ± 0.07 and 0.86 ± 0.08, 65 faces), because
those people are few and well photographed."""

ARCFACE_LIKE = FaceModel("like ArcFace", 512, 0.95, 0.13, 1.40, 0.043, 1.0)
"""A 512-d ArcFace network on photos in the wild: cosine 0.55 ± 0.12 within a person, 0.02 ± 0.06 between.
Chosen, not fitted: no such pack comes with facekeep."""

MODELS = (BUNDLED_LIKE, ARCFACE_LIKE)


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a library is made of. Shares are of all faces, `look_alikes` of all people."""

    faces: int
    seed: int = 1
    strangers: float = 0.10
    """Faces of people seen once."""
    blurs: float = 0.05
    """Faces of quality below 0.3."""
    look_alikes: float = 0.02
    """People whose centre is correlated by one half with somebody else's: siblings."""
    tail: float = 0.9
    """Exponent of the long tail of sizes: the share of people with more than n faces falls as n^-tail."""
    largest: float = 0.02
    """No person has a larger share of the faces than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Faces in random order. `person` is the truth; strangers are people with one face."""

    vectors: Array
    person: Ids
    photo: Ids
    quality: Array

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        """Which faces can be told at all."""
        return self.quality >= CLEAR


CLEAR = 0.3
SESSION = 4
"""Faces in a session, on average."""

SESSIONS = 0.3
"""Part of the variance within a person that is shared by the faces of one session."""

TOGETHER = 0.4
"""Part of the pairs of one person, each person counting alike, that are of one session: what these lack in
distance the others have more."""

WITHIN_DIMENSIONS = 40.0
"""Effective dimension within one person. Over all people it is less (18): they differ in spread."""


def library(model: FaceModel, crowd: Crowd) -> Library:
    """The same for the same arguments, on any machine with the same numpy."""
    random = np.random.default_rng(crowd.seed)
    sizes = _sizes(crowd, random)
    person = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    quality = _quality(crowd, len(person), random)
    photo = _photos(person, random)
    vectors = _vectors(model, crowd, person, quality, random)
    return Library(vectors, person, photo, quality)


def _sizes(crowd: Crowd, random: Random) -> Ids:
    """Faces of each person, exactly `crowd.faces` together; strangers last."""
    alone = round(crowd.faces * crowd.strangers)
    most = max(8, round(crowd.faces * crowd.largest))
    left = crowd.faces - alone
    drawn = np.floor(2 * random.random(left // 2 + 1) ** (-1 / crowd.tail)).clip(2, most).astype(np.int64)
    enough = int(np.searchsorted(drawn.cumsum(), left))
    kept = drawn[:enough]
    return np.concatenate([kept, np.ones(crowd.faces - int(kept.sum()), dtype=np.int64)])


def _quality(crowd: Crowd, count: int, random: Random) -> Array:
    good = CLEAR + (1 - CLEAR) * random.beta(2.5, 2.0, count)
    poor = CLEAR * random.random(count)
    return np.where(random.random(count) < crowd.blurs, poor, good).astype(np.float32)


def _photos(person: Ids, random: Random) -> Ids:
    """One to eight faces in a photo, half of the photos with one; nobody twice in one."""
    count = len(person)
    sizes = random.choice(np.arange(1, 9), count, p=[0.5, 0.22, 0.11, 0.07, 0.04, 0.03, 0.02, 0.01])
    photo = np.repeat(np.arange(count), sizes)[:count]
    order = np.lexsort((person, photo))
    again = (np.diff(photo[order]) == 0) & (np.diff(person[order]) == 0)
    twice = order[1:][again]
    photo[twice] = count + np.arange(len(twice))
    return np.asarray(np.unique(photo, return_inverse=True)[1], dtype=np.int64)


def _vectors(model: FaceModel, crowd: Crowd, person: Ids, quality: Array, random: Random) -> Array:
    people = int(person.max()) + 1
    shape = _Shape.of(model)
    centres = _centres(shape, crowd, people, random)
    spread = _spread(model, people, random)[person] * _by_quality(quality)
    days, session = _sessions(person, random)
    vectors = centres[person]
    vectors += np.sqrt(SESSIONS * spread)[:, None] * shape.within(days, random)[session]
    vectors += np.sqrt((1 - SESSIONS) * spread)[:, None] * shape.within(len(person), random)
    _blur(vectors, quality, shape, random)
    if model.norm is not None:
        vectors *= model.norm / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Directions and standard deviations of centres and of faces around them."""

    mean: Array
    between_axes: Array
    """Rows are axes, times the standard deviation along each."""
    within_axes: Array

    @classmethod
    def of(cls, model: FaceModel) -> "_Shape":
        random = np.random.default_rng(model.dimensions)
        square_within = model.within**2 + model.within_sd**2
        square_between = model.between**2 + model.between_sd**2
        centre = (square_between - square_within) / 2
        face = square_within / 2 / (1 - SESSIONS * TOGETHER)
        axes, others = (_axes(model.dimensions, random) for _ in range(2))
        falling = _decay(model.dimensions, WITHIN_DIMENSIONS)
        own, apart = model.shared * falling, (1 - model.shared) * falling
        within = np.concatenate([axes * np.sqrt(own)[:, None], others * np.sqrt(apart)[:, None]])
        between = axes * np.sqrt(_decay(model.dimensions, _centre_dimensions(model)))[:, None]
        mean = _axes(model.dimensions, random)[0] * (_mean_norm(model, centre + face))
        return cls(
            np.asarray(mean, dtype=np.float32),
            np.asarray(between * np.sqrt(centre), dtype=np.float32),
            np.asarray(within * np.sqrt(face), dtype=np.float32),
        )

    def centres(self, count: int, random: Random) -> Array:
        """Without the mean of all."""
        return random.standard_normal((count, len(self.between_axes)), dtype=np.float32) @ self.between_axes

    def within(self, count: int, random: Random) -> Array:
        """Departures of faces from their centre."""
        shared = self.within_axes.T @ self.within_axes
        root = np.linalg.cholesky(shared.astype(np.float64) + 1e-12 * np.eye(len(shared)))
        return random.standard_normal((count, len(shared)), dtype=np.float32) @ root.T.astype(np.float32)


def _axes(dimensions: int, random: Random) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.qr(random.standard_normal((dimensions, dimensions)))[0])


def _decay(dimensions: int, effective: float) -> npt.NDArray[np.float64]:
    """Variances falling exponentially, of sum 1 and of that effective dimension: sum squared over squares."""
    index, low, high = np.arange(dimensions), 0.1, 1e5
    for _ in range(60):
        length = (low * high) ** 0.5
        falling = np.exp(-index / length)
        reached = falling.sum() ** 2 / np.square(falling).sum()
        low, high = (length, high) if reached < effective else (low, length)
    return np.asarray(falling / falling.sum())


def _centre_dimensions(model: FaceModel) -> float:
    """So that distances between people spread as they should: the part of faces around centres taken off."""
    square_within, square_between = model.within**2, model.between**2
    spread = (2 * model.between * model.between_sd) ** 2
    faces = square_within**2 * (2 / WITHIN_DIMENSIONS + _varied(model))
    centres = max(spread - faces, 1e-9)
    return float(min(2 * (square_between - square_within) ** 2 / centres, 0.9 * model.dimensions))


def _varied(model: FaceModel) -> float:
    """Squared coefficient of variation of people's variances: what the spread of distances asks for."""
    spread_of_squares = (2 * model.within_sd / model.within) ** 2
    return max((1 + spread_of_squares) / (1 + 2 / WITHIN_DIMENSIONS) - 1, 0.0)


def _mean_norm(model: FaceModel, variance: float) -> float:
    """How far all faces lie from the origin: as dlib's do; unit vectors by what is left of one."""
    return 1.37 if model.norm is None else max(model.norm**2 - variance, 0.0) ** 0.5


def _centres(shape: _Shape, crowd: Crowd, people: int, random: Random) -> Array:
    centres = shape.centres(people, random)
    alike = random.permutation(people)[: 2 * round(people * crowd.look_alikes / 2)]
    one, other = alike[::2], alike[1::2]
    centres[one] = 0.5 * centres[other] + np.sqrt(0.75, dtype=np.float32) * centres[one]
    return centres + shape.mean


def _spread(model: FaceModel, people: int, random: Random) -> Array:
    """Variance within each person relative to the mean one."""
    sigma = np.sqrt(np.log1p(_varied(model)))
    return np.asarray(random.lognormal(-(sigma**2) / 2, sigma, people), dtype=np.float32)


def _by_quality(quality: Array) -> Array:
    """Poorer faces scatter more, around 1 on average."""
    return np.asarray(1.0 + 0.5 * (0.68 - quality), dtype=np.float32)


def _sessions(person: Ids, random: Random) -> tuple[int, Ids]:
    """How many sessions, and the session of each face."""
    sizes = np.bincount(person)
    number = (random.random(len(person)) * np.ceil(sizes / SESSION)[person]).astype(np.int64)
    kinds, session = np.unique(person * (int(sizes.max()) + 1) + number, return_inverse=True)
    return len(kinds), np.asarray(session, dtype=np.int64)


def _blur(vectors: Array, quality: Array, shape: _Shape, random: Random) -> None:
    """The poorer, the nearer to one place, and the wider around it: measured 0.5 to 0.8 from each other."""
    poor = np.flatnonzero(quality < CLEAR)
    place = shape.mean + 0.7 * shape.centres(1, random)
    kept = (quality[poor] / CLEAR)[:, None]
    noise = np.sqrt(2 - kept) * shape.within(len(poor), random)
    vectors[poor] = kept * vectors[poor] + (1 - kept) * place + noise
