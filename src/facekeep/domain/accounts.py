"""Who may do what, for how long somebody stays logged in, and how long who guesses passwords must wait."""

from dataclasses import dataclass
from enum import StrEnum

from facekeep.domain.errors import UsageError


class Role(StrEnum):
    """What an account may do; each role what those before it may."""

    VIEWER = "viewer"
    """Looks at everything."""
    EDITOR = "editor"
    """Decides about people and faces as well."""
    ADMIN = "admin"
    """Manages libraries, workers, models and accounts as well."""

    def includes(self, least: "Role") -> bool:
        """Whether this role may do what `least` may."""
        order = list(Role)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. `account` and `name` are None for the local user who has no account.

    `session` and `key` say by which session or API key they are known, if any.
    """

    role: Role
    account: int | None = None
    name: str | None = None
    session: int | None = None
    key: int | None = None


LOCAL = Visitor(Role.ADMIN)
"""Whoever sits at this machine: everything, without a password."""

IDLE_S = 14 * 86_400
"""A session that is not used for so long ends."""
LONGEST_S = 90 * 86_400
"""A session ends then, however much it is used."""

MIN_PASSWORD = 8
"""As NIST SP 800-63B has it; what protects is length, so nothing is asked about its characters."""
MAX_PASSWORD = 1000
MAX_ACCOUNT_NAME = 100


def clean_account_name(name: str) -> str:
    """A name as stored: spaces at the ends dropped. UsageError when it cannot be one."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > MAX_ACCOUNT_NAME or not cleaned.isprintable():
        raise UsageError(f"an account's name has 1 to {MAX_ACCOUNT_NAME} printable characters")
    return cleaned


def checked_password(password: str, name: str) -> str:
    """The password, if it will do. UsageError."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise UsageError(
            f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters",
            hint="A few words that do not belong together are easy to keep and hard to guess.",
        )
    if password.casefold() == name.casefold():
        raise UsageError("the password is the account's name", hint="Take one that nobody guesses.")
    return password


@dataclass(frozen=True, slots=True)
class Patience:
    """How wrong passwords are met: `free` of them cost nothing, then each wait is twice the one before."""

    free: int
    longest_s: float

    def wait_s(self, failures: int) -> float:
        """Seconds before the next try, after so many failures."""
        over = failures - self.free
        return 0.0 if over < 0 else min(self.longest_s, 2.0 ** min(over, 30))


FORGOTTEN_S = 3600.0
"""Failures older than this are forgotten."""

OF_BOTH = Patience(free=5, longest_s=900)
"""Of one account from one address: somebody who guesses, or has forgotten."""
OF_ADDRESS = Patience(free=20, longest_s=900)
"""Of one address, whichever account: many passwords for many names."""
OF_ACCOUNT = Patience(free=50, longest_s=60)
"""Of one account from wherever: a guess by many machines. Gentle, or anybody could lock its owner out."""
