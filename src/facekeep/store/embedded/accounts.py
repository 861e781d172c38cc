"""As whom the server runs. PostgreSQL refuses root, so as root an unprivileged user is taken."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facekeep.domain.errors import StorageFault

USER_VARIABLE = "FACEKEEP_PG_USER"
_CANDIDATES = ("facekeep", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system user."""

    name: str
    uid: int
    gid: int

    def is_current(self) -> bool:
        return self.uid == os.geteuid()

    def process_options(self) -> dict[str, Any]:
        """What subprocess needs to start a program as this user."""
        if self.is_current():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may(self, check: Callable[[], bool]) -> bool:
        """Whether `check` holds when asked as this user. For a process of a single thread only: it forks."""
        if self.is_current():
            return check()
        child = os.fork()
        if child == 0:
            _answer_as(self, check)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def server_account(data: Path) -> Account:
    """The user for the server whose data folder is, or will be, `data`. Raises StorageFault."""
    if os.geteuid() != 0:
        return _ourselves()
    chosen = os.environ.get(USER_VARIABLE, "")
    owner = _owner(data)
    if owner is not None:
        return _owner_account(owner, chosen, data)
    return _named(chosen) if chosen else _first_candidate()


def _ourselves() -> Account:
    import pwd

    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise StorageFault(
            f"User number {os.geteuid()} has no name on this machine, and PostgreSQL needs one.",
            hint="Run facekeep as a user that is in /etc/passwd, or set FACEKEEP_DATABASE_URL.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _owner_account(uid: int, chosen: str, data: Path) -> Account:
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise StorageFault(
            f"The database in {data} belongs to user number {uid}, which has no name on this machine.",
            hint=f"Create that user, or give the folder to another (chown -R) and set {USER_VARIABLE} to it.",
        ) from None
    if uid == 0 or chosen not in ("", entry.pw_name):
        raise StorageFault(
            f"The database in {data} belongs to user {entry.pw_name}; {USER_VARIABLE} is {chosen!r}.",
            hint=f"Set {USER_VARIABLE} to the owner, or give the folder to another user first (chown -R).",
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _named(name: str) -> Account:
    account = _find(name)
    if account is None:
        raise StorageFault(
            f"{USER_VARIABLE} is {name!r}, which is no unprivileged user of this machine.",
            hint=f"Set {USER_VARIABLE} to an existing user other than root.",
        )
    return account


def _find(name: str) -> Account | None:
    """The user of that name, unless it is root or there is none."""
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return None if entry.pw_uid == 0 else Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _first_candidate() -> Account:
    for name in _CANDIDATES:
        account = _find(name)
        if account is not None:
            return account
    raise StorageFault(
        "facekeep runs as root, PostgreSQL cannot, and no unprivileged user was found to run it as.",
        hint=f"Create a user named facekeep, or set {USER_VARIABLE} to an existing user.",
    )


def _owner(data: Path) -> int | None:
    try:
        return data.stat().st_uid
    except FileNotFoundError:
        return None


def _answer_as(account: Account, check: Callable[[], bool]) -> None:
    """In a forked child: become the user, answer by exit status, never return."""
    status = 1
    try:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
        status = 0 if check() else 1
    finally:
        os._exit(status)
