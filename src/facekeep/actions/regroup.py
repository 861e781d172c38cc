"""Grouping everything anew: what a user touched stays, old groups keep their numbers where they can.

It is asked for, and done by whoever gets hold of grouping: a worker, or the command itself. Computing takes
no transaction. What comes of it is written in one, as one decision; what a user did meanwhile stays as it is.
Whoever dies in the middle has written nothing, and the next one begins anew.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from facekeep.actions import twice
from facekeep.actions.context import Context
from facekeep.actions.first_grouping import by_index
from facekeep.actions.group import GROUP_LOCK
from facekeep.actions.regroup_writing import Plan, write
from facekeep.domain.errors import FacekeepError
from facekeep.domain.library_grouping import Faces
from facekeep.domain.regrouping import Past, difference, regroup
from facekeep.store import grouping, whole
from facekeep.store import regrouping as store
from facekeep.store.regrouping import Run
from facekeep.store.whole import NOBODY, Whole

log = logging.getLogger(__name__)

TELL_S = 0.5

Progress = Callable[[str], None]


class Cancelled(Exception):
    """Somebody asked for an end, or whoever runs it has to stop."""


def ask_to_regroup(ctx: Context, *, dry_run: bool) -> Run:
    """Ask for everything to be grouped anew, or for what that would change. Conflict: it is asked already."""
    with ctx.database.write("user") as writer:
        run = store.ask(writer, dry_run=dry_run)
    ctx.wake()
    return run


def cancel_regroup(ctx: Context) -> Run | None:
    """End the one that is open; None when there is none. What it would change is left as it is."""
    with ctx.database.write() as writer:
        number = store.stop(writer)
    if number is None:
        return None
    with ctx.database.hold(*GROUP_LOCK) as ours:
        if ours:  # then nobody is at it, or whoever was is dead
            with ctx.database.write() as writer:
                store.end(writer, number, "cancelled", message="cancelled before it began")
    with ctx.database.read() as reader:
        return store.one(reader, number)


def run_asked(
    ctx: Context, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False
) -> Run | None:
    """Do what is asked for, if anything is and nobody else is at it; how it ended.

    When `stop` says so it ends and is left for another to do.
    """
    with ctx.database.read() as reader:
        if store.opened(reader) is None:
            return None
    with ctx.database.hold(*GROUP_LOCK) as ours:
        if not ours:
            return None
        with ctx.database.write() as writer:
            run = store.opened(writer)
            if run is None or not store.begin(writer, run.number):
                return None
        return _run(ctx, run, _Teller(ctx, run.number, progress, stop))


class _Teller:
    """Tells how far it is, now and then, and ends it when somebody asks for that. From any thread."""

    def __init__(self, ctx: Context, number: int, progress: Progress, stop: Callable[[], bool]) -> None:
        self._ctx, self._number, self._progress, self._stop = ctx, number, progress, stop
        self._lock, self._told, self._stage = threading.Lock(), 0.0, ""
        self.cancelled = False

    def stage(self, text: str) -> None:
        """What is done next."""
        self._stage, self._told = text, 0.0
        self._progress(text)
        self.tick()

    def tick(self) -> None:
        """It goes on. Raises Cancelled."""
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() - self._told > TELL_S:
                    with self._ctx.database.write() as writer:
                        self.cancelled = store.tell(writer, self._number, self._stage)
                    self._told = time.monotonic()
            finally:
                self._lock.release()
        if self.cancelled or self._stop():
            raise Cancelled


def _run(ctx: Context, run: Run, teller: _Teller) -> Run:
    try:
        _regroup(ctx, run, teller)
    except Cancelled:
        if teller.cancelled:
            _end(ctx, run, "cancelled", message="cancelled; nothing was changed")
    except FacekeepError as error:
        log.warning("grouping everything anew failed: %s", error.message)
        _end(ctx, run, "failed", message=error.message)
    with ctx.database.read() as reader:
        return store.one(reader, run.number)


def _end(ctx: Context, run: Run, state: Literal["cancelled", "failed"], *, message: str) -> None:
    with ctx.database.write() as writer:
        store.end(writer, run.number, state, message=message)


def _regroup(ctx: Context, run: Run, teller: _Teller) -> None:
    plan = _planned(ctx, teller)
    if run.dry_run:
        with ctx.database.write() as writer:
            store.end(writer, run.number, "done", outcome=plan.outcome)
        return
    teller.stage("writing down what changes")
    write(ctx, run.number, plan)
    ungrouped = plan.everything.face[~plan.everything.grouped].tolist()
    with ctx.database.write() as writer:
        grouping.mark_grouped(writer, ungrouped)
    twice.find_afterwards(ctx)
    ctx.wake()


def _planned(ctx: Context, teller: _Teller) -> Plan:
    teller.stage("reading all faces")
    with ctx.database.read() as reader:
        everything = whole.read(reader, ctx.pack_id, ctx.pack.dimensions, teller.tick)
        touched, rejected = whole.touched(reader), whole.rejections(reader, ctx.pack_id)
    teller.stage(f"comparing {len(everything):,} faces")
    past = _past(everything, touched, rejected)
    faces = Faces(everything.vectors, everything.photo, everything.quality)
    threads = min(os.cpu_count() or 1, 8)
    after = regroup(faces, past, ctx.pack.likeness, threads=threads, tick=teller.tick)
    return Plan(everything, faces, past, after, touched, difference(past, after))


def _past(everything: Whole, touched: dict[int, bool], rejected: list[tuple[int, int]]) -> Past:
    of_touched = np.isin(everything.person, np.array(sorted(touched), dtype=np.int64))
    kept = (everything.person != NOBODY) & (everything.said | of_touched)
    closed = frozenset(person for person, is_closed in touched.items() if is_closed)
    return Past(everything.person, kept, closed, by_index(everything, rejected))
