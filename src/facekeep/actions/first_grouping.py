"""The first grouping of a large library: all faces at once, which is better and quicker than some at a time.

It computes outside of any transaction and writes in small ones, which give way and look again at what a
user did meanwhile. Killed in between, it begins anew with what is left.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from facekeep.actions import twice
from facekeep.actions.context import Context
from facekeep.actions.placing import sureness
from facekeep.domain.library_grouping import LONE, Faces, summed_up
from facekeep.domain.neighbours import Ids
from facekeep.domain.regrouping import Past, Regrouped, regroup
from facekeep.store import faces as face_store
from facekeep.store import grouping as store
from facekeep.store import whole
from facekeep.store.database import Writer, tried_again
from facekeep.store.faces import VectorRow
from facekeep.store.whole import NOBODY, Whole

MANY = 5000
"""Faces that wait for grouping, beyond which it is considered to group all at once."""

WRITTEN = 2000
"""Faces that are written in one transaction."""

Match = Callable[[Context, Writer, VectorRow], bool]
"""Whether a face was put on somebody named."""


class Stopped(Exception):
    """Whoever watches said so, in the middle of it."""


@dataclass(slots=True)
class _Done:
    faces: int = 0
    made: dict[int, int] = field(default_factory=dict)
    """Group → the new person that it became."""
    matched: int = 0
    suggested: int = 0

    def add(self, more: "_Done") -> None:
        """Another transaction is stored."""
        self.faces += more.faces
        self.made |= more.made
        self.matched += more.matched
        self.suggested += more.suggested


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    everything: Whole
    after: Regrouped

    def chunks(self) -> list[Ids]:
        """Faces that come to somebody, by their index; whole groups, but of large ones a part."""
        which = np.flatnonzero((self.everything.person == NOBODY) & (self.after.group != LONE))
        which = which[np.argsort(self.after.group[which], kind="stable")]
        _, starts = np.unique(self.after.group[which], return_index=True)
        cuts, begun = [0], 0
        for start, end in pairwise([*starts.tolist(), len(which)]):
            if end - begun > WRITTEN:
                cuts += [start, *range(start + WRITTEN, end, WRITTEN)]
                begun = cuts[-1]
        return [which[start:end] for start, end in pairwise([*dict.fromkeys(cuts), len(which)])]


def is_due(ctx: Context) -> bool:
    """Whether most of the library waits for grouping, and it is much."""
    with ctx.database.read() as reader:
        if store.backlog(reader, ctx.pack_id, MANY + 1) <= MANY:
            return False
        waiting = store.backlog(reader, ctx.pack_id, 2**62)
        return 2 * waiting >= store.count_faces(reader, ctx.pack_id)


def group_all(
    ctx: Context, match: Match, progress: Callable[[str], None], stop: Callable[[], bool]
) -> tuple[int, int, int, int]:
    """Group every face that is nobody's. Faces looked at, people made, faces matched, faces suggested.

    Who has faces keeps them, and nobody joins anybody. When `stop` says so it ends; what is written stays.
    """
    done = _Done()

    def tick() -> None:
        if stop():
            raise Stopped

    def step(text: str) -> None:
        progress(text)
        tick()

    # What is left when it is stopped waits for the next grouping.
    with suppress(Stopped):
        _write_all(ctx, _planned(ctx, step, tick), match, done, step)
        step("looking for people who are there twice")
        twice.find_afterwards(ctx, tick)
    return done.faces, len(done.made), done.matched, done.suggested


def _planned(ctx: Context, progress: Callable[[str], None], tick: Callable[[], None]) -> _Plan:
    progress("reading all faces")
    with ctx.database.read() as reader:
        everything = whole.read(reader, ctx.pack_id, ctx.pack.dimensions, tick)
        rejected = whole.rejections(reader, ctx.pack_id)
    progress(f"comparing {len(everything):,} faces")
    faces = Faces(everything.vectors, everything.photo, everything.quality)
    past = Past(everything.person, everything.person != NOBODY, frozenset(), by_index(everything, rejected))
    threads = min(os.cpu_count() or 1, 8)
    return _Plan(everything, regroup(faces, past, ctx.pack.likeness, threads=threads, tick=tick))


def by_index(everything: Whole, rejected: list[tuple[int, int]]) -> Ids:
    """(face, person) with the index of the face."""
    pairs = np.array(rejected, dtype=np.int64).reshape(-1, 2)
    pairs[:, 0] = np.searchsorted(everything.face, pairs[:, 0])
    return pairs


def _write_all(ctx: Context, plan: _Plan, match: Match, done: _Done, progress: Callable[[str], None]) -> None:
    chunks = plan.chunks()
    total = sum(map(len, chunks))
    for chunk in chunks:
        progress(f"grouping {done.faces:,} of {total:,} faces")
        done.add(_write(ctx, plan, chunk, match, done.made))
    alone = plan.everything.face[(plan.after.group == LONE) & ~plan.everything.grouped]
    for start in range(0, len(alone), 10 * WRITTEN):
        progress(f"{len(alone):,} faces are like no other")
        _set_aside(ctx, alone[start : start + 10 * WRITTEN].tolist())
    done.faces += len(alone)


@tried_again
def _set_aside(ctx: Context, faces: list[int]) -> None:
    with ctx.database.write(gives_way=True) as writer:
        store.mark_grouped(writer, faces)


@tried_again
def _write(ctx: Context, plan: _Plan, chunk: Ids, match: Match, made: dict[int, int]) -> _Done:
    with ctx.database.write(verb="group", gives_way=True) as writer:
        held = face_store.hold_free(writer, plan.everything.face[chunk].tolist())
        part = chunk[np.isin(plan.everything.face[chunk], np.array(held, dtype=np.int64))]
        new = _found(writer, plan, part, made)
        who = _people(plan, part, made | new)
        who[_refused(writer, plan, part, who)] = NOBODY
        still = store.still_open(writer, sorted(set(who.tolist()) - {NOBODY}))
        joining = np.isin(who, np.array(sorted(still), dtype=np.int64))
        rows = _sure(ctx, plan, part, who)
        store.put(
            writer,
            {face: (rows[face][0], rows[face][1]) for face in _faces(plan, part[joining])},
            ctx.pack_id,
        )
        asked = part[~joining & (who != NOBODY)]
        matched = [index for index in asked.tolist() if match(ctx, writer, _row(plan, index))]
        left = _faces(plan, asked[~np.isin(asked, np.array(matched, dtype=np.int64))])
        store.suggest(writer, {face: rows[face] for face in left}, ctx.pack_id)
        store.mark_grouped(writer, held)
    return _Done(len(held), new, len(matched), len(left))


def _faces(plan: _Plan, part: Ids) -> list[int]:
    return [int(face) for face in plan.everything.face[part]]


def _row(plan: _Plan, index: int) -> VectorRow:
    rows = plan.everything
    vector = rows.vectors[index].astype(np.float32)
    return VectorRow(int(rows.face[index]), int(rows.photo[index]), float(rows.quality[index]), vector)


def _found(writer: Writer, plan: _Plan, part: Ids, made: dict[int, int]) -> dict[int, int]:
    """New people for the groups that have nobody yet, and still have two faces."""
    groups, counts = np.unique(plan.after.group[part], return_counts=True)
    fresh = [
        int(group)
        for group, count in zip(groups, counts, strict=True)
        if plan.after.identity[group] is None and int(group) not in made and count > 1
    ]
    return dict(zip(fresh, store.make_people(writer, len(fresh)), strict=True))


def _people(plan: _Plan, part: Ids, made: dict[int, int]) -> Ids:
    """Whose each face would be; NOBODY for the last one of a group of which the rest is gone."""
    known = (plan.after.identity[group] for group in plan.after.group[part].tolist())
    groups = plan.after.group[part].tolist()
    people = [made.get(g, NOBODY) if k is None else k for g, k in zip(groups, known, strict=True)]
    return np.array(people, dtype=np.int64)


def _refused(writer: Writer, plan: _Plan, part: Ids, who: Ids) -> list[int]:
    """Where the person has come into the photo meanwhile, was rejected, or was not born."""
    faces, people = _faces(plan, part), sorted(set(who.tolist()) - {NOBODY})
    photos = plan.everything.photo[part].tolist()
    there = set(store.presence(writer, people, photos))
    refused = face_store.rejections(writer, faces) | store.unborn(writer, people, faces)
    rows = zip(faces, photos, who.tolist(), strict=True)
    return [at for at, (face, photo, p) in enumerate(rows) if (p, photo) in there or (face, p) in refused]


def _sure(ctx: Context, plan: _Plan, part: Ids, who: Ids) -> dict[int, tuple[int, float, float]]:
    """For each face its person, the confidence, and the distance to the others of its group."""
    groups = np.unique(plan.after.group[part])
    inside = np.flatnonzero(np.isin(plan.after.group, groups))
    faces = Faces(plan.everything.vectors[inside], inside, plan.everything.quality[inside])
    nodes = summed_up(faces.vectors, faces.weight, np.searchsorted(groups, plan.after.group[inside]))
    found = {}
    for index, person in zip(part.tolist(), who.tolist(), strict=True):
        at = int(np.searchsorted(groups, plan.after.group[index]))
        away, sure = sureness(ctx, plan.everything.vectors[index], nodes.mean[at], nodes.scatter[at])
        found[int(plan.everything.face[index])] = person, sure, away
    return found
