"""What accounts are known by: sessions and API keys, of which only hashes are here; and failed logins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from facekeep.domain.accounts import FORGOTTEN_S, IDLE_S, LONGEST_S
from facekeep.store.database import Reader, Writer
from facekeep.store.paging import bounded, decoded, page
from facekeep.store.queries import load
from facekeep.store.rows import Page

SQL = load("credentials")


@dataclass(frozen=True, slots=True)
class KnownSession:
    """Whose session a token is. `stale`: its last use should be noted."""

    session: int
    account: int
    name: str
    role: str
    stale: bool


@dataclass(frozen=True, slots=True)
class KnownKey:
    """Whose API key it is, and what it may now. `stale`: its last use should be noted."""

    key: int
    account: int
    name: str
    role: str
    stale: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that holds."""

    session: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    user_agent: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as listed: how it begins, never the whole."""

    key: int
    prefix: str
    name: str
    account: int
    account_name: str
    role: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


def add_session(writer: Writer, token_hash: bytes, account: int, user_agent: str) -> None:
    """Somebody has logged in. Sessions that have ended are tidied away."""
    writer.run(SQL["sweep_sessions"], {"idle_s": IDLE_S})
    row = {"token_hash": token_hash, "account": account, "longest_s": LONGEST_S, "user_agent": user_agent}
    writer.run(SQL["add_session"], row)


def session(reader: Reader, token_hash: bytes) -> KnownSession | None:
    """The session of a token, if it holds and its account may be used."""
    return reader.first(KnownSession, SQL["session"], {"token_hash": token_hash, "idle_s": IDLE_S})


def touch_session(writer: Writer, number: int) -> None:
    """It is used now."""
    writer.run(SQL["touch_session"], {"session": number})


def sessions(reader: Reader, account: int) -> list[SessionRow]:
    """Those of an account that hold, the last used first."""
    return reader.all(SessionRow, SQL["sessions"], {"account": account, "idle_s": IDLE_S})


def end_session(writer: Writer, number: int, account: int) -> bool:
    """End a session of an account; False when it has none of that number."""
    return writer.run(SQL["end_session"], {"session": number, "account": account}) > 0


def end_sessions(writer: Writer, account: int, *, except_for: int | None = None) -> int:
    """End all sessions of an account but one, if that is given; how many."""
    return writer.run(SQL["end_sessions"], {"account": account, "except_for": except_for})


def add_key(
    writer: Writer, key_hash: bytes, prefix: str, row: tuple[int, str, str], expires_at: datetime | None
) -> KeyRow:
    """A new API key; `row` is its account, role and name."""
    account, role, name = row
    given = {"key_hash": key_hash, "prefix": prefix, "account": account, "role": role, "name": name}
    return key(writer, int(writer.value(SQL["add_key"], {**given, "expires_at": expires_at})))


def known_key(reader: Reader, key_hash: bytes) -> KnownKey | None:
    """Whose API key it is, if it holds and its account may be used."""
    return reader.first(KnownKey, SQL["key"], {"key_hash": key_hash})


def touch_key(writer: Writer, number: int) -> None:
    """It is used now."""
    writer.run(SQL["touch_key"], {"key": number})


def key(reader: Reader, number: int) -> KeyRow:
    """One that is known to be there."""
    (found,) = reader.all(KeyRow, SQL["keys"], {"account": None, "key": number, "before": None, "limit": 1})
    return found


def keys(
    reader: Reader, *, account: int | None = None, cursor: str | None = None, limit: int = 100
) -> Page[KeyRow]:
    """API keys, newest first, revoked ones too: of an account, or all."""
    (before,) = decoded(cursor, int)
    given = {"account": account, "key": None, "before": before, "limit": bounded(limit) + 1}
    total = int(reader.value(SQL["count_keys"], given))
    return page(reader.all(KeyRow, SQL["keys"], given), limit, total, lambda last: [last.key])


def revoke(writer: Writer, number: int, *, account: int | None = None) -> bool:
    """From now on the key opens nothing; False when there is no such key, or not of this account."""
    return writer.run(SQL["revoke"], {"key": number, "account": account}) > 0


def revoke_all(writer: Writer, account: int) -> None:
    """None of an account's keys opens anything."""
    writer.run(SQL["revoke_all"], {"account": account})


def attempt(writer: Writer, what: bytes) -> int | None:
    """Enter a failed login beforehand; how many there are now, or None when it is too early for another."""
    found = writer.value(SQL["attempt"], {"what": what, "forgotten_s": FORGOTTEN_S})
    return None if found is None else int(found)


def wait(writer: Writer, what: bytes, wait_s: float) -> None:
    """No other try before then."""
    writer.run(SQL["wait"], {"what": what, "wait_s": wait_s})


def waiting_s(reader: Reader, what: bytes) -> float:
    """Seconds until another try; 0 when it may be now."""
    found = reader.value(SQL["waiting"], {"what": what})
    return 0.0 if found is None else max(0.0, float(found))


def forgive(writer: Writer, whole: bytes, every: Sequence[bytes]) -> None:
    """The password was right: `whole` is forgotten altogether, of the others in `every` just this try."""
    for what in sorted(every):
        writer.run(SQL["forget_attempts" if what == whole else "forgive"], {"what": what})


def sweep_attempts(writer: Writer) -> None:
    """Forget what is too long ago to count."""
    writer.run(SQL["sweep_attempts"], {"forgotten_s": FORGOTTEN_S})


def is_past(reader: Reader, moment: datetime) -> bool:
    """Whether it is over, by the database's clock."""
    return bool(reader.value(SQL["is_past"], {"moment": moment}))
