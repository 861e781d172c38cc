"""Photos and their files: what a scan writes, and what a worker claims, finishes or fails."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from facekeep.domain.errors import FailureCode
from facekeep.domain.faces import PhotoFacts
from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("photos")

WORKER_LOCK = 4_201_004
"""Advisory lock space: each living worker holds one number of it."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    path: bytes
    id: int
    photo_id: int
    size_bytes: int
    mtime_ns: int
    state: str


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file as a scan met it. `path` is relative to the library's root."""

    path: bytes
    size: int
    mtime_ns: int
    hash: bytes
    media_type: str | None


@dataclass(frozen=True, slots=True)
class InHand:
    """A claimed photo: the file to read, as it was when last scanned, and earlier failures."""

    photo: int
    file: int
    library: int
    root: bytes
    path: bytes
    size_bytes: int
    mtime_ns: int
    code: str | None
    """Of the last failure; None when there was none."""
    attempts: int
    tries: int
    retry_long_side: int | None


@dataclass(frozen=True, slots=True)
class Failing:
    """How a photo failed: whether the attempt is charged, and when and at what size it is tried again."""

    code: FailureCode
    message: str
    detail: str
    permanent: bool
    charged: bool
    delay_s: float
    long_side: int | None = None
    retry_long_side: int | None = None
    size_bytes: int | None = None
    mtime_ns: int | None = None


def files_in(reader: Reader, library: int, folder: bytes) -> dict[bytes, KnownFile]:
    """The files on record directly in a folder, by path; the root folder is empty bytes."""
    prefix = folder + b"/" if folder else b""
    # The first path after all that begin with the prefix: "0" follows "/".
    parameters = {"library": library, "prefix": prefix, "beyond": folder + b"0" if folder else None}
    return {row.path: row for row in reader.all(KnownFile, SQL["files_in"], parameters)}


def mark_seen(writer: Writer, scan: int, files: Sequence[int]) -> None:
    """These files are where they were; photos that only lacked their file are looked at again."""
    if files:
        writer.run(SQL["mark_seen"], {"scan": scan, "files": list(files)})
        writer.run(SQL["reopen_returned"], {"files": list(files)})


def put_file(
    writer: Writer,
    library: int,
    scan: int,
    file: HashedFile,
    known: KnownFile | None,
    *,
    edited: Sequence[int] = (),
) -> str:
    """Record a new or changed file: `new` photo, `changed` photo, or `same` content at a path.

    `edited` are further files of its photo that have changed as well: they hold the old content no more.
    """
    outcome, photo = _photo_of(writer, file, known, edited)
    row = {"photo": photo, "library": library, "path": file.path, "size": file.size}
    stored = writer.value(SQL["put_file"], {**row, "mtime_ns": file.mtime_ns, "scan": scan})
    writer.run(SQL["reopen_returned"], {"files": [int(stored)]})
    writer.run(SQL["reopen_touched"], {"file": int(stored)})
    return outcome


def _photo_of(
    writer: Writer, file: HashedFile, known: KnownFile | None, edited: Sequence[int]
) -> tuple[str, int]:
    content = {"hash": file.hash, "size": file.size, "media_type": file.media_type}
    existing = writer.value(SQL["photo_by_hash"], {"hash": file.hash})
    if existing is not None:
        return "same", int(existing)
    if known is not None and not _has_other_files(writer, known, edited):
        writer.run(SQL["new_content"], {"photo": known.photo_id, **content})
        writer.run(SQL["forget_failure"], {"photo": known.photo_id})
        return "changed", known.photo_id
    new = writer.value(SQL["add_photo"], content)
    if new is None:  # another scan added the same content this very moment
        return "same", int(writer.value(SQL["photo_by_hash"], {"hash": file.hash}))
    return "new", int(new)


def _has_other_files(reader: Reader, known: KnownFile, edited: Sequence[int]) -> bool:
    row = {"photo": known.photo_id, "file": known.id, "edited": list(edited)}
    return int(reader.value(SQL["other_present_files"], row)) > 0


def put_problem(
    writer: Writer, library: int, scan: int, path: bytes, code: FailureCode, message: str
) -> None:
    """A path that could not be read at all."""
    row = {"library": library, "scan": scan, "path": path, "code": code.value}
    writer.run(SQL["put_problem"], {**row, "message": storable(message)})


def finish_walk(writer: Writer, library: int, scan: int) -> int:
    """After a complete walk: forget healed problems, mark what was not met as missing. How many files."""
    writer.run(SQL["drop_old_problems"], {"library": library, "scan": scan})
    missing = writer.run(SQL["mark_missing"], {"library": library, "scan": scan})
    writer.run(SQL["give_up_missing"], {"library": library})
    return missing


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which photos to claim: at most `limit`, not of the libraries `without`, or of one `only`.

    `fresh`: only those that have not failed.
    """

    limit: int
    without: Collection[int] = ()
    only: int | None = None
    fresh: bool = False


def claim(writer: Writer, worker: int, token: UUID, wanted: Wanted, *, lease_s: float) -> list[InHand]:
    """Lease due photos; they come back by themselves when the lease ends or the worker dies.

    `worker` is the number of the advisory lock in WORKER_LOCK that the worker holds while it lives. None
    are claimed while the user has paused all work.
    """
    row = {"worker": worker, "token": token, "limit": wanted.limit, "lease_s": lease_s}
    row |= {"without": list(wanted.without), "only": wanted.only, "fresh": wanted.fresh}
    claimed = [int(found[0]) for found in writer.tuples(SQL["claim"], row)]
    found = writer.all(InHand, SQL["claimed"], {"photos": claimed})
    # Its library may have gone offline between the two statements.
    give_back(writer, token, sorted(set(claimed) - {item.photo for item in found}))
    return found


def return_orphans(writer: Writer) -> int:
    """Take back what workers that died had in hand. How many photos."""
    return writer.run(SQL["return_orphans"], {"space": WORKER_LOCK})


def return_own(writer: Writer, worker: int) -> int:
    """Take back what this worker has lost sight of: it lost its database meanwhile. How many photos."""
    return writer.run(SQL["return_own"], {"worker": worker})


def give_back(writer: Writer, token: UUID, photos: Sequence[int]) -> None:
    """Return claimed photos untouched and uncharged."""
    writer.run(SQL["give_back"], {"token": token, "photos": list(photos)})


def has_other_files(reader: Reader, photo: int, file: int) -> bool:
    """Whether another present file has the photo's content."""
    row = {"photo": photo, "file": file, "edited": []}
    return int(reader.value(SQL["other_present_files"], row)) > 0


def finish(writer: Writer, photo: int, token: UUID, facts: PhotoFacts, pack: int, *, long_side: int) -> bool:
    """Mark a photo as done; False when the lease was lost, and then nothing is stored."""
    row = {"photo": photo, "token": token, "width": facts.width, "height": facts.height, "pack": pack}
    row |= {"media_type": facts.media_type, "taken_at": facts.taken_at, "long_side": long_side}
    if writer.value(SQL["finish"], row) is None:
        return False
    writer.run(SQL["forget_failure"], {"photo": photo})
    return True


def fail(writer: Writer, photo: int, token: UUID, failing: Failing) -> bool:
    """Record why a photo could not be looked at; False when the lease was lost."""
    row = {"photo": photo, "token": token, "permanent": failing.permanent, "delay_s": failing.delay_s}
    ended = writer.tuples(SQL["fail"], row)
    if not ended:
        return False
    ledger: dict[str, object] = {"photo": photo, "code": failing.code.value}
    ledger |= {"message": storable(failing.message), "detail": clean(failing.detail)[:4000]}
    ledger |= {"charge": int(failing.charged), "permanent": failing.permanent, "retry_at": ended[0][0]}
    ledger |= {"long_side": failing.long_side, "retry_long_side": failing.retry_long_side}
    ledger |= {"size": failing.size_bytes, "mtime_ns": failing.mtime_ns}
    writer.run(SQL["put_failure"], ledger)
    return True


def hasten(writer: Writer, code: FailureCode, library: int | None) -> int:
    """Make due now what waits after failures of this code, in a library or (None) anywhere. How many."""
    return writer.run(SQL["hasten"], {"code": code.value, "library": library})


def file_missing(writer: Writer, file: int) -> None:
    """The path is gone while its library is online."""
    writer.run(SQL["file_missing"], {"file": file})


def due_count(reader: Reader) -> int:
    """How many photos a worker could take now."""
    return int(reader.value(SQL["due_count"]))


def busy_count(reader: Reader) -> int:
    """How many photos wait or are being looked at, by anybody."""
    return int(reader.value(SQL["busy_count"]))


def storable(message: str) -> str:
    """A message as PostgreSQL can hold it: never empty, and of bounded length."""
    text = clean(message)[:1500]
    return text if text else "no message"


def clean(text: str) -> str:
    """Without NUL and half characters, which PostgreSQL refuses.

    The latter stand in paths that are not UTF-8; they become `\\udce9` and the like.
    """
    return text.replace("\x00", "\ufffd").encode("utf-8", "backslashreplace").decode().strip()
