"""Faces marked by eye, and which of them a detector found.

A marked box reaches from the hairline to the chin and from cheek to cheek. A face is marked when an eye,
the nose and the mouth can be seen, cut by the frame or not. Heads that are too blurred, too covered or
too small for that are marked as ignored: a box on one counts neither for nor against a detector.

A face is found when a box overlaps it by at least LEAST_OVERLAP (shared area over the area of both
together). The bar is lower than the usual 0.5 because detectors differ in what they draw: dlib's boxes
are square and end above the eyebrows.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facekeep.domain.faces import Detection
from facekeep.domain.geometry import iou

LEAST_OVERLAP = 0.4
FILE = Path(__file__).parent / "annotations" / "faces.json"

Boxes = npt.NDArray[np.float64]
"""Shape (n, 4): x1, y1, x2, y2 as fractions of the upright photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What somebody saw in one photo."""

    faces: Boxes
    ignored: Boxes


@dataclass(frozen=True, slots=True)
class Found:
    """How a detector did. `false` boxes are on no face; `faces` are all there were to find."""

    faces: int = 0
    found: int = 0
    false: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(self.faces + other.faces, self.found + other.found, self.false + other.false)

    @property
    def recall(self) -> float:
        """Share of the faces that were found."""
        return self.found / self.faces if self.faces else 1.0

    @property
    def precision(self) -> float:
        """Share of the boxes that are on faces."""
        boxes = self.found + self.false
        return self.found / boxes if boxes else 1.0


def boxes_of(rows: Iterable[Sequence[float]]) -> Boxes:
    """Rows of four numbers as boxes, none included."""
    return np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 4)


def boxes_of_detections(detections: Iterable[Detection]) -> Boxes:
    """What facekeep found, as boxes."""
    found = [detection.box for detection in detections]
    return boxes_of((box.x, box.y, box.x + box.width, box.y + box.height) for box in found)


def read(path: Path = FILE) -> dict[str, tuple[str, Marks]]:
    """By the photo's path below the photo folder: the SHA-256 of its content, and its marks."""
    photos = json.loads(path.read_text("utf-8"))["photos"]
    return {
        name: (entry["sha256"], Marks(boxes_of(entry["faces"]), boxes_of(entry.get("ignored", []))))
        for name, entry in photos.items()
    }


def judge(boxes: Boxes, marks: Marks) -> Found:
    """Each face is found by one box at most, and each box finds one face at most, the best overlaps first."""
    overlaps = iou(boxes, marks.faces)
    false = set(range(len(boxes)))
    found = 0
    for _ in range(min(overlaps.shape)):
        box, face = np.unravel_index(int(np.argmax(overlaps)), overlaps.shape)
        if overlaps[box, face] < LEAST_OVERLAP:
            break
        overlaps[box, :], overlaps[:, face] = -1, -1
        false.discard(int(box))
        found += 1
    excused = {box for box in false if _is_ignored(boxes[box], marks.ignored)}
    return Found(len(marks.faces), found, len(false - excused))


def _is_ignored(box: Boxes, ignored: Boxes) -> bool:
    centre = (box[:2] + box[2:]) / 2
    return bool(np.any(np.all((centre >= ignored[:, :2]) & (centre <= ignored[:, 2:]), axis=1)))
