"""Taking in what another facekeep, or this one earlier, knew of people. One decision, which undo takes back.

Photos are found by their content, then by their path; faces by their boxes. A user's word here is never
overwritten: where the file says otherwise, that is told, and left.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, Literal

from facekeep.actions import people_finding as finding
from facekeep.actions import people_reading as reading
from facekeep.actions.context import Context
from facekeep.actions.people_finding import Found
from facekeep.actions.people_reading import Checked
from facekeep.domain.faces import Box, Standing
from facekeep.domain.people_file import FaceIn, PersonIn, PhotoIn
from facekeep.domain.people_match import Matches, Overlaps, PersonHere, match_people
from facekeep.domain.reconcile import apart
from facekeep.store import faces as face_store
from facekeep.store import journal
from facekeep.store import people_import as store
from facekeep.store import standing as standing_store
from facekeep.store.database import GaveWay, Writer
from facekeep.store.people_import import FaceHere, NewFace, Pair

PATIENCE_S = 30.0
"""How long to wait until nobody else decides."""

Outcome = Literal[
    "assigned", "same", "conflict", "rejected_here", "forgotten", "no_photo", "no_person", "created_face",
    "put_away", "rejected", "new", "matched", "completed", "unclear",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one thing of the file: a person, a face, or a rejection."""

    kind: Literal["person", "face", "rejection"]
    outcome: Outcome
    person: int | None
    """The file's number."""
    here: int | None = None
    """Who it is here."""
    sha256: str | None = None
    box: Box | None = None
    face: int | None = None
    """The face here."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: how many of each kind came to what."""

    people: Mapping[str, int]
    faces: Mapping[str, int]
    rejections: Mapping[str, int]
    created: int
    """Faces that were made, because none was found there."""
    decision: int | None
    dry_run: bool


Told = Callable[[Item], None]


def untold(_: Item) -> None:
    """Nobody listens."""


class _DryRun(Exception):
    """Nothing is to stay done."""


def import_people(
    ctx: Context, file: IO[bytes], *, name: str = "", dry_run: bool = False, tell: Told = untold
) -> Imported:
    """Take a file of people in, all of it or nothing. `file` can be sought in; `tell` hears of each item.

    Others wait meanwhile with deciding, not with reading. `dry_run` does it and takes it back. UsageError
    with the line of the first thing that is wrong; GaveWay when somebody decides for long.
    """
    checked = reading.check(file)
    decision = None
    with suppress(_DryRun), _alone(ctx, name) as writer:
        run = _Run(writer, checked, tell)
        run.meet(reading.photos(file))
        run.take_people()
        run.take_faces(reading.photos(file))
        run.take_rest()
        decision = journal.opened(writer)
        if dry_run:
            raise _DryRun
    if decision is not None and not dry_run:
        ctx.decided(decision)
        ctx.wake()
    counts = {kind: dict(sorted(found.items())) for kind, found in run.counts.items()}
    done = None if dry_run else decision
    return Imported(counts["person"], counts["face"], counts["rejection"], run.created, done, dry_run)


@contextmanager
def _alone(ctx: Context, name: str) -> Iterator[Writer]:
    """A transaction of the user's beside which nobody else decides: so it cannot meet anybody half-way."""
    end = time.monotonic() + PATIENCE_S
    about = {"file": name} if name else {}
    while True:
        entered = False
        try:
            with ctx.database.write("user", verb="import_people", about=about, gives_way=True) as writer:
                store.alone(writer)
                entered = True
                yield writer
            return
        except GaveWay:
            if entered or time.monotonic() > end:
                raise
            time.sleep(random.uniform(0.05, 0.3))


@dataclass(slots=True)
class _Batch:
    """What is written of some photos at once."""

    new: list[tuple[NewFace, FaceIn, str]] = field(default_factory=list)
    give: list[tuple[Pair, float]] = field(default_factory=list)
    propose: list[tuple[Pair, FaceIn, str]] = field(default_factory=list)
    proposed: set[tuple[int, int | None]] = field(default_factory=set)
    """(photo, person)."""
    reject: list[Pair] = field(default_factory=list)
    away: dict[Standing, list[FaceHere]] = field(default_factory=dict)
    affirmed: set[int] = field(default_factory=set)
    """Those put away in the file that a user said here are faces."""
    pins: list[Pair] = field(default_factory=list)


class _Run:
    """One import within its transaction."""

    def __init__(self, writer: Writer, checked: Checked, tell: Told) -> None:
        self._writer, self._checked, self._tell = writer, checked, tell
        self._overlaps = Overlaps()
        self._here: dict[int, int] = {}
        self._touched: set[int] = set()
        self._covers: list[Pair] = []
        self.counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("person", "face", "rejection")}
        self.created = 0

    # Who is who ---------------------------------------------------------------------------------------------

    def meet(self, photos: Iterable[PhotoIn]) -> None:
        """Count whose faces here the faces of the file's people are."""
        for found in finding.found(self._writer, photos, self._checked.header):
            for number, face in enumerate(found.told.faces):
                if face.person is not None and found.photo is not None and number not in found.forgotten:
                    self._meet(face, face.person, found.pairs.get(number))

    def _meet(self, face: FaceIn, person: int, known: FaceHere | None) -> None:
        if known is None or known.person is None or (known.decided_by == "auto" and face.by != "auto"):
            self._overlaps.free[person] += 1
        if known is not None and known.person is not None:
            self._overlaps.met[person] += 1
            self._overlaps.shared[person, known.person] += 1

    def take_people(self) -> None:
        """Match them, make those that are new, add what is not known yet of the others."""
        known = {person.person: person for person in store.people(self._writer)}
        told = self._checked.people
        matches = match_people(list(told.values()), known.values(), self._overlaps)
        for person, here in sorted(matches.here.items()):
            self._here[person] = here
            self._say(Item("person", self._complete(told[person], known[here]), person, here))
        self._make(matches)

    def _make(self, matches: Matches) -> None:
        for person in matches.new:
            self._here[person] = store.add_person(self._writer, self._checked.people[person])
            self._say(Item("person", "new", person, self._here[person]))
        for person in matches.unclear:
            self._say(Item("person", "unclear", person))

    def _complete(self, told: PersonIn, known: PersonHere) -> Outcome:
        """Add to what is known here, and overwrite nothing."""
        name = told.name if known.name is None else known.name
        more = [alias for alias in told.aliases if alias not in known.aliases and alias != name]
        after = replace(
            known,
            name=name,
            aliases=(*known.aliases, *more)[:20],
            birth_date=told.birth_date if known.birth_date is None else known.birth_date,
            notes=told.notes if not known.notes else known.notes,
        )
        if known.name is None:
            store.set_flags(self._writer, known.person, told)
        if after != known:
            store.complete_person(self._writer, after)
        if told.notes not in ("", after.notes):
            return "conflict"
        return "matched" if after == known else "completed"

    # Faces --------------------------------------------------------------------------------------------------

    def take_faces(self, photos: Iterable[PhotoIn]) -> None:
        """Put the file's faces on their people, some photos at a time."""
        waiting = finding.found(self._writer, photos, self._checked.header)
        while part := list(islice(waiting, finding.BATCH)):
            batch = _Batch(affirmed=self._affirmed(part))
            for found in part:
                for number, face in enumerate(found.told.faces):
                    self._take(batch, found, number, face)
            self._write(batch)

    def _affirmed(self, part: Iterable[Found]) -> set[int]:
        doubted = [
            known.face
            for found in part
            for number, known in found.pairs.items()
            if found.told.faces[number].standing != "shown"
        ]
        return store.affirmed(self._writer, doubted) if doubted else set()

    def take_rest(self) -> None:
        """Who are two, circles, covers."""
        here = self._here
        pairs = [(here[a.one], here[a.other]) for a in self._checked.apart if {a.one, a.other} <= here.keys()]
        if pairs:
            store.set_apart(self._writer, pairs)
        for circle in self._checked.circles:
            members = [here[person] for person in circle.people if person in here]
            store.add_to_circle(self._writer, circle.name, members)
        store.cover(self._writer, self._covers)
        store.touch(self._writer, self._touched)

    def _take(self, batch: _Batch, found: Found, number: int, face: FaceIn) -> None:
        sha256, known = found.told.sha256.hex(), found.pairs.get(number)
        if face.person is None and not face.rejected and face.detected and face.standing == "shown":
            return  # nobody's, and found by a machine: nothing is said of it
        if found.photo is None or number in found.forgotten:
            outcome: Outcome = "no_photo" if found.photo is None else "forgotten"
            self._say(Item("face", outcome, face.person, sha256=sha256, box=face.box))
        elif known is None:
            box = apart(face.box, found.taken)
            batch.new.append((NewFace(found.photo, box, face.landmarks), face, sha256))
        else:
            self._decide(batch, known, face, sha256)

    def _decide(
        self, batch: _Batch, known: FaceHere, face: FaceIn, sha256: str, *, put: Outcome = "assigned"
    ) -> None:
        person = None if face.person is None else self._here.get(face.person)
        holder = known.person
        if face.person is not None:
            outcome = _outcome(known, face, person)
            if outcome == "assigned" and face.by == "auto" and (known.photo, person) in batch.proposed:
                outcome = "conflict"  # a machine never puts two of one photo on one person
            if outcome == "assigned" and person is not None and face.by == "auto":
                batch.propose.append(((known.face, person), face, sha256))
                batch.proposed.add((known.photo, person))
                holder = person
            else:
                if outcome == "assigned" and person is not None:
                    batch.give.append(((known.face, person), face.confidence))
                    self._touched |= {person} | ({holder} if holder is not None else set())
                    holder = person
                told = put if outcome == "assigned" else outcome
                self._say(_item(told, face, person, sha256, known.face))
            self._mark(batch, known, face, person, holder)
        if face.standing != "shown":
            holder = self._put_away(batch, known, face, sha256)
        for rejected in face.rejected:
            self._reject(batch, known, rejected, holder, sha256, face)

    def _mark(
        self, batch: _Batch, known: FaceHere, face: FaceIn, person: int | None, holder: int | None
    ) -> None:
        if person is not None and person == holder:
            batch.pins += [(known.face, person)] if face.pinned else []
            self._covers += [(known.face, person)] if face.cover else []

    def _put_away(self, batch: _Batch, known: FaceHere, face: FaceIn, sha256: str) -> int | None:
        """What a user said there of the face itself. Whose it is afterwards."""
        outcome = _stands(known, face, affirmed=known.face in batch.affirmed)
        self._say(_item(outcome, face, None, sha256, known.face))
        if outcome != "put_away":
            return known.person
        batch.away.setdefault(face.standing, []).append(known)
        self._touched |= {known.person} if known.person is not None else set()
        return None

    def _reject(
        self, batch: _Batch, known: FaceHere, told: int, holder: int | None, sha256: str, face: FaceIn
    ) -> None:
        person = self._here.get(told)
        if person is None:
            outcome: Outcome = "no_person"
        elif person in known.rejected:
            outcome = "same"
        elif person == holder and (person != known.person or known.decided_by != "auto"):
            outcome = "conflict"
        else:
            outcome = "rejected"
            batch.reject.append((known.face, person))
            self._touched |= {person} if person == holder else set()
        self._say(Item("rejection", outcome, told, person, sha256, face.box, known.face))

    # Writing ------------------------------------------------------------------------------------------------

    def _write(self, batch: _Batch) -> None:
        self._make_faces(batch)
        for standing, faces in batch.away.items():
            whose = sorted({face.person for face in faces if face.person is not None})
            standing_store.put_away(self._writer, [face.face for face in faces], whose, standing)
        freed: list[int] = []
        if batch.reject:
            freed += store.reject(self._writer, batch.reject)
        if batch.give:
            pairs = [pair for pair, _ in batch.give]
            freed += store.give(self._writer, pairs, [sure for _, sure in batch.give])
            store.settle(self._writer, [face for face, _ in pairs])
        if batch.propose:
            self._propose(batch)
        if batch.pins:
            store.pin(self._writer, batch.pins)
        given = {face for (face, _), _ in batch.give}
        face_store.mark_ungrouped(self._writer, [face for face in freed if face not in given])

    def _make_faces(self, batch: _Batch) -> None:
        if not batch.new:
            return
        made = store.add_faces(self._writer, [new for new, _, _ in batch.new])
        self.created += len(made)
        for face, (new, told, sha256) in zip(made, batch.new, strict=True):
            box = new.box
            where = box.x, box.y, box.width, box.height
            here = FaceHere(face, new.photo, *where, "shown", False, None, None, [])
            # Without a vector no machine here could have said it: it is the import's word.
            self._decide(batch, here, replace(told, by="import"), sha256, put="created_face")

    def _propose(self, batch: _Batch) -> None:
        pairs = [pair for pair, _, _ in batch.propose]
        said = store.propose(self._writer, pairs, [face.confidence for _, face, _ in batch.propose])
        store.settle(self._writer, sorted(said))
        for (face, person), told, sha256 in batch.propose:
            outcome: Outcome = "assigned" if face in said else "conflict"
            self._touched |= {person} if face in said else set()
            self._say(_item(outcome, told, person, sha256, face))

    def _say(self, item: Item) -> None:
        self.counts[item.kind][item.outcome] += 1
        self._tell(item)


def _outcome(known: FaceHere, face: FaceIn, person: int | None) -> Outcome:
    """What becomes of a face that the file says is somebody's; `person` is who that is here."""
    if person is None:
        return "no_person"
    if known.person == person:
        return "assigned" if known.decided_by == "auto" and face.by != "auto" else "same"
    if person in known.rejected:
        return "rejected_here"
    if known.standing != "shown":
        return "conflict"  # a user put it away here
    taken = known.person is not None and (known.decided_by != "auto" or face.by == "auto")
    return "conflict" if taken else "assigned"


def _stands(known: FaceHere, face: FaceIn, *, affirmed: bool) -> Outcome:
    """What becomes of a face that the file says is put away."""
    if known.standing == face.standing:
        return "same"
    said = known.standing != "shown" or affirmed or known.decided_by not in (None, "auto")
    return "conflict" if said else "put_away"


def _item(outcome: Outcome, face: FaceIn, person: int | None, sha256: str, number: int) -> Item:
    return Item("face", outcome, face.person, person, sha256, face.box, number)
