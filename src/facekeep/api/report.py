"""A report for maintainers: what they need to find a mistake, and nothing that is the user's own.

Paths, the names of people, of the user and of the machine are left out unless the user ticks them.
"""

import os
import platform
import pwd
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import psutil

from facekeep import __version__
from facekeep.actions.context import Context
from facekeep.api.cleaning import Cleaner
from facekeep.api.fields import Fields, failure_fields, status_fields
from facekeep.api.looks import Costly
from facekeep.api.metrics import Counts
from facekeep.api.working import work_fields
from facekeep.library.identity import display_path
from facekeep.store import about, listing, migrate, steering
from facekeep.store import failures as ledger
from facekeep.store.database import Reader
from facekeep.store.rows import FailureCount, FailureRow, LibraryRow

EXAMPLES = 5
"""Failures of each code that are shown in full."""
MOST_PEOPLE = 200
LONGEST_DETAIL = 3000  # characters; the end says what went wrong


@dataclass(frozen=True, slots=True)
class About:
    """What only the program around the application knows.

    `settings` as they may be shown; `private` texts, such as a password, and what stands for each.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)
    recent: Callable[[], list[str]] = list


@dataclass(frozen=True, slots=True)
class Ticked:
    """What the user allows to be in it."""

    paths: bool = False
    faces: bool = False


def make(ctx: Context, counts: Costly[Counts], known: About, ticked: Ticked) -> Fields:
    """The report. StorageFault when the database does not answer."""
    counted = counts.get().found
    with ctx.database.read() as reader:
        libraries = listing.libraries(reader)
        said = _Said(reader, libraries, _cleaner(reader, ctx, libraries, known, ticked), ticked)
        work = work_fields(steering.control(reader), counted.queue, steering.workers(reader))
        return {
            "facekeep": __version__,
            "made_at": datetime.now(UTC),
            "platform": _platform(reader),
            "settings": dict(known.settings),
            "counts": status_fields(counted.status),
            "leases_stuck": counted.stuck,
            "work": said.work(work),
            "libraries": said.libraries(),
            "failures": [said.failure(row) for row in counted.failures],
            **({"people": said.people()} if ticked.faces else {}),
            "log": [said.clean(line) for line in known.recent()],
        }


def as_text(report: Fields) -> str:
    """The report for people: a heading for each part, then its lines."""
    return "\n".join(_lines(report, "")) + "\n"


class _Said:
    """The parts that hold free text, cleaned."""

    def __init__(self, reader: Reader, libraries: list[LibraryRow], cleaner: Cleaner, ticked: Ticked) -> None:
        self._reader, self._rows, self._cleaner, self._ticked = reader, libraries, cleaner, ticked

    def clean(self, text: str, also: Mapping[str, str] | None = None) -> str:
        return self._cleaner.clean(text, also)

    def work(self, fields: Fields) -> Fields:
        workers, breakers = fields["workers"], fields["breakers"]
        assert isinstance(workers, list)
        assert isinstance(breakers, list)
        hosts = list(dict.fromkeys(worker["host"] for worker in workers))
        return {
            **fields,
            "workers": [
                each
                | {"host": f"host-{hosts.index(each['host']) + 1}", "message": self.clean(each["message"])}
                for each in workers
            ],
            "breakers": [each | {"message": self.clean(each["message"])} for each in breakers],
        }

    def libraries(self) -> list[Fields]:
        return [
            {
                "library": row.library,
                "folder": display_path(row.root) if self._ticked.paths else _alias(row),
                "online": row.online,
                "photos": row.photos,
            }
            for row in self._rows
        ]

    def failure(self, counted: FailureCount) -> Fields:
        page = listing.failures(self._reader, code=counted.code, limit=EXAMPLES)
        return {**asdict(counted), "examples": [self._example(row) for row in page.items]}

    def _example(self, row: FailureRow) -> Fields:
        also = {} if self._ticked.paths else dict(self._aliases(row))
        fields = failure_fields(row)
        files = fields["files"]
        assert isinstance(files, list)
        detail = "" if row.photo is None else ledger.one(self._reader, row.photo).detail
        return {
            **fields,
            "files": [self.clean(file, also) for file in files],
            "message": self.clean(row.message, also),
            "detail": self.clean(detail, also)[-LONGEST_DETAIL:].splitlines(),
        }

    def _aliases(self, row: FailureRow) -> Iterator[tuple[str, str]]:
        """Every form in which an error may name the photo's files."""
        for file in row.files:
            library = next((it for it in self._rows if file.startswith(it.root.rstrip(b"/") + b"/")), None)
            root = "<library>" if library is None else _alias(library)
            path = PurePosixPath(display_path(file))
            what = "path" if row.photo is None else f"photo-{row.photo}"
            alias = f"{root}/…/{what}{path.suffix if path.suffix[1:].isalnum() else ''}"
            inside = [] if library is None else [display_path(file[len(library.root.rstrip(b"/")) + 1 :])]
            yield from ((text, alias) for text in (str(path), *inside, path.name))

    def people(self) -> list[Fields]:
        page = listing.people(self._reader, named=True, limit=MOST_PEOPLE)
        return [{"person": row.person, "name": row.name, "faces": row.faces} for row in page.items]


def _cleaner(
    reader: Reader, ctx: Context, libraries: Sequence[LibraryRow], known: About, ticked: Ticked
) -> Cleaner:
    texts = dict(known.private)
    words = {socket.gethostname(): "<host>", _user(): "<user>"}
    if not ticked.faces:
        words |= dict.fromkeys(about.person_names(reader), "<name>")
    if not ticked.paths:
        texts |= {display_path(row.root): _alias(row) for row in libraries}
        texts |= {str(ctx.home): "<data folder>", str(Path.home()): "<home>"}
    return Cleaner(texts, words, paths=not ticked.paths)


def _alias(row: LibraryRow) -> str:
    return f"<library {row.library}>"


def _user() -> str:
    with suppress(KeyError):  # a user without an entry, as in some containers
        return pwd.getpwuid(os.getuid()).pw_name
    return ""


def _platform(reader: Reader) -> Fields:
    server = about.server(reader)
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "postgresql": server.version,
        "pgvector": server.vector,
        "schema": migrate.version_of(reader),
        "database_bytes": server.bytes,
    }


def _lines(value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _entry(f"{indent}{name}:", inner, indent)
    elif isinstance(value, list):
        for inner in value:
            yield from _entry(f"{indent}-", inner, indent)


def _entry(head: str, inner: object, indent: str) -> Iterator[str]:
    if isinstance(inner, Mapping | list) and inner:
        yield head
        yield from _lines(inner, indent + "  ")
    else:
        empty = inner is None or isinstance(inner, Mapping | list)
        yield f"{head} {'-' if empty else str(inner)}"
