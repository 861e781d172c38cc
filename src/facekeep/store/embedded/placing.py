"""Where the cluster of a home lies, and which copy of the programs it uses."""

import os
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.accounts import USER_VARIABLE, Account, server_account
from facekeep.store.embedded.binaries import Binaries, copied_to, from_wheel
from facekeep.store.embedded.faults import translated
from facekeep.store.embedded.layout import LONGEST_DATA_PATH, ClusterFolder, ControlFolder
from facekeep.store.embedded.records import read_record, write_record

FOLDER_VARIABLE = "FACEKEEP_PG_FOLDER"
_SYSTEM_FOLDER = "/var/lib/facekeep"


@dataclass(frozen=True, slots=True)
class Place:
    """The content of place.json. `elsewhere` is None while the cluster lies in the home itself."""

    elsewhere: str | None
    initialised: bool

    def cluster(self, control: ControlFolder) -> ClusterFolder:
        return ClusterFolder(control.path if self.elsewhere is None else Path(self.elsewhere))


def read_place(control: ControlFolder) -> Place | None:
    """What is recorded, or None before the first start. Raises StorageFault when the record is damaged."""
    with translated(f"read {control.place_record}"):
        record = read_record(control.place_record)
        if record is None and not control.place_record.exists():
            return None
    elsewhere = record.get("elsewhere") if record is not None else None
    if record is None or not isinstance(elsewhere, str | None):
        raise StorageFault(
            f"{control.place_record} is damaged: it is unknown where the database lies.",
            hint='Restore it; where data/ is beside it, write {"elsewhere": null, "initialised": true}.',
        )
    return Place(elsewhere, bool(record.get("initialised", False)))


def decide_place(control: ControlFolder) -> tuple[Place, Account]:
    """The recorded place, or a new one that the server's user can reach, recorded before anything is put
    there."""
    place = read_place(control)
    if place is not None:
        account = server_account(place.cluster(control).data)
        _check_reachable(place.cluster(control), account)
        return place, account
    account = server_account(control.path / "data")
    place = Place(_elsewhere(control, account), initialised=False)
    record_place(control, place)
    return place, account


def record_place(control: ControlFolder, place: Place) -> None:
    with translated(f"write {control.place_record}"):
        write_record(control.place_record, {"elsewhere": place.elsewhere, "initialised": place.initialised})


def mark_initialised(control: ControlFolder, place: Place) -> None:
    record_place(control, replace(place, initialised=True))


def reachable_binaries(account: Account) -> Binaries:
    """The wheel's programs, or a copy of them where their user cannot reach the wheel. Raises
    StorageFault."""
    wheel = from_wheel()
    if account.may(wheel.usable):
        return wheel
    folder = _system_folder(account)
    with translated(f"copy the PostgreSQL programs to {folder}"):
        copy = copied_to(folder, wheel)
    if not account.may(copy.usable):
        raise StorageFault(
            f"User {account.name} cannot run the PostgreSQL programs in {copy.folder}.",
            hint=f"Set {FOLDER_VARIABLE} to a folder on a disk from which programs may be run.",
        )
    return copy


def _elsewhere(control: ControlFolder, account: Account) -> str | None:
    data = ClusterFolder(control.path).data
    too_long = len(os.fsencode(data)) > LONGEST_DATA_PATH
    if not too_long and account.may(lambda: os.access(control.path, os.X_OK)):
        return None
    if account.is_current():
        raise StorageFault(
            f"The path of the data folder {control.home} is too long for PostgreSQL.",
            hint=f"Set FACEKEEP_HOME to a path of at most {LONGEST_DATA_PATH - 14} bytes.",
        )
    return str(_system_folder(account) / uuid.uuid4().hex[:12])


def _check_reachable(cluster: ClusterFolder, account: Account) -> None:
    if cluster.path.exists() and not account.may(lambda: os.access(cluster.path, os.X_OK)):
        raise StorageFault(
            f"User {account.name}, who runs the database, can no longer enter {cluster.path}.",
            hint=f"Let that user pass through its parent folders, or set {USER_VARIABLE} back.",
        )


def _system_folder(account: Account) -> Path:
    """The folder for what cannot stay in the home; made when absent, and only trusted when nobody else can
    write there."""
    chosen = os.environ.get(FOLDER_VARIABLE, "")
    folder = Path(chosen if chosen else _SYSTEM_FOLDER)
    hint = (
        f"Set {FOLDER_VARIABLE} to a folder of root's that user {account.name} can enter, or FACEKEEP_HOME "
        f"to a folder whose parents that user can pass through, or {USER_VARIABLE} to a user who can."
    )
    try:
        _make_open(folder)
        found = folder.stat()
    except OSError as error:
        raise StorageFault(f"Cannot use {folder} for the database: {error.strerror}.", hint=hint) from error
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StorageFault(f"The folder {folder} can be written by others than root.", hint=hint)
    if not account.may(lambda: os.access(folder, os.X_OK)):
        raise StorageFault(
            f"User {account.name}, who would run the database, cannot enter {folder}.", hint=hint
        )
    return folder


def _make_open(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(0o755)
