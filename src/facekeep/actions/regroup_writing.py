"""Writing down what grouping everything anew comes to: one transaction, one decision, which can be undone.

Everything is looked at again in it: who or what was changed since it was read stays as it is.
"""

from dataclasses import asdict, dataclass

import numpy as np

from facekeep.actions.context import Context
from facekeep.actions.placing import sureness
from facekeep.domain.agglomeration import Flags
from facekeep.domain.library_grouping import LONE, Faces, summed_up
from facekeep.domain.neighbours import Ids
from facekeep.domain.regrouping import Difference, Past, Regrouped, moving
from facekeep.store import details, grouping, journal, whole
from facekeep.store import faces as face_store
from facekeep.store import people as people_store
from facekeep.store import regrouping as store
from facekeep.store.database import GaveWay, Writer
from facekeep.store.details import Whose
from facekeep.store.whole import NOBODY, Whole

TRIES = 10
"""Times that it gives way to users who are at the same faces, before it fails."""

NEW = -2
"""In place of a person: one of a group that is not there yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What there was, and what is to be."""

    everything: Whole
    faces: Faces
    past: Past
    after: Regrouped
    touched: dict[int, bool]
    """People of whom a user had said something, when it was read."""
    difference: Difference

    @property
    def outcome(self) -> dict[str, int]:
        """In numbers."""
        return {"faces": len(self.everything), **asdict(self.difference), "left": 0}


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Faces by their index, the group that each goes to (LONE for none), and its person: NOBODY, or NEW."""

    which: Ids
    group: Ids
    person: Ids

    def some(self, kept: Flags) -> "_Moves":
        return _Moves(self.which[kept], self.group[kept], self.person[kept])


def write(ctx: Context, number: int, plan: Plan) -> None:
    """Write it down, and how run `number` ended. GaveWay when users are at the same faces all the time."""
    for _ in range(TRIES - 1):
        try:
            return _write(ctx, number, plan)
        except GaveWay:
            continue  # whoever was at these faces is done soon
    return _write(ctx, number, plan)


def _write(ctx: Context, number: int, plan: Plan) -> None:
    with ctx.database.write("user", verb="regroup", gives_way=True) as writer:
        wanted = _wanted(plan)
        moves = _still_right(writer, plan, wanted)
        outcome = plan.outcome | {"moved": len(moves.which), "left": len(wanted.which) - len(moves.which)}
        if len(moves.which):
            about = {key: outcome[key] for key in ("moved", "new", "change", "gone")}
            store.begin_decision(writer, number, about)
            _move(ctx, writer, plan, moves)
        store.end(writer, number, "done", outcome=outcome, decision=journal.opened(writer))


def _wanted(plan: Plan) -> _Moves:
    which = moving(plan.past, plan.after)
    group = plan.after.group[which]
    identity = [NEW if one is None else one for one in plan.after.identity]
    person = np.array([NOBODY if g == LONE else identity[g] for g in group.tolist()], dtype=np.int64)
    return _Moves(which, group, person)


def _still_right(writer: Writer, plan: Plan, moves: _Moves) -> _Moves:
    """Those that nobody has spoken against since, with everybody in them held."""
    faces = plan.everything.face[moves.which]
    held = {row.face: row for row in details.whose(writer, faces.tolist())}
    was = plan.everything.person[moves.which]
    now = np.array([_now(held.get(face)) for face in faces.tolist()], dtype=np.int64)
    people_store.hold(writer, sorted({*was.tolist(), *moves.person.tolist()} - {NOBODY, NEW}))
    later = set(whole.touched(writer)) - set(plan.touched)
    right = (now == was) & ~np.isin(was, np.array(sorted(later), dtype=np.int64))
    moves = moves.some(right)
    # Whoever stays after all may be in the way of another.
    while not (allowed := _may_come(writer, plan, moves) & _not_alone(moves)).all():
        moves = moves.some(allowed)
    return moves


def _now(found: Whose | None) -> int:
    """Whose a face is; NEW, which it never was, where it is gone or a user has spoken."""
    if found is None or found.decided_by not in (None, "auto"):
        return NEW
    return NOBODY if found.person is None else found.person


def _may_come(writer: Writer, plan: Plan, moves: _Moves) -> Flags:
    """Where whoever the face goes to is still there, and nothing speaks against it."""
    faces, photos = plan.everything.face[moves.which].tolist(), plan.everything.photo[moves.which].tolist()
    people = sorted(set(moves.person.tolist()) - {NOBODY, NEW})
    there = grouping.still_open(writer, people)
    refused = face_store.rejections(writer, faces) | grouping.unborn(writer, people, faces)
    present = store.present(writer, people, photos, faces)
    rows = zip(faces, photos, moves.person.tolist(), strict=True)
    return np.array(
        [
            person in (NOBODY, NEW)
            or (person in there and (face, person) not in refused and (person, photo) not in present)
            for face, photo, person in rows
        ],
        dtype=bool,
    )


def _not_alone(moves: _Moves) -> Flags:
    """Not where the others of a new group do not come."""
    new = moves.person == NEW
    groups, counts = np.unique(moves.group[new], return_counts=True)
    return np.asarray(~(new & np.isin(moves.group, groups[counts < 2])))


def _move(ctx: Context, writer: Writer, plan: Plan, moves: _Moves) -> None:
    """All are taken off first: two of one photo may change places."""
    faces = plan.everything.face[moves.which]
    was = plan.everything.person[moves.which]
    grouping.take(writer, faces[was != NOBODY].tolist())
    people = _whom(writer, moves)
    sure = _sureness(ctx, plan, moves)
    rows = {
        face: (person, sure[at])
        for at, (face, person) in enumerate(zip(faces.tolist(), people.tolist(), strict=True))
        if person != NOBODY
    }
    grouping.put(writer, rows, ctx.pack_id)
    store.follow(writer, _successors(plan, moves, people))
    journal.touch(writer, sorted({*was.tolist(), *people.tolist()} - {NOBODY}))


def _whom(writer: Writer, moves: _Moves) -> Ids:
    """The person of each, new ones made."""
    fresh = np.unique(moves.group[moves.person == NEW])
    made = np.array(grouping.make_people(writer, len(fresh)), dtype=np.int64)
    people = moves.person.copy()
    new = people == NEW
    people[new] = made[np.searchsorted(fresh, moves.group[new])]
    return people


def _sureness(ctx: Context, plan: Plan, moves: _Moves) -> list[float]:
    groups = np.unique(moves.group[moves.group != LONE])
    inside = np.flatnonzero(np.isin(plan.after.group, groups))
    place = np.searchsorted(groups, plan.after.group[inside])
    nodes = summed_up(plan.faces.vectors[inside], plan.faces.weight[inside], place)
    at = np.searchsorted(groups, moves.group)
    return [
        0.0 if group == LONE else sureness(ctx, plan.faces.vectors[index], nodes.mean[k], nodes.scatter[k])[1]
        for index, group, k in zip(moves.which.tolist(), moves.group.tolist(), at.tolist(), strict=True)
    ]


def _successors(plan: Plan, moves: _Moves, people: Ids) -> dict[int, int]:
    """Whom those point to of whom no group is left."""
    person_of = dict(zip(moves.group.tolist(), people.tolist(), strict=True))
    into = {
        person: plan.after.identity[group] if plan.after.identity[group] is not None else person_of.get(group)
        for person, group in plan.after.successor.items()
    }
    return {person: target for person, target in into.items() if target not in (None, NOBODY, person)}
