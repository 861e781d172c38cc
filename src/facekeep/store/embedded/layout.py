"""Which file lies where.

<home>/database/          control files: locks, records, the log. Owned by the user that facekeep runs as.
<cluster folder>/         what PostgreSQL uses: data/, socket/, *.conf. The same folder, unless facekeep runs
as root and
                          the server's user cannot enter it; then <system folder>/<id>/, noted in place.json.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.faults import translated

# PostgreSQL cuts paths at 1024 bytes (MAXPGPATH); its own names below the data folder take up to 100.
LONGEST_DATA_PATH = 900


@dataclass(frozen=True, slots=True)
class ControlFolder:
    """The part that is always in the home."""

    home: Path

    @property
    def path(self) -> Path:
        return self.home / "database"

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server; exclusive means that nobody does."""
        return self.path / "users.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the one process that supervises the server, or is about to."""
        return self.path / "supervisor.lock"

    @property
    def running_record(self) -> Path:
        """Where the running server is reached."""
        return self.path / "running.json"

    @property
    def place_record(self) -> Path:
        """Where the cluster lies, and whether it has been made."""
        return self.path / "place.json"

    @property
    def log(self) -> Path:
        return self.path / "server.log"


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """The part that the server's user must reach."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def sockets(self) -> Path:
        return self.path / "socket"

    @property
    def lock(self) -> Path:
        """Held by the supervisor, so that a copied home cannot start a second server on the same files."""
        return self.path / "cluster.lock"


def control_folder(home: Path) -> ControlFolder:
    """The control folder of a home, as an absolute path without symbolic links; nothing is created."""
    if any(ord(letter) < 32 for letter in str(home)):
        raise StorageFault(
            f"The data folder {str(home)!r} has a control character in its path.", hint="Rename it."
        )
    with translated(f"find the data folder {home}"):
        return ControlFolder(Path(os.path.realpath(home.expanduser())))


def prepare(home: Path) -> ControlFolder:
    """Create what is missing of the control folder and check that it is ours. No existing folder's mode is
    touched."""
    control = control_folder(home)
    with translated(f"create the data folder {control.home}"):
        control.home.parent.mkdir(parents=True, exist_ok=True)
        _make(control.home)
        _make(control.path)
    check_owner(control)
    return control


def check_owner(control: ControlFolder) -> None:
    """Raise StorageFault when the control folder was made by another user than the one now running."""
    with translated(f"look into the data folder {control.home}"):
        owner = control.path.stat().st_uid
    if owner != os.geteuid():
        raise StorageFault(
            f"The database in {control.home} belongs to {_who(owner)}; this is {_who(os.geteuid())}.",
            hint=f"Run facekeep as {_who(owner)}, or set FACEKEEP_HOME to a folder of your own.",
        )


def user_name(uid: int) -> str:
    """The name of a user, or its number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _who(uid: int) -> str:
    return f"user {user_name(uid)}"


def _make(folder: Path) -> None:
    # As root the server runs as somebody else, who must be able to pass through, not to list.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(mode)
