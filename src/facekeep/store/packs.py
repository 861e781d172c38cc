"""Which model pack is in use, and the photos whose faces still lack an embedding under it or the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from facekeep.domain.errors import FailureCode
from facekeep.domain.faces import Box, Landmarks, Vector
from facekeep.store.database import Reader, Writer
from facekeep.store.photos import WORKER_LOCK, storable
from facekeep.store.queries import load

SQL = load("packs")


@dataclass(frozen=True, slots=True)
class Use:
    """The pack that matching goes by, and the one that it will go by. None where there is none."""

    active: int | None
    active_label: str | None
    wanted: int | None
    wanted_label: str | None
    paused: bool
    without_away: bool
    """Photos that cannot be reached are not waited for."""
    photos: int
    """To do when the change began."""
    began_at: datetime | None
    filled: bool
    """Whether every photo that lacks an embedding is queued by now."""
    switched_at: datetime | None
    settled: bool

    @property
    def target(self) -> int | None:
        """Under which pack faces without an embedding are embedded."""
        return self.active if self.wanted is None else self.wanted

    @property
    def target_label(self) -> str | None:
        """Its label."""
        return self.active_label if self.wanted is None else self.wanted_label


@dataclass(frozen=True, slots=True)
class Known:
    """A pack of this database, and how many faces have an embedding under it."""

    pack: int
    label: str
    embedder: str | None
    faces: int


@dataclass(frozen=True, slots=True)
class Left:
    """Photos in the queue. `waiting` holds a switch up, `away` of them are in libraries that are offline."""

    waiting: int
    away: int
    gone: int
    """No file of them is there any more: not waited for."""
    failed: int
    """Tried often enough: not waited for."""


@dataclass(frozen=True, slots=True)
class ToEmbed:
    """A claimed photo: the file to read, as it was when last scanned, and the size it was looked at in."""

    photo: int
    root: bytes
    path: bytes
    size_bytes: int
    mtime_ns: int
    long_side: int | None


@dataclass(frozen=True, slots=True)
class FacePlace:
    """A face without an embedding, and where it is."""

    face: int
    photo: int
    x: float
    y: float
    width: float
    height: float
    landmarks: list[float] | None

    @property
    def box(self) -> Box:
        """As a value."""
        return Box(self.x, self.y, self.width, self.height)

    @property
    def points(self) -> Landmarks | None:
        """As a value; None for a face that somebody drew."""
        if self.landmarks is None:
            return None
        return Landmarks.from_array([self.landmarks[at : at + 2] for at in range(0, 10, 2)])


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo whose faces could not be embedded."""

    photo: int
    code: str
    message: str
    tries: int


NOTHING = Use(None, None, None, None, False, False, 0, None, True, None, True)


def use(reader: Reader) -> Use:
    """What is in use now."""
    found = reader.first(Use, SQL["use"])
    return NOTHING if found is None else found


def use_locked(writer: Writer) -> Use:
    """The same, held until the transaction ends."""
    found = writer.first(Use, SQL["use_locked"])
    return NOTHING if found is None else found


def begin_with(writer: Writer, pack: int) -> None:
    """The first pack of a new database."""
    writer.run(SQL["begin_with"], {"pack": pack})


def known(reader: Reader) -> list[Known]:
    """Every pack that was ever used here. Counts embeddings: a tenth of a second for a million."""
    return reader.all(Known, SQL["known"])


def id_of(reader: Reader, label: str) -> int | None:
    """A pack's number in this database; None when it was never used."""
    found = reader.value(SQL["id_of"], {"label": label})
    return None if found is None else int(found)


def embedder(reader: Reader, pack: int) -> str | None:
    """The SHA-256 of the file that made the pack's vectors; None where that is not known."""
    found = reader.value(SQL["embedder"], {"pack": pack})
    return None if found is None else str(found)


def note_embedder(writer: Writer, pack: int, sha256: str | None) -> None:
    """Which file makes the pack's vectors from now on."""
    writer.run(SQL["note_embedder"], {"pack": pack, "sha256": sha256})


def want(writer: Writer, pack: int, *, without_away: bool) -> None:
    """Begin to change to another pack. Then queue what is there: `fill`.

    The faces are held for a moment: whoever adds one afterwards has it queued.
    """
    writer.run(SQL["hold_faces"])
    writer.run(SQL["want"], {"pack": pack, "without_away": without_away})
    writer.run(SQL["forgive_failed"])


def cancel(writer: Writer) -> bool:
    """Stay with the pack in use; whether a change was under way. What was embedded already stays.

    Then queue what lacks an embedding under that one: `fill`.
    """
    writer.run(SQL["hold_faces"])
    if not writer.run(SQL["cancel"]):
        return False
    writer.run(SQL["forgive_failed"])
    return True


def is_complete(reader: Reader, pack: int) -> bool:
    """Whether every face has an embedding under the pack. A tenth of a second for a million."""
    return bool(reader.value(SQL["is_complete"], {"pack": pack}))


def clear_queue(writer: Writer) -> None:
    """Nothing is to do, but what somebody has in hand."""
    writer.run(SQL["clear_queue"])


def fill(writer: Writer, pack: int, after: int, *, limit: int) -> int | None:
    """Queue those of the next some photos after one that lack an embedding. The last photo looked at, None at
    the end."""
    last = writer.value(SQL["next_photos"], {"after": after, "limit": limit})
    if last is None:
        return None
    writer.run(SQL["fill_queue"], {"pack": pack, "after": after, "last": int(last)})
    return int(last)


def filled(writer: Writer) -> None:
    """All that was there is queued."""
    writer.run(SQL["filled"])


def hurry(writer: Writer) -> None:
    """Do not wait for photos that are away."""
    writer.run(SQL["hurry"])


def set_paused(writer: Writer, paused: bool) -> bool:
    """Embed no more, or go on; whether there is a change under way."""
    return writer.run(SQL["set_paused"], {"paused": paused}) > 0


def switch(writer: Writer) -> bool:
    """Go by the wanted pack from now on, if nothing holds it up; whether it was done.

    Nobody writes a face meanwhile. In a transaction that gives way.
    """
    writer.run(SQL["hold_faces"])
    found = use_locked(writer)
    if found.wanted is None or bool(writer.value(SQL["holds_up"])):
        return False
    writer.run(SQL["switch"])
    return True


def settle(writer: Writer, pack: int) -> None:
    """What machines asked under another pack goes; faces that are nobody's are looked at again."""
    writer.run(SQL["drop_other_suggestions"], {"pack": pack})
    writer.run(SQL["drop_other_proposals"], {"pack": pack})
    writer.run(SQL["count_around_again"], {"pack": pack})
    writer.run(SQL["look_again_at_lone"])


def settled(writer: Writer) -> None:
    """All that follows a switch is done."""
    writer.run(SQL["settle"])


def forget_embeddings(writer: Writer, pack: int) -> int:
    """Drop every embedding under a pack, and what was derived from them. How many faces."""
    faces = int(writer.value(SQL["faces_with"], {"pack": pack}))
    writer.run(SQL["forget_derived"], {"pack": pack})
    writer.run(SQL["forget_embeddings"].replace("{pack}", str(int(pack))))
    return faces


# The queue -------------------------------------------------------------------------------------------------


def claim(writer: Writer, worker: int, token: UUID, limit: int, *, lease_s: float) -> list[ToEmbed]:
    """Lease photos whose faces lack an embedding; none while the user has paused this, or all work."""
    row = {"worker": worker, "token": token, "limit": limit, "lease_s": lease_s}
    taken = [int(found[0]) for found in writer.tuples(SQL["claim"], row)]
    return writer.all(ToEmbed, SQL["claimed"], {"photos": taken}) if taken else []


def faces_without(reader: Reader, photos: Sequence[int], pack: int) -> list[FacePlace]:
    """The faces in these photos that lack an embedding under a pack."""
    return reader.all(FacePlace, SQL["faces_without"], {"photos": list(photos), "pack": pack})


def put(
    writer: Writer, photo: int, token: UUID, pack: int, vectors: Sequence[tuple[FacePlace, Vector]]
) -> bool:
    """Store the embeddings of a photo's faces; False, and nothing, when the lease was lost."""
    writer.run(SQL["hold_places"], {"faces": [place.face for place, _ in vectors]})
    if writer.value(SQL["still_leased"], {"photo": photo, "token": token}) is None:
        return False
    for place, vector in vectors:
        row: dict[str, object]
        row = {"face": place.face, "pack": pack, "vector": vector, "landmarks": place.landmarks}
        row |= {"x": place.x, "y": place.y, "width": place.width, "height": place.height}
        writer.run(SQL["put_vector"], row)
    writer.run(SQL["done"], {"photo": photo})
    return True


@dataclass(frozen=True, slots=True)
class PutOff:
    """Why a photo's faces could not be embedded now, and when they are tried again."""

    code: FailureCode
    message: str
    charged: bool
    delay_s: float
    most: int
    """Charged tries, after which it is not tried again by itself."""


def put_off(writer: Writer, photo: int, token: UUID, why: PutOff) -> None:
    """Give a photo back with the reason."""
    row = {"photo": photo, "token": token, "code": why.code.value, "message": storable(why.message)}
    writer.run(SQL["put_off"], row | {"charge": int(why.charged), "delay_s": why.delay_s, "most": why.most})


def give_back(writer: Writer, held: Sequence[tuple[int, UUID]]) -> None:
    """Return photos untouched."""
    row = {"photos": [photo for photo, _ in held], "tokens": [token for _, token in held]}
    writer.run(SQL["give_back"], row)


def try_failed_again(writer: Writer) -> int:
    """Queue the photos that were given up. How many."""
    return writer.run(SQL["forgive_failed"])


def renew(writer: Writer, held: Sequence[tuple[int, UUID]], *, lease_s: float) -> None:
    """Keep the leases of what a worker still has in hand."""
    row = {"photos": [photo for photo, _ in held], "tokens": [token for _, token in held]}
    writer.run(SQL["renew"], row | {"lease_s": lease_s})


def return_orphans(writer: Writer) -> int:
    """Take back what workers that died had in hand. How many photos."""
    return writer.run(SQL["return_orphans"], {"space": WORKER_LOCK})


def left(reader: Reader) -> Left:
    """How many photos are still to do."""
    found = reader.first(Left, SQL["left"])
    return Left(0, 0, 0, 0) if found is None else found


def left_quickly(reader: Reader) -> tuple[int, int]:
    """How many photos wait, reachable or not, and how many were given up."""
    ((waiting, given_up),) = reader.tuples(SQL["left_quickly"])
    return int(waiting), int(given_up)


def embedding_rate(reader: Reader) -> float:
    """Photos a second, of all workers that embed now."""
    return float(reader.value(SQL["embedding_rate"]))


def failed(reader: Reader, *, limit: int) -> list[FailedPhoto]:
    """The photos that were given up, and why."""
    return reader.all(FailedPhoto, SQL["failed"], {"limit": limit})
