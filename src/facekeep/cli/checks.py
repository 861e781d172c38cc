"""What `facekeep doctor` looks at. Each check answers, whatever state the machine is in; none changes it."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from facekeep.cli.output import count
from facekeep.domain.errors import FacekeepError
from facekeep.settings import Settings, unknown_variables

if TYPE_CHECKING:
    from facekeep.store.database import Reader

State = Literal["ok", "warn", "fail"]

LITTLE_SPACE = 2 * 2**30  # a library of 100,000 photos takes about this much
NO_SPACE = 200 * 2**20  # PostgreSQL alone needs room for its log


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    state: State
    detail: str
    advice: str = ""


def run(load: Callable[[], Settings], home: Path | None) -> Iterator[Check]:
    """Every check, in an order in which the first failure explains the later ones."""
    yield _python()
    yield _platform()
    try:
        settings = load()
    except FacekeepError as error:
        yield _failed("settings", error)
        return
    yield _settings(settings, home)
    yield _data_folder(settings.home)
    yield _space(settings.home)
    yield from _weights()
    yield _models(settings.home)
    yield from _database(settings)
    yield _page()
    yield _server(settings)


def _python() -> Check:
    version = platform.python_version()
    detail = f"{version} at {sys.executable}"
    if (3, 11) <= tuple(int(part) for part in platform.python_version_tuple()[:2]) <= (3, 13):
        return Check("python", "ok", detail)
    return Check("python", "warn", detail, "facekeep is tested with Python 3.11 to 3.13.")


def _platform() -> Check:
    detail = f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} cores"
    if platform.system() in ("Linux", "Darwin"):
        return Check("platform", "ok", detail)
    return Check("platform", "warn", detail, "facekeep is tested on Linux; set FACEKEEP_DATABASE_URL here.")


def _settings(settings: Settings, home: Path | None) -> Check:
    unknown = unknown_variables(os.environ)
    if unknown:
        return Check(
            "settings", "warn", f"unknown: {', '.join(unknown)}", "See docs/settings.md for the names."
        )
    file = settings.config_file
    if file.exists() and file.stat().st_mode & 0o044 and "database_url" in file.read_text("utf-8"):
        return Check("settings", "warn", f"{file} can be read by others", f"chmod 600 '{file}'")
    source = "--home" if home is not None else "FACEKEEP_HOME or its default"
    return Check("settings", "ok", f"in order; the data folder comes from {source}")


def _data_folder(home: Path) -> Check:
    name = "data folder"
    try:
        mode = home.stat().st_mode
    except FileNotFoundError:
        return _not_made(name, home)
    except OSError as error:
        return Check(name, "fail", f"{home}: {error.strerror}", "Set FACEKEEP_HOME to a folder of your own.")
    if not home.is_dir():
        return Check(name, "fail", f"{home} is not a folder", "Set FACEKEEP_HOME to a folder.")
    if not os.access(home, os.W_OK | os.X_OK):
        return Check(
            name, "fail", f"{home} cannot be written to", "Check who owns it, and that its disk is writable."
        )
    if mode & 0o066:
        return Check(
            name, "warn", f"{home} can be entered by others", f"It holds face data: chmod 700 '{home}'"
        )
    return Check(name, "ok", str(home))


def _not_made(name: str, home: Path) -> Check:
    above = _existing(home)
    if os.access(above, os.W_OK | os.X_OK):
        return Check(name, "ok", f"{home}, made on first use")
    return Check(
        name, "fail", f"{home} cannot be made in {above}", "Set FACEKEEP_HOME to a folder of your own."
    )


def _existing(path: Path) -> Path:
    return next((above for above in (path, *path.parents) if above.exists()), Path("/"))


def _space(home: Path) -> Check:
    free = shutil.disk_usage(_existing(home)).free
    detail = f"{free / 2**30:.1f} GB free for the data folder"
    if free < NO_SPACE:
        return Check("disk space", "fail", detail, "Free some space, or set FACEKEEP_HOME to another disk.")
    if free < LITTLE_SPACE:
        return Check("disk space", "warn", detail, "A large library needs some gigabytes.")
    return Check("disk space", "ok", detail)


def _weights() -> Iterator[Check]:
    from facekeep.inference.bundled import SOURCES, read_weights

    try:
        for weights in SOURCES.values():
            read_weights(weights)
    except FacekeepError as error:
        yield _failed("weight files", error)
    else:
        yield Check("weight files", "ok", f"{count(len(SOURCES), 'file')}, as expected by their hashes")


def _models(home: Path) -> Check:
    from facekeep.api.readiness import are_models_ready
    from facekeep.domain.packs import BUNDLED

    if are_models_ready(home / "models", BUNDLED):
        return Check("models", "ok", f"{BUNDLED.label} is ready")
    return Check("models", "ok", f"{BUNDLED.label} is made on first use, within seconds")


def _database(settings: Settings) -> Iterator[Check]:
    from facekeep.cli import options

    name = "database"
    if settings.database_url is None:
        yield _private_server(settings.home)
    if not options.is_begun(settings):
        return
    try:
        yield from _inside(settings)
    except FacekeepError as error:
        yield _failed(name, error)


def _private_server(home: Path) -> Check:
    from facekeep.store import embedded

    state = embedded.describe(home)
    if state.version == "" and not state.running:
        fine = state.detail == "not made yet"
        advice = "" if fine else "Look at the data folder, or set FACEKEEP_HOME to another one."
        return Check("private server", "ok" if fine else "fail", state.detail, advice)
    running = "running" if state.running else "not running now"
    who = f" as {state.runs_as}" if state.runs_as else ""
    return Check(
        "private server", "ok", f"PostgreSQL {state.version}, {running}{who}, in {state.data_folder}"
    )


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
        yield from _contents(reader)


def _schema(version: str | None, head: str) -> Check:
    if version == head:
        return Check("database", "ok", f"answers; schema {version}")
    if version is None:
        return Check("database", "ok", "answers; empty, prepared on first use")
    if version < head:
        return Check("database", "ok", f"answers; schema {version} becomes {head} on next use")
    advice = "Upgrade facekeep, or restore a backup that this version made."
    return Check("database", "fail", f"schema {version} is newer than this facekeep's {head}", advice)


def _contents(reader: "Reader") -> Iterator[Check]:
    from facekeep.library.identity import display_path
    from facekeep.library.walk import is_offline
    from facekeep.store import listing

    libraries = listing.libraries(reader)
    away = [row for row in libraries if is_offline(Path(os.fsdecode(row.root)), had_photos=row.photos > 0)]
    if away:
        roots = ", ".join(display_path(row.root) for row in away)
        yield Check(
            "libraries", "warn", f"offline: {roots}", "Connect or mount the disk; nothing is lost meanwhile."
        )
    else:
        yield Check("libraries", "ok", f"{count(len(libraries), 'library', 'libraries')}, all online")
    status = listing.status(reader)
    failed = status.failed + status.unreadable_paths
    if failed:
        yield Check(
            "photos", "warn", f"{failed:,} of {status.photos:,} failed", "`facekeep failures` tells why."
        )
    else:
        yield Check("photos", "ok", f"{status.done:,} of {status.photos:,} done")


def _page() -> Check:
    from facekeep.api.pages import FOLDER, is_built

    if is_built():
        return Check("page", "ok", "built")
    return Check("page", "warn", f"not built: {FOLDER} is missing", "Run script/setup in the checkout.")


def _server(settings: Settings) -> Check:
    from facekeep.api.server import listen
    from facekeep.cli.running import url_of_running

    url = url_of_running(settings.home)
    if url is not None:
        return Check("server", "ok", f"running at {url}")
    try:
        listen(settings.host, settings.port).close()
    except FacekeepError as error:
        return Check("server", "warn", error.message, error.hint)
    return Check("server", "ok", f"not running; port {settings.port} is free")


def _failed(name: str, error: FacekeepError) -> Check:
    return Check(name, "fail", error.message, error.hint)
