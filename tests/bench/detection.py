"""Finding faces: facekeep's detector against dlib's CNN detector, on the same pictures, a thread each.

dlib's HOG detector, quicker and less able, is asked as well, for what it finds.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What one detector made of one picture, and in how many seconds."""

    boxes: Boxes
    taken: float


def run(plan: Plan, photos: Sequence[Annotated], models_folder: Path) -> Result:
    """Photo by photo, ours and theirs in turn."""
    chosen = photos[: plan.detection_photos]
    pictures = [decode(photo.path, long_side=plan.working_side).pixels for photo in chosen]
    models = FaceModels(prepare(models_folder))
    ours, theirs, hog = partial(_ours, models), _cnn(), _hog()
    ours(pictures[0])
    where = f"{len(chosen)} photos at {plan.working_side} pixels"
    # The median of a few keeps one interruption from counting fully: theirs is so long that it averages.
    pairs = [(_look(ours, picture, OURS_A_TURN), _look(theirs, picture, 1)) for picture in pictures]
    found = {
        "facekeep": [mine.boxes for mine, _ in pairs],
        "dlib CNN": [other.boxes for _, other in pairs],
        "dlib HOG, enlarged once": [hog(picture) for picture in pictures],
    }
    findings = [Finding(where, who, _judged(boxes, chosen)) for who, boxes in found.items()]
    return Result(ratios=(_ratio(pairs, where),), findings=tuple(findings))


def _look(detect: Detect, picture: Pixels, turns: int) -> _Looked:
    boxes: list[Boxes] = []
    taken = [seconds(lambda: boxes.append(detect(picture))) for _ in range(turns)]
    return _Looked(boxes[0], statistics.median(taken))


def _judged(boxes: Sequence[Boxes], photos: Sequence[Annotated]) -> Found:
    judged = [judge(found, photo.marks) for found, photo in zip(boxes, photos, strict=True)]
    return sum(judged, Found())


def _ratio(pairs: Sequence[tuple[_Looked, _Looked]], where: str) -> Ratio:
    """Each photo is a repetition: the median one, and how far the others lie from it."""
    timed = Duel(tuple(mine.taken for mine, _ in pairs), tuple(other.taken for _, other in pairs))
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
