"""The whole library at once, as arrays: for grouping it, in about 600 bytes a face of 128 numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import islice

import numpy as np
import numpy.typing as npt

from facekeep.store.database import Reader
from facekeep.store.grouping import unpacked
from facekeep.store.queries import load

SQL = load("whole")

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOBODY = -1

BLOCK = 5000
"""Rows that are put into the arrays at once."""

LONG = 256
"""Vectors with more numbers are kept in half precision, which grouping does not notice."""


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """Every face with a vector of the pack, by rising numbers: arrays of one length."""

    face: Ids
    photo: Ids
    quality: npt.NDArray[np.float32]
    person: Ids
    """NOBODY where it is nobody's."""
    said: Flags
    """A user, or an import, said whose it is."""
    grouped: Flags
    vectors: npt.NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.face)


def read(reader: Reader, pack: int, dimensions: int, tick: Callable[[], None]) -> Whole:
    """All faces of the pack. `tick` is called now and then; what it raises ends it."""
    count = int(reader.value(SQL["count"], {"pack": pack}))
    return _read(reader.packed_stream(SQL["faces"], {"pack": pack}), count, dimensions, tick)


def of_person(reader: Reader, person: int, pack: int, dimensions: int, limit: int) -> Whole:
    """The faces of one person, up to `limit`."""
    rows = reader.packed(SQL["of_person"], {"person": person, "pack": pack, "limit": limit})
    return _read(rows, len(rows), dimensions, lambda: None)


def touched(reader: Reader) -> dict[int, bool]:
    """People of whom a user said something; whether they take in no face by grouping."""
    return {int(person): bool(closed) for person, closed in reader.tuples(SQL["touched"])}


def rejections(reader: Reader, pack: int) -> list[tuple[int, int]]:
    """(face, person) that a user said is not so."""
    return [(int(face), int(person)) for face, person in reader.tuples(SQL["rejections"], {"pack": pack})]


def apart(reader: Reader) -> list[tuple[int, int]]:
    """People whom a user said to be two."""
    return [(int(one), int(other)) for one, other in reader.tuples(SQL["apart"])]


def _read(rows: Iterable[tuple[object, ...]], count: int, dimensions: int, tick: Callable[[], None]) -> Whole:
    kind = np.float16 if dimensions > LONG else np.float32
    whole = Whole(
        face=np.empty(count, dtype=np.int64),
        photo=np.empty(count, dtype=np.int64),
        quality=np.empty(count, dtype=np.float32),
        person=np.empty(count, dtype=np.int64),
        said=np.empty(count, dtype=np.bool_),
        grouped=np.empty(count, dtype=np.bool_),
        vectors=np.empty((count, dimensions), dtype=kind),
    )
    stream, start = iter(rows), 0
    while block := list(islice(stream, BLOCK)):
        _fill(whole, slice(start, start + len(block)), block)
        start += len(block)
        tick()
    return _sorted(_cut(whole, start))


def _cut(whole: Whole, count: int) -> Whole:
    """The first rows: faces that were put away are counted, and not read."""
    return Whole(**{part.name: getattr(whole, part.name)[:count] for part in fields(whole)})


def _fill(whole: Whole, rows: slice, block: list[tuple[object, ...]]) -> None:
    face, photo, quality, person, said, grouped, vector = zip(*block, strict=True)
    whole.face[rows], whole.photo[rows] = face, photo
    whole.quality[rows] = [np.nan if one is None else one for one in quality]
    whole.person[rows] = [NOBODY if one is None else one for one in person]
    whole.said[rows] = [bool(one) for one in said]
    whole.grouped[rows] = grouped
    whole.vectors[rows] = unpacked(b"".join(vector), len(block))


def _sorted(whole: Whole) -> Whole:
    """By number, so that the same library is grouped the same way however the server gives it."""
    order = np.argsort(whole.face, kind="stable")
    if (order[1:] > order[:-1]).all():
        return whole
    return Whole(
        face=whole.face[order],
        photo=whole.photo[order],
        quality=whole.quality[order],
        person=whole.person[order],
        said=whole.said[order],
        grouped=whole.grouped[order],
        vectors=whole.vectors[order],
    )
