"""Bringing the server of a cluster up, whatever state it was left in. Runs in the supervisor, which is
alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.accounts import Account
from facekeep.store.embedded.binaries import Binaries
from facekeep.store.embedded.configuring import write_configuration
from facekeep.store.embedded.faults import DISK_FULL_HINT, translated
from facekeep.store.embedded.layout import ClusterFolder
from facekeep.store.embedded.logfile import reason_in, size_of, written_since
from facekeep.store.embedded.postmaster import (
    ChildPostmaster,
    Postmaster,
    find_postmaster,
    start_postgres,
    stop,
    wait_gone,
)
from facekeep.store.embedded.probing import PORT, Answer, ask, conninfo, create_database
from facekeep.store.embedded.waiting import Wait

# Recovery reads the log since the last checkpoint: minutes on a slow disk, never known in advance.
RECOVERY_S = 1800.0
# How long the remains of a killed server may hold its shared memory, or a stopping one its files.
_REMAINS_S = 90.0
# How long a server that was found running may stay without answering on its socket.
_DEAF_S = 10.0
_REMAINS = (
    "pre-existing shared memory block",
    '" already exists',
    "already in use",
)


@dataclass(frozen=True, slots=True)
class Site:
    """Everything needed to run the server."""

    cluster: ClusterFolder
    sockets: Path
    account: Account
    binaries: Binaries
    log: Path


def bring_up(site: Site, notice: Callable[[str], None]) -> Postmaster:
    """Adopt the running server of this cluster, or start one, and wait until it accepts connections in our
    database.

    Raises StorageFault; a server started here is stopped again then.
    """
    postmaster = _adopt(site, notice)
    if postmaster is None:
        postmaster = _start_patiently(site, notice)
    try:
        create_database(site.sockets, site.account)
    except psycopg.Error as error:
        stop(postmaster)
        raise _explained(f"The database could not be created: {str(error).strip()}") from error
    return postmaster


def _adopt(site: Site, notice: Callable[[str], None]) -> Postmaster | None:
    """The server that a killed supervisor left behind, once it answers; None when there is none, or it is
    leaving."""
    found = find_postmaster(site.cluster.data)
    if found is None:
        return None
    wait = Wait(notice)
    while found.is_alive():
        reply = ask(conninfo(site.sockets, site.account, "postgres"))
        if reply.answer is Answer.READY and reply.data == site.cluster.data:
            return found
        wait.tick("waiting for the database server that was left running")
        if reply.answer is Answer.NOBODY and wait.seconds > _DEAF_S:
            # It listens where nobody looks, its socket was removed: of use to no one, and proven to be ours.
            stop(found)
        if wait.seconds > RECOVERY_S:
            raise StorageFault(
                f"A PostgreSQL server (process {found.pid}) runs on {site.cluster.data} but does not answer.",
                hint="End that process, then try again. Nothing was changed.",
            )
    return None


def _start_patiently(site: Site, notice: Callable[[str], None]) -> Postmaster:
    """Start the server, again and again while what a killed one left behind is still in the way."""
    wait = Wait(notice)
    with translated(f"write the configuration of the database in {site.cluster.path}"):
        write_configuration(site.cluster, site.account)
    while True:
        _remove_stale_locks(site)
        position = size_of(site.log)
        with translated(f"start {site.binaries.program('postgres')}"):
            postmaster = start_postgres(site.binaries, site.cluster, site.sockets, site.account)
        if _wait_until_ready(site, postmaster, notice):
            return postmaster
        said = written_since(site.log, position)
        if not _in_the_way(said) or wait.seconds > _REMAINS_S:
            raise _explained(f"The database server did not start: {reason_in(said)}")
        wait.tick("waiting for the rest of a killed database server to leave")


def _wait_until_ready(site: Site, postmaster: ChildPostmaster, notice: Callable[[str], None]) -> bool:
    """True when the server answers, False when it ended first."""
    wait = Wait(notice)
    while postmaster.is_alive():
        reply = ask(conninfo(site.sockets, site.account, "postgres"))
        if reply.answer is Answer.READY and reply.data == site.cluster.data:
            return True
        if wait.seconds > RECOVERY_S or reply.answer in (Answer.REFUSED, Answer.NO_DATABASE):
            stop(postmaster)
            raise _explained(f"The database server does not accept connections: {reply.text}")
        recovering = reply.answer is Answer.STARTING
        wait.tick("recovering after a crash" if recovering else "starting the database")
    return False


def _remove_stale_locks(site: Site) -> None:
    """Remove postmaster.pid, and the like beside the socket, whatever they say, when no server is behind.

    PostgreSQL refuses an empty one, and one with the pid of any process of the same user. We know better: we
    hold the cluster's lock and no server works in its folder. Remains of a killed server are still found by
    PostgreSQL itself, by the shared memory they hold.
    """
    if find_postmaster(site.cluster.data) is None:
        socket = site.sockets / f".s.PGSQL.{PORT}"
        for path in (site.cluster.data / "postmaster.pid", socket.with_name(f"{socket.name}.lock"), socket):
            with translated(f"remove the stale {path}"):
                path.unlink(missing_ok=True)


def stop_or_wait(postmaster: Postmaster) -> None:
    """Stop a server of ours; a server that cannot be stopped is left to the next supervisor, who will adopt
    it."""
    if not stop(postmaster):
        wait_gone(postmaster, _REMAINS_S)


def _in_the_way(said: str) -> bool:
    return any(words in said for words in _REMAINS) and "No space left" not in said


def _explained(message: str) -> StorageFault:
    if "No space left on device" in message or "Disk quota exceeded" in message:
        return StorageFault(message, hint=DISK_FULL_HINT)
    if "Read-only file system" in message:
        return StorageFault(message, hint="Mount that disk writable. The database itself is intact.")
    return StorageFault(message, hint="See database/server.log in the data folder.")
