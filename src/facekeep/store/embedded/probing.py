"""Whether a server runs is decided by asking it, not by a file."""

import os
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from facekeep.store.embedded.accounts import Account

ROLE = DATABASE = "facekeep"
PORT = 5432
_PATIENCE_S = 5


class Answer(Enum):
    """What came back from the socket."""

    NOBODY = auto()
    STARTING = auto()
    STOPPING = auto()
    NO_DATABASE = auto()
    REFUSED = auto()
    READY = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """`data` and `version` are known only when READY; `text` is the server's or the driver's message
    otherwise."""

    answer: Answer
    text: str = ""
    data: Path | None = None
    version: str = ""


# The server runs with English messages; all of these come with SQLSTATE 57P03 or 3D000, which libpq does not
# hand on for a connection that was refused.
_MEANING = {
    "the database system is starting up": Answer.STARTING,
    "the database system is in recovery mode": Answer.STARTING,
    "the database system is not yet accepting connections": Answer.STARTING,
    "the database system is shutting down": Answer.STOPPING,
    "does not exist": Answer.NO_DATABASE,
    "FATAL": Answer.REFUSED,
    "requirepeer": Answer.REFUSED,
}


def conninfo(sockets: Path, account: Account, database: str = DATABASE) -> str:
    """The libpq connection string. Says everything itself, so that no PG* variable of the environment leads
    it astray; `requirepeer` lets libpq refuse a socket that another user's process listens on."""
    return make_conninfo(
        host=str(sockets),
        port=PORT,
        user=ROLE,
        dbname=database,
        requirepeer=account.name,
        hostaddr="",
        options="",
        sslmode="disable",
        gssencmode="disable",
        channel_binding="disable",
        require_auth="none",
        target_session_attrs="any",
        client_encoding="UTF8",
    )


def ask(info: str) -> Reply:
    """Connect once and say what answered."""
    try:
        with psycopg.connect(info, connect_timeout=_PATIENCE_S, autocommit=True) as connection:
            return _identify(connection)
    except psycopg.Error as error:
        text = str(error).strip()
        return Reply(next((what for words, what in _MEANING.items() if words in text), Answer.NOBODY), text)


def _identify(connection: psycopg.Connection) -> Reply:
    # By bytes: a path need not be valid UTF-8.
    shown = connection.pgconn.exec_(b"SHOW data_directory").get_value(0, 0)
    version = connection.info.parameter_status("server_version")
    return Reply(
        Answer.READY,
        data=None if shown is None else Path(os.fsdecode(shown)),
        version="" if version is None else version,
    )


def create_database(sockets: Path, account: Account) -> None:
    """Create the database when it is absent. Raises psycopg.Error."""
    if ask(conninfo(sockets, account)).answer is not Answer.NO_DATABASE:
        return
    with psycopg.connect(conninfo(sockets, account, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
