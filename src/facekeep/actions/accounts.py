"""Accounts: adding, changing and removing them. As long as there are any, one of them is an admin."""

from typing import TypedDict

from facekeep.actions import passwords
from facekeep.actions.context import Context
from facekeep.domain.accounts import Role, checked_password, clean_account_name
from facekeep.domain.errors import Conflict, UsageError
from facekeep.store import accounts as store
from facekeep.store import credentials
from facekeep.store.accounts import AccountRow
from facekeep.store.database import Writer

LAST_ADMIN = "Make somebody else an admin first."


class AccountChange(TypedDict, total=False):
    """What to change of an account."""

    name: str
    role: Role
    disabled: bool
    password: str


def add_account(ctx: Context, name: str, role: Role, password: str) -> AccountRow:
    """Somebody who may log in. The first one is an admin. UsageError; Conflict when the name is taken."""
    cleaned = clean_account_name(name)
    stored = passwords.hashed(checked_password(password, cleaned))
    with ctx.database.write("user") as writer:
        store.lock(writer)
        if role is not Role.ADMIN and not store.is_any(writer):
            raise UsageError("the first account is an admin: somebody must manage the others")
        _refuse_taken(writer, cleaned, None)
        return store.account(writer, store.add(writer, cleaned, role, stored))


def change_account(ctx: Context, number: int, change: AccountChange) -> AccountRow:
    """Name, role, whether it may be used, and its password; what is left out of `change` stays.

    A new password, and being disabled, end its sessions. NotFound; UsageError; Conflict when the name is
    taken, or nobody would remain who is an admin.
    """
    with ctx.database.read() as reader:
        before = store.account(reader, number)
    name = clean_account_name(change["name"]) if "name" in change else None
    stored = None
    if "password" in change:
        stored = passwords.hashed(checked_password(change["password"], before.name if name is None else name))
    with ctx.database.write("user") as writer:
        store.lock(writer)
        before = store.account(writer, number)
        if name is not None:
            _refuse_taken(writer, name, number)
        _keep_an_admin(writer, before, change.get("role"), change.get("disabled", False))
        store.change(writer, number, name=name, role=change.get("role"), disabled=change.get("disabled"))
        if stored is not None:
            store.set_password(writer, number, stored)
        if stored is not None or change.get("disabled"):
            credentials.end_sessions(writer, number)
        return store.account(writer, number)


def remove_account(ctx: Context, number: int) -> AccountRow:
    """Nobody logs in with it any more; its sessions and keys end. NotFound; Conflict for the last admin."""
    with ctx.database.write("user") as writer:
        store.lock(writer)
        before = store.account(writer, number)
        _keep_an_admin(writer, before, None, True)
        store.remove(writer, number)
        credentials.end_sessions(writer, number)
        credentials.revoke_all(writer, number)
    return before


def _refuse_taken(writer: Writer, name: str, number: int | None) -> None:
    found = store.secret(writer, name)
    if found is not None and found.account != number:
        raise Conflict(f"there is an account named {found.name} already")


def _keep_an_admin(writer: Writer, before: AccountRow, role: Role | None, disabled: bool) -> None:
    """The schema refuses it too; here it is said in words."""
    stays = role in (None, Role.ADMIN) and not disabled
    if before.role != Role.ADMIN or before.disabled or stays:
        return
    rest = [row for row in store.accounts(writer, limit=1000).items if row.account != before.account]
    if not any(row.role == Role.ADMIN and not row.disabled for row in rest):
        raise Conflict(f"{before.name} is the last admin who can log in", hint=LAST_ADMIN)
