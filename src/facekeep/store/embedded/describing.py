"""Looking at the server of a home without touching it."""

from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.accounts import server_account
from facekeep.store.embedded.faults import translated
from facekeep.store.embedded.layout import ClusterFolder, ControlFolder, control_folder, user_name
from facekeep.store.embedded.locating import locate
from facekeep.store.embedded.placing import read_place
from facekeep.store.embedded.probing import Answer, ask
from facekeep.store.embedded.state import ServerState


def look_at(home: Path) -> ServerState:
    """See `describe`."""
    control = control_folder(home)
    try:
        with translated(f"look into the data folder {control.home}"):
            running = _running(control)
            return running if running is not None else _at_rest(control)
    except StorageFault as fault:
        return ServerState(ClusterFolder(control.path).data, "", False, "", None, fault.message)


def _running(control: ControlFolder) -> ServerState | None:
    found = locate(control)
    if found is None:
        return None
    reply = ask(found.conninfo)
    if reply.answer is Answer.READY and reply.data == found.data:
        return ServerState(found.data, found.account.name, True, reply.version, found.sockets)
    if reply.answer in (Answer.STARTING, Answer.STOPPING):
        return ServerState(found.data, found.account.name, True, "", found.sockets, reply.text)
    return None


def _at_rest(control: ControlFolder) -> ServerState:
    place = read_place(control)
    data = ClusterFolder(control.path).data if place is None else place.cluster(control).data
    if not data.is_dir():
        missing = place is not None and place.initialised
        detail = "its files are gone" if missing else "not made yet"
        return ServerState(data, "" if missing else server_account(data).name, False, "", None, detail)
    return ServerState(data, user_name(data.stat().st_uid), False, *_version(data))


def _version(data: Path) -> tuple[str, None, str]:
    try:
        return (data / "PG_VERSION").read_text("ascii", "replace").strip(), None, ""
    except OSError as error:
        return "", None, f"its files cannot be read: {error.strerror}"
