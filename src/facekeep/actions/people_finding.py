"""Which photos and faces here those of a file of people are: photos by content, then path, faces by boxes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from facekeep.domain.faces import Box
from facekeep.domain.people_file import HeaderIn, PhotoIn
from facekeep.domain.reconcile import overlapping, pair_boxes
from facekeep.store import people_import as store
from facekeep.store.database import Writer
from facekeep.store.people_import import FaceHere

BATCH = 500
"""Photos that are looked up and written at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """A photo of the file beside what is here of it."""

    told: PhotoIn
    photo: int | None
    pairs: Mapping[int, FaceHere]
    """Index of a face of the file → the face here."""
    forgotten: frozenset[int]
    taken: frozenset[Box]


def found(writer: Writer, photos: Iterable[PhotoIn], header: HeaderIn) -> Iterator[Found]:
    """Each of the photos beside what is here of it, looked up some at a time."""
    waiting = iter(photos)
    while part := list(islice(waiting, BATCH)):
        where = _photos(writer, part, header)
        everywhere = sorted(set(where.values()))
        known = _by_photo(store.faces(writer, everywhere))
        gone: dict[int, list[Box]] = {}
        for buried, box in store.forgotten(writer, everywhere):
            gone.setdefault(buried, []).append(box)
        for number, told in enumerate(part):
            photo = where.get(number)
            here = [] if photo is None else known.get(photo, [])
            yield _beside(told, photo, here, [] if photo is None else gone.get(photo, []))


def _photos(writer: Writer, part: Sequence[PhotoIn], header: HeaderIn) -> dict[int, int]:
    """Which photos they are: by content, else by path."""
    found = store.by_content(writer, [photo.sha256 for photo in part])
    paths = [
        (number, header.libraries[library], path)
        for number, photo in enumerate(part)
        if number not in found
        for library, path in photo.files
    ]
    return found | (store.by_path(writer, paths) if paths else {})


def _by_photo(faces: Iterable[FaceHere]) -> dict[int, list[FaceHere]]:
    found: dict[int, list[FaceHere]] = {}
    for face in faces:
        found.setdefault(face.photo, []).append(face)
    return found


def _beside(told: PhotoIn, photo: int | None, here: Sequence[FaceHere], forgotten: Sequence[Box]) -> Found:
    boxes = [face.box for face in told.faces]
    made = [face for face in here if not face.unmade]
    pairs = {new: made[old] for new, old in pair_boxes([face.box for face in made], boxes).items()}
    gone = frozenset(overlapping(boxes, forgotten)) - pairs.keys()
    return Found(told, photo, pairs, gone, frozenset(face.box for face in here))
