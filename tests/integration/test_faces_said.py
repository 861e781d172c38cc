"""What a user says of faces themselves: put away, shown, moved, drawn; undone, redone, kept by re-scans."""

from typing import Any

import psycopg
import pytest
from store_support import Bench, face, face_at, like

from facekeep.actions import faces as actions
from facekeep.actions import journal, people, standing
from facekeep.actions.alike import similar
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, NotFound, NothingToUndo, UsageError
from facekeep.domain.faces import Box, Standing
from facekeep.store import decisions, listing
from facekeep.store import people as people_store

PLACE = Box(0.05, 0.65, 0.2, 0.25)
ELSEWHERE = Box(0.7, 0.65, 0.2, 0.25)
AWAY: tuple[Standing, ...] = ("ignored", "not_a_face", "deleted")


def grouped(bench: Bench) -> None:
    while group_new_faces(bench.ctx).faces:
        pass


@pytest.fixture
def ada(bench: Bench) -> int:
    """Ada by name, in three photos with Grace in two; the person."""
    for number in range(3):
        faces = [face("ada", 0)] + ([face("grace", 1)] if number else [])
        bench.put(f"{number}.png", *faces)
    grouped(bench)
    person = next(row.person for row in bench.people() if row.faces == 3)
    people.name_person(bench.ctx, person, "Ada")
    return person


def latest(bench: Bench) -> int:
    return int(str(bench.value("SELECT max(id) FROM decision WHERE actor = 'user'")))


def truth(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """What a user may see or say, without what every change changes."""
    return {
        "face": bench.tuples(
            """SELECT id, standing, source, box_by, x, y, width, height FROM face
               WHERE NOT (source = 'drawn' AND standing = 'deleted') ORDER BY id"""
        ),
        "assignment": bench.tuples("SELECT face_id, person_id, decided_by FROM assignment ORDER BY face_id"),
        "pin": bench.tuples("SELECT face_id, person_id FROM pin ORDER BY face_id"),
        "person": bench.tuples(
            """SELECT p.id, p.name, p.cover_face_id FROM person p
               WHERE p.name IS NOT NULL OR EXISTS (SELECT FROM assignment a WHERE a.person_id = p.id)
               ORDER BY p.id"""
        ),
    }


def first_face(bench: Bench, person: int) -> int:
    return next(row.face for row in bench.faces() if row.person == person)


@pytest.mark.parametrize("said", AWAY)
def test_put_away_it_is_nowhere_and_undo_brings_all_back(bench: Bench, ada: int, said: Standing) -> None:
    face_id = first_face(bench, ada)
    with bench.ctx.database.write("user") as writer:
        writer.run("INSERT INTO pin VALUES (%(f)s, %(p)s)", {"f": face_id, "p": ada})
        writer.run("UPDATE person SET cover_face_id = %(f)s WHERE id = %(p)s", {"f": face_id, "p": ada})
    before, status = truth(bench), bench.status()
    stood = standing.set_standing(bench.ctx, [face_id, 10**9, face_id], said)
    assert stood.outcomes == ((face_id, "done"), (10**9, "not_found"))
    assert face_id not in [row.face for row in bench.faces()]
    assert bench.status().faces == status.faces - 1
    assert next(row for row in bench.people() if row.person == ada).faces == 2
    assert bench.value("SELECT count(*) FROM pin") == 0
    with bench.ctx.database.read() as reader:
        assert listing.person(reader, ada).cover != face_id
        assert listing.faces(reader).total == status.faces - 1
        assert [row.face for row in listing.faces(reader, standing=said).items] == [face_id]
        photo = listing.face(reader, face_id).photo
        assert listing.photo(reader, photo).faces == listing.faces(reader, photo=photo).total
    after = truth(bench)
    decision = latest(bench)
    journal.undo(bench.ctx, decision)
    assert truth(bench) == before
    journal.redo(bench.ctx, decision)
    assert truth(bench) == after
    journal.undo(bench.ctx, latest(bench))
    assert truth(bench) == before


def test_saying_it_twice_is_one_decision(bench: Bench, ada: int) -> None:
    face_id = first_face(bench, ada)
    standing.ignore(bench.ctx, [face_id])
    decision = latest(bench)
    assert standing.ignore(bench.ctx, [face_id]).outcomes == ((face_id, "same"),)
    assert latest(bench) == decision


def test_what_is_put_away_is_never_matched_grouped_or_near(bench: Bench, ada: int) -> None:
    faces = [row.face for row in bench.faces() if row.name == "Ada"]
    standing.not_a_face(bench.ctx, faces[:1])
    assert faces[0] not in [each.found.face for each in similar(bench.ctx, faces[1])]
    standing.ignore(bench.ctx, faces[1:])  # of Ada nothing is left to match with
    bench.put("new.png", face("ada"))
    assert [row.person for row in bench.faces(bench.photo("new.png").photo)] == [None]
    grouped(bench)
    assert bench.value("SELECT count(*) FROM assignment WHERE face_id = ANY(%(f)s)", f=faces) == 0
    with pytest.raises(Conflict):
        people.assign_face(bench.ctx, faces[0], person_id=ada)


def test_shown_again_it_is_recognised_anew(bench: Bench, ada: int) -> None:
    face_id = first_face(bench, ada)
    standing.delete_faces(bench.ctx, [face_id])
    standing.show(bench.ctx, [face_id])
    grouped(bench)
    assert next(row.person for row in bench.faces() if row.face == face_id) == ada


def test_it_does_not_return_when_its_photo_is_looked_at_again(bench: Bench, ada: int) -> None:
    said: Standing = "not_a_face"
    photo = bench.photo("1.png").photo
    [away, stays] = [row.face for row in bench.faces(photo)]
    standing.set_standing(bench.ctx, [away], said)
    bench.look_again(photo)
    moved = face_at(Box(0.06, 0.06, 0.2, 0.25), like("somebody else"))
    bench.look({"1.png": (moved, face("grace", 1))})
    assert [row.face for row in bench.faces(photo)] == [stays]
    assert bench.value("SELECT standing FROM face WHERE id = %(f)s", f=away) == said
    bench.look_again(photo)
    bench.look({"1.png": ()})
    assert bench.value("SELECT standing FROM face WHERE id = %(f)s", f=away) == said
    assert journal.undo(bench.ctx, latest(bench)).left == ()
    assert away in [row.face for row in bench.faces(photo)]


def test_in_a_picture_that_was_cropped_it_stays_away(bench: Bench, ada: int) -> None:
    photo = bench.photo("1.png").photo
    [away, _] = [row.face for row in bench.faces(photo)]
    standing.ignore(bench.ctx, [away])
    bench.look_again(photo)
    bench.look({"1.png": (face_at(ELSEWHERE, like("ada", 0.1)),)})
    assert (
        bench.value("SELECT count(*) FROM face WHERE photo_id = %(p)s AND standing = 'shown'", p=photo) == 0
    )


def test_a_drawn_face_without_a_child_waits_and_is_undone_and_redone(bench: Bench, ada: int) -> None:
    before = truth(bench)
    row = actions.draw_face(bench.ctx, bench.photo("0.png").photo, PLACE, person_id=ada)
    assert (row.source, row.box_by, row.person, row.assigned_by) == ("drawn", "user", ada, "user")
    assert row.stale
    assert row.model is None
    after, decision = truth(bench), latest(bench)
    journal.undo(bench.ctx, decision)
    assert truth(bench) == before
    journal.redo(bench.ctx, decision)
    assert truth(bench) == after


def test_a_drawing_is_undone_when_a_machine_has_said_who_it_is(bench: Bench, ada: int) -> None:
    row = actions.draw_face(bench.ctx, bench.photo("0.png").photo, PLACE)
    decision = latest(bench)
    other = next(person.person for person in bench.people() if person.person != ada)
    with bench.ctx.database.write(verb="match") as writer:
        people_store.assign(writer, row.face, other, by="auto", confidence=0.9)
    after = truth(bench)
    assert journal.undo(bench.ctx, decision).left == ()
    assert row.face not in [each.face for each in bench.faces()]
    journal.redo(bench.ctx, decision)
    assert truth(bench) == after


def test_a_drawing_is_left_when_the_user_has_said_who_it_is_since(bench: Bench, ada: int) -> None:
    row = actions.draw_face(bench.ctx, bench.photo("0.png").photo, PLACE)
    decision = latest(bench)
    people.assign_face(bench.ctx, row.face, name="Hedy")
    with pytest.raises(NothingToUndo):
        journal.undo(bench.ctx, decision)
    journal.undo(bench.ctx, latest(bench))
    assert journal.undo(bench.ctx, decision).left == ()


def test_the_same_box_twice_is_refused(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    row = actions.draw_face(bench.ctx, photo, PLACE)
    with pytest.raises(Conflict, match=f"face {row.face} is there already"):
        actions.draw_face(bench.ctx, photo, Box(PLACE.x, PLACE.y, PLACE.width, 0.24))
    standing.delete_faces(bench.ctx, [row.face])
    again = actions.draw_face(bench.ctx, photo, PLACE)
    assert again.face != row.face
    journal.undo(bench.ctx, latest(bench))


@pytest.mark.parametrize(
    "numbers", [(0.9, 0.1, 0.2, 0.2), (0.1, 0.1, 0.0, 0.2), (-0.1, 0, 0.2, 0.2), (float("nan"), 0, 0.1, 0.1)]
)
def test_a_box_that_is_none_is_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(UsageError, match="does not lie in the photo"):
        actions.box_of(*numbers)


def test_what_cannot_be_drawn(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    with pytest.raises(UsageError, match="fewer than"):
        actions.draw_face(bench.ctx, photo, Box(0.5, 0.5, 1e-9, 0.2))
    with pytest.raises(NotFound):
        actions.draw_face(bench.ctx, 10**9, PLACE)
    with pytest.raises(NotFound):
        actions.move_box(bench.ctx, 10**9, PLACE)
    with pytest.raises(UsageError):
        actions.draw_face(bench.ctx, photo, PLACE, person_id=ada, name="Ada")
    bench.sql(
        "UPDATE photo SET state = 'waiting', due_at = now(), width = NULL, height = NULL WHERE id = %(p)s",
        p=photo,
    )
    with pytest.raises(Conflict, match="not been looked at"):
        actions.draw_face(bench.ctx, photo, PLACE)


def test_a_moved_box_is_undone_and_redone_and_kept_by_the_machine(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    [row] = bench.faces(photo)
    was = Box(row.x, row.y, row.width, row.height)
    wider = Box(row.x, row.y, row.width + 0.05, row.height + 0.05)
    before = truth(bench)
    moved = actions.move_box(bench.ctx, row.face, wider, was=was)
    assert (moved.width, moved.box_by, moved.stale, moved.person) == (wider.width, "user", True, ada)
    assert moved.landmarks == row.landmarks  # they lie in the new box
    with pytest.raises(Conflict, match="changed since you looked"):
        actions.move_box(bench.ctx, row.face, PLACE, was=was)
    decision, after = latest(bench), truth(bench)
    bench.look_again(photo)
    bench.look({"0.png": (face("ada", 0),)})  # found again: measured, not moved
    assert truth(bench) == after
    [measured] = bench.faces(photo)
    assert (measured.stale, measured.model) == (False, "bundled-1")
    journal.undo(bench.ctx, decision)
    assert truth(bench) == before
    [again] = bench.faces(photo)
    assert (again.stale, again.box_by) == (True, "auto")
    assert again.quality is None
    bench.look_again(photo)
    bench.look({"0.png": (face_at(Box(0.06, 0.06, 0.2, 0.25), like("ada")),)})
    journal.redo(bench.ctx, decision)
    assert truth(bench) == after


def test_a_machine_that_finds_another_box_does_not_hinder_an_undo(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    [row] = bench.faces(photo)
    standing.ignore(bench.ctx, [row.face])
    bench.look_again(photo)
    bench.look({"0.png": (face_at(Box(0.06, 0.07, 0.2, 0.25), like("ada")),)})
    assert journal.undo(bench.ctx, latest(bench)).left == ()
    [again] = bench.faces(photo)
    assert (again.x, again.stale, again.person) == (0.06, False, ada)


def test_what_a_machine_saw_in_a_box_ends_with_its_undo(bench: Bench, ada: int) -> None:
    bench.put("new.png", face("ada", 0))
    photo = bench.photo("new.png").photo
    [row] = bench.faces(photo)
    assert (row.person, row.assigned_by) == (ada, "auto")
    before = truth(bench)
    actions.move_box(bench.ctx, row.face, PLACE)
    decision = latest(bench)
    assert bench.faces(photo)[0].person is None
    other = next(person.person for person in bench.people() if person.person != ada)
    with bench.ctx.database.write(verb="match") as writer:
        people_store.assign(writer, row.face, other, by="auto", confidence=0.9)
    after = truth(bench)
    assert journal.undo(bench.ctx, decision).left == ()
    assert truth(bench) == before
    assert journal.redo(bench.ctx, decision).left == ()
    assert truth(bench) == after


def test_a_detection_in_a_drawn_box_is_that_face(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    row = actions.draw_face(bench.ctx, photo, PLACE, name="Hedy")
    bench.look_again(photo)
    tight = Box(PLACE.x + 0.03, PLACE.y + 0.04, 0.14, 0.16)
    bench.look({"0.png": (face("ada", 0), face_at(tight, like("hedy")))})
    [_, drawn] = bench.faces(photo)
    assert (drawn.face, drawn.name, drawn.width, drawn.stale) == (row.face, "Hedy", PLACE.width, False)
    bench.look_again(photo)
    bench.look({"0.png": ()})
    assert [each.face for each in bench.faces(photo)] == [_.face, row.face]


def test_a_drawing_that_was_undone_is_in_nobodys_way(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    row = actions.draw_face(bench.ctx, photo, PLACE, name="Hedy")
    decision = latest(bench)
    journal.undo(bench.ctx, decision)
    bench.look_again(photo)
    bench.look({"0.png": (face("ada", 0), face_at(PLACE, like("hedy")))})
    [_, found] = bench.faces(photo)
    assert (found.source, found.face) == ("detected", row.face + 1)
    with bench.ctx.database.read() as reader:
        assert listing.faces(reader, standing=None, photo=photo).total == 2
        assert listing.faces(reader, standing="deleted").total == 0
    journal.redo(bench.ctx, decision)
    assert {each.source for each in bench.faces(photo)} == {"detected", "drawn"}
    bench.look_again(photo)
    bench.look({"0.png": (face("ada", 0), face_at(PLACE, like("hedy")))})
    [_, drawn] = bench.faces(photo)
    assert (drawn.face, drawn.name) == (row.face, "Hedy"), "one of the two, and the user's"


def test_a_drawing_that_was_undone_is_shown_again_like_any_other(bench: Bench, ada: int) -> None:
    row = actions.draw_face(bench.ctx, bench.photo("0.png").photo, PLACE)
    journal.undo(bench.ctx, latest(bench))
    standing.show(bench.ctx, [row.face])
    assert bench.value("SELECT unmade FROM face WHERE id = %(f)s", f=row.face) is False
    journal.undo(bench.ctx, latest(bench))
    assert bench.value("SELECT unmade FROM face WHERE id = %(f)s", f=row.face) is True


def test_a_stranger_in_the_place_of_a_users_box_is_another_face(bench: Bench, ada: int) -> None:
    photo = bench.photo("0.png").photo
    [row] = bench.faces(photo)
    box = Box(row.x, row.y, row.width, row.height - 0.01)
    actions.move_box(bench.ctx, row.face, box)
    bench.look_again(photo)
    bench.look({"0.png": (face("ada", 0),)})
    bench.look_again(photo)
    bench.look({"0.png": (face("stranger", 0),)})
    assert len(bench.faces(photo)) == 2


def test_each_decision_and_change_has_its_line(bench: Bench, ada: int) -> None:
    row = actions.draw_face(bench.ctx, bench.photo("0.png").photo, PLACE, person_id=ada)
    actions.move_box(bench.ctx, row.face, ELSEWHERE)
    standing.ignore(bench.ctx, [row.face])
    standing.show(bench.ctx, [row.face])
    standing.not_a_face(bench.ctx, [each.face for each in bench.faces()][:2])
    journal.undo_latest(bench.ctx)
    with bench.ctx.database.read() as reader:
        page = decisions.decisions(reader, actor="user", limit=6).items
        lines = [each.summary for each in page]
        details = [
            change.summary for each in page for change in decisions.changes(reader, each.decision).items
        ]
    assert lines == [
        "You undid “You said that 2 faces are not faces”",
        "You said that 2 faces are not faces",
        f"You showed face {row.face} again",
        f"You ignored face {row.face}",
        f"You moved the box of face {row.face}",
        f"You drew a face in photo {row.photo}: Ada",
    ]
    for line in (
        f"face {row.face} was drawn",
        f"face {row.face} has another box",
        f"face {row.face} was ignored",
    ):
        assert line in details


# What the database refuses --------------------------------------------------------------------------------

REFUSED = {
    "standing_is_the_users": "UPDATE face SET standing = 'ignored' WHERE id = {drawn}",
    "box_is_the_users": "UPDATE face SET x = x / 2 WHERE id = {drawn}",
    "machine_is_not_user": """INSERT INTO face (photo_id, x, y, width, height, source, box_by)
        SELECT photo_id, 0.5, 0.5, 0.1, 0.1, 'imported', 'user' FROM face WHERE id = {found}""",
    "touched_face_stays": "DELETE FROM face WHERE id = {drawn}",
    "put_away_is_nobodys": """INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
        SELECT id, photo_id, {person}, 'auto', 1 FROM face WHERE standing <> 'shown'""",
    "drawn_by_a_user": "UPDATE face SET source = 'drawn' WHERE id = {found}",
}


def test_what_a_machine_may_not(bench: Bench, ada: int) -> None:
    found, away = [row.face for row in bench.faces()][:2]
    drawn = actions.draw_face(bench.ctx, bench.photo("0.png").photo, PLACE).face
    standing.ignore(bench.ctx, [away])
    for name, statement in REFUSED.items():
        with pytest.raises(Conflict) as refused:
            bench.sql(statement.format(drawn=drawn, found=found, person=ada))
        cause = refused.value.__cause__
        assert isinstance(cause, psycopg.Error)
        assert cause.diag.constraint_name == name


def test_a_suggestion_for_what_is_put_away_is_none(bench: Bench, ada: int) -> None:
    [grace] = [row.face for row in bench.faces(bench.put("alone.png", face("grace")))]
    people.unassign_face(bench.ctx, grace, reject=False)
    suggest = """INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance)
                 VALUES (%(f)s, %(p)s, 1, 0.5, 0.5)"""
    assert bench.sql(suggest, f=grace, p=ada) == 1
    standing.ignore(bench.ctx, [grace])
    assert bench.value("SELECT count(*) FROM suggestion") == 0
    assert bench.sql(suggest, f=grace, p=ada) == 0
