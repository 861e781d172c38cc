"""Answers that are kept for requests with an idempotency key, in case these are sent again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from facekeep.store.database import Database, Reader, Writer
from facekeep.store.queries import load

SQL = load("answers")

KEPT_S = 86_400

_LOCK = 4_201_003  # any constant: all servers of one database take the same advisory locks


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by its key. `scope`: whose key it is, an account or 0; `fingerprint`: 32 bytes."""

    scope: int
    key: str
    fingerprint: bytes
    number: int
    """Its advisory lock, of 32 bits with a sign."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of the first request of a key. Without `status`, it was done but its answer is lost."""

    fingerprint: bytes
    decision: int | None
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


@contextmanager
def under_way(database: Database, asked: Asked) -> Iterator[bool]:
    """Be the one who answers this key, for the block. False when somebody else is; a crash lets it go."""
    with database.hold(_LOCK, asked.number) as ours:
        yield ours


def sweep(writer: Writer) -> None:
    """Forget what is a day old."""
    writer.run(SQL["sweep"], {"kept_s": KEPT_S})


def get(reader: Reader, asked: Asked) -> Kept | None:
    """What is known of this key."""
    return reader.first(Kept, SQL["get"], {"scope": asked.scope, "key": asked.key})


def enter(writer: Writer, asked: Asked) -> None:
    """What was asked for is done with this transaction."""
    row = {"scope": asked.scope, "key": asked.key, "fingerprint": asked.fingerprint}
    writer.run(SQL["enter"], row)


def keep(writer: Writer, asked: Asked, status: int, headers: dict[str, str], body: bytes) -> None:
    """The answer that was given."""
    row = {"scope": asked.scope, "key": asked.key, "fingerprint": asked.fingerprint}
    writer.run(SQL["keep"], {**row, "status": status, "headers": Jsonb(headers), "body": body})
