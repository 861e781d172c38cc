"""A database of the first schema, full of what people said, is brought to today's: nothing of it is lost."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import psycopg
import pytest
from pgvector.psycopg import register_vector
from store_support import Bench, Cluster, context, face, like

from facekeep.actions import journal
from facekeep.actions.group import group_new_faces
from facekeep.domain.packs import BUNDLED
from facekeep.store import decisions, migrate, packs
from facekeep.store.database import Database

VERSIONS = resources.files("facekeep.store.migrations").joinpath("versions")

WHO = ["ada"] * 6 + ["grace"] * 4 + ["linda"] * 3 + ["joan"] * 3 + ["mary"] * 2 + ["nobody"]
"""Whose faces photos 1 to 19 show. Photo 20 shows nobody; photo 21 waits."""

ADA, GRACE, LINDA, JOAN, MARY, ADA_TOO = range(1, 7)


def first_schema(conninfo: str) -> None:
    """As version 0001 made it."""
    with psycopg.connect(conninfo) as connection:
        for part in ("0001.sql", "0001_journal.sql"):
            connection.execute(VERSIONS.joinpath(part).read_text("utf-8").encode())
        connection.execute("CREATE TABLE schema_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO schema_version VALUES ('0001')")


def found(connection: psycopg.Connection, root: bytes) -> None:
    """What a scan and the looking left there."""
    connection.execute(
        "SELECT add_pack(%s, %s, %s, %s)",
        (BUNDLED.label, BUNDLED.dimensions, BUNDLED.norm_low, BUNDLED.norm_high),
    )
    connection.execute("INSERT INTO library (root) VALUES (%s)", (root,))
    for number in range(1, 22):
        done = number < 21
        connection.execute(
            """INSERT INTO photo (content_hash, size_bytes, media_type, width, height, taken_at, state,
                                  due_at, library_id, analysed_by, analysed_at, analysed_long_side)
               SELECT sha256(convert_to(%(n)s::text, 'UTF8')), 9, 'image/png', 1000, 800,
                      '2001-01-01'::timestamp + %(n)s * interval '40 days', k.state::photo_state, k.due, 1,
                      k.pack, k.at, k.side
               FROM (VALUES (true, 'done', NULL, 1, now(), 1000),
                            (false, 'waiting', now() + interval '1 day', NULL, NULL, NULL))
                    AS k (done, state, due, pack, at, side)
               WHERE k.done = %(done)s""",
            {"n": number, "done": done},
        )
        connection.execute(
            "INSERT INTO photo_file (photo_id, library_id, path, size_bytes, mtime_ns, seen_in)"
            " VALUES (%s, 1, %s, 9, 1, 1)",
            (number, b"%d.png" % number),
        )
    for number, who in enumerate(WHO, 1):
        seen = face(who)
        connection.execute(
            """INSERT INTO face (photo_id, x, y, width, height, landmarks, score, quality, found_by, grouped)
               VALUES (%s, %s, %s, %s, %s, %s, 0.9, 0.9, 1, true)""",
            (
                number,
                seen.box.x,
                seen.box.y,
                seen.box.width,
                seen.box.height,
                seen.landmarks.array().ravel().tolist(),
            ),
        )
        connection.execute("INSERT INTO embedding VALUES (%s, 1, %s)", (number, np.asarray(like(who))))


def said(connection: psycopg.Connection) -> None:
    """What machines grouped, and what a user said of it."""

    def decide(actor: str, verb: str, *statements: str) -> None:
        with connection.transaction():
            connection.execute(
                "SELECT set_config('facekeep.actor', %s, true), set_config('facekeep.verb', %s, true),"
                " set_config('facekeep.decision', '', true), set_config('facekeep.about', '{}', true)",
                (actor, verb),
            )
            for statement in statements:
                connection.execute(statement.encode())

    whose = [
        (number, ["ada", "grace", "linda", "joan", "mary"].index(who) + 1)
        for number, who in enumerate(WHO[:-1], 1)
    ]
    decide(
        "machine",
        "group",
        "INSERT INTO person (name) SELECT NULL FROM generate_series(1, 5)",
        *(f"INSERT INTO assignment VALUES ({f}, {f}, {p}, 'auto', 0.9, 1)" for f, p in whose),
    )
    confirm = "UPDATE assignment SET decided_by = 'user', confidence = 1 WHERE person_id = {}"
    decide(
        "user",
        "name",
        confirm.format(ADA),
        f"UPDATE person SET name = 'Ada Lovelace', version = 2 WHERE id = {ADA}",
    )
    decide(
        "user",
        "edit",
        f"""UPDATE person SET aliases = '{{Countess,Zoë}}', birth_date = '1990-12-10', notes = 'n',
                              favourite = true, cover_face_id = 2, version = 3 WHERE id = {ADA}""",
    )
    decide(
        "user",
        "name",
        confirm.format(GRACE),
        f"UPDATE person SET name = 'Grace', version = 2 WHERE id = {GRACE}",
    )
    decide("user", "hide", f"UPDATE person SET hidden = true, version = 2 WHERE id = {LINDA}")
    # Joan is Grace: merged. And Mary is deleted.
    decide(
        "user",
        "merge",
        confirm.format(JOAN),
        f"UPDATE assignment SET person_id = {GRACE} WHERE person_id = {JOAN}",
        f"UPDATE person SET merged_into = {GRACE}, version = 2 WHERE id = {JOAN}",
        f"UPDATE person SET version = 3 WHERE id = {GRACE}",
    )
    decide(
        "user",
        "delete",
        f"DELETE FROM assignment WHERE person_id = {MARY}",
        f"UPDATE person SET gone = true, version = 2 WHERE id = {MARY}",
    )
    decide(
        "user",
        "reject",
        "DELETE FROM assignment WHERE face_id = 6",
        f"INSERT INTO rejection (face_id, person_id) VALUES (6, {ADA})",
    )
    decide(
        "user",
        "assign",
        "INSERT INTO person (name) VALUES ('Ada Lovelace')",
        f"INSERT INTO assignment VALUES (6, 6, {ADA_TOO}, 'user', 1, NULL)",
    )
    # And what was undone then.
    decide("user", "edit", f"UPDATE person SET favourite = false, version = 4 WHERE id = {ADA}")
    decide("user", "undo", f"UPDATE person SET favourite = true, version = 5 WHERE id = {ADA}")
    connection.execute("UPDATE decision SET undoes = 10 WHERE id = 11")


KEPT = {
    "library": "id, root, online",
    "photo": "id, content_hash, state, taken_at, library_id, analysed_by",
    "photo_file": "id, photo_id, path, state",
    "face": "id, photo_id, x, y, width, height, landmarks, quality, source, grouped",
    "embedding": "face_id, pack_id, vector::text",
    "person": "id, to_jsonb(person)",
    "assignment": "face_id, person_id, decided_by, confidence, decided_at",
    "rejection": "face_id, person_id, rejected_at",
    "decision": "id, verb, actor, decided_at, about, undoes, facts",
    "change": "decision_id, number, kind, face_id, person_id, before, after",
}


def everything(conninfo: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(conninfo) as connection:
        return {
            t: connection.execute(f"SELECT {c} FROM {t} ORDER BY 1, 2".encode()).fetchall()
            for t, c in KEPT.items()
        }


@pytest.fixture(scope="module")
def upgraded(cluster: Cluster) -> tuple[str, dict[str, list[tuple[object, ...]]], str]:
    """A database that was upgraded, what it held before, and its name as a template."""
    conninfo = cluster.database()
    first_schema(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        register_vector(connection)
        with connection.transaction():
            found(connection, b"/photos")
        said(connection)
    before = everything(conninfo)
    migrate.migrate(conninfo)
    return conninfo, before, str(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"])


@pytest.fixture
def old(cluster: Cluster, upgraded: tuple[str, object, str], tmp_path: Path) -> Iterator[Bench]:
    """A copy of it, opened as the program opens it."""
    with Database(cluster.database(upgraded[2])) as database:
        ctx = context(database, tmp_path / "home")
        with database.write() as writer:
            packs.begin_with(writer, ctx.pack_id)
        yield Bench(ctx, tmp_path / "photos")


def test_nothing_is_changed_by_it(upgraded: tuple[str, dict[str, list[tuple[object, ...]]], str]) -> None:
    conninfo, before, _ = upgraded
    assert [len(before[t]) for t in ("face", "assignment", "decision")] == [19, 16, 11]
    assert everything(conninfo) == before


def test_what_is_derived_is_there_at_once(old: Bench) -> None:
    tables = ("person_tally", "photo_tally", "called", "called_gram")

    def derived() -> dict[str, list[tuple[object, ...]]]:
        return {
            t: old.tuples(
                f"SELECT to_jsonb(t) - 'id' - 'called_id' FROM {t} t ORDER BY (to_jsonb(t) - 'id')::text"
            )
            for t in tables
        }

    at_once = derived()
    assert len(at_once["person_tally"]) == 6
    assert len(at_once["photo_tally"]) == 21
    assert old.tuples("SELECT 1 FROM stale_person UNION ALL SELECT 1 FROM stale_photo") == []
    with old.ctx.database.write() as writer:
        writer.run("SELECT count_everything_again()")
    assert derived() == at_once
    assert {row[0] for row in old.tuples("SELECT folded FROM called")} == {
        "ada lovelace",
        "countess",
        "zoe",
        "grace",
    }
    assert old.tuples("SELECT active, wanted, settled, filled FROM pack_use") == [(1, None, True, True)]
    assert old.tuples("SELECT photo_id FROM unembedded") == []
    assert old.tuples("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'exemplar_near%%'") == [
        ("exemplar_near_1",)
    ]


def test_people_are_listed_and_found_as_before(old: Bench) -> None:
    assert [(row.person, row.name, row.faces) for row in old.people()] == [
        (GRACE, "Grace", 7),
        (ADA, "Ada Lovelace", 5),
        (ADA_TOO, "Ada Lovelace", 1),
        (LINDA, None, 3),
    ]
    assert len(old.faces()) == 19
    status = old.status()
    assert (status.faces, status.named, status.people, status.ungrouped) == (19, 3, 4, 0)


def test_who_is_named_gets_exemplars_and_takes_part(old: Bench) -> None:
    group_new_faces(old.ctx)
    standing = dict(old.tuples("SELECT person_id, count(*) FROM exemplar GROUP BY 1 ORDER BY 1"))
    assert set(standing) == {ADA, GRACE, ADA_TOO}
    assert old.tuples("SELECT id FROM exemplar_due") == []
    new = old.put("new.png", face("ada"))
    asked = old.tuples(
        "SELECT person_id FROM assignment WHERE photo_id = %(p)s UNION"
        " SELECT person_id FROM suggestion s JOIN face f ON f.id = s.face_id WHERE f.photo_id = %(p)s",
        p=new,
    )
    assert (ADA,) in asked


def test_each_old_decision_is_told_and_can_be_undone(old: Bench) -> None:
    def stands() -> list[tuple[object, ...]]:
        return [
            *old.tuples("SELECT face_id, person_id, decided_by, confidence FROM assignment ORDER BY 1"),
            *old.tuples("SELECT face_id, person_id, rejected_at FROM rejection"),
            *old.tuples("SELECT to_jsonb(p) - 'version' FROM person p ORDER BY id"),
        ]

    before = stands()
    with old.ctx.database.read() as reader:
        told = decisions.decisions(reader, limit=100).items
    assert [row.decision for row in told] == list(range(11, 0, -1))
    assert all(row.summary for row in told)
    undone = [row.decision for row in told if row.verb != "undo" and row.undone_by is None]
    assert undone == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    for decision in undone:
        assert journal.undo(old.ctx, decision).left == ()
    assert old.value("SELECT count(*) FROM assignment") == 0
    assert old.people() == []
    for decision in reversed(undone):
        assert journal.redo(old.ctx, decision).left == ()
    assert stands() == before
    with old.ctx.database.write() as writer:
        derived = writer.tuples("SELECT person_id, faces, photos FROM person_count ORDER BY 1")
        writer.run("SELECT count_everything_again()")
        assert writer.tuples("SELECT person_id, faces, photos FROM person_tally ORDER BY 1") == derived
