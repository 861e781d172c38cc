"""What grouping reads and writes: neighbours and people in bulk, and what the library is like."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facekeep.domain.faces import Vector
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("grouping")

Vectors = npt.NDArray[np.float32]

SAMPLE = 256
"""A person of more faces is known by half as many to so many."""

COUNTED = 20_000
"""Faces of a person that are counted, and from which the sample is: the latest."""

SETTLED = 10_000

SAMPLED = 20_000
"""Faces whose mean is the middle of the library."""


@dataclass(frozen=True, slots=True)
class Near:
    """A neighbour of a face that was asked about."""

    asked: int
    face: int
    distance: float
    photo: int
    quality: float | None
    person: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """A person, by all of its faces or a sample of them: photos, qualities (NaN where not known), vectors.

    `closed`: no machine adds to it by grouping.
    """

    person: int
    faces: int
    closed: bool
    photos: npt.NDArray[np.int64]
    qualities: npt.NDArray[np.float64]
    vectors: Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """How many faces there were when they were counted, how many were added since, the middle of all."""

    faces: int
    added: int
    centre: Vector | None


def near(
    reader: Reader, faces: Sequence[int], pack: int, *, dimensions: int, reach: float, limit: int
) -> list[Near]:
    """Up to `limit` nearest others of each of the faces, within `reach`, nearest first."""
    sql = SQL["near"].replace("{dimensions}", str(int(dimensions)))
    row = {"faces": list(faces), "pack": pack, "reach": reach, "limit": limit + 1}
    return reader.all(Near, sql, row)


def crowds(reader: Reader, people: Sequence[int], pack: int) -> list[Crowd]:
    """Those of the people who are there and have a face, by their numbers."""
    row = {"people": list(people), "pack": pack, "counted": COUNTED, "sample": SAMPLE}
    return [
        Crowd(person, count, closed, np.array(photos), numbers(qualities), unpacked(vectors, len(photos)))
        for person, count, closed, photos, qualities, vectors in reader.packed(SQL["crowds"], row)
    ]


def numbers(qualities: Sequence[float | None]) -> npt.NDArray[np.float64]:
    """NaN where it is not known."""
    return np.array([np.nan if one is None else one for one in qualities], dtype=np.float64)


def unpacked(sent: bytes, count: int) -> Vectors:
    """Vectors as the server sends them, one after the other: shape (count, d)."""
    # Each begins with its length and an unused number, of two bytes each; numbers are big-endian.
    words = np.frombuffer(sent, dtype=">f4").reshape(count, -1)
    return words[:, 1:].astype(np.float32)


def anybody_named(reader: Reader) -> bool:
    """Whether there is somebody whom a face could be matched to."""
    return bool(reader.value(SQL["anybody_named"]))


def presence(reader: Reader, people: Sequence[int], photos: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(person, photo) for each of the people who is in one of the photos."""
    rows = reader.tuples(SQL["presence"], {"people": list(people), "photos": list(photos)})
    return ((int(person), int(photo)) for person, photo in rows)


def unborn(reader: Reader, people: Sequence[int], faces: Sequence[int]) -> set[tuple[int, int]]:
    """(face, person) where the person was not born yet."""
    rows = reader.tuples(SQL["unborn"], {"people": list(people), "faces": list(faces)})
    return {(int(face), int(person)) for face, person in rows}


def still_open(writer: Writer, people: Sequence[int]) -> set[int]:
    """Those of the people to whom a machine may add; they stay so until the transaction ends."""
    if not people:
        return set()
    return {int(row[0]) for row in writer.tuples(SQL["still_open"], {"people": sorted(people)})}


def make_people(writer: Writer, count: int) -> list[int]:
    """So many new unnamed people."""
    if not count:
        return []
    return sorted(int(row[0]) for row in writer.tuples(SQL["make_people"], {"count": count}))


def put(writer: Writer, faces: Mapping[int, tuple[int, float]], pack: int) -> None:
    """Faces that are nobody's come to people: face → (person, confidence). The schema may refuse."""
    if faces:
        writer.run(SQL["put"], _columns(faces, pack, "people", "confidences"))


def take(writer: Writer, faces: Sequence[int]) -> None:
    """Take off their people what a machine put there."""
    writer.run(SQL["take"], {"faces": list(faces)})


def suggest(writer: Writer, faces: Mapping[int, tuple[int, float, float]], pack: int) -> None:
    """Ask whether faces are somebody: face → (person, confidence, distance)."""
    if faces:
        writer.run(SQL["suggest"], _columns(faces, pack, "people", "confidences", "distances"))


def _columns(faces: Mapping[int, tuple[Any, ...]], pack: int, *names: str) -> dict[str, Any]:
    columns = {name: [row[at] for row in faces.values()] for at, name in enumerate(names)}
    return {"faces": list(faces), "pack": pack, **columns}


def surroundings(reader: Reader, pack: int) -> Surroundings:
    """As last counted; of nothing when they never were."""
    found = reader.first(Surroundings, SQL["surroundings"], {"pack": pack})
    return Surroundings(0, 0, None) if found is None else found


def count_surroundings(writer: Writer, pack: int, *, clear: float, least: int) -> Surroundings:
    """Count anew and write it down. No centre of fewer than `least` faces of at least that quality."""
    faces = count_faces(writer, pack)
    percent = min(100.0, 100.0 * SAMPLED / max(faces, 1))
    sql = SQL["centre_of_some"].replace("{pack}", str(int(pack)))
    [(seen, centre)] = writer.tuples(sql, {"percent": percent, "clear": clear})
    found = Surroundings(faces, 0, centre if seen >= least else None)
    writer.run(SQL["note_surroundings"], {"pack": pack, "faces": faces, "centre": found.centre})
    return found


def note_added(writer: Writer, pack: int, count: int) -> None:
    """There are so many faces more."""
    writer.run(SQL["note_added"], {"pack": pack, "added": count})


def mark_grouped(writer: Writer, faces: Sequence[int]) -> None:
    """Grouping has seen these."""
    writer.run(SQL["mark_grouped"], {"faces": list(faces)})


def settle_assigned(writer: Writer) -> None:
    """Grouping need not see those that have a person."""
    writer.run(SQL["settle_assigned"], {"limit": SETTLED})


def count_faces(reader: Reader, pack: int) -> int:
    """All with a vector of the pack."""
    return int(reader.value(SQL["count_faces"], {"pack": pack}))


def backlog(reader: Reader, pack: int, limit: int) -> int:
    """How many faces wait for their first grouping, counted up to `limit`."""
    return int(reader.value(SQL["backlog"], {"pack": pack, "limit": limit}))
