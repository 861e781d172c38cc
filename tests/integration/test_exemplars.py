"""Exemplars on the real database: chosen when a person's faces change, and never anybody else's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
import pytest
from store_support import Bench, face, like

from facekeep.actions import details, exemplars, faces, journal, moving, people
from facekeep.actions.exemplars import exemplars_of, pin_face, refresh, unpin_face
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import NotFound, UsageError
from facekeep.domain.exemplars import Exemplar
from facekeep.domain.faces import Box
from facekeep.store import exemplars as store
from facekeep.store import packs
from facekeep.store.faces import put_embedding

STALE = """
SELECT x.face_id FROM exemplar x
LEFT JOIN assignment a ON (a.face_id, a.person_id) = (x.face_id, x.person_id)
LEFT JOIN embedding e ON (e.face_id, e.pack_id) = (x.face_id, x.pack_id)
WHERE a.face_id IS NULL OR e.vector IS NULL OR e.vector <> x.vector
UNION
SELECT p.face_id FROM pin p LEFT JOIN assignment a ON (a.face_id, a.person_id) = (p.face_id, p.person_id)
WHERE a.face_id IS NULL"""


@contextmanager
def speaking(bench: Bench, actor: str = "user") -> Iterator[psycopg.Connection[Any]]:
    """A transaction past facekeep."""
    with psycopg.connect(bench.ctx.database._where()) as connection:
        connection.execute("SELECT set_config('facekeep.actor', %s, true)", (actor,))
        yield connection


def stands_for(bench: Bench) -> dict[int, int]:
    """Whose each exemplar is; none is stale."""
    assert bench.tuples(STALE) == []
    return dict(bench.tuples("SELECT face_id, person_id FROM exemplar ORDER BY face_id"))


def pins(bench: Bench) -> dict[int, int]:
    return dict(bench.tuples("SELECT face_id, person_id FROM pin ORDER BY face_id"))


@pytest.fixture
def two(bench: Bench) -> tuple[int, int]:
    """Ada and Grace, three faces each, named."""
    for number, who in enumerate(["ada"] * 3 + ["grace"] * 3):
        bench.put(f"{number}.png", face(who))
    while group_new_faces(bench.ctx).faces:
        pass
    one, other = sorted(row.person for row in bench.people())
    people.name_person(bench.ctx, one, "Ada")
    people.name_person(bench.ctx, other, "Grace")
    refresh(bench.ctx)
    return one, other


def faces_of(bench: Bench, person: int) -> list[int]:
    return [row.face for row in bench.faces() if row.person == person]


def latest(bench: Bench) -> int:
    return int(str(bench.value("SELECT max(id) FROM decision")))


def test_who_has_a_name_has_exemplars(bench: Bench, two: tuple[int, int]) -> None:
    assert stands_for(bench) == {row.face: row.person for row in bench.faces()}
    assert refresh(bench.ctx) == 0
    people.name_person(bench.ctx, two[0], None)
    refresh(bench.ctx)
    assert set(stands_for(bench).values()) == {two[1]}


def test_a_face_that_is_embedded_again_may_stand_for_its_person_again(
    bench: Bench, two: tuple[int, int]
) -> None:
    """As after its box was moved, when nobody could look at it at once."""
    with bench.ctx.database.write() as writer:
        packs.begin_with(writer, bench.ctx.pack_id)
    mine = faces_of(bench, two[0])
    for one in mine:
        faces.move_box(bench.ctx, one, Box(0.4, 0.4, 0.3, 0.3))
    refresh(bench.ctx)
    assert set(stands_for(bench).values()) == {two[1]}
    with bench.ctx.database.write() as writer:
        for one in mine:
            put_embedding(writer, one, bench.ctx.pack_id, like("ada"))
    refresh(bench.ctx)
    assert set(mine) <= stands_for(bench).keys()


def test_a_face_that_leaves_its_person_stands_for_it_no_more(bench: Bench, two: tuple[int, int]) -> None:
    """Unassigned, moved, put on another, deleted: each at once, before anything is chosen anew."""
    one, other = two
    a, b, c = faces_of(bench, one)
    people.unassign_face(bench.ctx, a)
    assert a not in stands_for(bench)
    moving.move_faces(bench.ctx, [b], person_id=other)
    assert stands_for(bench)[b] == other
    people.assign_face(bench.ctx, c, name="Hedy")
    assert stands_for(bench)[c] not in two
    details.delete_person(bench.ctx, other)
    assert list(stands_for(bench)) == [c]


def test_undoing_gives_exemplars_back_with_the_faces(bench: Bench, two: tuple[int, int]) -> None:
    before = stands_for(bench)
    people.merge_people(bench.ctx, two[1], two[0])
    assert set(stands_for(bench).values()) == {two[0]}
    refresh(bench.ctx)
    assert set(stands_for(bench).values()) == {two[0]}
    journal.undo(bench.ctx, latest(bench))
    assert stands_for(bench) == before
    refresh(bench.ctx)
    assert stands_for(bench) == before


def test_what_is_not_theirs_does_not_become_an_exemplar(bench: Bench, two: tuple[int, int]) -> None:
    before = stands_for(bench)
    lone = bench.faces(bench.put("lone.png", face("linda")))[0].face
    with speaking(bench) as connection:
        for stranger, person in ((lone, two[0]), (faces_of(bench, two[0])[0], two[1])):
            put = connection.execute(
                """INSERT INTO exemplar (face_id, pack_id, person_id, era, vector)
                   SELECT face_id, pack_id, %s, 'x', vector FROM embedding WHERE face_id = %s
                   ON CONFLICT (face_id, pack_id) DO UPDATE SET person_id = excluded.person_id""",
                (person, stranger),
            )
            assert put.rowcount == 0
    assert stands_for(bench) == before


def test_an_exemplar_has_the_vector_of_its_face(bench: Bench, two: tuple[int, int]) -> None:
    photo = bench.faces()[0].photo
    bench.look_again(photo)
    name = bench.photo("0.png")
    assert name.photo == photo
    bench.look({"0.png": [face("ada", distance=0.1)]})
    assert len(stands_for(bench)) == 6
    [vector] = bench.tuples(
        "SELECT vector FROM exemplar WHERE face_id = (SELECT min(face_id) FROM exemplar)"
    )[0]
    assert abs(float(((vector - like("ada", 0.0)) ** 2).sum()) ** 0.5 - 0.1) < 1e-3


def test_a_face_that_is_taken_while_it_is_chosen(bench: Bench, two: tuple[int, int]) -> None:
    """The user moves it between the choice and the writing: whichever comes first, it is nobody else's."""
    one, other = two
    [moved, *_] = faces_of(bench, one)
    bench.sql("DELETE FROM exemplar")
    with speaking(bench) as connection:
        connection.execute("UPDATE assignment SET person_id = %s WHERE face_id = %s", (other, moved))
        with bench.ctx.database.read() as reader:
            candidates = store.candidates(reader, one, bench.ctx.pack_id)
        assert moved in [one.face for one in candidates]
        chooser = threading.Thread(target=lambda: _put(bench, one, moved))
        chooser.start()
        chooser.join(0.3)
        connection.commit()
        chooser.join()
    assert moved not in stands_for(bench)


def _put(bench: Bench, person: int, which: int) -> None:
    with bench.ctx.database.write() as writer:
        store.put(writer, person, bench.ctx.pack_id, [Exemplar(which, "x")])


def test_eras_follow_the_birth_date(bench: Bench, two: tuple[int, int]) -> None:
    photos = [row.photo for row in bench.faces() if row.person == two[0]]
    for photo, year in zip(photos, (1985, 1995, 2015), strict=True):
        bench.sql("UPDATE photo SET taken_at = %(at)s WHERE id = %(photo)s", at=f"{year}-06-01", photo=photo)
    details.edit_person(bench.ctx, two[0], {"birth_date": date(1980, 1, 1)})
    found = exemplars_of(bench.ctx, two[0])
    assert [row.era for row in found.exemplars] == ["child", "teen", "young adult"]
    assert [(era.era, era.faces, era.exemplars) for era in found.eras] == [
        ("child", 1, 1),
        ("teen", 1, 1),
        ("young adult", 1, 1),
    ]


def test_a_machine_lets_them_be_until_a_tenth_is_new(bench: Bench, two: tuple[int, int]) -> None:
    bench.sql("DELETE FROM exemplar_due")
    bench.put("new.png", face("ada"))
    assert bench.value("SELECT count(*) FROM exemplar_due WHERE NOT look") == 1
    assert refresh(bench.ctx) == 1, "four faces: one is more than a tenth"
    assert list(stands_for(bench).values()).count(two[0]) == 4


# Pins -------------------------------------------------------------------------------------------------------


def test_pinning_confirms_and_can_be_undone(bench: Bench, two: tuple[int, int]) -> None:
    one, _ = two
    new = bench.faces(bench.put("new.png", face("ada", quality=0.1, distance=0.05)))[0]
    assert (new.person, new.assigned_by) == (one, "auto")
    assert new.face not in stands_for(bench), "too poor to stand by itself"
    found = pin_face(bench.ctx, one, new.face)
    assert [row.face for row in found.exemplars if row.pinned] == [new.face]
    assert bench.faces(new.photo)[0].assigned_by == "user"
    journal.undo(bench.ctx, latest(bench))
    assert (pins(bench), bench.faces(new.photo)[0].assigned_by) == ({}, "auto")
    journal.redo_latest(bench.ctx)
    assert pins(bench) == {new.face: one}
    assert unpin_face(bench.ctx, one, new.face).exemplars
    assert pins(bench) == {}
    journal.undo(bench.ctx, latest(bench))
    assert pins(bench) == {new.face: one}
    assert [row[0] for row in bench.tuples("SELECT verb FROM decision ORDER BY id DESC LIMIT 1")] == ["undo"]


def test_a_pin_goes_and_comes_with_its_face(bench: Bench, two: tuple[int, int]) -> None:
    one, other = two
    [a, *_] = faces_of(bench, one)
    pin_face(bench.ctx, one, a)
    for leave in (
        lambda: people.unassign_face(bench.ctx, a),
        lambda: moving.move_faces(bench.ctx, [a], person_id=other),
        lambda: moving.split_person(bench.ctx, one, [a], name="Hedy"),
        lambda: details.delete_person(bench.ctx, one),
    ):
        leave()
        assert pins(bench) == {}
        decision = latest(bench)
        assert journal.undo(bench.ctx, decision).left == ()
        assert pins(bench) == {a: one}
        journal.redo(bench.ctx, decision)
        assert pins(bench) == {}
        journal.undo(bench.ctx, latest(bench))
        assert pins(bench) == {a: one}
        assert stands_for(bench)


def test_pins_of_both_stand_after_a_merge_and_after_taking_it_back(
    bench: Bench, two: tuple[int, int]
) -> None:
    one, other = two
    [a, *_], [b, *_] = faces_of(bench, one), faces_of(bench, other)
    pin_face(bench.ctx, one, a)
    pin_face(bench.ctx, other, b)
    people.merge_people(bench.ctx, other, one)
    merge = latest(bench)
    assert pins(bench) == {a: one, b: one}
    assert journal.undo(bench.ctx, merge).left == ()
    assert pins(bench) == {a: one, b: other}
    journal.redo(bench.ctx, merge)
    assert pins(bench) == {a: one, b: one}
    assert stands_for(bench)


def test_only_their_faces_are_pinned_and_not_without_end(
    bench: Bench, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    with pytest.raises(UsageError, match="is not one of person"):
        pin_face(bench.ctx, one, faces_of(bench, other)[0])
    with pytest.raises(NotFound):
        pin_face(bench.ctx, one, 4711)
    with pytest.raises(UsageError, match="is not pinned"):
        unpin_face(bench.ctx, one, faces_of(bench, one)[0])
    monkeypatch.setattr(exemplars, "IN_ALL", 1)
    pin_face(bench.ctx, one, faces_of(bench, one)[0])
    with pytest.raises(UsageError, match="at most 1"):
        pin_face(bench.ctx, one, faces_of(bench, one)[1])


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (
            "INSERT INTO pin SELECT face_id, person_id FROM assignment WHERE face_id <> {face}",
            "pin_is_the_users",
        ),
        ("UPDATE assignment SET person_id = {other} WHERE face_id = {face}", "user"),
        ("DELETE FROM face WHERE id = {face}", "touched_face_stays"),
    ],
)
def test_a_machine_leaves_pins_alone(
    bench: Bench, two: tuple[int, int], statement: str, constraint: str
) -> None:
    one, other = two
    [a, *_] = faces_of(bench, one)
    pin_face(bench.ctx, one, a)
    # Even when the face is not the user's word any more.
    with speaking(bench) as connection:
        connection.execute("UPDATE assignment SET decided_by = 'auto' WHERE face_id = %s", (a,))
    with pytest.raises(psycopg.errors.IntegrityError) as caught, speaking(bench, "machine") as connection:
        connection.execute(statement.format(face=a, other=other).encode())
    assert constraint in str(caught.value) + str(caught.value.diag.constraint_name)


def test_a_pinned_face_that_is_not_found_again_stays(bench: Bench, two: tuple[int, int]) -> None:
    one, _ = two
    [row, *_] = [row for row in bench.faces() if row.person == one]
    pin_face(bench.ctx, one, row.face)
    with speaking(bench) as connection:
        connection.execute("UPDATE assignment SET decided_by = 'auto' WHERE face_id = %s", (row.face,))
    bench.look_again(row.photo)
    bench.look({})
    assert [kept.face for kept in bench.faces(row.photo)] == [row.face]


def test_all_who_wait_are_chosen_for_at_once(
    bench: Bench, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when there is no face to group: a scan that ends has left nobody behind."""
    monkeypatch.setattr(exemplars, "PEOPLE_AT_ONCE", 1)
    exemplars.choose_everybodys(bench.ctx)
    bench.sql("DELETE FROM exemplar")
    group_new_faces(bench.ctx)
    assert set(stands_for(bench).values()) == set(two)
    assert bench.tuples("SELECT id FROM exemplar_due") == []
