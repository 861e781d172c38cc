"""Counting again what large decisions left uncounted: until then every listing counts it for itself."""

from collections.abc import Callable

from facekeep.actions.context import Context
from facekeep.store import search

ROUNDS = 100
"""What is left then, being so much, or because somebody else is at it, waits for the next time."""


def count_left(ctx: Context, stop: Callable[[], bool] = lambda: False) -> None:
    """Count what is marked, in short transactions."""
    for _ in range(ROUNDS):
        if stop():
            return
        with ctx.database.write() as writer:
            if not search.count_stale(writer):
                return
