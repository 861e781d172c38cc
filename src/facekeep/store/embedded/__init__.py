"""The private PostgreSQL server of a data folder: joined by every process that needs it, gone after the last
one.

Entry points: `open_server` to use it, `describe` to look at it without changing anything. How it works, and
why, is in docs/embedded-database.md.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.handle import ServerHandle
from facekeep.store.embedded.state import ServerState

__all__ = ["ServerHandle", "ServerState", "describe", "open_server"]


def ignore(_: str) -> None:
    """A notice that nobody wants to read."""


def open_server(home: Path, *, notice: Callable[[str], None] = ignore) -> ServerHandle:
    """Join the private server of the data folder `home`, or start it; returns when it accepts connections.

    `home` is created when absent. `notice` receives one plain line at a time while the caller waits
    ("initialising the database"). Raises StorageFault, with a hint, when the server cannot be had; what was
    there before is then unchanged.
    """
    _require_platform()
    from facekeep.store.embedded.joining import join

    return join(home, notice)


def describe(home: Path) -> ServerState:
    """Say what is known of the server of `home`, without starting, joining or changing anything."""
    _require_platform()
    from facekeep.store.embedded.describing import look_at

    return look_at(home)


def _require_platform() -> None:
    if importlib.util.find_spec("fcntl") is None:
        raise StorageFault(
            "The private database server needs file locks that this platform does not offer.",
            hint="Set FACEKEEP_DATABASE_URL to a PostgreSQL server with pgvector.",
        )
