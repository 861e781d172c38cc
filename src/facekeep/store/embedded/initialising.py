"""Making a new database cluster: complete under its final name, or not there at all."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.accounts import Account
from facekeep.store.embedded.binaries import MAJOR, Binaries
from facekeep.store.embedded.faults import DISK_FULL_HINT, translated
from facekeep.store.embedded.layout import ClusterFolder
from facekeep.store.embedded.logfile import reason_in
from facekeep.store.embedded.parenthood import dies_with_parent
from facekeep.store.embedded.probing import ROLE
from facekeep.store.embedded.records import sync_folder

_HALF_MADE = "data.new-"
_OPTIONS = (
    f"--username={ROLE}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--auth-local=peer",
    "--auth-host=reject",
    "--no-instructions",
)


def is_initialised(cluster: ClusterFolder) -> bool:
    return (cluster.data / "PG_VERSION").exists()


def check_data_version(cluster: ClusterFolder) -> None:
    """Raise StorageFault when the files are of another major version than the programs."""
    with translated(f"read {cluster.data / 'PG_VERSION'}"):
        found = (cluster.data / "PG_VERSION").read_text("ascii", "replace").strip()
    if found != str(MAJOR):
        raise StorageFault(
            f"The database in {cluster.data} is of PostgreSQL {found}, and this facekeep brings {MAJOR}.",
            hint="Back it up with the facekeep that made it, and restore that into an empty data folder.",
        )


def initialise(cluster: ClusterFolder, binaries: Binaries, account: Account) -> None:
    """Run initdb beside the final place, then rename. Raises StorageFault, leaving nothing behind."""
    with translated(f"initialise the database in {cluster.path}"):
        remove_half_made(cluster)
        temporary = Path(tempfile.mkdtemp(prefix=_HALF_MADE, dir=cluster.path))
        try:
            os.chown(temporary, account.uid, account.gid)
            _run_initdb(binaries, account, temporary)
            temporary.rename(cluster.data)
            sync_folder(cluster.path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def remove_half_made(cluster: ClusterFolder) -> None:
    """Remove what a crashed first start left. Only for the one supervisor."""
    for leftover in cluster.path.glob(_HALF_MADE + "*"):
        shutil.rmtree(leftover)


def server_environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL, and with English messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def _run_initdb(binaries: Binaries, account: Account, folder: Path) -> None:
    done = subprocess.run(
        [binaries.program("initdb"), "-D", str(folder), *_OPTIONS],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=server_environment(),
        preexec_fn=dies_with_parent(signal.SIGKILL),
        **account.process_options(),
    )
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace")
        full = "No space left on device" in said or "Disk quota exceeded" in said
        raise StorageFault(
            f"The database could not be initialised in {folder.parent}: {reason_in(said)}",
            hint=DISK_FULL_HINT
            if full
            else "Check the disk and its permissions; nothing was left half-made.",
        )
