"""The faces that look most like one, by the pack's index."""

from dataclasses import dataclass
from typing import Literal

from facekeep.domain.faces import Vector
from facekeep.store import faces
from facekeep.store.database import Reader
from facekeep.store.queries import load

SQL = load("alike")

MOST_WALKED = 10_000
"""So many of the nearest are looked through for those that are wanted."""

Whose = Literal["anybody", "assigned", "unassigned"]


@dataclass(frozen=True, slots=True)
class Alike:
    """A face, how far from the one that was asked for (Euclidean), and whose it is."""

    face: int
    photo: int
    distance: float
    person: int | None
    name: str | None


def nearest(
    reader: Reader, vector: Vector, pack: int, *, face: int = 0, whose: Whose = "anybody", limit: int
) -> list[Alike]:
    """Up to `limit` shown faces of the MOST_WALKED nearest, nearest first, without `face` itself."""
    faces.walk_on(reader, MOST_WALKED)
    sql = SQL["nearest"].replace("{dimensions}", str(int(vector.shape[0])))
    sql = sql.replace("{filter}", "" if whose == "anybody" else SQL[whose])
    return reader.all(Alike, sql, {"vector": vector, "pack": pack, "face": face, "limit": limit})
