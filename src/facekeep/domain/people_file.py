"""The records of an export of people (docs/export.md), read from anywhere: all is checked."""

import base64
import binascii
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar, get_args

from facekeep.domain.faces import Box, Standing

FORMAT = "facekeep-people"
VERSION = 1

MAX_NAME = 200
MAX_ALIASES = 20
MAX_ALIASES_LENGTH = 4000
MAX_NOTES = 10_000
MAX_ID = 2**63 - 1
MAX_FACES = 10_000
"""Faces of one photo, and files of one photo."""

Item = TypeVar("Item")

By = Literal["user", "import", "auto"]


class Trouble(ValueError):
    """What is wrong with a record, and where in it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}" if where else what)


@dataclass(frozen=True, slots=True)
class HeaderIn:
    """The first record: roots of libraries by the file's numbers of them."""

    libraries: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class PersonIn:
    """Somebody. `person` is what the file calls them."""

    person: int
    name: str | None
    aliases: tuple[str, ...] = ()
    birth_date: date | None = None
    notes: str = ""
    favourite: bool = False
    hidden: bool = False
    auto: bool = True


@dataclass(frozen=True, slots=True)
class ApartIn:
    """Two that are not one person."""

    one: int
    other: int


@dataclass(frozen=True, slots=True)
class CircleIn:
    """A circle and who is in it."""

    circle: int
    name: str
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FaceIn:
    """A face: where, whose by whose word, and who it is not."""

    box: Box
    landmarks: tuple[float, ...] | None
    """Ten fractions: x, y of the five points."""
    detected: bool
    standing: Standing
    person: int | None
    by: By
    confidence: float
    rejected: tuple[int, ...]
    pinned: bool
    cover: bool


@dataclass(frozen=True, slots=True)
class PhotoIn:
    """A photo: the hash of its content, where its files were, and its faces."""

    sha256: bytes
    files: tuple[tuple[int, bytes], ...]
    """(library, path)."""
    faces: tuple[FaceIn, ...]


@dataclass(frozen=True, slots=True)
class EndIn:
    """The last record: how many of each there were."""

    people: int
    photos: int
    faces: int


RecordIn = HeaderIn | PersonIn | ApartIn | CircleIn | PhotoIn | EndIn


def parsed(record: object) -> RecordIn:
    """A record from decoded JSON. Trouble says where it is not what it should be.

    Keys that are not known are passed over, so that a later version may add some.
    """
    fields = _mapping(record, "")
    kind = fields.get("kind")
    read = _KINDS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise Trouble("kind", f"no record is of kind {_short(kind)}")
    return read(fields)


def _header(fields: Mapping[str, Any]) -> HeaderIn:
    if fields.get("format") != FORMAT:
        raise Trouble("format", f"it is not {FORMAT} but {_short(fields.get('format'))}")
    if fields.get("version") != VERSION or isinstance(fields.get("version"), bool):
        version = _short(fields.get("version"))
        raise Trouble("version", f"this facekeep reads version {VERSION}, not {version}")
    rows = _list(fields.get("libraries", []), "libraries", MAX_FACES)
    roots: dict[int, bytes] = {}
    for number, row in enumerate(rows):
        where = f"libraries[{number}]"
        known = _mapping(row, where)
        roots[_id(known.get("library"), f"{where}.library")] = _path(known, "root", where)
    return HeaderIn(roots)


def _person(fields: Mapping[str, Any]) -> PersonIn:
    name = fields.get("name")
    aliases = _list(fields.get("aliases", []), "aliases", MAX_ALIASES)
    names = tuple(_name(alias, f"aliases[{number}]") for number, alias in enumerate(aliases))
    if sum(map(len, names)) > MAX_ALIASES_LENGTH:
        raise Trouble("aliases", "they are too long")
    return PersonIn(
        person=_id(fields.get("person"), "person"),
        name=None if name is None else _name(name, "name"),
        aliases=names,
        birth_date=_date(fields.get("birth_date"), "birth_date"),
        notes=_text(fields.get("notes", ""), "notes", MAX_NOTES),
        favourite=_flag(fields, "favourite", False),
        hidden=_flag(fields, "hidden", False),
        auto=_flag(fields, "auto", True),
    )


def _apart(fields: Mapping[str, Any]) -> ApartIn:
    pair = _ids(fields.get("people"), "people", 2)
    if len(pair) != 2:
        raise Trouble("people", "two different people are needed")
    return ApartIn(*sorted(pair))


def _circle(fields: Mapping[str, Any]) -> CircleIn:
    people = _ids(fields.get("people", []), "people", 1_000_000)
    return CircleIn(_id(fields.get("circle"), "circle"), _name(fields.get("name"), "name"), people)


def _photo(fields: Mapping[str, Any]) -> PhotoIn:
    told = fields.get("sha256")
    if not isinstance(told, str) or not re.fullmatch(r"[0-9a-f]{64}", told):
        raise Trouble("sha256", "64 hexadecimal digits in lower case are needed")
    files = []
    for number, row in enumerate(_list(fields.get("files", []), "files", MAX_FACES)):
        where = f"files[{number}]"
        known = _mapping(row, where)
        files.append((_id(known.get("library"), f"{where}.library"), _path(known, "path", where)))
    rows = _list(fields.get("faces"), "faces", MAX_FACES)
    faces = tuple(_face(_mapping(row, f"faces[{n}]"), f"faces[{n}]") for n, row in enumerate(rows))
    boxes = [face.box for face in faces]
    if len(set(boxes)) < len(boxes):
        raise Trouble("faces", "two of them have the very same box")
    return PhotoIn(bytes.fromhex(told), tuple(files), faces)


def _face(fields: Mapping[str, Any], where: str) -> FaceIn:
    person = fields.get("person")
    whose = None if person is None else _id(person, f"{where}.person")
    rejected = _ids(fields.get("rejected", []), f"{where}.rejected", MAX_FACES)
    if whose in rejected:
        raise Trouble(f"{where}.rejected", f"it is person {whose}, and is said not to be")
    by, source, sure = fields.get("assigned_by"), fields.get("source", "detected"), fields.get("confidence")
    standing = fields.get("standing", "shown")
    if by not in ("user", "import", "auto", None):
        raise Trouble(f"{where}.assigned_by", f"nobody is called {_short(by)}")
    if source not in ("detected", "drawn", "imported"):
        raise Trouble(f"{where}.source", f"no source is called {_short(source)}")
    if standing not in get_args(Standing):
        raise Trouble(f"{where}.standing", f"no standing is called {_short(standing)}")
    if standing != "shown" and whose is not None:
        raise Trouble(f"{where}.standing", f"it is put away, and is said to be person {whose}")
    return FaceIn(
        box=_box(fields.get("box"), f"{where}.box"),
        landmarks=_landmarks(fields.get("landmarks"), f"{where}.landmarks"),
        detected=source == "detected",
        standing=standing,
        person=whose,
        by="import" if by is None else by,
        confidence=1.0 if sure is None else _number(sure, f"{where}.confidence", 0.0, 1.0),
        rejected=rejected,
        pinned=whose is not None and _flag(fields, "pinned", False, where),
        cover=whose is not None and _flag(fields, "cover", False, where),
    )


def _end(fields: Mapping[str, Any]) -> EndIn:
    return EndIn(*(_id(fields.get(key), key, 0) for key in ("people", "photos", "faces")))


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], RecordIn]] = {
    "header": _header,
    "person": _person,
    "apart": _apart,
    "circle": _circle,
    "photo": _photo,
    "end": _end,
}


# Values -----------------------------------------------------------------------------------------------------


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Trouble(where, f"an object is needed, not {_short(value)}")
    return value


def _list(value: object, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise Trouble(where, f"a list is needed, not {_short(value)}")
    if len(value) > most:
        raise Trouble(where, f"at most {most:,} are taken")
    return value


def _id(value: object, where: str, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_ID:
        raise Trouble(where, f"a number from {least} is needed, not {_short(value)}")
    return value


def _ids(value: object, where: str, most: int) -> tuple[int, ...]:
    found = tuple(_id(one, f"{where}[{number}]") for number, one in enumerate(_list(value, where, most)))
    if len(set(found)) < len(found):
        raise Trouble(where, "one is named twice")
    return found


def _number(value: object, where: str, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise Trouble(where, f"a number from {low:g} to {high:g} is needed, not {_short(value)}")
    return float(value)


def _flag(fields: Mapping[str, Any], key: str, otherwise: bool, where: str = "") -> bool:
    value = fields.get(key, otherwise)
    if not isinstance(value, bool):
        raise Trouble(f"{where}.{key}".lstrip("."), f"true or false is needed, not {_short(value)}")
    return value


def _text(value: object, where: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise Trouble(where, f"a text of at most {most:,} characters is needed")
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise Trouble(where, "it has characters that are none")
    return value


def _name(value: object, where: str) -> str:
    name = _text(value, where, MAX_NAME)
    if not name or name != name.strip() or any(unicodedata.category(sign) == "Cc" for sign in name):
        raise Trouble(where, f"{_short(value)} cannot be a name")
    return name


def _date(value: object, where: str) -> date | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and re.fullmatch(r"(18|19|20|21)\d\d-\d\d-\d\d", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError as error:
        raise Trouble(where, f"{_short(value)} is no day") from error
    raise Trouble(where, f"a day such as 1990-12-31 is needed, not {_short(value)}")


def _box(value: object, where: str) -> Box:
    sides = _mapping(value, where)
    x, y, w, h = (
        _number(sides.get(key), f"{where}.{key}", 0.0, 1.0) for key in ("x", "y", "width", "height")
    )
    try:
        return Box(x, y, w, h)
    except ValueError as error:
        raise Trouble(where, "it has no area, or is not within the photo") from error


def _landmarks(value: object, where: str) -> tuple[float, ...] | None:
    if value is None:
        return None
    flat: list[float] = []
    for number, point in enumerate(_list(value, where, 5)):
        pair = _list(point, f"{where}[{number}]", 2)
        # They may lie outside of the frame, but not far.
        flat += [_number(one, f"{where}[{number}]", -10.0, 10.0) for one in pair]
    if len(flat) != 10:
        raise Trouble(where, "five points of x and y are needed")
    return tuple(flat)


def _path(fields: Mapping[str, Any], key: str, where: str) -> bytes:
    coded = fields.get(f"{key}_base64")
    if coded is not None:
        try:
            raw = base64.b64decode(_text(coded, f"{where}.{key}_base64", 20_000), validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError) as error:
            raise Trouble(f"{where}.{key}_base64", "it is not base64") from error
    else:
        raw = _text(fields.get(key), f"{where}.{key}", 20_000).encode()
    if not raw:
        raise Trouble(f"{where}.{key}", "it is empty")
    return raw


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return "what is no number"
    if isinstance(value, int) and abs(value) > 2**64:
        return "a huge number"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
