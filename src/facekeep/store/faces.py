"""Faces, their embeddings, and the neighbours of one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from facekeep.domain.errors import NotFound
from facekeep.domain.faces import AnalysedFace, Box, Landmarks, Quality, Vector
from facekeep.domain.packs import ModelPack
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("faces")


@dataclass(frozen=True, slots=True, eq=False)
class StoredFace:
    face: int
    x: float
    y: float
    width: float
    height: float
    standing: str
    unmade: bool
    box_by: str
    score: float | None
    touched: bool
    person: int | None
    vector: Vector | None

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.width, self.height)

    @property
    def firm(self) -> bool:
        """Whether what is found in its place is this face, however it looks: a user put it away, or drew it
        where no detector saw one, so that its vector says little."""
        return self.standing != "shown" or (self.box_by == "user" and self.score is None)


@dataclass(frozen=True, slots=True)
class NearFace:
    """A neighbour of a face: how far, in which photo, whose."""

    face: int
    distance: float
    photo: int
    quality: float | None
    person: int | None
    named: bool
    taken: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class VectorRow:
    face: int
    photo: int
    quality: float | None
    vector: Vector


def add_pack(writer: Writer, pack: ModelPack) -> int:
    """The pack's id in this database; its partition, checks and index are made the first time."""
    row = {"label": pack.label, "dimensions": pack.dimensions, "low": pack.norm_low, "high": pack.norm_high}
    return int(writer.value("SELECT add_pack(%(label)s, %(dimensions)s, %(low)s, %(high)s)", row))


def of_photo(writer: Writer, photo: int, pack: int) -> list[StoredFace]:
    """The photo's faces with their vectors under a pack, held until the transaction ends."""
    writer.tuples(SQL["hold_photo"], {"photo": photo})
    return writer.all(StoredFace, SQL["of_photo"], {"photo": photo, "pack": pack})


def hold(writer: Writer, faces: Sequence[int]) -> set[int]:
    """Hold faces until the transaction ends, before any person, as every path does. Those that exist.

    Whose they are is read after this, not with it: a statement that waited for a face sees everything else
    as it was before.
    """
    return _ids(writer.tuples(SQL["hold"], {"faces": list(faces)}))


def lock(writer: Writer, face: int) -> None:
    """Hold a face until the transaction ends. NotFound."""
    if not hold(writer, [face]):
        raise NotFound(f"there is no face {face}")


def hold_free(writer: Writer, faces: Sequence[int]) -> list[int]:
    """Those of the faces that are nobody's and at which nobody is; held until the transaction ends."""
    return free(writer, _ids(writer.tuples(SQL["hold_idle"], {"faces": list(faces)})))


def free(reader: Reader, faces: Collection[int]) -> list[int]:
    """Those of the faces that are shown and nobody's, in order."""
    return [int(row[0]) for row in reader.tuples(SQL["free"], {"faces": list(faces)})]


def add(writer: Writer, photo: int, face: AnalysedFace, pack: int) -> int:
    """Store a new detected face with its embedding."""
    new = int(writer.value(SQL["add"], {"photo": photo, "pack": pack, **_columns(face)}))
    put_embedding(writer, new, pack, face.embedding)
    return new


def update(writer: Writer, stored: int, face: AnalysedFace, pack: int) -> None:
    """The same face, measured anew."""
    writer.run(SQL["update"], {"face": stored, "pack": pack, **_columns(face)})
    put_embedding(writer, stored, pack, face.embedding)


def delete(writer: Writer, faces: Sequence[int]) -> None:
    """Remove faces that nobody touched; the database refuses a machine the others."""
    if faces:
        writer.run(SQL["delete"], {"faces": list(faces)})


def near(reader: Reader, face: int, vector: Vector, pack: int, *, limit: int) -> list[NearFace]:
    """Up to `limit` faces nearest to a vector under one pack, nearest first, without the face itself."""
    sql = SQL["near"].replace("{dimensions}", str(int(vector.shape[0])))
    return reader.all(NearFace, sql, {"face": face, "vector": vector, "pack": pack, "limit": limit + 1})


def walk_on(reader: Reader, most: int) -> None:
    """In this transaction searches look at up to so many of the nearest, until enough pass their filter."""
    reader.tuples(SQL["walk_on"], {"most": str(most)})


def rejections(reader: Reader, faces: Sequence[int]) -> set[tuple[int, int]]:
    """(face, person) pairs that the user rejected, among those faces."""
    return {(int(f), int(p)) for f, p in reader.tuples(SQL["rejections"], {"faces": list(faces)})}


def people_in_photo(reader: Reader, photo: int) -> set[int]:
    """Who is already in the photo."""
    return {int(row[0]) for row in reader.tuples(SQL["people_in_photo"], {"photo": photo})}


def ungrouped(writer: Writer, pack: int, *, limit: int) -> list[VectorRow]:
    """Faces that grouping has not seen yet, oldest first, held until the transaction ends."""
    while held := writer.tuples(SQL["hold_waiting"], {"pack": pack, "limit": limit}):
        if still := free(writer, _ids(held)):
            return _vectors(writer, still, pack)
    return []


def lone(writer: Writer, faces: Sequence[int], pack: int) -> list[VectorRow]:
    """Those of the faces that are nobody's and at which nobody is, held.

    Not those that somebody is asked about: in a group the question would be gone before it was answered.
    """
    held = hold_free(writer, faces)
    asked = _ids(writer.tuples(SQL["asked_about"], {"faces": held}))
    return _vectors(writer, [face for face in held if face not in asked], pack)


def _ids(rows: Sequence[tuple[int]]) -> set[int]:
    return {int(row[0]) for row in rows}


def _vectors(reader: Reader, faces: Sequence[int], pack: int) -> list[VectorRow]:
    return reader.all(VectorRow, SQL["vectors"], {"faces": list(faces), "pack": pack})


def displace(writer: Writer, given: Collection[tuple[int, int]]) -> list[int]:
    """Of (face, person) that are given: take off those people what a machine put there of the same photos,
    beside these faces. Which ones."""
    row = {"faces": [face for face, _ in given], "people": [person for _, person in given]}
    return [int(found[0]) for found in writer.tuples(SQL["displace"], row)]


def mark_grouped(writer: Writer, faces: Sequence[int]) -> None:
    """Grouping has seen these."""
    writer.run(SQL["mark_grouped"], {"faces": list(faces)})


def mark_ungrouped(writer: Writer, faces: Sequence[int]) -> None:
    """Let grouping look at these again."""
    writer.run(SQL["mark_ungrouped"], {"faces": list(faces)})


def put_embedding(writer: Writer, face: int, pack: int, vector: Vector) -> None:
    """The vector that stands for a face under a pack, instead of the one before."""
    row = {"face": face, "pack": pack, "vector": np.asarray(vector, dtype=np.float32)}
    writer.run(SQL["put_embedding"], row)


def _columns(face: AnalysedFace) -> dict[str, Any]:
    return {
        "x": face.box.x,
        "y": face.box.y,
        "width": face.box.width,
        "height": face.box.height,
        "landmarks": flat(face.landmarks),
        "score": face.score,
        **quality_columns(face.quality),
    }


def flat(landmarks: Landmarks) -> list[float]:
    """Ten numbers, as stored."""
    return [float(value) for value in landmarks.array().ravel()]


def quality_columns(quality: Quality) -> dict[str, float]:
    """As stored."""
    return {
        "quality": quality.overall,
        "quality_size": quality.size,
        "quality_sharpness": quality.sharpness,
        "quality_pose": quality.pose,
        "quality_exposure": quality.exposure,
    }
