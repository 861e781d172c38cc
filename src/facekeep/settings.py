"""What can be set. Sources: flag > environment > `config.toml` in the data folder > default.

SETTINGS is the one list: validation, `facekeep doctor` and docs/settings.md follow from it.
Unsafe values are refused with the setting's name, so nobody has to guess which of four places was wrong.
"""

import ipaddress
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facekeep.domain.errors import EnvironmentFault, UsageError

CONFIG_NAME = "config.toml"
SERVER_VARIABLES = frozenset(("FACEKEEP_PG_USER", "FACEKEEP_PG_FOLDER"))
"""Read by the private database server alone, and only when facekeep runs as root (docs/settings.md)."""

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every value, checked. Paths are absolute."""

    home: Path
    database_url: str | None
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    loopback_open: bool
    workers: int
    timeout_seconds: int
    child_memory_megabytes: int
    models_idle_seconds: int
    max_attempts: int
    retry_first_seconds: int
    retry_longest_seconds: int
    lease_seconds: int
    suggestion_days: int
    cache_megabytes: int
    log_level: str
    log_format: str
    models_url: str | None

    @property
    def config_file(self) -> Path:
        """Where the file of settings is looked for."""
        return self.home / CONFIG_NAME


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set. `parse` takes what a source gave and raises ValueError to refuse it."""

    name: str
    env: str
    default: Callable[[], Any]
    shown_default: str
    help: str
    parse: Callable[[Any], Any]
    in_file: bool = True


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    read_file: bool = True,
) -> Settings:
    """Settings from every source. A flag of None was not given; an empty environment variable is as unset.

    `read_file=False` leaves `config.toml` alone, for looking at a data folder that may be broken.
    Raises UsageError naming the setting and its source, EnvironmentFault when the file cannot be read.
    """
    given = {} if flags is None else {name: value for name, value in flags.items() if value is not None}
    env = os.environ if environ is None else environ
    home = _value(_BY_NAME["home"], given, env, {})
    table = _read_table(home / CONFIG_NAME) if read_file else {}
    values = {setting.name: _value(setting, given, env, table) for setting in SETTINGS}
    settings = Settings(**values)
    _refuse_unsafe(settings)
    return settings


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Names that begin with FACEKEEP_ and mean nothing: most often a slip of the finger."""
    known = {setting.env for setting in SETTINGS} | SERVER_VARIABLES
    return sorted(name for name in environ if name.startswith("FACEKEEP_") and name not in known)


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def default_home(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """The user's data folder here: XDG on Linux, Application Support on macOS, AppData on Windows."""
    env = os.environ if environ is None else environ
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "facekeep"
    if platform == "win32":
        return Path(env.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))) / "facekeep"
    # The XDG specification: a relative path is invalid and to be ignored.
    base = env.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "facekeep"


def _value(
    setting: Setting, flags: Mapping[str, object], env: Mapping[str, str], table: Mapping[str, object]
) -> Any:
    if setting.name in flags:
        return _parsed(setting, flags[setting.name], f"--{setting.name.replace('_', '-')}")
    if env.get(setting.env):
        return _parsed(setting, env[setting.env], setting.env)
    if setting.name in table:
        return _parsed(setting, table[setting.name], f"{setting.name} in {CONFIG_NAME}")
    if setting.name == "home":
        return default_home(env)
    return setting.default()


def _parsed(setting: Setting, given: object, source: str) -> Any:
    try:
        return setting.parse(given)
    except ValueError as error:
        raise UsageError(f"{source}: {error}", hint=setting.help) from error


def _read_table(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes().decode("utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise EnvironmentFault(f"cannot read {path}: {error.strerror}", hint="Check who owns it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not valid TOML: {error}", hint="Correct the file, or move it away."
        ) from error
    allowed = {setting.name for setting in SETTINGS if setting.in_file}
    for name in table:
        if name not in allowed:
            raise UsageError(
                f"{path}: there is no setting {name!r}", hint=f"Settings: {', '.join(sorted(allowed))}."
            )
    return table


def _refuse_unsafe(settings: Settings) -> None:
    if settings.retry_longest_seconds < settings.retry_first_seconds:
        raise UsageError(
            f"retry_longest_seconds ({settings.retry_longest_seconds}) is below retry_first_seconds "
            f"({settings.retry_first_seconds})",
            hint="The wait before another try grows from the first to the longest.",
        )
    if settings.home in (Path(settings.home.anchor), Path.home()):
        raise UsageError(
            f"the data folder may not be {settings.home} itself",
            hint="Set FACEKEEP_HOME (or --home) to a folder that is facekeep's own.",
        )


# What each kind of value accepts ---------------------------------------------------------------------------


def _path(given: object) -> Path:
    if not isinstance(given, str | os.PathLike) or not os.fspath(given):
        raise ValueError("a path is needed")
    return Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - resolve() would follow links


def _url(given: object) -> str:
    if not isinstance(given, str) or not re.match(r"postgres(ql)?://", given):
        # The value is not repeated: it may hold a password.
        raise ValueError("a database URL begins with postgresql://")
    return given


def _web_address(given: object) -> str:
    if not isinstance(given, str) or not re.match(r"https?://[^/\s]+\S*$", given):
        raise ValueError("a web address begins with https:// or http://")
    return given


def _host(given: object) -> str:
    text = str(given).strip().strip("[]").lower()
    if not text or any(mark in text for mark in "/@ \t"):
        raise ValueError(f"{given!r} is not a host name or address")
    return text


def _hosts(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        given = [part for part in given.split(",") if part.strip()]
    if not isinstance(given, list | tuple):
        raise ValueError("a list of host names is needed")  # noqa: TRY004 - refused like any other value
    if "*" in (str(item).strip() for item in given):
        raise ValueError("'*' would let any web page that you visit reach your photos; name the hosts")
    return tuple(_host(item) for item in given)


def _whole(low: int, high: int) -> Callable[[object], int]:
    def parse(given: object) -> int:
        try:
            number = int(str(given))
        except ValueError:
            raise ValueError(f"{given!r} is not a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"{number} is not between {low} and {high}")
        return number

    return parse


def _yes_or_no(given: object) -> bool:
    found = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    text = str(given).strip().lower()
    if text not in found:
        raise ValueError(f"{given!r} is neither true nor false")
    return found[text]


def _one_of(names: tuple[str, ...]) -> Callable[[object], str]:
    def parse(given: object) -> str:
        text = str(given).lower()
        if text not in names:
            raise ValueError(f"{given!r} is none of {', '.join(names)}")
        return text

    return parse


def _cores() -> int:
    # The cores this process may use: fewer than the machine's in a container or under taskset.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _child_memory() -> int:
    # No photo within the limits of size needs more than 3 GB; a small machine has less to give.
    return max(512, min(3072, int(0.8 * machine_memory() / 2**20)))


def machine_memory() -> int:
    """Bytes of memory that this machine, or the container that we are in, has."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 8 * 2**30
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(file).read_text("ascii")))
        except (OSError, ValueError):  # no container, or no limit: it says "max"
            continue
    return total


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "home",
        "FACEKEEP_HOME",
        default_home,
        "the user's data folder, such as ~/.local/share/facekeep",
        "The data folder: database, models, derived pictures. Scans never enter it.",
        _path,
        in_file=False,
    ),
    Setting(
        "database_url",
        "FACEKEEP_DATABASE_URL",
        lambda: None,
        "a private server in the data folder",
        "An existing PostgreSQL database with the pgvector extension, as postgresql://user:password@host/name.",
        _url,
    ),
    Setting(
        "host",
        "FACEKEEP_HOST",
        lambda: "127.0.0.1",
        "127.0.0.1",
        "The address that the page and the API listen on. One that other machines can reach needs an "
        "account: `facekeep users add NAME --role admin`.",
        _host,
    ),
    Setting(
        "port",
        "FACEKEEP_PORT",
        lambda: 8765,
        "8765",
        "The port that the page and the API listen on; 0 takes any free one.",
        _whole(0, 65535),
    ),
    Setting(
        "allowed_hosts",
        "FACEKEEP_ALLOWED_HOSTS",
        tuple,
        "none beside this machine's own",
        "Further host names that the page answers to, separated by commas, such as a reverse proxy's.",
        _hosts,
    ),
    Setting(
        "loopback_open",
        "FACEKEEP_LOOPBACK_OPEN",
        lambda: True,
        "true",
        "Whether who sits at this machine needs no password even where there are accounts. Say false where "
        "other users share the machine, or a reverse proxy runs on it.",
        _yes_or_no,
    ),
    Setting(
        "workers",
        "FACEKEEP_WORKERS",
        _cores,
        "one for each processor core",
        "How many photos are looked at side by side, each in a process of its own.",
        _whole(1, 1024),
    ),
    Setting(
        "timeout_seconds",
        "FACEKEEP_TIMEOUT_SECONDS",
        lambda: 120,
        "120",
        "How long one photo may take. Then its process is ended, and it is tried once more, smaller.",
        _whole(1, 86_400),
    ),
    Setting(
        "child_memory_megabytes",
        "FACEKEEP_CHILD_MEMORY_MEGABYTES",
        _child_memory,
        "3072, or 80 % of the machine's memory where that is less",
        "How much memory a process that looks at photos may take. Above it, it is ended, and its photo is "
        "tried again smaller.",
        _whole(256, 1_000_000),
    ),
    Setting(
        "models_idle_seconds",
        "FACEKEEP_MODELS_IDLE_SECONDS",
        lambda: 120,
        "120",
        "After how long without a photo the processes that hold the models end and give their memory back.",
        _whole(1, 86_400),
    ),
    Setting(
        "max_attempts",
        "FACEKEEP_MAX_ATTEMPTS",
        lambda: 5,
        "5",
        "How often a photo that fails by its own fault is tried, at most.",
        _whole(1, 100),
    ),
    Setting(
        "retry_first_seconds",
        "FACEKEEP_RETRY_FIRST_SECONDS",
        lambda: 60,
        "60",
        "The wait before a failed photo is tried again; it doubles with every try.",
        _whole(1, 86_400),
    ),
    Setting(
        "retry_longest_seconds",
        "FACEKEEP_RETRY_LONGEST_SECONDS",
        lambda: 3600,
        "3600",
        "The longest such wait.",
        _whole(1, 604_800),
    ),
    Setting(
        "lease_seconds",
        "FACEKEEP_LEASE_SECONDS",
        lambda: 60,
        "60",
        "How long a photo stays with a worker that is not heard any more, before another may take it.",
        _whole(5, 3600),
    ),
    Setting(
        "suggestion_days",
        "FACEKEEP_SUGGESTION_DAYS",
        lambda: 0,
        "0",
        "After how many days a suggestion that nobody answered is dropped; 0 keeps it until it is answered.",
        _whole(0, 36_500),
    ),
    Setting(
        "cache_megabytes",
        "FACEKEEP_CACHE_MEGABYTES",
        lambda: 2048,
        "2048",
        "How much disk the derived pictures (face crops, smaller copies) may take, in megabytes.",
        _whole(16, 10_000_000),
    ),
    Setting(
        "log_level",
        "FACEKEEP_LOG_LEVEL",
        lambda: "warning",
        "warning",
        "How much is logged to standard error: debug, info, warning or error.",
        _one_of(LOG_LEVELS),
    ),
    Setting(
        "log_format",
        "FACEKEEP_LOG_FORMAT",
        lambda: "text",
        "text",
        "How log lines are written: text for people, or json, one object a line, for programs.",
        _one_of(LOG_FORMATS),
    ),
    Setting(
        "models_url",
        "FACEKEEP_MODELS_URL",
        lambda: None,
        "the addresses of those who publish them",
        "A mirror that model packs are downloaded from: it has each file as PACK/FILE below this address.",
        _web_address,
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
