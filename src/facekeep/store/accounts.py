"""Accounts: who they are and what they may. What they are known by is in credentials.py."""

from dataclasses import dataclass
from datetime import datetime

from facekeep.domain.errors import NotFound
from facekeep.store.database import Reader, Writer
from facekeep.store.paging import bounded, decoded, page
from facekeep.store.queries import load
from facekeep.store.rows import Page

SQL = load("accounts")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as listed."""

    account: int
    name: str
    role: str
    disabled: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Secret:
    """What a login is checked against."""

    account: int
    name: str
    role: str
    disabled: bool
    password_hash: str


def is_any(reader: Reader) -> bool:
    """Whether there is an account at all; then there is an admin who can log in as well."""
    return bool(reader.value(SQL["is_any"]))


def accounts(reader: Reader, *, cursor: str | None = None, limit: int = 100) -> Page[AccountRow]:
    """Every account, oldest first; without those that were removed."""
    (after,) = decoded(cursor, int)
    found = reader.all(AccountRow, SQL["page"], {"after": after, "limit": bounded(limit) + 1})
    return page(found, limit, int(reader.value(SQL["count"])), lambda last: [last.account])


def account(reader: Reader, number: int) -> AccountRow:
    """One account. NotFound, also when it was removed."""
    found = reader.first(AccountRow, SQL["one"], {"account": number, "name": None})
    if found is None:
        raise NotFound(f"there is no account {number}")
    return found


def named(reader: Reader, name: str) -> AccountRow:
    """The account of that name, in any case. NotFound."""
    found = reader.first(AccountRow, SQL["one"], {"account": None, "name": name.strip()})
    if found is None:
        raise NotFound(f"there is no account named {name}", hint="`facekeep users list` shows all.")
    return found


def secret(reader: Reader, name: str) -> Secret | None:
    """What a login under that name is checked against; None when there is no such account."""
    return reader.first(Secret, SQL["secret"], {"name": name})


def password_of(reader: Reader, number: int) -> str | None:
    """The hash of an account's password."""
    found = reader.value(SQL["password_of"], {"account": number})
    return None if found is None else str(found)


def lock(writer: Writer) -> None:
    """Hold all accounts: what may be done to one depends on the others."""
    writer.run(SQL["lock"])


def add(writer: Writer, name: str, role: str, password_hash: str) -> int:
    """A new account; its number. Conflict when the name is taken."""
    row = {"name": name, "role": role, "password_hash": password_hash}
    return int(writer.value(SQL["add"], row))


def change(writer: Writer, number: int, *, name: str | None, role: str | None, disabled: bool | None) -> None:
    """Change what is not None. Conflict when nobody would remain who is an admin."""
    writer.run(SQL["change"], {"account": number, "name": name, "role": role, "disabled": disabled})


def set_password(writer: Writer, number: int, password_hash: str) -> None:
    """Another password."""
    writer.run(SQL["set_password"], {"account": number, "password_hash": password_hash})


def remove(writer: Writer, number: int) -> None:
    """It cannot be used any more; the journal still knows its name. Conflict as `change`."""
    writer.run(SQL["remove"], {"account": number})
