"""Whatever a user and the machines do, in any order: the user's word stands."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from store_support import Bench, face, write_photo

from facekeep.actions import people
from facekeep.actions.group import group_new_faces
from facekeep.actions.regroup import ask_to_regroup, run_asked
from facekeep.domain.errors import Conflict, NotFound
from facekeep.domain.faces import AnalysedFace

WHO = ("ada", "grace", "linda", "mary")
STEPS = 70


@dataclass
class Said:
    """What the user said so far, kept beside the database."""

    words: dict[int, int] = field(default_factory=dict)
    """Face → person, as the user has it."""
    rejected: set[tuple[int, int]] = field(default_factory=set)
    names: dict[int, str | None] = field(default_factory=dict)

    def merged(self, source: int, target: int, faces_of_both: list[int]) -> None:
        for one in faces_of_both:
            self.words.pop(one, None)
            if (one, target) not in self.rejected:
                self.words[one] = target
        went = {one for one, person in self.rejected if person == source}
        self.rejected |= {(one, target) for one in went if self.words.get(one) != target}
        name = self.names.pop(source, None)
        self.names[target] = self.names.get(target) if self.names.get(target) is not None else name


class Life:
    """A user and the machines at work on one library."""

    def __init__(self, bench: Bench, seed: int, *, alone: bool = True) -> None:
        self.bench, self.random, self.said = bench, random.Random(seed), Said()
        self.alone = alone
        self.seen: dict[str, list[AnalysedFace]] = {}

    def step(self) -> None:
        verbs: list[Callable[[], None]] = [
            *(self.new_photo, self.new_photo, self.look_again, self.group, self.group),
            *(self.name, self.assign, self.assign, self.unassign, self.merge, self.hide, self.regroup),
        ]
        self.random.choice(verbs)()

    def new_photo(self) -> None:
        name = f"{len(self.seen)}.png"
        who = self.random.sample(WHO, self.random.randint(1, 3))
        self.seen[name] = [face(one, place, 0.3) for place, one in enumerate(who)]
        write_photo(self.bench.root / name, name)
        self.bench.scan()
        self.bench.look(self.seen)

    def look_again(self) -> None:
        """With another eye: some faces are found anew, some are not, some are new."""
        if not self.seen:
            return
        name = self.random.choice(list(self.seen))
        kept = [one for one in self.seen[name] if self.random.random() < 0.6]
        extra = [face(self.random.choice(WHO), 8, 0.3)] if self.random.random() < 0.3 else []
        self.bench.look_again(self.bench.photo(name).photo)
        self.bench.look({name: kept + extra})

    def group(self) -> None:
        while group_new_faces(self.bench.ctx).faces:
            pass

    def regroup(self) -> None:
        with suppress(Conflict):  # another is at it
            ask_to_regroup(self.bench.ctx, dry_run=self.random.random() < 0.2)
        run_asked(self.bench.ctx)

    def somebody(self) -> int | None:
        rows = self.bench.people()
        return self.random.choice(rows).person if rows else None

    def some_face(self) -> int | None:
        rows = self.bench.faces()
        return self.random.choice(rows).face if rows else None

    def faces_of(self, *persons: int) -> list[int]:
        return [row.face for row in self.bench.faces() if row.person in persons]

    def name(self) -> None:
        if (person := self.somebody()) is not None:
            name = f"Name {self.random.randint(1, 5)}"
            people.name_person(self.bench.ctx, person, name)
            self.said.names[person] = name
            self.said.words |= dict.fromkeys(self.faces_of(person), person)

    def assign(self) -> None:
        one, person = self.some_face(), self.somebody()
        if one is not None:
            to = {"person_id": person} if person is not None else {"name": "Somebody New"}
            target = people.assign_face(self.bench.ctx, one, **to).person
            assert target is not None or not self.alone
            target = 0 if target is None else target
            self.said.words[one] = target
            self.said.rejected.discard((one, target))
            if person is None:
                self.said.names[target] = "Somebody New"

    def unassign(self) -> None:
        rows = [row for row in self.bench.faces() if row.person is not None]
        if rows:
            row = self.random.choice(rows)
            people.unassign_face(self.bench.ctx, row.face)
            self.said.words.pop(row.face, None)
            self.said.rejected.add((row.face, row.person or 0))

    def merge(self) -> None:
        one, other = self.somebody(), self.somebody()
        if one is None or other is None:
            return
        both = self.faces_of(one, other)
        try:
            people.merge_people(self.bench.ctx, one, other)
        except Conflict:
            assert one == other or not self.alone
        else:
            self.said.merged(one, other, both)

    def hide(self) -> None:
        if (person := self.somebody()) is not None:
            people.hide_person(self.bench.ctx, person, self.random.random() < 0.5)

    def check(self) -> None:
        rows = {row.face: row for row in self.bench.faces()}
        for one, person in self.said.words.items():
            assert rows[one].person == person, f"face {one}"
            assert rows[one].assigned_by == "user"
        for one, person in self.said.rejected:
            assert rows[one].person != person, f"face {one} is not {person}"
        auto = [(row.photo, row.person) for row in rows.values() if row.assigned_by == "auto"]
        for pair in auto:
            assert [(row.photo, row.person) for row in rows.values()].count(pair) == 1
        named = {row.person: row.name for row in self.bench.people() if row.name is not None}
        assert named == {person: name for person, name in self.said.names.items() if name is not None}
        stored = set(self.bench.tuples("SELECT face_id, person_id FROM rejection"))
        assert self.said.rejected <= stored


@pytest.mark.parametrize("seed", range(6))
def test_the_users_word_stands(bench: Bench, seed: int) -> None:
    life = Life(bench, seed)
    for _ in range(STEPS):
        life.step()
        life.check()
    assert life.said.words
    assert life.said.rejected


IMPOSSIBLE = {
    "a face on a person that is gone": """
        SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id
        WHERE p.merged_into IS NOT NULL""",
    "assigned and rejected": """
        SELECT count(*) FROM assignment JOIN rejection USING (face_id, person_id)""",
    "a machine's second face of a photo on a person": """
        SELECT count(*) FROM assignment a JOIN assignment b USING (photo_id, person_id)
        WHERE a.face_id <> b.face_id AND a.decided_by = 'auto'""",
}


def test_users_and_machines_at_once(bench: Bench) -> None:
    lives = [Life(bench, seed, alone=False) for seed in range(4)]
    for _ in range(6):
        lives[0].new_photo()
    lives[0].group()
    errors: list[BaseException] = []

    def live(life: Life, verbs: list[Callable[[], None]], steps: int) -> None:
        for _ in range(steps):
            try:
                life.random.choice(verbs)()
            except (Conflict, NotFound):
                continue  # somebody else was quicker, and the user is told
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
                errors.append(error)
                return

    for life in lives[1:]:
        life.seen = dict(lives[0].seen)
    one, two, worker, grouping = lives
    threads = [
        *(
            threading.Thread(
                target=live, args=(user, [user.name, user.assign, user.unassign, user.merge], 25)
            )
            for user in (one, two)
        ),
        threading.Thread(target=live, args=(worker, [worker.look_again], 20)),
        threading.Thread(
            target=live, args=(grouping, [grouping.group, grouping.group, grouping.regroup], 40)
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {what: bench.value(query) for what, query in IMPOSSIBLE.items()} == dict.fromkeys(IMPOSSIBLE, 0)
