"""Hashing passwords (Argon2id) and tokens (SHA-256).

A password is guessable, so its hash must be slow: 46 MiB and two passes, one more than the OWASP cheat sheet
asks for with as much memory. A token of 256 random bits is not, so a fast hash does, and looking it up by its
hash tells nothing by the time it takes.
"""

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

KEY_PREFIX = "fk_"
SHOWN = 9
"""Of an API key, so many characters are kept in the clear, to tell keys apart; 36 of its 256 bits."""

_hasher = PasswordHasher(time_cost=2, memory_cost=47_104, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each takes 46 MiB: a flood of logins must not take the machine's memory."""

_NOBODYS = "$argon2id$v=19$m=47104,t=2,p=1$LZItECTKCqbqHYwTxKRsMQ$qLfKb88yT5JeTgEQoz+/McKaMhkNCzOSRPBljnk2Xtg"
"""Checked where there is no such account, so that the time of an answer does not tell which names exist."""


def hashed(password: str) -> str:
    """A password as it is stored, with a salt of its own. Takes some 0.1 s of one core."""
    with _AT_ONCE:
        return _hasher.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether it is the password of that hash. Takes as long for None, which no password fits."""
    with _AT_ONCE:
        try:
            right = _hasher.verify(_NOBODYS if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def new_token() -> str:
    """256 random bits, for a cookie."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """256 random bits, for an API key; recognisable as facekeep's."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """A token or key as it is stored: 32 bytes."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
