"""Embedding per face: the same aligned faces through dlib's own network and through facekeep's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tests.bench.every_core import every_core
from tests.bench.photos import Annotated
from tests.bench.plan import Plan
from tests.bench.results import Figure, Ratio, Result, duration
from tests.bench.timing import duel
from tests.bench.weights import RESNET, weights

from facekeep.domain.faces import Pixels
from facekeep.inference.bundled import PackFiles, prepare
from facekeep.inference.decode import decode
from facekeep.inference.embedding import alignment, chip, embed_chips
from facekeep.inference.models import FaceModels
from facekeep.inference.sessions import Sessions

AGAINST = "dlib face_recognition_model_v1"
TARGET = 30.0
BATCH = 16
OURS_A_TURN = 8
"""Ours runs so often in each turn: a few milliseconds alone are too short to time."""


def run(plan: Plan, photos: Sequence[Annotated], models_folder: Path) -> Result:
    """Each face alone, and in batches, on one core; and on every core, a process on each."""
    import dlib

    files = prepare(models_folder)
    chips = faces(photos, files, plan.chips)
    theirs = dlib.face_recognition_model_v1(weights(RESNET))
    ours = Sessions(files, threads=1)
    ratios = [_one_by_one(plan, chips, ours, theirs), _batched(plan, chips, ours, theirs)]
    if plan.cores > 1:
        ratios += _on_every_core(plan, chips, files, theirs)
    apart = difference(chips, ours, theirs)
    figure = Figure("Embedding: largest difference from dlib in any component", f"{apart:.1e}")
    return Result(ratios=tuple(ratios), figures=(figure,))


def faces(photos: Sequence[Annotated], files: PackFiles, count: int) -> list[Pixels]:
    """Aligned faces of the photos, shape (150, 150, 3); repeated when there are too few."""
    models = FaceModels(files)
    chips: list[Pixels] = []
    for photo in photos:
        picture = decode(photo.path, long_side=1280).pixels
        height, width = picture.shape[:2]
        found = models.detect(picture)
        chips += [chip(picture, alignment(each.landmarks, width, height)) for each in found]
        if len(chips) >= count:
            break
    if not chips:
        raise SystemExit("no face was found in the photos to be measured")
    return [np.ascontiguousarray(chips[index % len(chips)]) for index in range(count)]


def difference(chips: Sequence[Pixels], ours: Sessions, theirs: object) -> float:
    """The largest difference between the two in any component of any face."""
    expected = np.array([np.array(_dlib(theirs, each)) for each in chips])
    return float(np.abs(embed_chips(ours, chips) - expected).max())


def _one_by_one(plan: Plan, chips: Sequence[Pixels], ours: Sessions, theirs: object) -> Ratio:
    def mine() -> None:
        for each in chips:
            embed_chips(ours, [each])

    def other() -> None:
        for each in chips:
            _dlib(theirs, each)

    mine()
    timed = duel(mine, other, plan.repetitions, rounds=OURS_A_TURN)
    return duration("Embed a face, one by one, one thread", AGAINST, timed, len(chips), TARGET)


def _batched(plan: Plan, chips: Sequence[Pixels], ours: Sessions, theirs: object) -> Ratio:
    batch = list(chips[:BATCH])

    def mine() -> None:
        embed_chips(ours, batch)

    mine()
    timed = duel(mine, lambda: _dlib(theirs, batch), plan.repetitions, rounds=OURS_A_TURN)
    return duration(f"Embed a face, {len(batch)} at once, one thread", AGAINST, timed, len(batch), TARGET)


def _on_every_core(plan: Plan, chips: Sequence[Pixels], files: PackFiles, theirs: object) -> list[Ratio]:
    """Against dlib in as many processes, which is fair; and against its own call, which uses one core."""
    batch, cores = list(chips[:BATCH]), plan.cores
    count = len(batch) * cores
    what = f"Embed a face, {len(batch)} at once in each of {cores} processes, one a core"
    with every_core(cores, files, batch) as every:
        same = duel(every.ours, every.theirs, plan.repetitions, rounds=OURS_A_TURN)
        call = duel(every.ours, lambda: _dlib(theirs, batch * cores), plan.repetitions, rounds=OURS_A_TURN)
    return [
        duration(what, f"{AGAINST}, in {cores} processes", same, count, TARGET),
        duration(what, f"{AGAINST}, one call: uses one core of {cores}", call, count, TARGET),
    ]


def _dlib(model: object, chips: object) -> object:
    return model.compute_face_descriptor(chips)  # type: ignore[attr-defined]
