"""Joining the server of a home as one of its users, and starting its supervisor when there is none."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

import facekeep
from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.faults import translated
from facekeep.store.embedded.handle import ServerHandle
from facekeep.store.embedded.layout import ControlFolder, prepare
from facekeep.store.embedded.locating import Whereabouts, locate
from facekeep.store.embedded.locks import FileLock
from facekeep.store.embedded.probing import Answer, Reply, ask
from facekeep.store.embedded.reporting import follow
from facekeep.store.embedded.waiting import Wait

# Longer than everything that the supervisor may wait for.
_PATIENCE_S = 2400.0
# A server that is full, or does not know us, may come to its senses.
_REFUSED_S = 30.0
# A supervisor that dies without a word (killed, out of memory) is replaced this often before giving up.
_SILENT_DEATHS = 3


def join(home: Path, notice: Callable[[str], None]) -> ServerHandle:
    """See `open_server`."""
    control = prepare(home)
    with contextlib.ExitStack() as undo:
        with translated(f"lock the database in {control.path}"):
            users = undo.enter_context(contextlib.closing(FileLock.open(control.users_lock)))
            _enter(users, notice)
        whereabouts = _reach(control, notice)
        undo.pop_all()
    return ServerHandle(control, users, whereabouts, revive=lambda: supervise(control, notice))


class Outcome(Enum):
    """What came of the wish to start a supervisor."""

    NOT_NEEDED = auto()
    READY = auto()
    DIED_SILENTLY = auto()


def supervise(control: ControlFolder, notice: Callable[[str], None]) -> Outcome:
    """Start a supervisor unless there is one, and wait until its server is ready.

    Raises the StorageFault for which its server could not be brought up.
    """
    with translated(f"lock the database in {control.path}"):
        claim = FileLock.open(control.supervisor_lock)
    with contextlib.closing(claim):
        with translated(f"lock the database in {control.path}"):
            if not claim.try_exclusive():
                return Outcome.NOT_NEEDED
        ready = _start_supervisor(control, claim, notice)
        return Outcome.READY if ready else Outcome.DIED_SILENTLY


def _enter(users: FileLock, notice: Callable[[str], None]) -> None:
    """Become a user; while the supervisor stops the server it lets nobody in."""
    wait = Wait(notice)
    while not users.try_shared():
        _tick(wait, "waiting for the database to stop before it is started again")


def _reach(control: ControlFolder, notice: Callable[[str], None]) -> Whereabouts:
    """Wait until the server accepts connections, supervised by whomever."""
    wait = Wait(notice)
    silent_deaths = 0
    while True:
        found, reply = _ask(control)
        if found is not None and reply.data == found.data and not _is_free(control):
            return found
        if reply.answer is Answer.REFUSED and wait.seconds > _REFUSED_S:
            raise StorageFault(f"The database server refuses us: {reply.text}", hint=f"See {control.log}.")
        outcome = supervise(control, notice)
        if outcome is Outcome.READY:
            continue
        silent_deaths += outcome is Outcome.DIED_SILENTLY
        if silent_deaths >= _SILENT_DEATHS:
            raise StorageFault("The database supervisor ends at once.", hint=f"See {control.log}.")
        _tick(wait, "waiting for the database to start")


def _ask(control: ControlFolder) -> tuple[Whereabouts | None, Reply]:
    """Where the server was noted to be, and what answers there; `data` is known only of one that is ready."""
    found = locate(control)
    return found, Reply(Answer.NOBODY) if found is None else ask(found.conninfo)


def _is_free(control: ControlFolder) -> bool:
    """Whether nobody supervises at this moment."""
    with (
        translated(f"lock the database in {control.path}"),
        contextlib.closing(FileLock.open(control.supervisor_lock)) as claim,
    ):
        return claim.try_exclusive()


def _start_supervisor(control: ControlFolder, claim: FileLock, notice: Callable[[str], None]) -> bool:
    reading, writing = os.pipe()
    try:
        try:
            _launch(control, claim, writing)
        finally:
            os.close(writing)
        return follow(reading, notice, _PATIENCE_S)
    finally:
        os.close(reading)


def _launch(control: ControlFolder, claim: FileLock, report: int) -> None:
    """Start the detached process; it inherits the lock, so that supervision is handed over without a gap."""
    source = str(Path(facekeep.__file__).resolve().parents[1])
    known = os.environ.get("PYTHONPATH", "")
    with translated("start the database supervisor"), control.log.open("ab") as log:
        control.log.chmod(0o600)
        subprocess.run(
            [
                *(sys.executable, "-P", "-m", "facekeep.store.embedded.supervisor"),
                *(str(control.home), str(claim.descriptor)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=report,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{known}" if known else source},
            pass_fds=[claim.descriptor],
            start_new_session=True,
            check=False,
        )


def _tick(wait: Wait, what: str) -> None:
    if wait.seconds > _PATIENCE_S:
        raise StorageFault(f"Gave up {what}.", hint="See database/server.log in the data folder.")
    wait.tick(what)
