"""Reading a file of people (docs/export.md) record by record: all is checked before any is used."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from facekeep.domain.errors import UsageError
from facekeep.domain.people_file import (
    ApartIn,
    CircleIn,
    EndIn,
    HeaderIn,
    PersonIn,
    PhotoIn,
    RecordIn,
    Trouble,
    parsed,
)

MAX_LINE = 64 * 2**20
"""Bytes of a record: a photo of some thousand faces with their vectors."""

MAX_PEOPLE = 200_000
MAX_TEXT = 64 * 2**20
"""Characters that people's names and notes have together: they are kept in memory."""

HINT = "Nothing was changed. docs/export.md describes what is read; `facekeep export people` writes it."


@dataclass(slots=True)
class Checked:
    """A file that is sound: all of it but the photos, which are read again."""

    header: HeaderIn
    people: dict[int, PersonIn] = field(default_factory=dict)
    apart: list[ApartIn] = field(default_factory=list)
    circles: list[CircleIn] = field(default_factory=list)
    photos: int = 0
    faces: int = 0


def check(file: IO[bytes]) -> Checked:
    """Read all of it. UsageError with the line, and the place in it, of the first thing that is wrong."""
    checker = _Checker()
    number = 0
    for number, record in _records(file):
        try:
            checker.take(record)
        except Trouble as trouble:
            raise _refused(number, trouble) from trouble
    if checker.checked is None or not checker.ended:
        raise _refused(number + 1, Trouble("", "it breaks off: there is no record of kind end"))
    return checker.checked


def photos(file: IO[bytes]) -> Iterator[PhotoIn]:
    """The photos of a file that was checked."""
    for _, record in _records(file):
        if isinstance(record, PhotoIn):
            yield record


class _Checker:
    """What must be true of the records together."""

    def __init__(self) -> None:
        self.checked: Checked | None = None
        self.ended = False
        self._text = 0
        self._circles: set[int] = set()

    def take(self, record: RecordIn) -> None:
        """The next record. Trouble."""
        if self.ended:
            raise Trouble("", "something comes after the record of kind end")
        if isinstance(record, HeaderIn):
            if self.checked is not None:
                raise Trouble("", "there is a second header")
            self.checked = Checked(record)
            return
        if self.checked is None:
            raise Trouble("", "the first record must be the header")
        self._take(self.checked, record)

    def _take(self, checked: Checked, record: RecordIn) -> None:
        if isinstance(record, PersonIn):
            self._person(checked, record)
        elif isinstance(record, ApartIn):
            self._known(checked, "people", (record.one, record.other))
            checked.apart.append(record)
        elif isinstance(record, CircleIn):
            self._circle(checked, record)
        elif isinstance(record, PhotoIn):
            self._photo(checked, record)
        elif isinstance(record, EndIn):
            self._end(checked, record)

    def _person(self, checked: Checked, record: PersonIn) -> None:
        if record.person in checked.people:
            raise Trouble("person", f"there are two people {record.person}")
        self._text += len(record.notes) + sum(map(len, record.aliases))
        if len(checked.people) >= MAX_PEOPLE or self._text > MAX_TEXT:
            raise Trouble("", f"more than {MAX_PEOPLE:,} people, or too much is told of them")
        checked.people[record.person] = record

    def _circle(self, checked: Checked, record: CircleIn) -> None:
        if record.circle in self._circles:
            raise Trouble("circle", f"there are two circles {record.circle}")
        self._circles.add(record.circle)
        self._known(checked, "people", record.people)
        checked.circles.append(record)

    def _photo(self, checked: Checked, record: PhotoIn) -> None:
        for number, face in enumerate(record.faces):
            told = face.rejected if face.person is None else (face.person, *face.rejected)
            self._known(checked, f"faces[{number}]", told)
        for library, _ in record.files:
            if library not in checked.header.libraries:
                raise Trouble("files", f"the header has no library {library}")
        checked.photos += 1
        checked.faces += len(record.faces)

    def _known(self, checked: Checked, where: str, people: tuple[int, ...]) -> None:
        for person in people:
            if person not in checked.people:
                raise Trouble(where, f"no record before it is of person {person}")

    def _end(self, checked: Checked, record: EndIn) -> None:
        found = (len(checked.people), checked.photos, checked.faces)
        if found != (record.people, record.photos, record.faces):
            words = "{:,} people, {:,} photos, {:,} faces"
            told = words.format(record.people, record.photos, record.faces)
            raise Trouble("", f"something is missing: {told} are said, {words.format(*found)} are there")
        self.ended = True


def _records(file: IO[bytes]) -> Iterator[tuple[int, RecordIn]]:
    """(line, record) of each, from the beginning. One array of records, each on its line, is read too."""
    file.seek(0)
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), 1):
        if len(line) > MAX_LINE:
            raise _refused(number, Trouble("", f"it has more than {MAX_LINE:,} bytes"))
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if text not in (b"", b"[", b"]"):
            try:
                yield number, parsed(_decoded(text.removesuffix(b",")))
            except Trouble as trouble:
                raise _refused(number, trouble) from trouble


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except Trouble:
        raise
    except UnicodeDecodeError as error:
        raise Trouble("", f"it is not UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise Trouble("", "it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise Trouble("", f"it is no JSON object on one line: {error.msg} (column {error.colno})") from error
    except ValueError as error:  # a number of thousands of digits
        raise Trouble("", f"it is no JSON: {error}") from error


def _no_number(text: str) -> float:
    raise Trouble("", f"{text} is no number")


def _refused(number: int, trouble: Trouble) -> UsageError:
    return UsageError(f"line {number:,}: {trouble}", hint=HINT)
