"""Grouping: faces that nobody knows become unnamed people, a bounded batch at a time.

Cost follows what is new: each new face looks up its nearest faces by index, and only the people and lone
faces met there take part. Nobody who is in a group is moved, and groups are not joined: that is proposed.
Named people take in nobody: a face that would belong is suggested to them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from facekeep.actions import exemplars, first_grouping, twice
from facekeep.actions.context import Context
from facekeep.actions.matching import match_face
from facekeep.actions.meeting import meet, surroundings
from facekeep.actions.placing import place
from facekeep.store import faces as face_store
from facekeep.store import grouping as store
from facekeep.store.database import Writer, tried_again
from facekeep.store.faces import VectorRow

GROUP_LOCK = (4_201_003, 0)  # advisory lock: one grouping at a time, over all processes

BATCH = 1000  # new faces at a time; some thousand met with them, in a few tens of megabytes


@dataclass(frozen=True, slots=True)
class Grouped:
    """What one run did: faces looked at, people made, faces matched to somebody named or proposed to them."""

    faces: int = 0
    new_people: int = 0
    matched: int = 0
    suggested: int = 0

    def __add__(self, other: "Grouped") -> "Grouped":
        return Grouped(
            self.faces + other.faces,
            self.new_people + other.new_people,
            self.matched + other.matched,
            self.suggested + other.suggested,
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far it is, and who may end it."""

    progress: Callable[[str], None] = lambda _: None
    stop: Callable[[], bool] = lambda: False


def group_new_faces(ctx: Context, watch: Watch | None = None) -> Grouped:
    """Group one batch of faces not yet seen; `faces` is 0 when there was none, or another is at it.

    Of a library of which most was never grouped, all at once.
    """
    watch = Watch() if watch is None else watch
    with ctx.database.hold(*GROUP_LOCK) as ours:
        if not ours:
            return Grouped()
        exemplars.refresh(ctx, watch.stop)
        if first_grouping.is_due(ctx):
            return Grouped(*first_grouping.group_all(ctx, _match, watch.progress, watch.stop))
        return _group_some(ctx)


@tried_again
def _group_some(ctx: Context) -> Grouped:
    with ctx.database.write(verb="group", gives_way=True) as writer:
        store.settle_assigned(writer)
        new = face_store.ungrouped(writer, ctx.pack_id, limit=BATCH)
        if not new:
            return Grouped()
        library = surroundings(ctx, writer, len(new))
        known = new if store.anybody_named(writer) else []
        matched = {row.face for row in known if _match(ctx, writer, row)}
        pool = meet(ctx, writer, [row for row in new if row.face not in matched])
        placed = place(ctx, writer, pool, library)
        twice.propose_near(ctx, writer, placed, library)
        store.mark_grouped(writer, [row.face for row in new if row.face not in placed.passed_over])
    return Grouped(len(new), placed.founded, len(matched), placed.suggested)


def _match(ctx: Context, writer: Writer, row: VectorRow) -> bool:
    taken = face_store.people_in_photo(writer, row.photo)
    return match_face(ctx, writer, row.face, row.vector, excluded=taken) is not None
