"""Logging to standard error: one line an event, as text or JSON, and never so much that it fills a disk.

Ids belong into `extra={"photo": 17}`: they become fields. Faces and names of people are never logged.
"""

import json
import logging
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from facekeep.api.recent import RecentLines

WINDOW_S = 60.0
SAME_LINES = 20
"""Lines of one template and logger in a window."""
ALL_LINES = 300
"""Lines of one level in a window, for templates that always differ; one level's flood hides no other's."""
MAX_TEMPLATES = 512
MAX_MESSAGE, MAX_TRACE, MAX_FIELD = 2000, 6000, 200  # characters

_OURS = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"))
_TALKATIVE = {"alembic.runtime.plugins": logging.WARNING, "httpx": logging.WARNING}
"""Loggers that tell at `info` what nobody asked for."""

_NUMBER = re.compile(r"\d+")
_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s@]*@")


def start(level: str, form: str) -> RecentLines:
    """Send every log line of this process to standard error; gives the place where the latest are kept.

    Called again it replaces what it had set up, and never logs less than before: --debug stays.
    """
    root = logging.getLogger()
    wanted = getattr(logging, level.upper())
    for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(handler)
        wanted = min(wanted, root.level)
    handler = Lines(JsonLines() if form == "json" else TextLines())
    root.addHandler(handler)
    root.setLevel(wanted)
    for name, least in _TALKATIVE.items():
        logging.getLogger(name).setLevel(least if wanted > logging.DEBUG else logging.NOTSET)
    return handler.recent


def is_json() -> bool:
    """Whether standard error is a stream of JSON lines, which nothing else may break."""
    return any(isinstance(each.formatter, JsonLines) for each in logging.getLogger().handlers)


def plain_line(text: str) -> str:
    """A line for standard error, for those who cannot log, such as a signal's handler."""
    if is_json():
        record = {"name": "facekeep", "levelname": "INFO", "msg": "%s", "args": (text,)}
        return JsonLines().format(logging.makeLogRecord(record)) + "\n"
    return f"\nfacekeep: {text}\n"


def catch_strays() -> None:
    """Log what Python would print by itself: warnings, and threads that end by a mistake."""
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed


def fields(record: logging.LogRecord) -> dict[str, object]:
    """What was given as `extra`: numbers as they are, the rest as short text."""
    return {name: _field(value) for name, value in vars(record).items() if name not in _OURS}


class TextLines(logging.Formatter):
    """`2024-05-06T07:08:09.123Z WARNING facekeep.worker: message photo=17`, for people.

    A traceback follows on indented lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        given = "".join(f" {name}={value}" for name, value in fields(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}{given}"
        trace = _trace(record)
        return line + "".join(f"\n    {part}" for part in trace.splitlines())


class JsonLines(logging.Formatter):
    """One JSON object a line, for programs: `time`, `level`, `logger`, `message`, the fields, `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        item: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        item |= {f"{name}_" if name in item else name: value for name, value in fields(record).items()}
        trace = _trace(record)
        return json.dumps(item | ({"traceback": trace} if trace else {}))


@dataclass(slots=True)
class _Window:
    began: float
    lines: int = 0
    left_out: int = 0

    def takes(self, allowance: int) -> bool:
        fits = self.lines < allowance
        self.lines += fits
        self.left_out += not fits
        return fits


class Sparing:
    """Lets the first lines of each template through, then none until its minute is over; bounded memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._templates: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._levels: dict[int, _Window] = {}
        self._look_at = 0.0

    def passes(self, record: logging.LogRecord) -> bool:
        """Whether to write this one."""
        key = (record.name, _NUMBER.sub("#", str(record.msg)[:MAX_FIELD]))
        now = self._clock()
        with self._lock:
            if not self._template(key, now).takes(SAME_LINES):
                return False
            return self._level(record.levelno, now).takes(ALL_LINES)

    def summaries(self, *, every: bool = False) -> list[logging.LogRecord]:
        """A record for each template that had lines left out and whose minute is over; `every`: for all."""
        now = self._clock()
        with self._lock:
            if not every and now < self._look_at:
                return []
            self._look_at = now + 1.0
            return [*_over(self._templates, now, every), *_over(self._levels, now, every)]

    def _template(self, key: tuple[str, str], now: float) -> _Window:
        if key not in self._templates and len(self._templates) >= MAX_TEMPLATES:
            self._templates.popitem(last=False)
        return self._templates.setdefault(key, _Window(now))

    def _level(self, number: int, now: float) -> _Window:
        # Levels are few, and apart, so that a flood of templates cannot drive them out.
        return self._levels.setdefault(min(max(number, 0), logging.CRITICAL) // 10, _Window(now))


class Lines(logging.Handler):
    """Writes lines to standard error and keeps the latest; spares its reader repetitions, and says so."""

    def __init__(self, form: logging.Formatter, sparing: Sparing | None = None) -> None:
        super().__init__()
        self.setFormatter(form)
        self.recent = RecentLines()
        self._sparing = Sparing() if sparing is None else sparing
        self._for_people = TextLines()

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record, and before it how many were left out till now."""
        for summary in self._sparing.summaries():
            super().handle(summary)
        return self._sparing.passes(record) and bool(super().handle(record))

    def flush(self) -> None:
        """Called by `logging` when the process ends: what was left out last."""
        for summary in self._sparing.summaries(every=True):
            super().handle(summary)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. A log that cannot be written, to a full disk say, must not end the work."""
        self.recent.add(self._for_people.format(record))
        with suppress(OSError, ValueError):
            # Looked up each time: a program around this one may have put another in its place.
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


def _over(windows: MutableMapping[Any, _Window], now: float, every: bool) -> Iterator[logging.LogRecord]:
    for key in [key for key, window in windows.items() if every or now - window.began >= WINDOW_S]:
        left_out = windows.pop(key).left_out
        if left_out:
            yield _summary(key, left_out)


def _summary(key: tuple[str, str] | int, left_out: int) -> logging.LogRecord:
    if isinstance(key, int):
        name, about = "facekeep", f"of level {logging.getLevelName(key * 10)}"
    else:
        name, about = key[0], f"like {key[1]!r}"
    return logging.makeLogRecord(
        {
            "name": name,
            "msg": f"{left_out} more lines {about} were left out",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
        }
    )


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # the arguments do not fit the template
        text = str(record.msg)
    return _one_line(_cut(_clean(text), MAX_MESSAGE))


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    # The end says what went wrong.
    return _clean(logging.Formatter().formatException(record.exc_info))[-MAX_TRACE:]


def _field(value: Any) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return _one_line(_cut(_clean(str(value)), MAX_FIELD))


def _clean(text: str) -> str:
    return _PASSWORD.sub(r"\1:…@", text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters)"


def _one_line(text: str) -> str:
    # A file name may hold a newline; it must not be able to write a log line of its own.
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_type is not SystemExit and failed.exc_value is not None:
        name = failed.thread.name if failed.thread is not None else "?"
        what = (failed.exc_type, failed.exc_value, failed.exc_traceback)
        logging.getLogger("facekeep").critical(
            "a thread ended by a mistake", exc_info=what, extra={"thread_name": name}
        )
