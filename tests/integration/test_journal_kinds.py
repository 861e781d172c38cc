"""Pins, people said to be two, circles and who is in them: each is journalled, undone and redone."""

from typing import Any

import psycopg
import pytest
from store_support import Bench, face

from facekeep.actions import journal
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import NothingToUndo
from facekeep.store import decisions as store

TABLES = ("pin", "apart", "circle", "member")


def truth(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, without those of circles that are gone, whose numbers stay taken."""
    return {
        table: bench.tuples(
            f"SELECT to_jsonb(t) - 'version' - 'added_at' FROM {table} t "
            + ("WHERE NOT gone ORDER BY id" if table == "circle" else "ORDER BY 1")
        )
        for table in TABLES
    }


def say(bench: Bench, *statements: str) -> int:
    """What a user says in one transaction; the number of the decision."""
    with psycopg.connect(bench.ctx.database._where()) as connection:
        connection.execute("SELECT set_config('facekeep.actor', 'user', true)")
        connection.execute("SELECT set_config('facekeep.verb', 'say', true)")
        for statement in statements:
            connection.execute(statement.encode())
    return int(str(bench.value("SELECT max(id) FROM decision")))


@pytest.fixture
def people(bench: Bench) -> tuple[int, int]:
    for number, who in enumerate(["ada"] * 2 + ["grace"] * 2):
        bench.put(f"{number}.png", face(who))
    while group_new_faces(bench.ctx).faces:
        pass
    one, other = sorted(row.person for row in bench.people())
    return one, other


def statements(people: tuple[int, int], table: str) -> list[str]:
    one, other = people
    return {
        "pin": [f"INSERT INTO pin SELECT face_id, person_id FROM assignment WHERE person_id = {one} LIMIT 1"],
        "apart": [f"INSERT INTO apart VALUES ({one}, {other})"],
        "circle": ["INSERT INTO circle (name) VALUES ('Family')"],
        "member": [
            "INSERT INTO circle (name) VALUES ('Choir')",
            f"INSERT INTO member SELECT id, {one} FROM circle",
            f"INSERT INTO member SELECT id, {other} FROM circle",
        ],
    }[table]


@pytest.mark.parametrize("table", TABLES)
def test_undo_and_redo(bench: Bench, people: tuple[int, int], table: str) -> None:
    before = truth(bench)
    decision = say(bench, *statements(people, table))
    after = truth(bench)
    assert after != before
    journal.undo(bench.ctx, decision)
    assert truth(bench) == before
    journal.redo(bench.ctx, decision)
    assert truth(bench) == after


@pytest.mark.parametrize("table", TABLES)
def test_each_change_has_its_line(bench: Bench, people: tuple[int, int], table: str) -> None:
    decision = say(bench, *statements(people, table))
    with bench.ctx.database.read() as reader:
        lines = [row.summary for row in store.changes(reader, decision).items]
    assert lines
    assert not [line for line in lines if line == f"{table} changed"]


def test_a_circle_renamed_and_gone(bench: Bench, people: tuple[int, int]) -> None:
    say(bench, *statements(people, "circle"))
    named = truth(bench)
    renamed = say(bench, "UPDATE circle SET name = 'The family', version = version + 1")
    gone = say(bench, "UPDATE circle SET gone = true")
    assert truth(bench)["circle"] == []
    with pytest.raises(NothingToUndo):
        journal.undo(bench.ctx, renamed)
    journal.undo(bench.ctx, gone)
    assert journal.undo(bench.ctx, renamed).left == ()
    assert truth(bench) == named
