"""Faces like this one: of a face that is stored, or of those in a picture that somebody sends."""

from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass

from facekeep.actions.context import Context
from facekeep.actions.measuring import looker_of
from facekeep.domain.errors import Conflict, EnvironmentFault, UsageError
from facekeep.domain.faces import Box, Quality
from facekeep.domain.matching import confidence
from facekeep.store import alike as store
from facekeep.store import boxes
from facekeep.store.alike import Alike, Whose

MAX_PICTURE_BYTES = 32 * 2**20
"""Of a picture to search by: above what cameras write, below what would hurt."""

MOST_FACES = 50
"""Of a picture to search by: the largest ones. Each is a search."""

MOST_ALIKE = 200


@dataclass(frozen=True, slots=True)
class Likeness:
    """A face that looks like another: how far (Euclidean), and how sure that is one person, 0 to 1."""

    found: Alike
    confidence: float


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of whom a face is near: the nearest one."""

    person: int
    name: str | None
    face: int
    distance: float
    confidence: float


@dataclass(frozen=True, slots=True)
class SearchedFace:
    """A face in a picture that was sent, and whom it looks like; both nearest first."""

    box: Box
    score: float
    quality: Quality
    people: tuple[Somebody, ...]
    faces: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """What is in a picture that was sent. Width and height in pixels, upright."""

    width: int
    height: int
    faces: tuple[SearchedFace, ...]


def similar(ctx: Context, face_id: int, *, unassigned: bool = False, limit: int = 24) -> list[Likeness]:
    """Faces like a face, nearest first. NotFound; Conflict when it has not been looked at yet."""
    with ctx.database.read() as reader:
        asked = boxes.one(reader, face_id)
        vector = boxes.vector(reader, face_id, ctx.pack_id)
        if vector is None:
            raise Conflict(f"face {asked.face} has not been looked at yet", hint="Try again in a moment.")
        whose: Whose = "unassigned" if unassigned else "anybody"
        limit = min(limit, MOST_ALIKE)
        found = store.nearest(reader, vector, ctx.pack_id, face=face_id, whose=whose, limit=limit)
    return _likenesses(ctx, found)


def search_by_picture(ctx: Context, content: bytes, *, limit: int = 10) -> Searched:
    """Who is in a picture. It is looked at in a child and kept nowhere.

    UsageError when it is empty or too large; PhotoFault when it cannot be decoded; EnvironmentFault.
    """
    if not 0 < len(content) <= MAX_PICTURE_BYTES:
        raise UsageError(
            f"a picture to search by has 1 to {MAX_PICTURE_BYTES >> 20} MB", hint="Send a smaller copy."
        )
    try:
        analysis = looker_of(ctx).look(content, pack=ctx.pack.label).result()
    except CancelledError as error:
        raise EnvironmentFault("facekeep is stopping", hint="Start it again.") from error
    facts = analysis.facts
    faces = []
    with ctx.database.read() as reader:
        for face in analysis.faces[:MOST_FACES]:
            near = store.nearest(reader, face.embedding, ctx.pack_id, limit=limit)
            known = store.nearest(reader, face.embedding, ctx.pack_id, whose="assigned", limit=5 * limit)
            people = _people(ctx, known)[:limit]
            found = SearchedFace(face.box, face.score, face.quality, people, tuple(_likenesses(ctx, near)))
            faces.append(found)
    return Searched(facts.width, facts.height, tuple(faces))


def _likenesses(ctx: Context, found: Sequence[Alike]) -> list[Likeness]:
    return [Likeness(row, confidence(row.distance, ctx.pack.thresholds)) for row in found]


def _people(ctx: Context, known: Sequence[Alike]) -> tuple[Somebody, ...]:
    """Each person once, by the nearest of their faces."""
    first: dict[int, Somebody] = {}
    for row in known:
        if row.person is not None and row.person not in first:
            sure = confidence(row.distance, ctx.pack.thresholds)
            first[row.person] = Somebody(row.person, row.name, row.face, row.distance, sure)
    return tuple(first.values())
