"""Forgetting somebody for good: the one thing that cannot be undone, so it is counted and asked for first.

In one transaction go the rows of the person and of all who went into it, of every face that is or was last
theirs, and what the journal says of them. Then, outside of it and again after a crash: the derived pictures,
and the space that all of it had in the database's files.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.store import forgetting as store
from facekeep.store.database import GaveWay, tried_again
from facekeep.store.forgetting import CopyMade, Counts, Doomed

log = logging.getLogger(__name__)

WIPING = 0x666F7267
"""The advisory lock of whoever rewrites the files: one at a time."""

READERS_S = 30.0
"""How long to wait for those who began to read before; for them the database keeps what was deleted."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a forgetting erases, or has erased. Numbers of rows."""

    person: int
    """Where its merges led."""
    people: int
    """It, and all who went into it."""
    faces: int
    photos: int
    vectors: int
    rejections: int
    entries: int
    """Of the journal, emptied."""
    elsewhere: int
    """Faces that were theirs once and are somebody else's now: they stay."""
    namesakes: tuple[int, ...]
    """Other people with one of their names: theirs stays."""
    copies: tuple[CopyMade, ...]
    """Older copies outside the database, which still have it all."""
    version: int
    """Of the person, before."""


class _DryRun(Exception):
    """Nothing is to stay done."""


@tried_again
def forget_person(
    ctx: Context, person_id: int, *, version: int | None = None, dry_run: bool = False
) -> Forgotten:
    """Erase a person, everybody merged into it, and all their faces. Cannot be undone.

    `dry_run` does it and takes it back, for exact numbers. The files are not wiped yet: `wipe`. NotFound;
    Conflict when the person has changed since `version`.
    """
    with suppress(_DryRun), deciding(ctx, "forget", person=person_id) as writer:
        found = store.lock(writer, person_id, version=version)
        before = store.version(writer, found.root)
        told = (store.elsewhere(writer, found), store.namesakes(writer, found), store.copies(writer))
        gone = store.counts(writer, found)
        entries = store.erase(writer, found)
        store.enter(writer, found, gone, entries)
        answer = _told(found, gone, entries, before, *told)
        if dry_run:
            raise _DryRun
    if not dry_run:
        _clear_pictures(ctx)
        ctx.wake()
    return answer


def wipe(ctx: Context, *, patience_s: float = READERS_S) -> bool:
    """Clear the derived pictures, and write the database's files anew where something was forgotten.

    False when it could not be done now: somebody reads for long, or does it already. It is still due then.
    """
    with ctx.database.hold(WIPING, 1) as ours:
        return ours and _wiped(ctx, patience_s)


class Wiper:
    """What a process that goes on running does: what is left of a forgetting, and what it has in memory."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seen = 0

    def turn(self) -> None:
        """Look whether somebody was forgotten, and do what is due."""
        with self._ctx.database.read() as reader:
            last, due = store.last(reader), store.unwiped(reader)
        if last != self._seen:
            self._ctx.pictures.clear_memory()
            self._seen = last
        if due:
            wipe(self._ctx)


def _wiped(ctx: Context, patience_s: float) -> bool:
    with ctx.database.read() as reader:
        due, moment = store.unwiped(reader), store.now(reader)
    if not due:
        return True
    try:
        if not _clear_pictures(ctx):
            return False
        if not _unseen(ctx, moment, patience_s):
            log.warning("somebody was forgotten, and a long look at the database keeps it in its files yet")
            return False
        store.rewrite_files(ctx.database)
    except GaveWay as error:
        log.warning("somebody was forgotten, and the files could not be wiped yet: %s", error.message)
        return False
    if not _clear_pictures(ctx):  # what somebody was drawing at that moment
        return False
    with ctx.database.write() as writer:
        store.mark_wiped(writer, due)
    return True


def _clear_pictures(ctx: Context) -> bool:
    """All of them: under which names those of one face lie, nobody knows when its box has changed."""
    try:
        ctx.pictures.clear()
    except OSError as error:
        log.warning("somebody was forgotten, and derived pictures could not be deleted: %s", error)
        return False
    return True


def _unseen(ctx: Context, moment: datetime, patience_s: float) -> bool:
    """Wait until nobody reads who began before that moment. Whether it came to that."""
    end = time.monotonic() + patience_s
    while True:
        with ctx.database.read() as reader:
            if not store.still_seen(reader, moment):
                return True
        if time.monotonic() > end:
            return False
        time.sleep(0.1)


def _told(
    found: Doomed,
    gone: Counts,
    entries: int,
    version: int,
    elsewhere: int,
    namesakes: list[int],
    copies: list[CopyMade],
) -> Forgotten:
    return Forgotten(
        person=found.root,
        people=len(found.people),
        faces=len(found.faces),
        photos=gone.photos,
        vectors=gone.vectors,
        rejections=gone.rejections,
        entries=entries,
        elsewhere=elsewhere,
        namesakes=tuple(namesakes),
        copies=tuple(copies),
        version=version,
    )
