"""A seal at the end of a derived picture's file: that it is whole, ours, and the one that its name says."""

from hashlib import blake2b
from hmac import compare_digest

_MARK = b"\nfacekeep1"
_PROOF_BYTES = 22

SEAL_BYTES = len(_MARK) + _PROOF_BYTES
"""After the end of a JPEG, where every decoder ignores it."""


def sealed(content: bytes, digest: str) -> bytes:
    """A picture with its seal. `digest`: the hexadecimal name it is kept under."""
    return content + _MARK + _proof(content, digest)


def opened(file: bytes, digest: str) -> bytes | None:
    """The picture without its seal; None when the seal is broken, missing, or another name's."""
    content, seal = file[:-SEAL_BYTES], file[-SEAL_BYTES:]
    whole = len(seal) == SEAL_BYTES and compare_digest(seal, _MARK + _proof(content, digest))
    return content if whole else None


def _proof(content: bytes, digest: str) -> bytes:
    # Keyed by the name: the bytes of one picture under the name of another have no valid seal.
    return blake2b(content, key=digest.encode(), digest_size=_PROOF_BYTES).digest()
