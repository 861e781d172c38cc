"""Several users decide and undo at once, about the same few people: the journal has all of it."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from store_support import Bench, face

from facekeep.actions import faces, journal, people, standing
from facekeep.actions.group import group_new_faces
from facekeep.actions.regroup import ask_to_regroup, run_asked
from facekeep.domain.errors import Conflict, NotFound
from facekeep.domain.faces import Box, Standing
from facekeep.store.database import GaveWay
from facekeep.store.journal import NOBODY

USERS = 4
STEPS = 60
PHOTOS = 8

Key = tuple[str, int | None, int | None]

TABLES = {
    "assignment": "SELECT a.face_id, NULL::bigint, kept_of(to_jsonb(a)) FROM assignment a",
    "rejection": """SELECT r.face_id, r.person_id, jsonb_build_object('rejected_at', r.rejected_at)
        FROM rejection r""",
    "person": "SELECT NULL::bigint, p.id, kept_of(to_jsonb(p)) FROM person p",
    # Of faces, those of which a user ever said something: what machines find is not journalled.
    "face": """SELECT f.id, NULL::bigint, said_of_face(to_jsonb(f)) FROM face f
        WHERE EXISTS (SELECT FROM change c WHERE c.kind = 'face' AND c.face_id = f.id)""",
}

IMPOSSIBLE = {
    "a face on a person that is gone": """
        SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id
        WHERE p.merged_into IS NOT NULL""",
    "a face that is put away on a person": """
        SELECT count(*) FROM assignment a JOIN face f ON f.id = a.face_id WHERE f.standing <> 'shown'""",
    "assigned and rejected": """
        SELECT count(*) FROM assignment JOIN rejection USING (face_id, person_id)""",
    "two undos of one decision that stand": """
        SELECT count(*) FROM (SELECT undoes FROM decision d WHERE undoes IS NOT NULL
        AND standing_undo(d.id) IS NULL GROUP BY undoes HAVING count(*) > 1) AS twice""",
    "a decision that changed nothing": """
        SELECT count(*) FROM decision d WHERE NOT EXISTS (SELECT FROM change c WHERE c.decision_id = d.id)""",
}


def stored(bench: Bench) -> dict[Key, Any]:
    """The tables that the journal is about, row by row."""
    return {
        (kind, face_id, person): kept
        for kind, query in TABLES.items()
        for face_id, person, kept in bench.tuples(query)
    }


def replayed(bench: Bench) -> dict[Key, Any]:
    """What follows from the journal alone; each change must begin where the one before it ended."""
    state: dict[Key, Any] = {}
    rows = bench.tuples("SELECT number, kind, face_id, person_id, before, after FROM change ORDER BY number")
    for number, kind, face_id, person, before, after in rows:
        key = (kind, face_id, person)
        begins = before if kind == "face" and key not in state else state.get(key)
        assert begins == before, f"change {number} of {key}"
        state[key] = after
    return {key: kept for key, kept in state.items() if kept is not None}


class User:
    """Somebody who decides at random, and takes decisions of anybody back."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench, self.ctx, self.random = bench, bench.ctx, random.Random(seed)
        self.done = self.refused = 0

    def live(self, steps: int, *, undoing: bool = True) -> None:
        verbs: list[Callable[[], object]] = [
            *(self.name, self.hide, self.merge, self.assign, self.assign),
            *(self.unassign, self.unassign),
            *(self.put_away, self.show, self.draw, self.resize),
            *((self.undo, self.undo, self.redo, self.undo_latest) if undoing else ()),
        ]
        for _ in range(steps):
            try:
                self.random.choice(verbs)()
                self.done += 1
            except GaveWay:
                raise
            except (Conflict, NotFound):
                self.refused += 1  # somebody else was quicker, and the user is told

    def somebody(self) -> int:
        return int(self.random.choice(self.bench.tuples("SELECT id FROM person ORDER BY id LIMIT 6"))[0])

    def some_face(self) -> int:
        return int(self.random.choice(self.bench.tuples("SELECT id FROM face ORDER BY id"))[0])

    def some_assigned_face(self) -> int:
        assigned = self.bench.tuples("SELECT face_id FROM assignment ORDER BY face_id")
        return int(self.random.choice(assigned)[0]) if assigned else self.some_face()

    def some_decision(self) -> int:
        latest = self.bench.tuples("SELECT id FROM decision ORDER BY id DESC LIMIT 15")
        return int(self.random.choice(latest)[0])

    def name(self) -> object:
        return people.name_person(self.ctx, self.somebody(), self.random.choice(["Ada", "Grace", None]))

    def hide(self) -> object:
        return people.hide_person(self.ctx, self.somebody(), self.random.random() < 0.5)

    def merge(self) -> object:
        return people.merge_people(self.ctx, self.somebody(), self.somebody())

    def assign(self) -> object:
        if self.random.random() < 0.1:
            return people.assign_face(self.ctx, self.some_face(), name="Hedy")
        return people.assign_face(self.ctx, self.some_face(), person_id=self.somebody())

    def unassign(self) -> object:
        return people.unassign_face(self.ctx, self.some_assigned_face(), reject=self.random.random() < 0.7)

    def put_away(self) -> object:
        said: list[Standing] = ["ignored", "not_a_face", "deleted"]
        some = [self.some_face() for _ in range(self.random.randint(1, 3))]
        return standing.set_standing(self.ctx, some, self.random.choice(said))

    def show(self) -> object:
        return standing.show(self.ctx, [self.some_face() for _ in range(6)])

    def draw(self) -> object:
        photo = int(self.random.choice(self.bench.tuples("SELECT id FROM photo ORDER BY id"))[0])
        person = self.somebody() if self.random.random() < 0.5 else None
        return faces.draw_face(self.ctx, photo, self.some_box(), person_id=person)

    def resize(self) -> object:
        return faces.move_box(self.ctx, self.some_face(), self.some_box())

    def some_box(self) -> Box:
        return Box(self.random.randint(0, 8) / 10, 0.35, 0.2, 0.25)

    def undo(self) -> object:
        return journal.undo(self.ctx, self.some_decision())

    def redo(self) -> object:
        return journal.redo(self.ctx, self.some_decision())

    def undo_latest(self) -> object:
        return journal.undo_latest(self.ctx)


@pytest.fixture
def crowd(bench: Bench) -> Bench:
    """Eight photos with three people in each, grouped."""
    for number in range(PHOTOS):
        bench.put(f"{number}.png", *(face(who, place) for place, who in enumerate(("ada", "grace", "linda"))))
    while group_new_faces(bench.ctx).faces:
        pass
    return bench


def regroup(bench: Bench) -> None:
    with suppress(Conflict):  # the one before failed to get through, and is still asked for
        ask_to_regroup(bench.ctx, dry_run=False)
    run_asked(bench.ctx)


@pytest.mark.parametrize("seed", range(2))
def test_users_and_a_machine_at_once(crowd: Bench, seed: int) -> None:
    users = [User(crowd, 10 * seed + number) for number in range(USERS)]
    errors: list[BaseException] = []

    def during(live: Callable[[], object]) -> None:
        try:
            live()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    def group() -> None:
        for step in range(STEPS):
            with suppress(Conflict):  # a user was quicker: a worker groups again
                group_new_faces(crowd.ctx)
            if step % 15 == 7:
                regroup(crowd)

    lives: list[Callable[[], object]] = [group, *(lambda user=user: user.live(STEPS) for user in users)]
    threads = [threading.Thread(target=during, args=(live,)) for live in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert min(user.done for user in users) > STEPS / 4
    assert replayed(crowd) == stored(crowd)
    # Of every kind something was journalled: that all of it was taken back again may be.
    assert {str(kind) for (kind,) in crowd.tuples("SELECT DISTINCT kind FROM change")} == set(TABLES)
    assert {what: crowd.value(query) for what, query in IMPOSSIBLE.items()} == dict.fromkeys(IMPOSSIBLE, 0)


@pytest.mark.parametrize("seed", range(3))
def test_all_that_a_user_did_can_be_taken_back_one_by_one(crowd: Bench, seed: int) -> None:
    """From the last to the first, nothing is left over: the tables are as they were in the beginning."""
    before = shown(crowd)
    first = int(str(crowd.value("SELECT max(id) FROM decision")))
    user = User(crowd, 100 + seed)
    user.live(40, undoing=False)
    taken = crowd.tuples("SELECT id FROM decision d WHERE id > %(first)s ORDER BY id DESC", first=first)
    assert taken
    for (decision,) in taken:
        undone = journal.undo(crowd.ctx, int(decision))
        assert undone.left == ()
    assert shown(crowd) == before
    assert replayed(crowd) == stored(crowd)


def shown(bench: Bench) -> dict[Key, Any]:
    """Without people of whom nothing is known, which an undo of making them leaves."""
    rows = stored(bench)
    rows = {key: kept for key, kept in rows.items() if key[0] != "face" or said_of(kept)}
    with_faces = {kept["person_id"] for key, kept in rows.items() if key[0] == "assignment"}
    return {
        key: kept
        for key, kept in rows.items()
        if key[0] != "person" or key[2] in with_faces or kept != NOBODY
    }


def said_of(kept: dict[str, Any]) -> bool:
    """Whether anything stands that a user said of a face."""
    if kept["source"] == "drawn":
        return str(kept["standing"]) != "deleted"
    return str(kept["standing"]) != "shown" or str(kept["box_by"]) == "user"
