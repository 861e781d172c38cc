"""Each verb on somebody of whom everything was said: undone, all of it is as it was; redone, as it became."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from review_support import propose, suggest
from store_support import Bench, face
from tests.machine.invariants import follows, replayed, stored

from facekeep.actions import circles, details, exemplars, journal, moving, people, standing
from facekeep.actions.faces import move_box
from facekeep.actions.group import group_new_faces
from facekeep.actions.proposals import TwoAnswer, answer_proposals
from facekeep.actions.review import answer_suggestions
from facekeep.domain.faces import Box
from facekeep.domain.review import Answer
from facekeep.store import grouping

SAID = {
    "assignment": "SELECT face_id, person_id, decided_by, confidence FROM assignment ORDER BY 1",
    "rejection": "SELECT face_id, person_id FROM rejection ORDER BY 1, 2",
    "person": "SELECT id, to_jsonb(p) - 'version' FROM person p ORDER BY 1",
    "face": "SELECT id, standing, box_by, x, y, width, height FROM face ORDER BY 1",
    "pin": "SELECT face_id, person_id FROM pin ORDER BY 1",
    "apart": "SELECT one, other FROM apart ORDER BY 1, 2",
    "circle": "SELECT id, name, gone FROM circle ORDER BY 1",
    "member": "SELECT circle_id, person_id FROM member ORDER BY 1, 2",
    "suggestion": "SELECT face_id, person_id, confidence, reason FROM suggestion ORDER BY 1, 2",
    "proposal": "SELECT one, other, doubt FROM proposal ORDER BY 1, 2",
    "called": "SELECT person_id, alias, folded FROM called ORDER BY 1, 2, 3",
    "person_count": "SELECT person_id, faces, photos FROM person_count ORDER BY 1",
    "photo_count": "SELECT photo_id, faces, named FROM photo_count ORDER BY 1",
}


def whole(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    return {table: bench.tuples(query) for table, query in SAID.items()}


class Family:
    """Ada, of whom everything is known; Bob and Cy; two faces that are nobody's."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.ctx = bench, bench.ctx
        for n in range(3):
            bench.put(f"{n}.png", face("ada"), face("bob", 1))
        bench.put("cy.png", face("cy"), face("cy2", 4))
        bench.put("ada.png", face("ada"))
        for row in bench.faces(bench.photo("cy.png").photo)[:1]:
            people.assign_face(bench.ctx, row.face, name="Cy")
        while group_new_faces(bench.ctx).faces:
            pass
        self.ada, self.bob = (self._of(bench.photo("0.png").photo)[place] for place in (0, 1))
        [self.cy] = [row.person for row in bench.people() if row.name == "Cy"]
        people.name_person(self.ctx, self.ada, "Ada")
        people.name_person(self.ctx, self.bob, "Bob")
        self.hers = [row.face for row in bench.faces() if row.person == self.ada]
        self.lone = [bench.faces(bench.put(f"{who}.png", face(who)))[0].face for who in ("mary", "joan")]
        group_new_faces(self.ctx)
        edit: details.Edit = {"aliases": ["Countess"], "notes": "n", "favourite": True, "cover": self.hers[1]}
        details.edit_person(self.ctx, self.ada, edit)
        exemplars.pin_face(self.ctx, self.ada, self.hers[1])
        self.circle = circles.create_circle(self.ctx, "Family", [self.ada, self.bob]).circle.circle
        circles.create_circle(self.ctx, "Choir", [self.ada])
        assert propose(self.ctx, self.ada, self.cy)
        answer_proposals(self.ctx, [TwoAnswer(self.ada, self.cy, "apart")])
        assert propose(self.ctx, self.bob, self.cy)
        assert suggest(self.ctx, self.lone[0], self.ada)
        assert suggest(self.ctx, self.lone[0], self.bob, 0.7)
        assert suggest(self.ctx, self.lone[1], self.ada, 0.6)

    def _of(self, photo: int) -> list[int]:
        return [row.person for row in self.bench.faces(photo) if row.person is not None]


@pytest.fixture
def family(bench: Bench) -> Family:
    return Family(bench)


VERBS: dict[str, Callable[[Family], object]] = {
    "merge away": lambda f: people.merge_people(f.ctx, f.ada, f.cy),
    "merge into": lambda f: people.merge_people(f.ctx, f.cy, f.ada),
    "merge in a circle": lambda f: people.merge_people(f.ctx, f.ada, f.bob),
    "delete": lambda f: details.delete_person(f.ctx, f.ada),
    "unname": lambda f: people.name_person(f.ctx, f.ada, None),
    "put away": lambda f: standing.ignore(f.ctx, f.hers),
    "put away what is asked about": lambda f: standing.not_a_face(f.ctx, f.lone),
    "remove": lambda f: moving.remove_faces(f.ctx, f.hers),
    "move": lambda f: moving.move_faces(f.ctx, f.hers, person_id=f.cy),
    "move to new": lambda f: moving.move_faces(f.ctx, f.hers[1:2], name="New"),
    "accept": lambda f: answer_suggestions(f.ctx, [Answer(f.lone[0], f.ada, "accept")]),
    "reject": lambda f: answer_suggestions(f.ctx, [Answer(f.lone[0], f.ada, "reject")]),
    "somebody else": lambda f: answer_suggestions(f.ctx, [Answer(f.lone[0], f.ada, "other", name="New")]),
    "not a face": lambda f: answer_suggestions(f.ctx, [Answer(f.lone[0], f.ada, "not_a_face")]),
    "merge by proposal": lambda f: answer_proposals(f.ctx, [TwoAnswer(f.bob, f.cy, "merge")]),
    "apart": lambda f: answer_proposals(f.ctx, [TwoAnswer(f.bob, f.cy, "apart")]),
    "born later": lambda f: details.edit_person(
        f.ctx, f.ada, {"birth_date": date(1990, 1, 1), "auto": False}
    ),
    "delete circle": lambda f: circles.delete_circle(f.ctx, f.circle),
    "move a box": lambda f: move_box(f.ctx, f.hers[1], Box(0.7, 0.7, 0.2, 0.2)),
}


IN_ONE_PHOTO = {"merge away", "move"}
"""Bob and Cy are in one photo then, and nobody asks whether they are one until they are looked for again."""


@pytest.mark.parametrize("verb", VERBS)
def test_undone_it_is_as_it_was_and_redone_as_it_became(family: Family, verb: str) -> None:
    bench = family.bench
    before = whole(bench)
    VERBS[verb](family)
    decision = int(str(bench.value("SELECT max(id) FROM decision WHERE actor = 'user'")))
    after = whole(bench)
    assert after != before
    made = {row[0] for row in after["person"]} - {row[0] for row in before["person"]}
    assert journal.undo(bench.ctx, decision).left == ()
    undone = whole(bench)
    for table in before.keys() - ({"proposal"} if verb in IN_ONE_PHOTO else set()):
        # Who was made stays on record, as nobody.
        there = [row for row in undone[table] if not (table in ("person", "person_count") and row[0] in made)]
        assert (table, there) == (table, before[table])
    assert journal.redo(bench.ctx, decision).left == ()
    redone = whole(bench)
    for table in after:
        assert (table, redone[table]) == (table, after[table])


def test_a_birth_date_that_ends_faces_and_a_cover_goes_back_with_them(bench: Bench) -> None:
    photos = [bench.put(f"{n}.png", face("dee")) for n in range(3)]
    bench.sql("UPDATE photo SET taken_at = '1990-05-01' WHERE id = ANY(%(photos)s)", photos=photos)
    group_new_faces(bench.ctx)
    [person] = (row.person for row in bench.people())
    details.edit_person(bench.ctx, person, {"cover": bench.faces(photos[1])[0].face})
    before = whole(bench)
    details.edit_person(bench.ctx, person, {"birth_date": date(2015, 6, 1), "auto": False})
    after = whole(bench)
    assert after["assignment"] == []
    decision = int(str(bench.value("SELECT max(id) FROM decision")))
    for _ in range(2):
        assert follows(replayed(bench.tuples), stored(bench.tuples))
        assert journal.undo(bench.ctx, decision).left == ()
        assert whole(bench) == before
        assert journal.redo(bench.ctx, decision).left == ()
        assert whole(bench) == after
    assert follows(replayed(bench.tuples), stored(bench.tuples))


def test_a_birth_date_that_ends_faces_alone_goes_back_with_them(bench: Bench) -> None:
    photo = bench.put("a.png", face("dee"))
    bench.put("b.png", face("dee"))
    bench.sql("UPDATE photo SET taken_at = '1990-05-01' WHERE id = %(photo)s", photo=photo)
    group_new_faces(bench.ctx)
    [person] = (row.person for row in bench.people())
    before = whole(bench)
    details.edit_person(bench.ctx, person, {"birth_date": date(2015, 6, 1)})
    assert len(whole(bench)["assignment"]) == 1
    assert journal.undo_latest(bench.ctx).left == ()
    assert whole(bench) == before


def test_a_face_that_is_given_back_takes_the_place_of_what_a_machine_took_for_them(bench: Bench) -> None:
    photo = bench.put("a.png", face("ada"), face("double", 1))
    hers, double = (row.face for row in bench.faces(photo))
    person = people.assign_face(bench.ctx, hers, name="Ada").person
    assert person is not None
    moving.remove_faces(bench.ctx, [hers], reject=False)
    with bench.ctx.database.write(verb="group") as writer:
        grouping.put(writer, {double: (person, 0.5)}, bench.ctx.pack_id)
    bench.sql("UPDATE face SET grouped = true")
    assert journal.undo_latest(bench.ctx).left == ()
    assert [row.person for row in bench.faces(photo)] == [person, None]
    assert bench.tuples("SELECT id FROM face WHERE NOT grouped") == [(double,)]
    assert follows(replayed(bench.tuples), stored(bench.tuples))
