"""How well faces are matched with people, and where the thresholds lie. Published in docs/matching.md.

    script/bench calibration

On the labelled photos (`../shared`; left out where absent) and on a made-up library whose people age.
Identification leaves one face out at a time: rules are given the same faces near it.
"""

import csv
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tests.bench import face_generator as parts
from tests.bench.face_generator import BUNDLED_LIKE, SESSIONS, Crowd
from tests.bench.photos import SHARED

from facekeep.domain import exemplars
from facekeep.domain.exemplars import CLEAR, choose
from facekeep.domain.faces import AnalysedFace
from facekeep.domain.matching import UNKNOWN, Candidate, Neighbour, Subject, Verdict, decide
from facekeep.domain.packs import BUNDLED, WORKING_LONG_SIDE

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
RATES = (1e-1, 1e-2, 1e-3, 1e-4)
NEAR, EXEMPLARS = 48, 96
QUERIES = 3000
NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces whose people are known; NOBODY for those that are not labelled."""

    vectors: Floats
    person: Ids
    photo: Ids
    quality: Floats
    taken: list[date | None]
    born: dict[int, date]

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        return self.quality >= CLEAR


def labelled(shared: Path = SHARED) -> Faces | None:
    """Every face found in the shared photos; the largest of each is labelled where pairs or folders say."""
    if not shared.is_dir():
        return None
    from facekeep.inference.decode import decode
    from facekeep.inference.models import FaceModels, prepare

    paths = sorted([*shared.glob("bbt/*/*.png"), *shared.glob("*/*.jpg")])
    paired = _paired(shared / "deepface")
    found: list[AnalysedFace] = []
    names: list[str] = []
    photos: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        models = FaceModels(prepare(Path(folder)))
        for photo, path in enumerate(paths):
            faces = models.analyse(decode(path, long_side=WORKING_LONG_SIDE).pixels)
            known = path.parent.name if path.suffix == ".png" else paired.get(path.name, "")
            found += faces
            names += [known if index == 0 else "" for index in range(len(faces))]
            photos += [photo] * len(faces)
    person = np.where(np.array(names) == "", NOBODY, np.unique(names, return_inverse=True)[1])
    vectors = np.stack([face.embedding for face in found]).astype(np.float64)
    quality = np.array([face.quality.overall for face in found])
    return Faces(vectors, person, np.array(photos), quality, [None] * len(found), {})


def _paired(folder: Path) -> dict[str, str]:
    with (folder / "pairs.csv").open() as file:
        rows = [
            (row["file_x"], row["file_y"]) for row in csv.DictReader(file) if row["Decision"].strip() == "Yes"
        ]
    with (folder / "pairs.csv").open() as file:
        name = {one: one for row in csv.DictReader(file) for one in (row["file_x"], row["file_y"])}
    for _ in name:
        for one, other in rows:
            name[one] = name[other] = min(name[one], name[other])
    return name


def aged(faces: int, *, seed: int = 1) -> Faces:
    """A made-up library over forty years, in which people age. Chosen, not fitted: no photo here is dated.

    Faces are as in the generator, but what a person looks like moves on. Every five years a part is new, so
    that people stay as far from each other as they were, while two faces of an adult 20 years apart have
    0.12 more of squared distance (beside 0.19), and of a child 0.26.
    """
    random = np.random.default_rng(seed)
    crowd = Crowd(faces, seed=seed)
    sizes = parts._sizes(crowd, random)
    person = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    quality = parts._quality(crowd, len(person), random)
    photo = parts._photos(person, random)
    born = 1930 + random.integers(0, 70, len(sizes))
    year = _years(person, photo, born, random)
    shape = parts._Shape.of(BUNDLED_LIKE)
    looks = _looks(shape, born, random)
    spread = parts._spread(BUNDLED_LIKE, len(sizes), random)[person] * parts._by_quality(quality)
    vectors = shape.mean + looks[(year - FIRST) // STEP, person]
    days, session = parts._sessions(person * 100 + (year - FIRST), random)
    vectors += np.sqrt(SESSIONS * spread)[:, None] * shape.within(days, random)[session]
    vectors += np.sqrt((1 - SESSIONS) * spread)[:, None] * shape.within(len(person), random)
    parts._blur(vectors, quality, shape, random)
    taken: list[date | None] = [
        date(int(y), 1, 1) + timedelta(days=int(d)) for y, d in zip(year, photo % 365, strict=True)
    ]
    births = {p: date(int(born[p]), 1, 1) for p in range(len(sizes))}
    return Faces(vectors.astype(np.float64), person, photo, quality.astype(np.float64), taken, births)


FIRST, LAST, STEP = 1980, 2024, 5


def _years(person: Ids, photo: Ids, born: Ids, random: np.random.Generator) -> Ids:
    """Everybody is photographed for a part of the forty years, and nobody before birth."""
    begin = np.maximum(FIRST, born) + random.integers(0, 10, len(born))
    span = (LAST - begin).clip(1) * random.beta(1.0, 1.5, len(born))
    year = begin[person] + (span[person] * random.random(len(person))).astype(np.int64)
    _, at, inverse = np.unique(photo, return_index=True, return_inverse=True)
    of_photo = year[at]
    np.maximum.at(of_photo, inverse, born[person])  # nobody in it is not born yet
    return np.asarray(of_photo[inverse].clip(FIRST, LAST), dtype=np.int64)


def _looks(shape: parts._Shape, born: Ids, random: np.random.Generator) -> Floats:
    """By step of five years and person: where its faces scatter around."""
    looks = [shape.centres(len(born), random)]
    for step in range(1, (LAST - FIRST) // STEP + 1):
        young = FIRST + STEP * step - born < 20
        kept = np.exp(-STEP / np.where(young, 20.0, 58.0)).reshape(-1, 1)
        looks.append(kept * looks[-1] + np.sqrt(1 - kept**2) * shape.centres(len(born), random))
    return np.asarray(np.stack(looks))


# Verification: pairs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Distances of pairs of one person and of two."""

    genuine: Floats
    impostor: Floats


def pairs(faces: Faces) -> Pairs:
    """Of all clear labelled faces. Not those of one photo: these are told apart otherwise."""
    keep = np.flatnonzero((faces.person != NOBODY) & faces.clear)
    vectors, person, photo = faces.vectors[keep], faces.person[keep], faces.photo[keep]
    same, different = [], []
    for index in range(len(keep) - 1):
        distance = np.linalg.norm(vectors[index + 1 :] - vectors[index], axis=1)
        is_same = person[index + 1 :] == person[index]
        elsewhere = photo[index + 1 :] != photo[index]
        same.append(distance[is_same & elsewhere])
        different.append(distance[~is_same & elsewhere])
    return Pairs(np.concatenate(same), np.concatenate(different))


def tar_at(found: Pairs, rate: float) -> tuple[float, float] | None:
    """The threshold at that share of impostors accepted, and the share of genuine pairs accepted there.

    None where fewer than ten impostors would be accepted: so few say nothing.
    """
    if rate * len(found.impostor) < 10:
        return None
    limit = float(np.quantile(found.impostor, rate))
    return limit, float((found.genuine <= limit).mean())


def area(found: Pairs) -> float:
    """Under the ROC curve: how often a genuine pair is nearer than an impostor pair."""
    order = np.sort(found.impostor)
    farther = len(order) - np.searchsorted(order, found.genuine)
    return float(farther.mean() / len(order))


# Identification: one left out ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """Shares of the faces asked about."""

    top1: float
    """Of faces of known people: the nearest person is the right one."""
    auto: float
    """Put on the right person at once."""
    wrong: float
    """Put on a wrong one."""
    asked: float
    """Asked about, the right one among those proposed."""
    misled: float
    """Asked about, only wrong ones proposed."""
    strangers_wrong: float
    """Of faces of people who are not known: put on somebody."""
    strangers_asked: float


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Known people: those with enough faces. The others are there, and known to nobody."""

    faces: Faces
    known: npt.NDArray[np.bool_]
    exemplar: npt.NDArray[np.bool_]


def gallery(faces: Faces, *, least: int, per_era: int, in_all: int, dated: bool = True) -> Gallery:
    """Everybody with at least `least` faces is known."""
    sizes = np.bincount(faces.person[faces.person != NOBODY])
    known = np.array([p != NOBODY and sizes[p] >= least for p in faces.person])
    exemplar = np.zeros(len(known), dtype=bool)
    for person in np.unique(faces.person[known]):
        mine = np.flatnonzero(faces.person == person)
        candidates = [
            exemplars.Candidate(
                int(i), faces.vectors[i], float(faces.quality[i]), faces.taken[i] if dated else None
            )
            for i in mine
        ]
        born = faces.born.get(int(person)) if dated else None
        chosen = choose(candidates, born, BUNDLED.thresholds.same, per_era=per_era, in_all=in_all)
        exemplar[[one.face for one in chosen]] = True
    return Gallery(faces, known, exemplar)


Rule = Callable[[Gallery, int, Floats], Verdict]


def nearest_one(found: Gallery, query: int, distance: Floats) -> Verdict:
    """The nearest face of each person decides, with the same limits and margin."""
    near = np.argsort(distance)[:NEAR]
    best: dict[int, float] = {}
    for i in near:
        if found.known[i]:
            best.setdefault(int(found.faces.person[i]), float(distance[i]))
    return _as_before(best, _beside(found, query))


def nearest_three(found: Gallery, query: int, distance: Floats) -> Verdict:
    """The mean of each person's three nearest among the 48 nearest faces."""
    near = np.argsort(distance)[:NEAR]
    votes: dict[int, list[float]] = {}
    for i in near:
        if found.known[i]:
            votes.setdefault(int(found.faces.person[i]), []).append(float(distance[i]))
    mean = {person: float(np.mean(sorted(far)[:3])) for person, far in votes.items()}
    return _as_before(mean, _beside(found, query))


def _as_before(distances: dict[int, float], excluded: set[int]) -> Verdict:
    """The rule that facekeep had: within the limits, and clear of the runner-up for a match."""
    everybody = sorted((far, person) for person, far in distances.items())
    allowed = [(far, person) for far, person in everybody if person not in excluded]
    limits = BUNDLED.thresholds
    if not allowed or allowed[0][0] > limits.suggest:
        return UNKNOWN
    best, person = allowed[0]
    next_best = min((far for far, other in everybody if other != person), default=np.inf)
    clear = best <= limits.match and next_best - best >= limits.margin
    one = Candidate(person, best, 0.5, (), other_era=False)
    return Verdict("match" if clear else "suggest", person, 0.5, (one,))


def facekeep(found: Gallery, query: int, distance: Floats) -> Verdict:
    """As facekeep does: near exemplars and near faces, by time and quality."""
    return _voted(found, query, distance, [i for i in np.argsort(distance)[:NEAR] if found.known[i]])


def exemplars_alone(found: Gallery, query: int, distance: Floats) -> Verdict:
    """The same where unknown faces hide all that is near: only the exemplars are met."""
    return _voted(found, query, distance, [])


def _voted(found: Gallery, query: int, distance: Floats, near: list[int]) -> Verdict:
    faces = found.faces
    standing = np.flatnonzero(found.exemplar & np.isfinite(distance))
    standing = standing[np.argsort(distance[standing])[:EXEMPLARS]]
    votes = [_neighbour(faces, int(i), distance, exemplar=True) for i in standing]
    votes += [_neighbour(faces, int(i), distance, exemplar=False) for i in near]
    return decide(
        votes,
        BUNDLED.thresholds,
        subject=Subject(float(faces.quality[query]), faces.taken[query]),
        births={vote.person: faces.born[vote.person] for vote in votes if vote.person in faces.born},
        excluded=_beside(found, query),
    )


def _neighbour(faces: Faces, i: int, distance: Floats, *, exemplar: bool) -> Neighbour:
    far = float(distance[i])
    return Neighbour(int(faces.person[i]), far, i, float(faces.quality[i]), faces.taken[i], exemplar)


def _beside(found: Gallery, query: int) -> set[int]:
    faces = found.faces
    together = (faces.photo == faces.photo[query]) & found.known
    together[query] = False
    return {int(p) for p in faces.person[together]}


RULES: dict[str, Rule] = {"nearest one": nearest_one, "nearest three": nearest_three, "facekeep": facekeep}


def identified(found: Gallery, rule: Rule, *, queries: int = QUERIES, seed: int = 7) -> Told:
    """One face left out at a time."""
    faces = found.faces
    asked = np.flatnonzero(faces.person != NOBODY)
    if len(asked) > queries:
        asked = np.sort(np.random.default_rng(seed).choice(asked, queries, replace=False))
    counts = dict.fromkeys(
        ("top1", "auto", "wrong", "asked", "misled", "strangers_wrong", "strangers_asked"), 0
    )
    own = strangers = 0
    for query in asked:
        distance = np.linalg.norm(faces.vectors - faces.vectors[query], axis=1)
        distance[query] = np.inf
        verdict = rule(found, int(query), distance)
        who = int(faces.person[query])
        if not found.known[query]:
            strangers += 1
            counts["strangers_wrong"] += verdict.outcome == "match"
            counts["strangers_asked"] += verdict.outcome == "suggest"
            continue
        own += 1
        right = verdict.person == who
        counts["top1"] += right
        counts["auto"] += verdict.outcome == "match" and right
        counts["wrong"] += verdict.outcome == "match" and not right
        proposed = [one.person for one in verdict.likely]
        counts["asked"] += verdict.outcome == "suggest" and who in proposed
        counts["misled"] += verdict.outcome == "suggest" and who not in proposed
    return Told(
        **{key: count / max(strangers if key.startswith("str") else own, 1) for key, count in counts.items()}
    )


# Telling ---------------------------------------------------------------------------------------------------


def main(*, faces: int = 10_000, queries: int = QUERIES) -> None:
    """Everything, as Markdown tables on standard output."""
    real, made = labelled(), aged(faces)
    for name, found in (("labelled photos", real), (f"{faces:,} made-up faces", made)):
        if found is None:
            _say(f"{name}: ../shared/photos is not beside this checkout, left out")
            continue
        _tell_pairs(name, pairs(found))
    for name, found, least in (("labelled photos", real, 2), (f"{faces:,} made-up faces", made, 5)):
        if found is not None:
            _tell_rules(name, gallery(found, least=least, per_era=8, in_all=24), queries)
    _say("\nexemplars alone, by how many there are")
    for per_era, in_all in ((1, 3), (4, 12), (8, 24), (16, 48)):
        known = gallery(made, least=5, per_era=per_era, in_all=in_all)
        count = int(known.exemplar.sum())
        told = identified(known, exemplars_alone, queries=queries)
        _say(_row(f"{per_era} an era, {in_all} in all: {count:,}", told))


def _tell_pairs(name: str, found: Pairs) -> None:
    of = {"one person": found.genuine, "two": found.impostor}
    counts = [f"{len(far):,} pairs of {who} ({far.mean():.3f} ± {far.std():.3f})" for who, far in of.items()]
    _say(f"\n{name}: {', '.join(counts)}, AUC {area(found):.5f}")
    for rate in RATES:
        point = tar_at(found, rate)
        said = "not measurable" if point is None else f"{point[0]:.3f} TAR {point[1]:.4f}"
        _say(f"| {rate:g} | {said} |")
    for limit in (0.45, 0.5, 0.52, 0.55, 0.6):
        accepted = int((found.impostor <= limit).sum())
        _say(
            f"| {limit} | TAR {(found.genuine <= limit).mean():.4f} | {accepted:,} of two: "
            f"{accepted / len(found.impostor):.2e}, below {upper(accepted, len(found.impostor)):.1e} |"
        )


def upper(accepted: int, of: int) -> float:
    """The share that a count of so many does not exceed with 95 % (exact for none: the rule of three)."""
    return (accepted + 1.92 + 1.96 * sqrt(accepted + 0.96) if accepted else 3.0) / of


def _tell_rules(name: str, found: Gallery, queries: int) -> None:
    people = len(np.unique(found.faces.person[found.known]))
    _say(f"\n{name}: {people:,} known people, {int(found.exemplar.sum()):,} exemplars")
    _say("| | nearest is right | put | put wrong | asked | asked wrong | strangers put | strangers asked |")
    for rule_name, rule in RULES.items():
        _say(_row(rule_name, identified(found, rule, queries=queries)))


def _row(name: str, told: Told) -> str:
    values = (
        told.top1,
        told.auto,
        told.wrong,
        told.asked,
        told.misled,
        told.strangers_wrong,
        told.strangers_asked,
    )
    return f"| {name} | " + " | ".join(f"{100 * value:.2f} %" for value in values) + " |"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
