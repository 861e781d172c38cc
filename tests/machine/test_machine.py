"""Random sequences of everything that a user and the machines do, against a plain reference model.

`FACEKEEP_MACHINE_STEPS=10000 pytest tests/machine` runs the long form. A sequence that fails is shortened.
"""

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from store_support import TEMPLATE, Bench, Cluster, context, face, write_photo
from tests.machine.invariants import Key, State, broken, replayed, stored
from tests.machine.model import NOBODY, Foretold, Past, after_undo, difference, said

from facekeep.actions import details, journal, moving, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, NotFound, UsageError
from facekeep.domain.faces import AnalysedFace
from facekeep.store.database import Database

STEPS = int(os.environ.get("FACEKEEP_MACHINE_STEPS", "160"))
A_LIFE = 80
"""Steps in one library; then a new one begins."""

WHO = ("ada", "grace", "linda", "mary")
NAMES = ("Ada", "Grace", "Linda", "Mary")
SOME = st.integers(0, 10**6)
"""Which of what there is; counted round."""
FEW = st.lists(SOME, min_size=1, max_size=4)


class Life(RuleBasedStateMachine):
    """One library, its user and its machines. `where` gives each life a database of its own."""

    where: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.ending = ExitStack()
        folder = Path(self.ending.enter_context(TemporaryDirectory(prefix="fk-machine-")))
        database = self.ending.enter_context(Database(type(self).where(), connections=3))
        self.bench = Bench(context(database, folder / "home"), folder / "photos")
        self.ctx = self.bench.ctx
        self.seen: dict[str, list[AnalysedFace]] = {}
        self.files: dict[str, str] = {}
        self.past, self.numbers = Past(), itertools.count()
        self.random = random.Random(1)

    def teardown(self) -> None:
        try:
            assert replayed(self.bench.tuples) == self.state()
        finally:
            self.ending.close()

    # What there is ------------------------------------------------------------

    def state(self) -> State:
        return stored(self.bench.tuples)

    def one_of(self, query: str, which: int) -> int | None:
        found = self.bench.tuples(query)
        return int(found[which % len(found)][0]) if found else None

    def somebody(self, which: int) -> int | None:
        return self.one_of("SELECT id FROM person WHERE merged_into IS NULL AND NOT gone ORDER BY id", which)

    def some_face(self, which: int) -> int | None:
        return self.one_of("SELECT id FROM face ORDER BY id", which)

    def some_faces(self, which: list[int]) -> list[int]:
        faces = (self.some_face(each) for each in which)
        return list(dict.fromkeys(face for face in faces if face is not None))

    # What is checked ------------------------------------------------------------

    @contextmanager
    def decision(self) -> Iterator[Foretold]:
        """A user decides: it comes out as the model foretells, or is refused and changes nothing."""
        before = self.state()
        foretold = Foretold.of(before)
        try:
            yield foretold
        except (Conflict, NotFound, UsageError):
            assert self.state() == before
            return
        after = self.state()
        self.enter(before, after)
        assert said(after) == foretold.words

    @contextmanager
    def machine(self) -> Iterator[None]:
        """A machine works: whatever a user said stays."""
        before = self.state()
        yield
        after = self.state()
        self.enter(before, after)
        assert said(after) == said(before)

    def enter(self, before: State, after: State) -> None:
        """A machine's work may be several decisions: only the last of one is kept, to be undone as one."""
        known = max(self.past.decided, default=0)
        new = self.bench.tuples(
            "SELECT id, undoes FROM decision WHERE id > %(known)s ORDER BY id", known=known
        )
        for number, undoes in new:
            self.past.decided[int(number)] = difference(before, after) if len(new) == 1 else {}
            if undoes is not None:
                self.past.undoes[int(number)] = int(undoes)

    @invariant()
    def nothing_is_broken(self) -> None:
        assert broken(self.bench.tuples) == {}

    # Photos ------------------------------------------------------------

    @initialize(
        photos=st.lists(st.lists(st.sampled_from(WHO), max_size=3, unique=True), min_size=2, max_size=5)
    )
    def first_photos(self, photos: list[list[str]]) -> None:
        for who in photos:
            self.write(self.new_name(), who)
        self.look()
        self.group()

    def new_name(self) -> str:
        return f"{next(self.numbers)}.png"

    def write(self, name: str, who: list[str]) -> None:
        content = f"content {next(self.numbers)}"
        self.seen[content] = [face(one, place, 0.3) for place, one in enumerate(who)]
        self.files[name] = content
        write_photo(self.bench.root / name, content)

    def look(self) -> None:
        self.bench.scan()
        self.bench.look(self.seen)

    def some_file(self, which: int) -> str | None:
        names = sorted(self.files)
        return names[which % len(names)] if names else None

    @rule(who=st.lists(st.sampled_from(WHO), max_size=3, unique=True))
    def new_photo(self, who: list[str]) -> None:
        with self.machine():
            self.write(self.new_name(), who)
            self.look()

    @rule(which=SOME)
    def photo_is_moved(self, which: int) -> None:
        name = self.some_file(which)
        if name is not None:
            new = self.new_name()
            with self.machine():
                (self.bench.root / name).rename(self.bench.root / new)
                self.files[new] = self.files.pop(name)
                self.look()

    @rule(which=SOME, keep=st.integers(0, 7), more=st.sampled_from((*WHO, None)))
    def photo_is_edited(self, which: int, keep: int, more: str | None) -> None:
        """Some faces are found again, some are not, and perhaps there is another one."""
        name = self.some_file(which)
        if name is not None:
            old = self.seen[self.files[name]]
            with self.machine():
                self.write(name, [])
                kept = [one for place, one in enumerate(old) if keep >> place & 1]
                extra = [] if more is None else [face(more, 8, 0.3)]
                there = {one.box for one in kept}  # a detector gives no two faces in one place
                self.seen[self.files[name]] = kept + [one for one in extra if one.box not in there]
                self.look()

    @rule(which=SOME)
    def photo_is_deleted(self, which: int) -> None:
        name = self.some_file(which)
        if name is not None and len(self.files) > 1:
            with self.machine():
                (self.bench.root / name).unlink()
                del self.files[name]
                self.look()

    @rule(which=SOME)
    def photo_is_looked_at_again(self, which: int) -> None:
        photo = self.one_of("SELECT id FROM photo ORDER BY id", which)
        if photo is not None:
            with self.machine():
                self.bench.look_again(photo)
                self.look()

    @rule()
    def group(self) -> None:
        with self.machine():
            while group_new_faces(self.ctx).faces:
                pass

    # People ------------------------------------------------------------

    @rule(who=SOME, name=st.sampled_from((*NAMES, None)))
    def name(self, who: int, name: str | None) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                people.name_person(self.ctx, person, name)
                foretold.name(person, name)

    @rule(who=SOME, hidden=st.booleans())
    def hide(self, who: int, hidden: bool) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                people.hide_person(self.ctx, person, hidden)
                foretold.describe(person, hidden=hidden)

    @rule(one=SOME, other=SOME)
    def merge(self, one: int, other: int) -> None:
        person, into = self.somebody(one), self.somebody(other)
        if person is not None and into is not None:
            with self.decision() as foretold:
                people.merge_people(self.ctx, person, into)
                foretold.merge(person, into)

    @rule(who=SOME)
    def delete(self, who: int) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                details.delete_person(self.ctx, person)
                foretold.delete(person)

    @rule(
        who=SOME,
        aliases=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        notes=st.sampled_from(("", "a note", "another")),
        favourite=st.booleans(),
        auto=st.just(True),
        born=st.sampled_from((None, date(1980, 2, 29), date(2015, 6, 1))),
    )
    def edit(
        self, who: int, aliases: list[str], notes: str, favourite: bool, auto: bool, born: date | None
    ) -> None:
        person = self.somebody(who)
        if person is not None:
            told: dict[str, Any] = {"aliases": aliases, "notes": notes, "favourite": favourite, "auto": auto}
            with self.decision() as foretold:
                details.edit_person(self.ctx, person, {**told, "birth_date": born})  # type: ignore[typeddict-item]
                foretold.describe(person, **told, birth_date=None if born is None else born.isoformat())

    # Faces ------------------------------------------------------------

    @rule(which=SOME, who=SOME)
    def assign(self, which: int, who: int) -> None:
        one, person = self.some_face(which), self.somebody(who)
        if one is not None and person is not None:
            with self.decision() as foretold:
                people.assign_face(self.ctx, one, person_id=person)
                foretold.give([one], person)

    @rule(which=SOME, name=st.sampled_from(NAMES))
    def assign_to_somebody_new(self, which: int, name: str) -> None:
        one = self.some_face(which)
        if one is not None:
            with self.decision() as foretold:
                person = people.assign_face(self.ctx, one, name=name).person
                assert person is not None
                foretold.give([one], person)
                foretold.describe(person, name=name)

    @rule(which=SOME, reject=st.booleans())
    def unassign(self, which: int, reject: bool) -> None:
        one = self.some_face(which)
        if one is not None:
            with self.decision() as foretold:
                people.unassign_face(self.ctx, one, reject=reject)
                foretold.take([one], reject=reject)

    @rule(which=FEW, who=SOME)
    def move(self, which: list[int], who: int) -> None:
        faces, person = self.some_faces(which), self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                moving.move_faces(self.ctx, faces, person_id=person)
                foretold.give(faces, person)

    @rule(which=FEW, reject=st.booleans())
    def remove(self, which: list[int], reject: bool) -> None:
        faces = self.some_faces(which)
        with self.decision() as foretold:
            moving.remove_faces(self.ctx, faces, reject=reject)
            foretold.take(faces, reject=reject)

    @rule(who=SOME, count=st.integers(1, 3))
    def split(self, who: int, count: int) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                faces = sorted(foretold.faces_of(person))[:count]
                target = moving.split_person(self.ctx, person, faces).person
                assert target is not None
                foretold.give(faces, target)

    # Taking back ------------------------------------------------------------

    @rule(which=SOME)
    def undo(self, which: int) -> None:
        candidates = self.past.open()
        if candidates:
            self.take_back(candidates[-1 - which % len(candidates)], journal.undo)

    @rule(which=SOME)
    def redo(self, which: int) -> None:
        candidates = self.past.undone()
        if candidates:
            number = candidates[-1 - which % len(candidates)]
            undo = self.past.standing_undo(number)
            assert undo is not None
            self.take_back(undo, lambda ctx, _: journal.redo(ctx, number))

    def take_back(self, number: int, verb: Callable[[Any, int], journal.Undone]) -> None:
        before, decided = self.state(), self.past.decided[number]
        try:
            undone = verb(self.ctx, number)
        except Conflict:
            assert self.state() == before
            same = [key for key, diff in decided.items() if before.get(key) == diff.after]
            # What is refused, and people of whom nothing was known anyway.
            assert [key for key in same if key[0] == "person" and before[key] != NOBODY] == []
            return
        left: list[Key] = [(row.kind, row.face, row.person, row.other) for row in undone.left]
        after = self.state()
        self.enter(before, after)
        if decided:
            changed = [
                key for row, key in zip(undone.left, left, strict=True) if row.reason == "changed since"
            ]
            assert [key for key in changed if before.get(key) == decided[key].after] == []
            assert said(after) == said(after_undo(before, decided, left))


@pytest.mark.timeout(3600)
def test_whatever_is_done_in_any_order(cluster: Cluster) -> None:
    lives = max(1, STEPS // A_LIFE)

    class Here(Life):
        where = staticmethod(lambda: cluster.database(TEMPLATE))

    phases = [Phase.explicit, Phase.generate] if STEPS < 1000 else [*Phase]
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=lives,
            stateful_step_count=A_LIFE,
            deadline=None,
            database=None,
            derandomize=STEPS < 1000,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
