"""Who waited for another's word goes by that word: what is held is read after it is held."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from store_support import WAITING, Bench, analysis, face
from worker_support import eventually

from facekeep.actions import analyse, finding, moving, standing
from facekeep.actions.group import group_new_faces
from facekeep.actions.regroup import ask_to_regroup, run_asked
from facekeep.store import details, grouping
from facekeep.store import faces as face_store
from facekeep.store.database import Writer

Result = TypeVar("Result")

EMPTY = "SELECT verb FROM decision d WHERE NOT EXISTS (SELECT FROM change c WHERE c.decision_id = d.id)"


def after(bench: Bench, word: Callable[[Writer], object], verb: Callable[[], Result]) -> Result:
    """Do `verb`, which begins before a user's `word` is stored and waits for it."""
    with ThreadPoolExecutor(1) as pool:
        with bench.ctx.database.write("user", verb="word") as writer:
            word(writer)
            waiting = pool.submit(verb)
            eventually(lambda: waiting.done() or bench.value(WAITING), "somebody waits")
            assert not waiting.done()
        return waiting.result(timeout=60)


def given(faces: list[int], person: int) -> Callable[[Writer], None]:
    """The word that these faces are somebody."""

    def word(writer: Writer) -> None:
        face_store.hold(writer, faces)
        details.give(writer, faces, person)

    return word


def taken(faces: list[int]) -> Callable[[Writer], None]:
    """The word that these faces are not who they are said to be."""

    def word(writer: Writer) -> None:
        face_store.hold(writer, faces)
        details.drop(writer, faces)

    return word


@pytest.fixture
def two(bench: Bench) -> tuple[Bench, int, int, list[int]]:
    """Two people, and the faces of the first."""
    for number in range(6):
        bench.put(f"{number}.png", face("ada" if number < 3 else "grace"))
    while group_new_faces(bench.ctx).faces:
        pass
    first, second = (row.person for row in bench.people())
    return bench, first, second, [row.face for row in bench.faces() if row.person == first]


def test_a_face_is_rejected_for_whom_it_is_by_then(two: tuple[Bench, int, int, list[int]]) -> None:
    bench, _, other, faces = two
    done = after(bench, given(faces[:1], other), lambda: moving.remove_faces(bench.ctx, faces[:1]))
    assert done.outcomes == ((faces[0], "removed"),)
    assert bench.tuples("SELECT face_id, person_id FROM rejection") == [(faces[0], other)]


def test_a_move_says_what_it_did(two: tuple[Bench, int, int, list[int]]) -> None:
    bench, first, other, faces = two
    word = given(faces[:1], other)
    done = after(bench, word, lambda: moving.move_faces(bench.ctx, faces[:1], person_id=other))
    assert done.outcomes == ((faces[0], "same"),)
    assert [row.person for row in bench.faces() if row.face in faces] == [other, first, first]


def test_what_is_put_away_is_nobodys_and_the_cover_of_nobody(two: tuple[Bench, int, int, list[int]]) -> None:
    bench, _, other, faces = two

    def word(writer: Writer) -> None:
        given(faces[:1], other)(writer)
        writer.run(
            "UPDATE person SET cover_face_id = %(face)s WHERE id = %(person)s",
            {"face": faces[0], "person": other},
        )

    after(bench, word, lambda: standing.ignore(bench.ctx, faces[:1]))
    assert bench.value("SELECT count(*) FROM assignment WHERE face_id = %(face)s", face=faces[0]) == 0
    assert bench.value("SELECT cover_face_id FROM person WHERE id = %(person)s", person=other) is None


def test_regrouping_enters_nothing_where_a_user_was_quicker(bench: Bench) -> None:
    for number in range(4):
        bench.put(f"{number}.png", face("ada"))
    group_new_faces(bench.ctx)
    [person] = (row.person for row in bench.people())
    bench.put("stranger.png", face("stranger"))
    [stranger] = (row.face for row in bench.faces() if row.person is None)
    with bench.ctx.database.write(verb="group") as writer:
        grouping.put(writer, {stranger: (person, 0.5)}, bench.ctx.pack_id)
    ask_to_regroup(bench.ctx, dry_run=False)
    run = after(bench, taken([stranger]), lambda: run_asked(bench.ctx))
    assert run is not None
    assert run.outcome is not None
    assert (run.state, run.decision, run.outcome["moved"], run.outcome["left"]) == ("done", None, 0, 1)
    assert bench.tuples(EMPTY) == []


def test_a_face_that_was_named_stays_in_a_photo_that_is_looked_at_again(bench: Bench) -> None:
    photo = bench.put("a.png", face("ada"))
    bench.put("b.png", face("ada"))
    group_new_faces(bench.ctx)
    [person] = (row.person for row in bench.people())
    [named] = bench.faces(photo)
    bench.look_again(photo)
    [claimed] = bench.claim()
    word = given([named.face], person)
    assert after(bench, word, lambda: analyse.record(bench.ctx, claimed, analysis()))
    assert [row.face for row in bench.faces(photo)] == [named.face]


def test_a_new_face_that_a_user_gave_somebody_is_no_longer_grouped(
    two: tuple[Bench, int, int, list[int]],
) -> None:
    bench, first, _, _ = two
    photo = bench.put("new.png", face("grace"))
    [new] = bench.faces(photo)
    after(bench, given([new.face], first), lambda: group_new_faces(bench.ctx))
    assert [row.person for row in bench.faces(photo)] == [first]


def test_finding_more_waits_for_whoever_is_at_a_face(two: tuple[Bench, int, int, list[int]]) -> None:
    bench, first, _, faces = two
    moving.remove_faces(bench.ctx, faces[:1], reject=False)

    def word(writer: Writer) -> None:
        face_store.hold(writer, faces[:1])

    found = after(bench, word, lambda: finding.find_more(bench.ctx, first))
    assert [one.face for one in found.items] == faces[:1]
