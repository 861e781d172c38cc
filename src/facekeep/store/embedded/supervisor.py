"""The supervisor: a small detached process that runs the server for as long as somebody uses it.

    python -m facekeep.store.embedded.supervisor HOME LOCK_DESCRIPTOR

It inherits the lock of supervision from the process that started it, so that there is never a moment without
a holder, and is the parent of the server. The kernel tells it when the last user has gone: then the exclusive
lock on users.lock is free.
"""

import contextlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.binaries import check_version
from facekeep.store.embedded.faults import translated
from facekeep.store.embedded.initialising import (
    check_data_version,
    initialise,
    is_initialised,
    remove_half_made,
)
from facekeep.store.embedded.layout import ClusterFolder, ControlFolder
from facekeep.store.embedded.locating import Whereabouts, locate, note
from facekeep.store.embedded.locks import FileLock
from facekeep.store.embedded.logfile import keep_bounded
from facekeep.store.embedded.placing import Place, decide_place, mark_initialised, reachable_binaries
from facekeep.store.embedded.records import write_record
from facekeep.store.embedded.reporting import Reporter
from facekeep.store.embedded.sockets import discard, socket_folder
from facekeep.store.embedded.starting import Site, bring_up, stop_or_wait

# The price of asking for the lock instead of sleeping in it: ten system calls a second. What it buys: no
# second thread, so forking stays safe and the wish to die with the parent is bound to the right thread.
_TICK_S = 0.1
_LOG_CHECK_TICKS = 100


class Supervisor:
    """One life of the server of one home."""

    def __init__(self, control: ControlFolder, reporter: Reporter) -> None:
        self._control = control
        self._reporter = reporter
        self._asked_to_stop = False
        self._ticks = 0

    def ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked_to_stop = True

    def run(self) -> None:
        """Start, watch, stop. Raises StorageFault when the server cannot be brought up."""
        with translated(f"lock the database in {self._control.path}"):
            self._users = FileLock.open(self._control.users_lock)
        site = self._prepare()
        postmaster = bring_up(site, self._reporter.notice)
        try:
            self._announce(site)
            self._reporter.ready()
            while not self._finished():
                if not postmaster.is_alive():
                    postmaster = bring_up(site, self._reporter.notice)
                    self._announce(site)
        finally:
            stop_or_wait(postmaster)
            discard(site.sockets, site.cluster, site.account)
            # A record that stays is harmless: whoever reads it asks the server.
            with contextlib.suppress(OSError):
                self._control.running_record.unlink(missing_ok=True)

    def _prepare(self) -> Site:
        place, account = decide_place(self._control)
        cluster = place.cluster(self._control)
        self._claim(cluster, place)
        binaries = reachable_binaries(account)
        check_version(binaries)
        if not is_initialised(cluster):
            self._refuse_to_start_over(place, cluster)
            self._reporter.notice("initialising the database")
            initialise(cluster, binaries, account)
        with translated(f"prepare the database in {cluster.path}"):
            remove_half_made(cluster)
            check_data_version(cluster)
            sockets = socket_folder(cluster, account, self._previous_sockets())
        if not place.initialised:
            mark_initialised(self._control, place)
        return Site(cluster, sockets, account, binaries, self._control.log)

    def _claim(self, cluster: ClusterFolder, place: Place) -> None:
        """Make the cluster's folder and take its lock for the rest of this process's life."""
        with translated(f"create the database folder {cluster.path}"):
            if place.elsewhere is not None and not place.initialised and not cluster.path.exists():
                cluster.path.mkdir(mode=0o711)
                cluster.path.chmod(0o711)
                write_record(cluster.path / "home.json", {"home": str(self._control.home)})
            self._refuse_to_start_over(place, cluster)
            self._cluster_lock = FileLock.open(cluster.lock)
        if not self._cluster_lock.try_exclusive():
            raise StorageFault(
                f"The database in {cluster.path} is in use by a copy of this data folder.",
                hint=f"Stop that one, or remove {self._control.place_record} here and restore a backup.",
            )

    def _refuse_to_start_over(self, place: Place, cluster: ClusterFolder) -> None:
        if place.initialised and not is_initialised(cluster):
            raise StorageFault(
                f"The database of {self._control.home} was in {cluster.data} and is not there any more.",
                hint=f"Mount or restore it. To begin anew with nothing, remove {self._control.place_record}.",
            )

    def _previous_sockets(self) -> Path | None:
        before = locate(self._control)
        return None if before is None else before.sockets

    def _announce(self, site: Site) -> None:
        with translated(f"write {self._control.running_record}"):
            note(self._control, Whereabouts(site.cluster.data, site.sockets, site.account, site.binaries))

    def _finished(self) -> bool:
        """After a tick: True when nobody uses the server any more; nobody can join from then on until we are
        gone."""
        time.sleep(_TICK_S)
        self._ticks += 1
        if self._ticks % _LOG_CHECK_TICKS == 0:
            # Failing to tidy the log (a full disk) is no reason to end the server.
            with contextlib.suppress(OSError):
                keep_bounded(self._control.log)
        return self._asked_to_stop or self._users.try_exclusive()


def main(arguments: list[str]) -> int:
    """Detach, then supervise. The exit status of the first process only says that the second was made."""
    home, descriptor = arguments
    if os.fork() != 0:
        # Whoever started us would have to collect our exit status one day; nobody has to, for an orphan.
        os._exit(0)
    # Kept open to the very end: who gets this lock may rely on us being gone.
    os.set_inheritable(int(descriptor), False)
    os.umask(0o077)
    reporter = Reporter()
    supervisor = Supervisor(ControlFolder(Path(home)), reporter)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, supervisor.ask_to_stop)
    for ignored in (signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    try:
        supervisor.run()
    except StorageFault as fault:
        reporter.fault(fault)
        _log(f"supervisor: {fault.message} {fault.hint}\n")
        return 3
    except Exception as error:  # noqa: BLE001 - the edge of the process: the reason must reach whoever waits
        reporter.fault(
            StorageFault(f"The database supervisor failed: {error!r}", hint="See database/server.log.")
        )
        _log(traceback.format_exc())
        return 3
    return 0


def _log(text: str) -> None:
    # Standard error is a file in the data folder; on a full disk there is no other place to complain to.
    with contextlib.suppress(OSError):
        os.write(2, text.encode("utf-8", "backslashreplace"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
