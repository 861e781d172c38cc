"""The folder of the server's socket: private to the server's user, and short enough for the kernel."""

import os
import re
import shutil
import socket
import stat
import tempfile
from pathlib import Path

from facekeep.store.embedded.accounts import Account
from facekeep.store.embedded.layout import ClusterFolder
from facekeep.store.embedded.probing import PORT

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
_LONGEST_SOCKET_PATH = 99
# What neither libpq's list of hosts nor PostgreSQL's list of folders reads as a separator or a quote.
_PLAIN = re.compile(r"[A-Za-z0-9_./+=@-]+")
_PREFIX = "facekeep-"


def socket_folder(cluster: ClusterFolder, account: Account, previous: Path | None) -> Path:
    """Where the server shall listen: beside the data, else where it did before, else a new folder for
    short-lived files.

    Beside the data it is found by clients whatever their environment, in another container as well. Raises
    OSError.
    """
    if _fits(cluster.sockets):
        _make_private(cluster.sockets, account)
        if _takes_sockets(cluster.sockets):
            return cluster.sockets
    if previous is not None and previous.name.startswith(_PREFIX) and is_private(previous, account):
        return previous
    # A random name cannot be squatted by somebody who guessed it.
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_short_lived()))
    os.chown(folder, account.uid, -1)
    return folder


def is_private(folder: Path, account: Account) -> bool:
    """Whether it is a folder of that user (not a link to one) that nobody else can enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077


def discard(folder: Path, cluster: ClusterFolder, account: Account) -> None:
    """Remove a folder made for short-lived files once its server is gone."""
    if folder != cluster.sockets and folder.name.startswith(_PREFIX) and is_private(folder, account):
        shutil.rmtree(folder, ignore_errors=True)


def _fits(folder: Path) -> bool:
    path = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(path) <= _LONGEST_SOCKET_PATH and _PLAIN.fullmatch(str(folder)) is not None


def _make_private(folder: Path, account: Account) -> None:
    if not is_private(folder, account):
        if folder.is_symlink() or folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, -1)


def _takes_sockets(folder: Path) -> bool:
    """Not every file system does: some network and container mounts refuse."""
    probe = folder / "probe"
    try:
        probe.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(os.fsencode(probe))
        probe.unlink()
    except OSError:
        return False
    return True


def _short_lived() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() != 0 and runtime and os.access(runtime, os.W_OK | os.X_OK) and len(runtime) < 50:
        return runtime
    return "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else tempfile.gettempdir()
