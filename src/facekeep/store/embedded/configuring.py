"""The configuration files of the server, written anew at every start beside its data."""

import os
from pathlib import Path

from facekeep.domain.errors import StorageFault
from facekeep.store.embedded.accounts import Account
from facekeep.store.embedded.layout import ClusterFolder, user_name
from facekeep.store.embedded.probing import PORT, ROLE
from facekeep.store.embedded.tuning import settings_for_machine

_ALWAYS = {
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "lc_messages": "C",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # After each, pages that change are written whole once more: a large merge then takes twice as long.
    "checkpoint_timeout": "15min",
    "jit": "off",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
}
# On the command line, where neither a file nor ALTER SYSTEM can change it: no network, and no way to lose
# what is committed.
_FIXED = {"listen_addresses": "", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def write_configuration(cluster: ClusterFolder, account: Account) -> None:
    """Write the three files. They belong to us, not to the server's user: what we write as root nobody else
    can redirect."""
    settings = _ALWAYS | settings_for_machine()
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    names = {user_name(os.geteuid()), account.name}
    _replace(_file(cluster, "postgresql.conf"), lines)
    _replace(_file(cluster, "pg_hba.conf"), [f"local all {ROLE} peer map=facekeep"])
    _replace(_file(cluster, "pg_ident.conf"), [f"facekeep {_ident(name)} {ROLE}" for name in sorted(names)])


def server_arguments(cluster: ClusterFolder, sockets: Path) -> list[str]:
    """The arguments of `postgres`."""
    files = {
        "config_file": str(_file(cluster, "postgresql.conf")),
        "hba_file": str(_file(cluster, "pg_hba.conf")),
        "ident_file": str(_file(cluster, "pg_ident.conf")),
        "unix_socket_directories": str(sockets),
    }
    options = [part for name, value in (files | _FIXED).items() for part in ("-c", f"{name}={value}")]
    return ["-D", str(cluster.data), *options]


def _file(cluster: ClusterFolder, name: str) -> Path:
    return cluster.path / name


def _replace(path: Path, lines: list[str]) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(
        "# Written by facekeep at every start; changes are lost.\n" + "\n".join(lines) + "\n"
    )
    temporary.chmod(0o644)
    temporary.replace(path)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _ident(name: str) -> str:
    if '"' in name or "\n" in name:
        raise StorageFault(
            f"The user name {name!r} cannot be written in PostgreSQL's configuration.",
            hint="Run facekeep as another user, or set FACEKEEP_DATABASE_URL.",
        )
    return f'"{name}"'
