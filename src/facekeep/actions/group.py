"""Grouping: faces that nobody knows become unnamed people, a bounded batch at a time.

Cost follows what is new: each new face looks up its nearest faces by index, and only the groups and lone
faces met there take part. Named people are matched to, never grouped, moved or absorbed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from facekeep.actions import exemplars
from facekeep.actions.context import Context
from facekeep.actions.matching import match_face
from facekeep.domain import matching
from facekeep.domain.grouping import Node, group
from facekeep.store import faces as face_store
from facekeep.store import people
from facekeep.store.database import Reader, Writer, tried_again
from facekeep.store.faces import GroupRow, NearFace, VectorRow

GROUP_LOCK = (4_201_003, 0)  # advisory lock: one grouping at a time, over all processes

BATCH = 1000  # new faces at a time; with their neighbours a distance matrix of a few tens of megabytes

NEIGHBOURS = 24
"""How many near faces of each new one are met; average linkage needs the near part of a group, not all."""

CLEAR_QUALITY = 0.3
"""A face below it (small, blurred, cut off) founds no group: such faces look alike whoever they are. It may
join one that is clear without it. On the labelled photos all that is at or above could be told by eye."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """What one run did: faces looked at, people made, faces matched to somebody named."""

    faces: int = 0
    new_people: int = 0
    matched: int = 0

    def __add__(self, other: "Grouped") -> "Grouped":
        return Grouped(
            self.faces + other.faces, self.new_people + other.new_people, self.matched + other.matched
        )


@dataclass(slots=True)
class _Pool:
    """The nodes of one run: faces first, then existing groups, under their indexes."""

    faces: list[VectorRow] = field(default_factory=list)
    groups: list[GroupRow] = field(default_factory=list)

    def nodes(self) -> list[Node]:
        faces = [Node.of_face(row.vector, row.photo) for row in self.faces]
        groups = [Node(g.count, g.mean, g.mean_square, frozenset(g.photos)) for g in self.groups]
        return faces + groups


@tried_again
def group_new_faces(ctx: Context) -> Grouped:
    """Group one batch of faces not yet seen; `faces` is 0 when there was none, or another is at it."""
    with ctx.database.hold(*GROUP_LOCK) as ours:
        if not ours:
            return Grouped()
        exemplars.refresh(ctx)
        with ctx.database.write(verb="group", gives_way=True) as writer:
            return _group_batch(ctx, writer)


def _group_batch(ctx: Context, writer: Writer) -> Grouped:
    new = face_store.ungrouped(writer, ctx.pack_id, limit=BATCH)
    matched = [row.face for row in new if _match(ctx, writer, row)]
    unknown = [row for row in new if row.face not in matched]
    pool = _meet(ctx, writer, [row for row in unknown if _clear(row)])
    made = _settle(ctx, writer, pool) if pool.faces else 0
    for row in unknown:
        if not _clear(row):
            _match(ctx, writer, row, unnamed=True)
    face_store.mark_grouped(writer, [row.face for row in new])
    return Grouped(len(new), made, len(matched))


def _clear(row: VectorRow | NearFace) -> bool:
    return row.quality is not None and row.quality >= CLEAR_QUALITY


def _match(ctx: Context, writer: Writer, row: VectorRow, *, unnamed: bool = False) -> bool:
    taken = face_store.people_in_photo(writer, row.photo)
    found = match_face(ctx, writer, row.face, row.vector, excluded=taken, unnamed=unnamed)
    return found is not None


def _meet(ctx: Context, writer: Writer, new: Sequence[VectorRow]) -> _Pool:
    """The new faces with the lone faces and the unnamed groups that are near them."""
    lone: set[int] = set()
    groups: set[int] = set()
    reach = 1.5 * ctx.pack.thresholds.group  # an average within the threshold has near members well inside
    for row in new:
        for near in face_store.near(writer, row.face, row.vector, ctx.pack_id, limit=NEIGHBOURS):
            if near.distance > reach or near.named:
                continue
            if near.person is not None:
                groups.add(near.person)
            elif _clear(near):
                lone.add(near.face)
    met = face_store.lone(writer, sorted(lone - {row.face for row in new}), ctx.pack_id)
    return _Pool([*new, *met], face_store.groups(writer, sorted(groups), ctx.pack_id))


def _settle(ctx: Context, writer: Writer, pool: _Pool) -> int:
    """Write the partition down; how many people are new."""
    parts = group(pool.nodes(), ctx.pack.thresholds.group, apart=_apart(writer, pool))
    made = 0
    for part in parts:
        faces = [pool.faces[i] for i in part if i < len(pool.faces)]
        groups = [pool.groups[i - len(pool.faces)] for i in part if i >= len(pool.faces)]
        if len(faces) + len(groups) < 2:
            continue
        made += not groups
        person = _one_group(writer, groups) if groups else people.add(writer)
        for row in faces:
            _join(ctx, writer, row, person)
    return made


def _apart(reader: Reader, pool: _Pool) -> set[tuple[int, int]]:
    """Pairs of nodes that a user's word keeps apart: rejections, and any two groups that somebody touched."""
    offset = len(pool.faces)
    index = {row.person: offset + i for i, row in enumerate(pool.groups)}
    of_face = {row.face: i for i, row in enumerate(pool.faces)}
    rejections = face_store.rejections(reader, list(of_face))
    pairs = {(of_face[face], index[person]) for face, person in rejections if person in index}
    touched = {index[person] for person in people.user_touched(reader, list(index))}
    return pairs | {(one, other) for one in touched for other in index.values() if one != other}


def _one_group(writer: Writer, groups: Iterable[GroupRow]) -> int:
    """The oldest group takes the others in; both are unnamed and untouched."""
    first, *others = sorted(group.person for group in groups)
    for other in others:
        people.join_groups(writer, other, first)
    return first


def _join(ctx: Context, writer: Writer, row: VectorRow, person: int) -> None:
    nearest = face_store.near(writer, row.face, row.vector, ctx.pack_id, limit=1)
    distance = nearest[0].distance if nearest else ctx.pack.thresholds.group
    sure = matching.confidence(distance, ctx.pack.thresholds)
    people.assign(writer, row.face, person, by="auto", confidence=sure, pack=ctx.pack_id)
