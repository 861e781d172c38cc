"""What the report to maintainers may tell of the settings, and what it must hide."""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from facekeep.api.recent import RecentLines
    from facekeep.api.report import About
    from facekeep.settings import Settings

_EVERYBODYS = ("facekeep", "postgres", "localhost", "127.0.0.1")
"""Common in every log: taking them out would leave nothing to read, and tells nobody anything."""


def about(settings: "Settings", recent: "RecentLines") -> "About":
    """For the application that is served."""
    from facekeep.api.report import About

    return About(shown(settings), private(settings), recent.all)


def shown(settings: "Settings") -> dict[str, object]:
    """Every setting: numbers and choices as they are, of texts only whether they were set."""
    from facekeep.settings import LOG_FORMATS, LOG_LEVELS, SETTINGS

    values = {setting.name: getattr(settings, setting.name) for setting in SETTINGS}
    plain = {*LOG_LEVELS, *LOG_FORMATS}
    return {
        name: value if isinstance(value, int) or value in plain else "set" if value else "not set"
        for name, value in values.items()
    }


def private(settings: "Settings") -> dict[str, str]:
    """The parts of the database's address that could stand in a message."""
    url = settings.database_url
    if url is None:
        return {}
    parts = urlsplit(url)
    found = {url: "<database>", parts.netloc: "<database>"}
    if parts.password:
        found |= {parts.password: "<secret>", unquote(parts.password): "<secret>"}
    for text in (parts.username, parts.hostname, parts.path.lstrip("/")):
        if text and text not in _EVERYBODYS:
            found |= {text: "<secret>", unquote(text): "<secret>"}
    return found
