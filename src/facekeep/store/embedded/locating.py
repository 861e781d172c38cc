"""Where the running server of a home is reached, as its supervisor noted it."""

from dataclasses import dataclass
from pathlib import Path

from facekeep.store.embedded.accounts import Account
from facekeep.store.embedded.binaries import Binaries
from facekeep.store.embedded.faults import translated
from facekeep.store.embedded.layout import ControlFolder
from facekeep.store.embedded.probing import conninfo
from facekeep.store.embedded.records import read_record, write_record


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The content of running.json."""

    data: Path
    sockets: Path
    account: Account
    binaries: Binaries

    @property
    def conninfo(self) -> str:
        return conninfo(self.sockets, self.account)


def note(control: ControlFolder, found: Whereabouts) -> None:
    """Write it down for the clients. Raises OSError."""
    account = found.account
    values = {
        "data": str(found.data),
        "sockets": str(found.sockets),
        "account": {"name": account.name, "uid": account.uid, "gid": account.gid},
        "binaries": str(found.binaries.root),
    }
    write_record(control.running_record, values)


def locate(control: ControlFolder) -> Whereabouts | None:
    """What was noted last; the server need not run any more. None when nothing, or nothing usable, was
    noted."""
    with translated(f"read {control.running_record}"):
        record = read_record(control.running_record)
    if record is None:
        return None
    try:
        return Whereabouts(
            Path(record["data"]),
            Path(record["sockets"]),
            Account(**record["account"]),
            Binaries(Path(record["binaries"])),
        )
    except (KeyError, TypeError):
        return None
