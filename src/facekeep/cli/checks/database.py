"""The database server, the schema, its clock, and then what is in it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from facekeep.cli.checks import libraries, work
from facekeep.cli.checks.finding import Check, failed, gigabytes
from facekeep.domain.errors import FacekeepError
from facekeep.settings import Settings

if TYPE_CHECKING:
    from facekeep.store.database import Reader

CLOCKS_APART_S = 2.0
"""Leases and retries go by the database's clock alone; times that are shown look odd from here on."""


def checks(settings: Settings, *, start: bool) -> Iterator[Check]:
    """Of the private server or the one that is set, and of what is inside."""
    from facekeep.cli import options

    running = True
    if settings.database_url is None:
        running, check = _private_server(settings.home, start=start)
        yield check
    if not options.is_begun(settings):
        return
    if not (running or start):
        yield Check("database", "ok", "not looked into: doctor was told not to start its server")
        return
    try:
        yield from _inside(settings)
    except FacekeepError as error:
        yield failed("database", error)


def _private_server(home: Path, *, start: bool) -> tuple[bool, Check]:
    from facekeep.store import embedded

    name, state = "private server", embedded.describe(home)
    if state.version == "" and not state.running:
        fine = state.detail == "not made yet"
        advice = "" if fine else "Look at the data folder, or set FACEKEEP_HOME to another one."
        return False, Check(name, "ok" if fine else "fail", state.detail, advice)
    resting = "not running; started now to look inside, and stopped afterwards" if start else "not running"
    running = "running" if state.running else resting
    who = f" as {state.runs_as}" if state.runs_as else ""
    detail = f"PostgreSQL {state.version}{who} in {state.data_folder}, {running}"
    return state.running, Check(name, "ok", detail)


def _inside(settings: Settings) -> Iterator[Check]:
    from facekeep.store import embedded, migrate
    from facekeep.store.database import Database

    with ExitStack() as stack:
        if settings.database_url is not None:
            conninfo = settings.database_url
        else:
            conninfo = stack.enter_context(embedded.open_server(settings.home)).conninfo
        version = migrate.current(conninfo)
        yield _schema(version, migrate.HEAD)
        if version != migrate.HEAD:
            return
        reader = stack.enter_context(stack.enter_context(Database(conninfo, connections=1)).read())
        yield _clock(reader)
        yield from libraries.checks(reader)
        yield from work.checks(reader)


def _schema(version: str | None, head: str) -> Check:
    if version == head:
        return Check("database", "ok", f"answers; schema {version}")
    if version is None:
        return Check("database", "ok", "answers; empty, prepared on first use")
    if version < head:
        return Check("database", "ok", f"answers; schema {version} becomes {head} on next use")
    advice = "Upgrade facekeep, or restore a backup that this version made."
    return Check("database", "fail", f"schema {version} is newer than this facekeep's {head}", advice)


def _clock(reader: "Reader") -> Check:
    from facekeep.store import about

    before = time.time()
    server = about.server(reader)
    # The server read its clock somewhere between the two.
    here = datetime.fromtimestamp((before + time.time()) / 2, UTC)
    apart = (server.now - here).total_seconds()
    detail = f"PostgreSQL {server.version}, pgvector {server.vector}, {gigabytes(server.bytes)}"
    if abs(apart) <= CLOCKS_APART_S:
        return Check("clock", "ok", f"{detail}; its clock and this machine's agree")
    ahead = "ahead of" if apart > 0 else "behind"
    advice = "Let both machines keep time by NTP; times that are shown are off by so much."
    return Check("clock", "warn", f"{detail}; its clock is {abs(apart):.0f} s {ahead} this one's", advice)
