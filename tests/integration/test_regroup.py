"""Grouping everything anew: what a user touched stays, one decision, undone and done again, cancelled."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from store_support import Bench, face, face_at, like, write_photo

from facekeep.actions import accounts, group, journal, people, regroup, regroup_writing
from facekeep.actions.group import group_new_faces
from facekeep.actions.regroup import ask_to_regroup, cancel_regroup, run_asked
from facekeep.domain.accounts import Role
from facekeep.domain.errors import Conflict
from facekeep.domain.faces import AnalysedFace, Box
from facekeep.store import decisions, whole
from facekeep.store import grouping as grouping_store
from facekeep.store import regrouping as store
from facekeep.store.database import Reader
from facekeep.store.regrouping import Run


def put(bench: Bench, photos: dict[str, list[AnalysedFace]]) -> None:
    for name in photos:
        write_photo(bench.root / name, name)
    bench.scan()
    bench.look(photos)


def assign(bench: Bench, who: dict[int, int]) -> None:
    """As a machine that was wrong."""
    with bench.ctx.database.write(verb="group") as writer:
        grouping_store.put(writer, {face_id: (p, 0.5) for face_id, p in who.items()}, bench.ctx.pack_id)


def anew(bench: Bench, *, dry_run: bool = False) -> Run:
    ask_to_regroup(bench.ctx, dry_run=dry_run)
    run = run_asked(bench.ctx)
    assert run is not None
    return run


def whose(bench: Bench) -> dict[int, int | None]:
    return {row.face: row.person for row in bench.faces()}


@pytest.fixture
def mixed(bench: Bench) -> Bench:
    """Two people wrongly in one group, a third in two, and a face that nobody has; by photo."""
    photos = {
        f"{who}{n}.png": [face(who, distance=0.25)] for who in ("ada", "grace", "linda") for n in range(6)
    }
    put(bench, photos | {"alone.png": [face("stranger")]})
    with bench.ctx.database.write(verb="group") as writer:
        one, two, three = grouping_store.make_people(writer, 3)
    faces = {name: bench.faces(bench.photo(name).photo)[0].face for name in photos}
    to = {"ada": one, "grace": one, "linda": two}
    who = {faces[name]: to[name[:-5]] for name in photos}
    who |= {faces["linda4.png"]: three, faces["linda5.png"]: three}
    assign(bench, who)
    bench.sql("UPDATE face SET grouped = true")
    return bench


def of(bench: Bench, who: str) -> set[int | None]:
    """Whose the faces of somebody are."""
    return {bench.faces(bench.photo(f"{who}{n}.png").photo)[0].person for n in range(6)}


def test_a_dry_run_changes_nothing(mixed: Bench) -> None:
    before, entries = whose(mixed), mixed.journal()
    run = anew(mixed, dry_run=True)
    assert (run.state, run.decision) == ("done", None)
    assert run.outcome is not None
    assert (run.outcome["moved"], run.outcome["new"], run.outcome["gone"]) == (8, 1, 1)
    assert (run.outcome["stay"], run.outcome["change"], run.outcome["faces"]) == (0, 2, 19)
    assert whose(mixed) == before
    assert mixed.journal() == entries


def test_everybody_has_a_group_of_their_own_afterwards(mixed: Bench) -> None:
    one, two, three = sorted({person for person in whose(mixed).values() if person is not None})
    run = anew(mixed)
    assert run.state == "done"
    assert [len(of(mixed, who)) for who in ("ada", "grace", "linda")] == [1, 1, 1]
    assert of(mixed, "linda") == {two}
    assert one in of(mixed, "ada") | of(mixed, "grace")
    [new] = (of(mixed, "ada") | of(mixed, "grace")) - {one}
    assert new is not None
    assert new > three
    with mixed.ctx.database.read() as reader:
        entry = decisions.decision(reader, run.decision or 0)
    assert entry.summary == "You grouped everything anew: 8 faces moved, 1 person new, 1 gone"
    assert mixed.tuples("SELECT merged_into FROM person WHERE id = %(p)s", p=three) == [(two,)]


def test_again_there_is_nothing_to_do(mixed: Bench) -> None:
    anew(mixed)
    after, run = whose(mixed), anew(mixed)
    assert (run.state, run.decision) == ("done", None)
    assert run.outcome is not None
    assert (run.outcome["moved"], run.outcome["stay"]) == (0, 3)
    assert whose(mixed) == after


def test_it_can_be_undone_and_done_again(mixed: Bench) -> None:
    before = whose(mixed)
    run = anew(mixed)
    after = whose(mixed)
    assert journal.undo_latest(mixed.ctx).left == ()
    assert whose(mixed) == before
    assert journal.redo(mixed.ctx, run.decision or 0).left == ()
    assert whose(mixed) == after


def test_two_of_one_photo_that_changed_places_change_back(bench: Bench) -> None:
    """Undoing is in its own way there, face by face."""
    put(bench, {f"{n}.png": [face("ada", 0, 0.25), face("grace", 1, 0.25)] for n in range(6)})
    with bench.ctx.database.write(verb="group") as writer:
        one, two = grouping_store.make_people(writer, 2)
    rows = [bench.faces(bench.photo(f"{n}.png").photo) for n in range(6)]
    wrong = {pair[0].face: two if n == 0 else one for n, pair in enumerate(rows)}
    wrong |= {pair[1].face: one if n == 0 else two for n, pair in enumerate(rows)}
    assign(bench, wrong)
    run = anew(bench)
    assert run.outcome is not None
    assert run.outcome["moved"] == 2
    assert {whose(bench)[pair[0].face] for pair in rows} == {one}
    undone = journal.undo(bench.ctx, run.decision or 0)
    assert undone.left == ()
    assert whose(bench) == wrong
    journal.redo(bench.ctx, run.decision or 0)
    assert {whose(bench)[pair[0].face] for pair in rows} == {one}


def test_what_a_user_touched_stays(mixed: Bench) -> None:
    wrong = mixed.faces(mixed.photo("grace0.png").photo)[0]
    assert wrong.person is not None
    people.assign_face(mixed.ctx, wrong.face, person_id=wrong.person)
    name = mixed.faces(mixed.photo("linda5.png").photo)[0].person
    assert name is not None
    people.name_person(mixed.ctx, name, "Half of Linda")
    anew(mixed)
    after = whose(mixed)
    assert after[wrong.face] == wrong.person
    assert mixed.faces(mixed.photo("linda4.png").photo)[0].name == "Half of Linda"
    assert name not in {row.person for row in mixed.faces(mixed.photo("linda0.png").photo)}
    assert len(of(mixed, "ada")) == 1


def test_a_rejected_face_does_not_come_back(bench: Bench) -> None:
    put(bench, {f"{n}.png": [face("ada", distance=0.2)] for n in range(5)})
    while group_new_faces(bench.ctx).faces:
        pass
    [ada] = bench.people()
    out = bench.faces()[0]
    people.unassign_face(bench.ctx, out.face)
    anew(bench)
    assert whose(bench)[out.face] is None
    assert list(whose(bench).values()).count(ada.person) == 4


@pytest.mark.parametrize("what", ["hidden = true", "notes = 'the neighbour'", "favourite = true"])
def test_people_of_whom_something_was_said_keep_their_faces(mixed: Bench, what: str) -> None:
    before = whose(mixed)
    with mixed.ctx.database.write("user", verb="edit") as writer:
        writer.run(f"UPDATE person SET {what}")
    anew(mixed)
    assert {f: whose(mixed)[f] for f, p in before.items() if p} == {f: p for f, p in before.items() if p}


def test_two_at_once_are_refused(mixed: Bench) -> None:
    ask_to_regroup(mixed.ctx, dry_run=True)
    with pytest.raises(Conflict, match="already"):
        ask_to_regroup(mixed.ctx, dry_run=False)
    run_asked(mixed.ctx)
    ask_to_regroup(mixed.ctx, dry_run=True)


def test_it_waits_while_somebody_groups(mixed: Bench) -> None:
    ask_to_regroup(mixed.ctx, dry_run=True)
    with mixed.ctx.database.hold(*group.GROUP_LOCK) as ours:
        assert ours
        assert run_asked(mixed.ctx) is None
    assert run_asked(mixed.ctx) is not None


def test_cancelled_before_it_begins(mixed: Bench) -> None:
    ask_to_regroup(mixed.ctx, dry_run=False)
    run = cancel_regroup(mixed.ctx)
    assert run is not None
    assert run.state == "cancelled"
    assert run_asked(mixed.ctx) is None
    assert cancel_regroup(mixed.ctx) is None


def test_cancelled_in_the_middle_nothing_is_changed(mixed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = whose(mixed)
    monkeypatch.setattr(regroup, "TELL_S", 0.0)
    ask_to_regroup(mixed.ctx, dry_run=False)

    def progress(text: str) -> None:
        if "comparing" in text:
            assert cancel_regroup(mixed.ctx) is not None

    run = run_asked(mixed.ctx, progress)
    assert run is not None
    assert (run.state, run.outcome) == ("cancelled", None)
    assert whose(mixed) == before


def test_whoever_dies_in_the_middle_is_followed(mixed: Bench) -> None:
    """Stopped, or killed: the row still says that it runs, and nobody holds the lock."""
    ask_to_regroup(mixed.ctx, dry_run=False)
    run = run_asked(mixed.ctx, stop=lambda: True)
    assert run is not None
    assert run.state == "running"
    with pytest.raises(Conflict):
        ask_to_regroup(mixed.ctx, dry_run=False)
    again = run_asked(mixed.ctx)
    assert again is not None
    assert (again.number, again.state) == (run.number, "done")
    assert len(of(mixed, "linda")) == 1


def test_a_failure_is_told(mixed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user is at the faces for so long that it gives up."""
    before = whose(mixed)
    monkeypatch.setattr(regroup_writing, "TRIES", 2)
    ask_to_regroup(mixed.ctx, dry_run=False)
    locked, done = threading.Event(), threading.Event()

    def user() -> None:
        with mixed.ctx.database.write("user") as writer:
            writer.tuples("SELECT id FROM face FOR UPDATE")
            locked.set()
            done.wait(30)

    thread = threading.Thread(target=user)
    thread.start()
    assert locked.wait(30)
    run = run_asked(mixed.ctx)
    done.set()
    thread.join()
    assert run is not None
    assert run.state == "failed"
    assert "gave way" in run.message
    assert whose(mixed) == before


def meanwhile(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Right after everything was read."""
    real = whole.read

    def read(reader: Reader, *given: object) -> whole.Whole:
        found = real(reader, *given)  # type: ignore[arg-type]
        action()
        return found

    monkeypatch.setattr(whole, "read", read)


def test_what_a_user_does_meanwhile_wins(mixed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = mixed.faces(mixed.photo("grace1.png").photo)[0]
    gone = mixed.faces(mixed.photo("linda5.png").photo)[0].person
    into = mixed.faces(mixed.photo("linda0.png").photo)[0].person
    assert gone is not None
    assert into is not None

    def user() -> None:
        people.assign_face(mixed.ctx, moved.face, name="Eve")
        people.name_person(mixed.ctx, gone, "Linda")

    meanwhile(monkeypatch, user)
    run = anew(mixed)
    assert run.state == "done"
    assert run.outcome is not None
    assert run.outcome["left"] >= 2
    assert mixed.faces(mixed.photo("grace1.png").photo)[0].name == "Eve"
    assert mixed.faces(mixed.photo("linda5.png").photo)[0].name == "Linda"
    assert mixed.value("SELECT merged_into FROM person WHERE id = %(p)s", p=gone) is None


def test_a_face_that_is_gone_meanwhile(mixed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    face_id = mixed.faces(mixed.photo("ada1.png").photo)[0].face
    meanwhile(monkeypatch, lambda: mixed.sql("DELETE FROM face WHERE id = %(f)s", f=face_id))
    assert anew(mixed).state == "done"
    assert face_id not in whose(mixed)


def test_the_database_holds_to_the_users_word_in_it(mixed: Bench) -> None:
    """The decision is the user's, its changes are a machine's: the guards look at those."""
    said = mixed.faces()[0]
    people.assign_face(mixed.ctx, said.face, person_id=said.person)

    run = ask_to_regroup(mixed.ctx, dry_run=False)

    def wrong() -> None:
        with mixed.ctx.database.write("user", verb="regroup") as writer:
            store.begin_decision(writer, run.number, {})
            writer.run("DELETE FROM assignment")

    with pytest.raises(Conflict, match="a machine may not change"):
        wrong()


def test_poor_vectors_of_one_photo_stay_apart(bench: Bench) -> None:
    place = like("ada", 0.1)
    pair = [face_at(Box(0.05 + 0.3 * n, 0.1, 0.2, 0.2), np.asarray(place + 0.001 * n)) for n in range(2)]
    put(bench, {"1.png": pair, "2.png": [face("ada", distance=0.1)]})
    anew(bench)
    [one, two] = bench.faces(bench.photo("1.png").photo)
    assert one.person is None or one.person != two.person


def test_it_is_the_decision_of_whoever_asked_for_it(mixed: Bench) -> None:
    account = accounts.add_account(mixed.ctx, "ada", Role.ADMIN, "four plain dull words").account
    theirs = replace(mixed.ctx, database=mixed.ctx.database.on_behalf(account))
    ask_to_regroup(theirs, dry_run=False)
    run = run_asked(mixed.ctx)
    assert run is not None
    entry = "SELECT actor, account FROM decision WHERE id = %(decision)s"
    assert mixed.tuples(entry, decision=run.decision) == [("user", account)]
