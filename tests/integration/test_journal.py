"""Every decision can be undone, whoever made it; what was changed since is left, and said."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from store_support import Bench, face

from facekeep.actions import details, journal, moving, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import AlreadyUndone, Conflict, NotFound
from facekeep.store import decisions as store

TRUTH = {
    "assignment": "SELECT a.face_id, kept_of(to_jsonb(a)) FROM assignment a ORDER BY 1",
    "rejection": "SELECT face_id, person_id, rejected_at FROM rejection ORDER BY 1, 2",
    "person": "SELECT p.id, kept_of(to_jsonb(p)) FROM person p WHERE p.name IS NOT NULL OR p.hidden"
    " OR p.merged_into IS NOT NULL OR EXISTS (SELECT FROM assignment a WHERE a.person_id = p.id) ORDER BY 1",
}


def truth(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """All that people said and machines concluded, as the journal sees it."""
    return {name: bench.tuples(query) for name, query in TRUTH.items()}


def last(bench: Bench) -> int:
    return int(str(bench.value("SELECT max(id) FROM decision")))


@pytest.fixture
def two(bench: Bench) -> tuple[int, int]:
    """Four photos of Ada and three of Grace, grouped, nobody named."""
    for number, who in enumerate(["ada"] * 4 + ["grace"] * 3):
        bench.put(f"{number}.png", face(who))
    while group_new_faces(bench.ctx).faces:
        pass
    first, second = sorted(bench.people(), key=lambda row: -row.faces)
    return first.person, second.person


def test_nothing_is_written_beside_the_journal(bench: Bench, two: tuple[int, int]) -> None:
    """Every row there is follows from the changes on record, those of machines included."""
    people.name_person(bench.ctx, two[0], "Ada")
    rows = bench.tuples(
        "SELECT DISTINCT ON (face_id) face_id, after FROM change WHERE kind = 'assignment'"
        " ORDER BY face_id, decision_id DESC, number DESC"
    )
    assert [(face_id, after) for face_id, after in rows if after] == truth(bench)["assignment"]
    verbs = dict(bench.tuples("SELECT verb, count(*) FROM decision GROUP BY verb"))
    assert set(verbs) <= {"group", "match", "name"}


def test_who_writes_without_saying_why_is_entered_too(bench: Bench, two: tuple[int, int]) -> None:
    with psycopg.connect(bench.ctx.database._where()) as connection:
        connection.execute("DELETE FROM assignment")
    [entry] = _latest(bench, 1)
    assert (entry.verb, entry.actor, entry.changes) == ("directly", "machine", 7)
    assert journal.undo(bench.ctx, entry.decision).restored == 7


def _latest(bench: Bench, count: int) -> list[store.DecisionRow]:
    with bench.ctx.database.read() as reader:
        return store.decisions(reader, limit=count).items


@pytest.mark.parametrize(
    "verb", ["name", "hide", "merge", "assign", "new", "reject", "unassign", "take back"]
)
def test_undo_and_redo_of_every_verb(bench: Bench, two: tuple[int, int], verb: str) -> None:
    ctx, (ada, grace) = bench.ctx, two
    [one, *_] = (row.face for row in bench.faces() if row.person == ada)
    people.name_person(ctx, grace, "Grace")
    if verb == "take back":
        people.unassign_face(ctx, one)
    before = truth(bench)
    say: dict[str, Callable[[], object]] = {
        "name": lambda: people.name_person(ctx, ada, "Ada"),
        "hide": lambda: people.hide_person(ctx, ada, True),
        "merge": lambda: people.merge_people(ctx, ada, grace),
        "assign": lambda: people.assign_face(ctx, one, person_id=grace),
        "new": lambda: people.assign_face(ctx, one, name="Countess"),
        "reject": lambda: people.unassign_face(ctx, one),
        "unassign": lambda: people.unassign_face(ctx, one, reject=False),
        "take back": lambda: people.assign_face(ctx, one, person_id=ada),
    }
    say[verb]()
    after, decision = truth(bench), last(bench)
    assert after != before
    undone = journal.undo(ctx, decision)
    assert undone.left == ()
    assert truth(bench) == before
    with pytest.raises(Conflict, match="was undone"):
        journal.undo(ctx, decision)
    assert journal.redo(ctx, decision).left == ()
    assert truth(bench) == after
    with pytest.raises(Conflict, match="not undone"):
        journal.redo(ctx, decision)
    assert journal.undo(ctx, decision).left == ()
    assert truth(bench) == before


def test_undoing_a_merge_changes_each_row_once(bench: Bench) -> None:
    """Also where both are in one photo, in which a machine puts nobody twice."""
    for number in range(4):
        bench.put(f"{number}.png", face("ada"), face("grace", 1))
    while group_new_faces(bench.ctx).faces:
        pass
    ada, grace = (row.person for row in bench.people())
    before = truth(bench)
    people.merge_people(bench.ctx, grace, ada)
    undone = journal.undo(bench.ctx, last(bench))
    assert truth(bench) == before
    entered = "SELECT count(*) FROM change WHERE decision_id = %(decision)s"
    assert bench.value(entered, decision=undone.decision) == 8 + 1


def test_undo_at_any_age_leaves_what_came_later(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    people.name_person(bench.ctx, ada, "Ada")
    people.merge_people(bench.ctx, grace, ada)
    merge = last(bench)
    mine = [row.face for row in bench.faces() if row.person == ada]
    people.assign_face(bench.ctx, mine[-1], name="Hedy")
    people.name_person(bench.ctx, ada, "Ada Lovelace")
    undone = journal.undo(bench.ctx, merge)
    assert [(item.kind, item.face, item.reason) for item in undone.left] == [
        ("assignment", mine[-1], "changed since")
    ]
    names = {row.person: (row.name, row.faces) for row in bench.people()}
    assert names[ada] == ("Ada Lovelace", 4)
    assert names[grace] == (None, 2)
    assert ("Hedy", 1) in names.values()


def test_one_undo_of_a_decision_stands(bench: Bench, two: tuple[int, int]) -> None:
    """Taking back a redo of which something still stands would let an older undo stand beside a later."""
    ada, grace = two
    first, second = [row.face for row in bench.faces() if row.person == ada][:2]
    moving.move_faces(bench.ctx, [first, second], person_id=grace)
    move = last(bench)
    journal.undo(bench.ctx, move)
    redo = journal.redo(bench.ctx, move).decision
    people.assign_face(bench.ctx, second, name="Hedy")
    named = last(bench)
    later = journal.undo(bench.ctx, move)
    assert [item.face for item in later.left] == [second]
    journal.undo(bench.ctx, named)
    with pytest.raises(AlreadyUndone, match=f"by decision {later.decision}"):
        journal.undo(bench.ctx, redo)
    journal.undo(bench.ctx, later.decision)
    journal.undo(bench.ctx, redo)


def test_un_merging_asks_again_whose_the_later_faces_are(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    people.name_person(bench.ctx, ada, "Ada")
    people.name_person(bench.ctx, grace, "Grace")
    people.merge_people(bench.ctx, grace, ada)
    merge = last(bench)
    bench.put("later.png", face("grace"))
    assert [row.faces for row in bench.people()] == [8]
    assert journal.undo(bench.ctx, merge).looked_at_again == 1
    while group_new_faces(bench.ctx).faces:
        pass
    assert {row.name: row.faces for row in bench.people()} == {"Ada": 4, "Grace": 4}


def test_a_machines_decision_can_be_undone_and_is_not_made_again(bench: Bench, two: tuple[int, int]) -> None:
    people.name_person(bench.ctx, two[0], "Ada")
    bench.put("new.png", face("ada"))
    [entry] = _latest(bench, 1)
    assert (entry.verb, entry.actor) == ("match", "machine")
    journal.undo(bench.ctx, entry.decision)
    while group_new_faces(bench.ctx).faces:
        pass
    assert next(row.faces for row in bench.people() if row.name == "Ada") == 4


def test_what_the_schema_refuses_is_left_and_the_rest_is_undone(bench: Bench, two: tuple[int, int]) -> None:
    """The old person of a face has been merged away since: there is nobody to give it back to."""
    ada, grace = two
    people.name_person(bench.ctx, grace, "Grace")
    [one, *_] = (row.face for row in bench.faces() if row.person == ada)
    people.assign_face(bench.ctx, one, name="Hedy")
    assign = last(bench)
    people.merge_people(bench.ctx, ada, grace)
    undone = journal.undo(bench.ctx, assign)
    assert [item.kind for item in undone.left] == ["assignment"]
    assert "merged" in undone.left[0].reason
    assert undone.restored == 1


def test_an_undo_makes_old_tabs_look_again(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    row = people.name_person(bench.ctx, ada, "Ada")
    journal.undo(bench.ctx, last(bench))
    with pytest.raises(Conflict):
        people.name_person(bench.ctx, ada, "Countess", version=row.version)


def test_there_is_no_such_decision(bench: Bench) -> None:
    with pytest.raises(NotFound):
        journal.undo(bench.ctx, 4711)


def test_the_journal_of_a_person_and_of_a_face(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    people.name_person(bench.ctx, ada, "Ada")
    people.hide_person(bench.ctx, grace, True)
    with bench.ctx.database.read() as reader:
        of_ada = store.decisions(reader, person=ada).items
        assert of_ada[0].verb == "name"
        assert "hide" not in [entry.verb for entry in of_ada]
        some = next(row.face for row in bench.faces() if row.person == ada)
        assert store.decisions(reader, face=some).items[0].verb == "name"
        after = store.changes(reader, last(bench)).items[0].after
        assert after is not None
        assert after["hidden"] is True


@pytest.mark.parametrize("verb", ["delete", "unassign"])
def test_a_machine_that_was_quicker_does_not_stand_in_the_way(
    bench: Bench, two: tuple[int, int], verb: str
) -> None:
    """Between a decision and its undo grouping gave the faces to somebody new: they come back."""
    ctx, (ada, _) = bench.ctx, two
    people.name_person(ctx, ada, "Ada")
    theirs = [row.face for row in bench.faces() if row.person == ada]
    if verb == "delete":
        details.delete_person(ctx, ada)
        decision = last(bench)
    else:
        moving.remove_faces(ctx, theirs, reject=True)
        decision = last(bench)
    while group_new_faces(ctx).faces:
        pass
    assert {row.person for row in bench.faces() if row.face in theirs} - {None, ada}, "somebody new"
    undone = journal.undo(ctx, decision)
    assert undone.left == ()
    assert {row.person for row in bench.faces() if row.face in theirs} == {ada}
    assert {row.name for row in bench.faces() if row.face in theirs} == {"Ada"}
    journal.redo(ctx, decision)
    assert ada not in {row.person for row in bench.faces()}
