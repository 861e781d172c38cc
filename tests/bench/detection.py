"""Finding faces: facekeep's detector against dlib's CNN detector, on the same pictures, a thread each.

dlib's HOG detector, quicker and less able, is asked as well, for what it finds.
"""

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.photos import Annotated
from tests.bench.plan import Plan
from tests.bench.recipe import fractions
from tests.bench.results import Finding, Ratio, Result, duration
from tests.bench.timing import Duel, seconds
from tests.bench.truth import Boxes, Found, boxes_of_detections, judge
from tests.bench.weights import HUMAN_FACES, weights

from facekeep.domain.faces import Pixels
from facekeep.inference.decode import decode
from facekeep.inference.models import FaceModels, prepare

AGAINST = "dlib cnn_face_detection_model_v1"
TARGET = 10.0
OURS_A_TURN = 3

Detect = Callable[[Pixels], Boxes]


def run(plan: Plan, photos: Sequence[Annotated], models_folder: Path) -> Result:
    """Photo by photo, ours and theirs in turn."""
    chosen = photos[: plan.detection_photos]
    pictures = [decode(photo.path, long_side=plan.working_side).pixels for photo in chosen]
    models = FaceModels(prepare(models_folder))
    theirs, hog = _cnn(), _hog()
    models.detect(pictures[0])
    where = f"{len(chosen)} photos at {plan.working_side} pixels"
    ratio = _ratio([_time(models, theirs, picture) for picture in pictures], where)
    ours = partial(_ours, models)
    asked: dict[str, Detect] = {"facekeep": ours, "dlib CNN": theirs, "dlib HOG, enlarged once": hog}
    findings = [Finding(where, who, found(detect, pictures, chosen)) for who, detect in asked.items()]
    return Result(ratios=(ratio,), findings=tuple(findings))


def found(detect: Detect, pictures: Sequence[Pixels], photos: Sequence[Annotated]) -> Found:
    """What a detector finds of the annotated faces."""
    judged = [judge(detect(picture), photo.marks) for picture, photo in zip(pictures, photos, strict=True)]
    return sum(judged, Found())


def _time(models: FaceModels, theirs: Detect, picture: Pixels) -> tuple[float, float]:
    # The median of a few keeps one interruption from counting fully: theirs is so long that it averages.
    turns = [seconds(partial(models.detect, picture)) for _ in range(OURS_A_TURN)]
    return statistics.median(turns), seconds(partial(theirs, picture))


def _ratio(pairs: Sequence[tuple[float, float]], where: str) -> Ratio:
    """Each photo is a repetition: the median one, and how far the others lie from it."""
    ours, theirs = zip(*pairs, strict=True)
    timed = Duel(ours, theirs)
    return duration(f"Detect in a picture, {where}, one thread", AGAINST, timed, 1, TARGET)


def _ours(models: FaceModels, picture: Pixels) -> Boxes:
    return boxes_of_detections(models.detect(picture))


def _cnn() -> Detect:
    import dlib

    model = dlib.cnn_face_detection_model_v1(weights(HUMAN_FACES))

    def detect(picture: Pixels) -> Boxes:
        return _fractions([face.rect for face in model(picture, 0)], picture)

    return detect


def _hog() -> Detect:
    import dlib

    detector = dlib.get_frontal_face_detector()

    def detect(picture: Pixels) -> Boxes:
        return _fractions(detector(picture, 1), picture)

    return detect


def _fractions(rectangles: Sequence[Any], picture: Pixels) -> Boxes:
    return fractions(rectangles, picture.shape[1], picture.shape[0])
