"""The names of the contract: what rows are called in the API and in the command line's JSON lines.

Apart from the schemas, so that the command line need not load them.
"""

from dataclasses import asdict
from datetime import UTC, datetime

from facekeep.actions.alike import Likeness, SearchedFace
from facekeep.actions.journal import Undone
from facekeep.api.reasons import REASONS
from facekeep.domain.errors import FailureCode
from facekeep.domain.faces import Box
from facekeep.library.identity import display_path
from facekeep.store.decisions import ChangeRow, DecisionRow
from facekeep.store.rows import (
    FaceRow,
    FailureCount,
    FailureRow,
    LibraryRow,
    PersonRow,
    PhotoRow,
    ScanRow,
    Status,
)

Fields = dict[str, object]


def status_fields(row: Status) -> Fields:
    """The counts."""
    return asdict(row)


def person_fields(row: PersonRow) -> Fields:
    """A person."""
    return asdict(row)


def face_fields(row: FaceRow) -> Fields:
    """A face: its box in fractions and in pixels of the upright photo."""
    box = Box(row.x, row.y, row.width, row.height)
    pixels = box.pixels(row.photo_width, row.photo_height)
    marks = row.landmarks
    return {
        "face": row.face,
        "photo": row.photo,
        "files": paths(row.files),
        "box": {"x": box.x, "y": box.y, "width": box.width, "height": box.height},
        "box_px": {"x": pixels.x, "y": pixels.y, "width": pixels.width, "height": pixels.height},
        "landmarks": None if marks is None else [marks[i : i + 2] for i in range(0, len(marks), 2)],
        "score": row.score,
        "quality": row.quality,
        "source": row.source,
        "person": row.person,
        "name": row.name,
        "assigned_by": row.assigned_by,
        "confidence": row.confidence,
        "model": row.model,
        "standing": row.standing,
        "box_by": row.box_by,
        "stale": row.stale,
    }


def likeness_fields(found: Likeness) -> Fields:
    """A face that looks like another."""
    return {**asdict(found.found), "confidence": found.confidence}


def searched_fields(found: SearchedFace) -> Fields:
    """A face in a picture that was sent, and whom it looks like."""
    return {
        "box": asdict(found.box),
        "score": found.score,
        "quality": asdict(found.quality),
        "people": [asdict(person) for person in found.people],
        "faces": [likeness_fields(face) for face in found.faces],
    }


def paths(files: list[bytes]) -> list[str]:
    """Paths as text that JSON and terminals can hold."""
    return [display_path(file) for file in files]


def photo_fields(row: PhotoRow) -> Fields:
    """A photo."""
    return {
        "photo": row.photo,
        "files": paths(row.files),
        "state": row.state,
        "media_type": row.media_type,
        "width": row.width,
        "height": row.height,
        "taken_at": row.taken_at,
        "faces": row.faces,
    }


def failure_fields(row: FailureRow) -> Fields:
    """A photo or path that failed, with all that the ledger knows."""
    changed = None if row.mtime_ns is None else datetime.fromtimestamp(row.mtime_ns / 1e9, UTC)
    return {
        "photo": row.photo,
        "files": paths(row.files),
        "code": row.code,
        "message": row.message,
        "attempts": row.attempts,
        "tries": row.tries,
        "permanent": row.permanent,
        "given_up": row.given_up,
        "retry_at": row.retry_at,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "long_side": row.long_side,
        "retry_long_side": row.retry_long_side,
        "file_bytes": row.size_bytes,
        "file_changed_at": changed,
    }


def count_fields(row: FailureCount) -> Fields:
    """How many failed for one reason, what it means and what comes next."""
    reason = REASONS[FailureCode(row.code)]
    return {**asdict(row), "meaning": reason.meaning, "next": reason.next}


def library_fields(row: LibraryRow) -> Fields:
    """A photo folder."""
    return {**asdict(row), "root": display_path(row.root)}


def scan_fields(row: ScanRow) -> Fields:
    """A walk through a library."""
    return {**asdict(row), "root": display_path(row.root)}


MOST_LEFT = 100
"""Of what an undo left, this many are told one by one."""


def decision_fields(row: DecisionRow) -> Fields:
    """An entry of the journal."""
    return asdict(row)


def change_fields(row: ChangeRow) -> Fields:
    """One change of a decision."""
    return asdict(row)


def undone_fields(undone: Undone) -> Fields:
    """What an undo restored and what it left."""
    return {
        "decision": undone.decision,
        "undid": undone.undid,
        "restored": undone.restored,
        "left_total": len(undone.left),
        "left": [asdict(left) for left in undone.left[:MOST_LEFT]],
        "looked_at_again": undone.looked_at_again,
    }
