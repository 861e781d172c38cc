"""Taking decisions back, whoever made them and however long ago.

What has been changed since is left as it is and reported: an undo never overwrites a later decision.
An undo is a decision as well; undoing it is the redo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.domain.errors import AlreadyUndone, Conflict, NothingToUndo, NotUndone
from facekeep.store import decisions as store
from facekeep.store import faces as face_store
from facekeep.store import journal
from facekeep.store import people as people_store
from facekeep.store.database import GaveWay, Writer, tried_again
from facekeep.store.journal import Change, Entry, Held

FORGOTTEN = "forgotten"
"""Why a row is left whose person is gone for good."""


@dataclass(frozen=True, slots=True)
class Left:
    """A row that an undo did not touch, and why, in words."""

    kind: str
    face: int | None
    person: int | None
    other: int | None
    reason: str


_Refused = tuple[Change, str]
"""A row that the schema does not let be put back as it was, and what it says."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did. `decision` is its own entry in the journal: undo that to have it all again."""

    decision: int
    undid: int
    restored: int
    left: tuple[Left, ...]
    looked_at_again: int
    """Faces that a machine had given to a merged person since; it decides anew."""


@tried_again
def undo(ctx: Context, decision: int) -> Undone:
    """Put everything that a decision changed back, unless it has been changed since.

    NotFound; AlreadyUndone; NothingToUndo when all of it has been changed since.
    """
    with deciding(ctx, "undo", decision=decision) as writer:
        entry = journal.lock(writer, decision)
        _refuse_undone(writer, entry)
        _refuse_second(writer, entry)
        found = journal.net(writer, decision)
        there = journal.lock_rows(writer, found)
        _end_conclusions(writer, entry, found)
        _free_again(writer, entry, found)
        restored, left = _put_back(writer, found, there)
        # Taking back that somebody was made of whom nothing is known changes nothing: people stay on record.
        if not restored or journal.opened(writer) is None:
            raise _nothing(decision, left)
        again = _look_again(writer, entry, restored)
        people = sorted(set().union(*(change.people() for change in found)))
        journal.uncover(writer, people)
        journal.touch(writer, people)
        journal.mark_grouped(writer, _settled(entry, restored))
        number = journal.mark_undo(writer, decision)
    ctx.wake()
    return Undone(number, decision, len(restored), tuple(left), again)


def undo_latest(ctx: Context) -> Undone:
    """Undo the user's latest decision that stands and is itself no undo. NothingToUndo when there is none."""
    with ctx.database.read() as reader:
        decision = journal.latest(reader)
    if decision is None:
        raise NothingToUndo("there is nothing to undo: you have decided nothing, or all of it is undone")
    return undo(ctx, decision)


def redo_latest(ctx: Context) -> Undone:
    """Redo what the user took back last. NotUndone when nothing is taken back."""
    with ctx.database.read() as reader:
        decision = journal.latest_undone(reader)
    if decision is None:
        raise NotUndone("there is nothing to redo: no decision is undone")
    return redo(ctx, decision)


def redo(ctx: Context, decision: int) -> Undone:
    """Take back the undo of a decision that stands. NotFound; NotUndone when there is none."""
    with ctx.database.read() as reader:
        store.decision(reader, decision)
        standing = journal.undone_by(reader, decision)
    if standing is None:
        raise NotUndone(f"decision {decision} is not undone", hint="There is nothing to do again.")
    return undo(ctx, standing)


def _settled(entry: Entry, restored: Sequence[Change]) -> list[int]:
    """Faces that grouping leaves alone now: a machine does not decide again what was taken back."""
    machine = entry.actor == "machine"
    said = (c for c in restored if c.kind != "face")  # of a face shown again, nobody has decided whose it is
    return [c.face for c in said if c.face is not None and (c.before is not None or machine)]


def _refuse_undone(writer: Writer, entry: Entry) -> None:
    if entry.verb == "forget":
        raise NothingToUndo(
            f"decision {entry.decision} forgot somebody for good",
            hint="Nothing brings them back. To undo what was decided before it, give its number.",
        )
    standing = journal.undone_by(writer, entry.decision)
    if standing is not None:
        raise AlreadyUndone(
            f"decision {entry.decision} was undone by decision {standing}",
            hint=f"Undo {standing} to have it again.",
        )


def _refuse_second(writer: Writer, entry: Entry) -> None:
    """Of a decision one undo stands. Taking a redo back lets the older one stand again, beside a later."""
    while entry.undoes is not None:
        older = journal.lock(writer, entry.undoes)
        if older.undoes is None:
            return
        entry = journal.lock(writer, older.undoes)
        standing = journal.undone_by(writer, entry.decision)
        if standing is not None:
            raise AlreadyUndone(
                f"decision {entry.decision} was undone again, by decision {standing}",
                hint=f"Undo {standing} first.",
            )


def _nothing(decision: int, left: Sequence[Left]) -> NothingToUndo:
    if all(row.reason == FORGOTTEN for row in left):
        return NothingToUndo(
            f"nothing of decision {decision} can be undone: who it was about is forgotten",
            hint="Nothing brings them back.",
        )
    return NothingToUndo(
        f"nothing of decision {decision} can be undone: all of it has been changed since",
        hint="Undo what came after it first; `facekeep journal` shows it.",
    )


def _put_back(writer: Writer, found: Sequence[Change], there: Held) -> tuple[list[Change], list[Left]]:
    """What came last goes back first. What the schema refuses is tried again while others go back.

    A face cannot be given back to somebody who is not born yet, nor a name to somebody who is gone.
    """
    # All is compared before anything is put back: a face that goes may take its person's cover along.
    compared = [_compared(writer, run, there) for run in _runs(found)]
    left = [row for _, changed in compared for row in changed]
    waiting = [change for same, _ in compared for change in same]
    restored: list[Change] = []
    while waiting:
        done, refused = _restore_all(writer, waiting)
        restored += done
        if not done:
            left += [_left(change, reason) for change, reason in refused]
            break
        waiting = [change for change, _ in refused]
    return restored, left


def _restore_all(writer: Writer, wanted: Sequence[Change]) -> tuple[list[Change], list[_Refused]]:
    parts = [_restore(writer, run) for run in _runs(wanted)]
    return [change for done, _ in parts for change in done], [one for _, refused in parts for one in refused]


def _compared(writer: Writer, run: Sequence[Change], there: Held) -> tuple[list[Change], list[Left]]:
    """Those of the changes after which nothing came, and why the others are left."""
    now = journal.now(writer, run[0].kind, run)
    same: list[Change] = []
    left: list[Left] = []
    for change in run:
        if change.forgotten or not change.people() <= there.people:
            left.append(_left(change, FORGOTTEN))
        elif change.face is not None and change.face not in there.faces:
            left.append(_left(change, "the face is gone"))
        elif not change.stands(now.get(change.key)):
            left.append(_left(change, "changed since"))
        else:
            same.append(change)
    return same, left


def _runs(found: Sequence[Change]) -> Iterator[list[Change]]:
    """Neighbours of one kind go together: of one that changed five thousand faces, all at once."""
    for _, run in groupby(found, key=lambda change: change.kind):
        yield list(run)


def _restore(writer: Writer, run: Sequence[Change]) -> tuple[list[Change], list[_Refused]]:
    """All at once; where the schema refuses that, each half for itself, down to what it refuses."""
    try:
        _at_once(writer, run)
    except GaveWay:
        raise
    except Conflict as conflict:
        if len(run) == 1:
            return [], [(run[0], conflict.message)]
        middle = len(run) // 2
        one, other = _restore(writer, run[:middle]), _restore(writer, run[middle:])
        return one[0] + other[0], one[1] + other[1]
    return list(run), []


def _at_once(writer: Writer, run: Sequence[Change]) -> None:
    try:
        journal.put_back(writer, run[0].kind, run)
    except GaveWay:
        raise
    except Conflict:
        if run[0].kind != "assignment" or len(run) == 1:
            raise
        # Two faces of one photo that changed places are in each other's way.
        journal.put_back(writer, run[0].kind, run, anew=True)


def _left(change: Change, reason: str) -> Left:
    return Left(change.kind, change.face, change.person, change.other, reason)


def _end_conclusions(writer: Writer, entry: Entry, found: Sequence[Change]) -> None:
    """What a machine concluded from a box that is put back where it was: it saw another part of the photo."""
    moved = [change for change in found if change.moved()]
    if not moved:
        return
    now = journal.now(writer, "face", moved)
    back = [c.face for c in moved if c.face is not None and c.stands(now.get(c.key))]
    ended = journal.concluded_since(writer, back, entry)
    for face in ended:
        people_store.unassign(writer, face)
    face_store.mark_ungrouped(writer, ended)


def _free_again(writer: Writer, entry: Entry, found: Sequence[Change]) -> None:
    """Faces that a user had taken off somebody, and that a machine has given to somebody since.

    The user's word that they be given back goes first. What cannot be the machine thinks over again.
    """
    if entry.actor != "user":
        return
    freed = [c.face for c in found if c.kind == "assignment" and c.after is None and c.face is not None]
    face_store.mark_ungrouped(writer, journal.free_from_machine(writer, freed))


def _look_again(writer: Writer, entry: Entry, restored: Sequence[Change]) -> int:
    """Un-merging: what a machine gave to the one since then may be the other's."""
    told = {
        int(change.after["merged_into"])
        for change in restored
        if change.kind == "person" and change.after is not None and "merged_into" in change.after
    }
    later = [face for into in sorted(told) for face in journal.later_auto(writer, into, entry)]
    for face in later:
        people_store.unassign(writer, face)
    face_store.mark_ungrouped(writer, later)
    return len(later)
