"""What a user of the server holds."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.layout import ControlFolder
from facekeep.store.embedded.locks import FileLock

if TYPE_CHECKING:
    from facekeep.store.embedded.locating import Whereabouts

_log = logging.getLogger(__name__)
_WATCH_S = 0.5
_LONGEST_PAUSE_S = 30.0
# The last user waits this long for the server to stop, so that nothing is left behind when a short command
# has ended.
_GOODBYE_S = 5.0


class ServerHandle:
    """One user of a running server; the server stops when the last one has closed its handle or has died.

    While the handle is open it watches the supervisor, and starts a new one when that was killed.
    """

    def __init__(
        self,
        control: ControlFolder,
        users: FileLock,
        whereabouts: "Whereabouts",
        revive: Callable[[], object],
    ) -> None:
        self._control = control
        self._users = users
        self._whereabouts = whereabouts
        self._revive = revive
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="facekeep-database-watch", daemon=True)
        self._watcher.start()

    @property
    def conninfo(self) -> str:
        """The libpq connection string of the database. Read it anew after a lost connection: a server that
        had to be started again may listen elsewhere."""
        return self._current().conninfo

    @property
    def data_folder(self) -> Path:
        """PostgreSQL's own data folder. Not to be touched while the server runs."""
        return self._current().data

    def binaries(self) -> Path:
        """The folder with pg_dump and pg_restore of the server's version."""
        return self._current().binaries.folder

    def close(self) -> None:
        """Leave. The last to leave waits a moment for the server to stop. May be called again."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._watcher.join()
        if self._users.descriptor < 0:
            # In a forked child: the parent is the user.
            return
        with contextlib.closing(self._users):
            was_last = self._users.try_exclusive()
        if was_last:
            self._wait_for_the_end()

    def __enter__(self) -> "ServerHandle":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _current(self) -> "Whereabouts":
        from facekeep.store.embedded.locating import locate

        found = locate(self._control)
        if found is not None:
            self._whereabouts = found
        return self._whereabouts

    def _watch(self) -> None:
        pause = _WATCH_S
        while not self._closing.wait(pause):
            try:
                self._revive()
                pause = _WATCH_S
            except StorageFault as fault:
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                _log.error("the database is down: %s %s", fault.message, fault.hint)

    def _wait_for_the_end(self) -> None:
        deadline = time.monotonic() + _GOODBYE_S
        try:
            with contextlib.closing(FileLock.open(self._control.supervisor_lock)) as claim:
                while not claim.try_exclusive() and time.monotonic() < deadline:
                    time.sleep(0.02)
        except OSError as error:
            _log.debug("the data folder went away while leaving: %s", error)
