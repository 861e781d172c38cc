"""One library with its user and its machines: what there is in it, and what is checked after each step."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant
from made_packs import write_opencv
from store_support import Bench, context
from tests.machine.invariants import State, broken, follows, replayed, stored
from tests.machine.model import Foretold, Past, Said, difference, said

from facekeep.actions import bringing
from facekeep.actions.context import Context
from facekeep.actions.using import current
from facekeep.domain.errors import Conflict, NotFound, UsageError
from facekeep.domain.faces import AnalysedFace, Vector
from facekeep.domain.packs import OPENCV
from facekeep.store import packs
from facekeep.store.database import Database

WHO = ("ada", "grace", "linda", "mary")
NAMES = ("Ada", "Grace", "Linda", "Mary")
SOME = st.integers(0, 10**6)
"""Which of what there is; counted round."""
FEW = st.lists(SOME, min_size=1, max_size=4)
TAKEN = (None, None, "1990-05-01T10:00:00", "2020-05-01T10:00:00")
"""When photos were taken: before and after the births in `people.py`."""

PEOPLE = "SELECT id FROM person WHERE merged_into IS NULL AND NOT gone ORDER BY id"
FACES = "SELECT id FROM face ORDER BY id"


@cache
def models_folder() -> Path:
    """With a second pack, made once for all lives."""
    folder = Path(mkdtemp(prefix="fk-models-"))
    by_hand = write_opencv(folder / "given")
    bringing.add(folder / "models", OPENCV, folder / "given", accepted=True, by_hand=by_hand)
    return folder / "models"


def under(pack: str, vector: Vector) -> Vector:
    """The same face as another pack sees it: its vectors differ in length alone."""
    length = 1.0 if pack == OPENCV.label else 1.4
    return (vector * (length / float((vector @ vector) ** 0.5))).astype(vector.dtype)


@dataclass(slots=True)
class Seen:
    """What is to be seen in a photo, and when it was taken."""

    faces: list[AnalysedFace] = field(default_factory=list)
    taken: str | None = None


class Life(RuleBasedStateMachine):
    """One library, its user and its machines. `where` gives each life a database of its own."""

    where: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.ending = ExitStack()
        folder = Path(self.ending.enter_context(TemporaryDirectory(prefix="fk-machine-")))
        database = self.ending.enter_context(Database(type(self).where(), connections=3))
        wired = replace(context(database, folder / "home"), models_folder=models_folder())
        with database.write() as writer:
            packs.begin_with(writer, wired.pack_id)
        self.bench = Bench(wired, folder / "photos")
        self.seen: dict[str, Seen] = {}
        self.files: dict[str, str] = {}
        self.away = False
        self.exported: list[bytes] = []
        self.past, self.numbers = Past(), itertools.count()

    @property
    def ctx(self) -> Context:
        """Under the pack that is in use."""
        self.bench.ctx = current(self.bench.ctx)
        return self.bench.ctx

    def teardown(self) -> None:
        try:
            assert follows(replayed(self.bench.tuples), self.state())
        finally:
            self.ending.close()

    # What there is ------------------------------------------------------------

    def state(self) -> State:
        return stored(self.bench.tuples)

    def one_of(self, query: str, which: int) -> int | None:
        row = self.row_of(query, which)
        return None if row is None else int(row[0])

    def row_of(self, query: str, which: int) -> tuple[Any, ...] | None:
        found = self.bench.tuples(query)
        return found[which % len(found)] if found else None

    def somebody(self, which: int) -> int | None:
        return self.one_of(PEOPLE, which)

    def some_people(self, which: list[int]) -> list[int]:
        people = (self.somebody(each) for each in which)
        return list(dict.fromkeys(person for person in people if person is not None))

    def some_face(self, which: int) -> int | None:
        return self.one_of(FACES, which)

    def some_faces(self, which: list[int]) -> list[int]:
        faces = (self.some_face(each) for each in which)
        return list(dict.fromkeys(face for face in faces if face is not None))

    def sources(self) -> dict[int, str]:
        """How each face came to be."""
        return dict(self.bench.tuples("SELECT id, source::text FROM face"))

    # What is checked ------------------------------------------------------------

    @contextmanager
    def decision(self) -> Iterator[Foretold]:
        """A user decides: it comes out as the model foretells, or is refused and changes nothing."""
        before = self.state()
        foretold = Foretold.of(before)
        try:
            yield foretold
        except (Conflict, NotFound, UsageError) as refused:
            event(f"refused: {type(refused).__name__}")
            assert self.state() == before
            return
        after = self.state()
        self.enter(before, after)
        assert said(after) == foretold.words

    @contextmanager
    def machine(self, *, regrouping: bool = False) -> Iterator[None]:
        """A machine works: whatever a user said stays, and it puts faces on nobody whom it may not."""
        before, closed = self.state(), self.closed()
        yield
        after = self.state()
        self.enter(before, after)
        told = (
            (_without_pointers(before), _without_pointers(after))
            if regrouping
            else (said(before), said(after))
        )
        assert told[0] == told[1]
        new = [
            row["person_id"]
            for key, row in after.items()
            if key[0] == "assignment" and key not in before and row["decided_by"] == "auto"
        ]
        assert not closed & set(new), "a machine put a face on somebody who takes none"

    def closed(self) -> set[int]:
        """On whom machines may put no faces."""
        auto = "(SELECT auto FROM control)"
        rows = self.bench.tuples(f"SELECT id FROM person WHERE NOT auto OR (name IS NOT NULL AND NOT {auto})")
        return {int(row[0]) for row in rows}

    def enter(self, before: State, after: State) -> None:
        """A machine's work may be several decisions: only the last of one is kept, to be undone as one."""
        known = max(self.past.decided, default=0)
        new = self.bench.tuples(
            "SELECT id, undoes, verb FROM decision WHERE id > %(known)s ORDER BY id", known=known
        )
        for number, undoes, verb in new:
            self.past.decided[int(number)] = difference(before, after) if len(new) == 1 else {}
            if undoes is not None:
                self.past.undoes[int(number)] = int(undoes)
            if verb == "forget":
                self.past.final.add(int(number))

    @invariant()
    def nothing_is_broken(self) -> None:
        assert broken(self.bench.tuples) == {}


def _without_pointers(state: State) -> Said:
    """What a user said, without where those went of whom nothing is known: a regrouping says that."""
    words = said(state)
    return {key: told for key, told in words.items() if key[0] != "person" or not _pointer(told)}


def _pointer(told: Any) -> bool:
    return isinstance(told, dict) and "merged_into" in told and "name" not in told
