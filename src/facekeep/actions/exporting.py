"""All that is known of people as a stream of records (docs/export.md), or as a file: whole or not at all."""

import csv
import io
import json
import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from facekeep import __version__
from facekeep.actions.context import Context
from facekeep.domain.errors import EnvironmentFault, NotFound
from facekeep.library.identity import display_path
from facekeep.store import forgetting, portable
from facekeep.store.database import Reader
from facekeep.store.portable import PhotoOut

FORMAT = "facekeep-people"
VERSION = 1

Format = Literal["jsonl", "json", "csv"]

Record = dict[str, Any]

COLUMNS = (
    "kind",
    "name",
    "birth_date",
    "sha256",
    "path",
    "x",
    "y",
    "width",
    "height",
    "assigned_by",
    "confidence",
    "source",
    "person",
    "standing",
)
"""Of the CSV form."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. `people`: only these; None for all with a name. `unnamed`: also all other faces."""

    people: tuple[int, ...] | None = None
    unnamed: bool = False
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """How much went out."""

    people: int = 0
    photos: int = 0
    faces: int = 0


def unwatched(_: Exported) -> None:
    """Nobody follows."""


def encoded(
    ctx: Context, wanted: Wanted, form: Format, progress: Callable[[Exported], None] = unwatched
) -> Iterator[bytes]:
    """The export in parts, in bounded memory and of one moment. NotFound for a person that is not there."""
    with ctx.database.read() as reader:
        yield from _FORMS[form](records(reader, wanted, progress))


def export_file(
    ctx: Context, path: Path, wanted: Wanted, form: Format, progress: Callable[[Exported], None] = unwatched
) -> Exported:
    """Write the export beside `path` and put it there when it is complete. Only its owner can read it.

    It is remembered that this copy exists. NotFound, EnvironmentFault.
    """
    last = Exported()

    def follow(now: Exported) -> None:
        nonlocal last
        last = now
        progress(now)

    with _in_place(path) as file:
        for part in encoded(ctx, wanted, form, follow):
            file.write(part)
    remember(ctx, os.fsencode(path.absolute()), wanted)
    return last


def remember(ctx: Context, place: bytes, wanted: Wanted) -> None:
    """Write down that a copy left the database: whoever forgets somebody later is told of it."""
    with ctx.database.write() as writer:
        forgetting.remember_copy(writer, "export", place, vectors=wanted.vectors)


def records(
    reader: Reader, wanted: Wanted, progress: Callable[[Exported], None] = unwatched
) -> Iterator[Record]:
    """The records: a header, people, who are two, circles, photos with their faces, and what it came to."""
    chosen, every = _chosen(reader, wanted), wanted.people is None
    yield _header(reader, wanted)
    for person in portable.people(reader, chosen):
        yield {"kind": "person", **asdict(person)}
    for pair in portable.apart(reader, chosen):
        yield {"kind": "apart", "people": list(pair)}
    for circle in portable.circles(reader, chosen, every=every):
        yield {"kind": "circle", **asdict(circle)}
    photos = faces = 0
    nobodys = wanted.unnamed and every
    for photo in portable.photos(reader, chosen, put_away=every, nobodys=nobodys, vectors=wanted.vectors):
        photos, faces = photos + 1, faces + len(photo.faces)
        yield _photo(photo)
        progress(Exported(len(chosen), photos, faces))
    progress(Exported(len(chosen), photos, faces))
    yield {"kind": "end", "people": len(chosen), "photos": photos, "faces": faces}


def _chosen(reader: Reader, wanted: Wanted) -> list[int]:
    found = portable.chosen(reader, wanted.people, unnamed=wanted.unnamed)
    missing = set() if wanted.people is None else set(wanted.people) - set(found)
    if missing:
        raise NotFound(f"there is no person {min(missing)}", hint="They may have been merged, or deleted.")
    return found


def _header(reader: Reader, wanted: Wanted) -> Record:
    roots = [{"library": number, **_path(root, "root")} for number, root in portable.libraries(reader)]
    return {
        "kind": "header",
        "format": FORMAT,
        "version": VERSION,
        "facekeep": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "unnamed": wanted.unnamed,
        "vectors": portable.packs(reader) if wanted.vectors else [],
        "libraries": roots,
    }


def _photo(photo: PhotoOut) -> Record:
    pairs = zip(photo.libraries, photo.paths, strict=True)
    return {
        "kind": "photo",
        "sha256": photo.sha256.hex(),
        "size_bytes": photo.size_bytes,
        "files": [{"library": library, **_path(bytes(path), "path")} for library, path in pairs],
        "faces": [_face(face) for face in photo.faces],
    }


def _face(face: dict[str, Any]) -> dict[str, Any]:
    flat = face["landmarks"]
    told = face | {"landmarks": None if flat is None else [list(point) for point in _points(flat)]}
    if told["vectors"] is None:
        del told["vectors"]
    return told


def _points(flat: Sequence[float]) -> Iterator[tuple[float, float]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _path(raw: bytes, key: str) -> dict[str, str]:
    """A path as text; where it is not UTF-8, its bytes in base64 under another key."""
    try:
        return {key: raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{key}_base64": b64encode(raw).decode("ascii")}


# Forms ------------------------------------------------------------------------------------------------------


def _lines(found: Iterable[Record]) -> Iterator[bytes]:
    for record in found:
        yield _line(record) + b"\n"


def _array(found: Iterable[Record]) -> Iterator[bytes]:
    """One array; each record still on a line of its own."""
    before = b"[\n"
    for record in found:
        yield before + _line(record)
        before = b",\n"
    yield b"\n]\n"


def _line(record: Record) -> bytes:
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    return text.encode("utf-8")


def _table(found: Iterable[Record]) -> Iterator[bytes]:
    """A line for each face, and one for each "not this person"."""
    page = io.StringIO(newline="")
    rows = csv.DictWriter(page, COLUMNS, restval="", extrasaction="ignore", lineterminator="\r\n")
    rows.writeheader()
    people: dict[int | None, Record] = {}
    roots: dict[int, str] = {}
    for record in found:
        if record["kind"] == "header":
            roots = {row["library"]: row.get("root", "") for row in record["libraries"]}
        elif record["kind"] == "person":
            people[record["person"]] = {key: record[key] for key in ("person", "name", "birth_date")}
        elif record["kind"] == "photo":
            rows.writerows(_rows(record, people, roots))
        yield page.getvalue().encode("utf-8")
        page.seek(0)
        page.truncate()


def _rows(photo: Record, people: dict[int | None, Record], roots: dict[int, str]) -> Iterator[Record]:
    where = {"sha256": photo["sha256"], "path": _shown(photo["files"], roots)}
    for face in photo["faces"]:
        known = (
            {key: face[key] for key in ("assigned_by", "confidence", "source", "standing")}
            | face["box"]
            | where
        )
        yield {"kind": "face", **known, **people.get(face["person"], {})}
        for person in face["rejected"]:
            yield {"kind": "rejection", **face["box"], **where, **people[person]}


def _shown(files: Sequence[Record], roots: dict[int, str]) -> str:
    """Where the first of its files is, to read and not to open: odd bytes are shown as `\\xe9`."""
    if not files:
        return ""
    path = files[0].get("path")
    if path is None:
        path = display_path(b64decode(files[0]["path_base64"]))
    return f"{roots.get(files[0]['library'], '')}/{path}"


_FORMS: dict[Format, Callable[[Iterable[Record]], Iterator[bytes]]] = {
    "jsonl": _lines,
    "json": _array,
    "csv": _table,
}


# Files ------------------------------------------------------------------------------------------------------


@contextmanager
def _in_place(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` when the block ends well, and leaves nothing otherwise."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=".facekeep-export-")
    except OSError as error:
        raise EnvironmentFault(
            f"cannot write in {path.absolute().parent}: {error.strerror}", hint="Choose another folder."
        ) from error
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - text, as tempfile gives it
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
