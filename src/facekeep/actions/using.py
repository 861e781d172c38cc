"""The model pack in use, which may change while a process runs."""

import threading
import time
from contextlib import suppress
from dataclasses import replace

from facekeep.actions.context import Context
from facekeep.domain.errors import DatabaseAway, ModelFault, NotFound
from facekeep.domain.packs import ModelPack, pack_called
from facekeep.store import packs
from facekeep.store.database import Reader

EVERY_S = 1.0
"""Between two looks at what is in use."""


def in_use(ctx: Context, reader: Reader) -> Context:
    """The context with the pack that is in use as this reader sees it. ModelFault: one from the future."""
    found = packs.use(reader)
    if found.active is None or found.active_label is None or found.active == ctx.pack_id:
        return ctx
    return replace(ctx, pack=known_pack(found.active_label), pack_id=found.active)


def current(ctx: Context) -> Context:
    """The context with the pack that is in use now."""
    with ctx.database.read() as reader:
        return in_use(ctx, reader)


class Current:
    """A context that follows the pack in use, for a server that runs for years. Thread-safe.

    The database is asked once in a while, however many ask here: within that time an action may still go by
    the pack before. What it writes then is found by the database, and embedded anew.
    """

    def __init__(self, ctx: Context, every_s: float = EVERY_S) -> None:
        self._ctx, self._every_s = ctx, every_s
        self._ask_at = 0.0
        self._lock = threading.Lock()

    def context(self) -> Context:
        """With the pack in use, as known."""
        if time.monotonic() >= self._ask_at and self._lock.acquire(blocking=False):
            try:
                # Whoever needs the database notices by himself that it is away.
                with suppress(DatabaseAway):
                    self._ctx = current(self._ctx)
                self._ask_at = time.monotonic() + self._every_s
            finally:
                self._lock.release()
        return self._ctx


def known_pack(label: str) -> ModelPack:
    """A pack that this database tells of. ModelFault when this program does not know it."""
    try:
        return pack_called(label)
    except NotFound as error:
        raise ModelFault(
            f"the model pack in use is {label}, which this facekeep does not know",
            hint="Update it to the version that began to use that pack.",
        ) from error
