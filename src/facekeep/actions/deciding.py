"""One decision of the user: one transaction, one entry in the journal, whose number is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from facekeep.actions.context import Context
from facekeep.store import journal
from facekeep.store.database import Writer


@contextmanager
def deciding(ctx: Context, verb: str, **about: Any) -> Iterator[Writer]:
    """A transaction spoken by the user. `ctx.decided` gets its decision once stored, if anything changed."""
    with ctx.database.write("user", verb=verb, about=about) as writer:
        yield writer
        decision = journal.opened(writer)
    if decision is not None:
        ctx.decided(decision)
