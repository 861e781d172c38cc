"""Logging in and out, and telling by a session's token or an API key who asks."""

from datetime import datetime

from facekeep.actions import passwords
from facekeep.actions.context import Context
from facekeep.domain.accounts import (
    OF_ACCOUNT,
    OF_ADDRESS,
    OF_BOTH,
    Patience,
    Role,
    Visitor,
    checked_password,
)
from facekeep.domain.errors import NotFound, TooManyAttempts, Unauthenticated, UsageError
from facekeep.store import accounts, credentials
from facekeep.store.credentials import KeyRow

LONGEST_AGENT = 400
MAX_KEY_NAME = 100


def log_in(ctx: Context, name: str, password: str, *, address: str, user_agent: str) -> str:
    """A token for a new session of that account.

    Unauthenticated, without a word on what was wrong; TooManyAttempts.
    """
    asked = name.strip()[:200]
    whats = _whats(asked, address)
    _enter_attempt(ctx, whats)
    with ctx.database.read() as reader:
        found = accounts.secret(reader, asked)
    right = passwords.is_right(password, None if found is None else found.password_hash)
    if found is None or not right or found.disabled:
        raise Unauthenticated("the name or the password is wrong", hint="Try again.")
    token = passwords.new_token()
    better = passwords.hashed(password) if passwords.is_outdated(found.password_hash) else None
    every = [what for what, _ in whats]
    with ctx.database.write() as writer:
        credentials.forgive(writer, every[0], every)
        if better is not None:
            accounts.set_password(writer, found.account, better)
        credentials.add_session(writer, passwords.digest(token), found.account, user_agent[:LONGEST_AGENT])
    return token


def visitor_of_token(ctx: Context, token: str) -> Visitor | None:
    """Who has that session's token; None when it holds no more. Its use is noted once a minute."""
    with ctx.database.read() as reader:
        found = credentials.session(reader, passwords.digest(token))
    if found is None:
        return None
    if found.stale:
        with ctx.database.write() as writer:
            credentials.touch_session(writer, found.session)
    return Visitor(Role(found.role), found.account, found.name, session=found.session)


def visitor_of_key(ctx: Context, key: str) -> Visitor | None:
    """Who has that API key, with what it may; None when it holds no more. Its use is noted once a minute."""
    with ctx.database.read() as reader:
        found = credentials.known_key(reader, passwords.digest(key))
    if found is None:
        return None
    if found.stale:
        with ctx.database.write() as writer:
            credentials.touch_key(writer, found.key)
    return Visitor(Role(found.role), found.account, found.name, key=found.key)


def log_out(ctx: Context, visitor: Visitor, *, everywhere: bool = False) -> None:
    """End the session that somebody is known by; `everywhere`, all of that account."""
    if visitor.account is None:
        return
    with ctx.database.write() as writer:
        if everywhere:
            credentials.end_sessions(writer, visitor.account)
        elif visitor.session is not None:
            credentials.end_session(writer, visitor.session, visitor.account)


def end_session(ctx: Context, visitor: Visitor, number: int) -> None:
    """End one of one's own sessions. NotFound."""
    with ctx.database.write() as writer:
        if visitor.account is None or not credentials.end_session(writer, number, visitor.account):
            raise NotFound(f"you have no session {number}")


def change_password(ctx: Context, visitor: Visitor, old: str, new: str, *, address: str) -> None:
    """Change one's own password; one's other sessions end. UsageError; TooManyAttempts."""
    if visitor.account is None or visitor.name is None:
        raise UsageError("you have no account, and so no password")
    whats = _whats(visitor.name, address)
    _enter_attempt(ctx, whats)
    with ctx.database.read() as reader:
        stored = accounts.password_of(reader, visitor.account)
    if not passwords.is_right(old, stored):
        raise UsageError("the old password is wrong", hint="Try again.")
    hashed = passwords.hashed(checked_password(new, visitor.name))
    every = [what for what, _ in whats]
    with ctx.database.write() as writer:
        credentials.forgive(writer, every[0], every)
        accounts.set_password(writer, visitor.account, hashed)
        credentials.end_sessions(writer, visitor.account, except_for=visitor.session)


def add_key(
    ctx: Context, account: int, name: str, role: Role | None, expires_at: datetime | None
) -> tuple[KeyRow, str]:
    """A new API key of an account, and the key itself, which is nowhere else. NotFound, UsageError."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > MAX_KEY_NAME or not cleaned.isprintable():
        raise UsageError(f"the name of a key has 1 to {MAX_KEY_NAME} printable characters")
    key = passwords.new_key()
    with ctx.database.write() as writer:
        owner = accounts.account(writer, account)
        wanted = Role(owner.role) if role is None else role
        if not Role(owner.role).includes(wanted):
            raise UsageError(f"a key may do no more than its account, and {owner.name} is {owner.role}")
        if expires_at is not None and credentials.is_past(writer, expires_at):
            raise UsageError("the key would have expired already")
        row = (account, str(wanted), cleaned)
        made = credentials.add_key(writer, passwords.digest(key), key[: passwords.SHOWN], row, expires_at)
    return made, key


def revoke_key(ctx: Context, number: int, *, account: int | None = None) -> KeyRow:
    """The key opens nothing from now on; with `account`, only if it is theirs. NotFound."""
    with ctx.database.write() as writer:
        if not credentials.revoke(writer, number, account=account):
            raise NotFound(f"there is no API key {number} that could be revoked")
        return credentials.key(writer, number)


def _whats(name: str, address: str) -> list[tuple[bytes, Patience]]:
    """What a try counts for: account and address together, the account, the address."""
    account = name.casefold()
    return [
        (passwords.digest(f"both\0{account}\0{address}"), OF_BOTH),
        (passwords.digest(f"account\0{account}"), OF_ACCOUNT),
        (passwords.digest(f"address\0{address}"), OF_ADDRESS),
    ]


def _enter_attempt(ctx: Context, whats: list[tuple[bytes, Patience]]) -> None:
    """Before the password is looked at, so that a hundred at the same moment are a hundred tries."""
    with ctx.database.write() as writer:
        credentials.sweep_attempts(writer)
        for what, patience in sorted(whats, key=lambda each: each[0]):
            failures = credentials.attempt(writer, what)
            if failures is None:
                wait_s = max(1.0, credentials.waiting_s(writer, what))
                raise TooManyAttempts(
                    "too many wrong passwords", hint=f"Try again in {wait_s:.0f} s.", wait_s=wait_s
                )
            credentials.wait(writer, what, patience.wait_s(failures))
