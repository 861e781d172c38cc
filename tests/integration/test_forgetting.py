"""Forgetting somebody: nothing is left in tables, files, journal and cache; everybody else is untouched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from embedded_support import SOURCE
from store_support import Bench, Cluster, context, face
from test_journal_concurrent import replayed, stored

from facekeep.actions import details, faces, forgetting, journal, moving, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, NotFound, NothingToUndo
from facekeep.domain.faces import AnalysedFace, Box
from facekeep.store import decisions
from facekeep.store import forgetting as store
from facekeep.store.database import Database

NAME, ALIAS, NOTES = "Wilhelmina Quixote", "Countess Zebra", "plays the theremin"
WORDS = (NAME, ALIAS, NOTES, "1815-12-10")


class Home:
    """Two people in three photos each, together in two; one of them is to be forgotten."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.ctx = bench, bench.ctx
        self.hers = [face("ada") for _ in range(3)]
        self.his = [face("bob", 1) for _ in range(3)]
        self.photos = [
            bench.put("a.png", self.hers[0], self.his[0]),
            bench.put("b.png", self.hers[1], self.his[1]),
            bench.put("c.png", self.hers[2]),
            bench.put("d.png", self.his[2]),
        ]
        while group_new_faces(bench.ctx).faces:
            pass
        self.ada, self.bob = self.who(self.photos[2]), self.who(self.photos[3])
        people.name_person(self.ctx, self.ada, NAME)
        people.name_person(self.ctx, self.bob, "Bob")
        edit: details.Edit = {"aliases": [ALIAS], "notes": NOTES}
        details.edit_person(self.ctx, self.ada, edit)

    def who(self, photo: int) -> int:
        [person] = [row.person for row in self.bench.faces(photo)]
        assert person is not None
        return person

    def latest(self) -> int:
        return int(str(self.bench.value("SELECT max(id) FROM decision")))

    def vectors(self) -> list[bytes]:
        return [np.asarray(one.embedding, dtype=np.float32).tobytes() for one in self.hers]


@pytest.fixture
def home(bench: Bench) -> Home:
    return Home(bench)


def dumped(cluster: Cluster, bench: Bench) -> bytes:
    program = cluster.handle.binaries() / "pg_dump"
    done = subprocess.run(
        [program, "--data-only", f"--dbname={bench.ctx.database._where()}"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(faces: list[AnalysedFace]) -> list[bytes]:
    """How a dump shows vectors: by their first numbers."""
    with_digits = [np.format_float_positional(one.embedding[0], unique=True) for one in faces]
    return [text.removesuffix(".0").encode() for text in with_digits]


def data_files(cluster: Cluster, bench: Bench) -> Iterator[Path]:
    """All files of this test's database."""
    oid = bench.value("SELECT oid FROM pg_database WHERE datname = current_database()")
    data = Path(str(bench.value("SELECT current_setting('data_directory')")))
    yield from (path for path in (data / "base" / str(oid)).iterdir() if path.is_file())


def found_in_files(cluster: Cluster, bench: Bench, needles: list[bytes]) -> list[tuple[str, bytes]]:
    with psycopg.connect(bench.ctx.database._where(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    contents = [(path.name, path.read_bytes()) for path in data_files(cluster, bench)]
    return [(name, needle) for name, content in contents for needle in needles if needle in content]


def test_nothing_is_left_in_tables_and_files(cluster: Cluster, home: Home) -> None:
    bench, ctx = home.bench, home.ctx
    needles = [word.encode() for word in WORDS[:3]] + home.vectors()
    bench.sql("ANALYZE")  # statistics hold samples of what is in the columns
    assert all(word.encode() in dumped(cluster, bench) for word in WORDS[:3])
    assert {needle for _, needle in found_in_files(cluster, bench, needles)} == set(needles)
    told = forgetting.forget_person(ctx, home.ada)
    assert (told.people, told.faces, told.photos, told.vectors) == (1, 3, 3, 3)
    left = dumped(cluster, bench)
    assert [word for word in needles[:3] if word in left] == []
    assert [text for text in shown(home.hers) if text in left] == []
    assert all(text in left for text in shown(home.his))
    assert forgetting.wipe(ctx)
    assert found_in_files(cluster, bench, needles) == []
    assert bench.value("SELECT wiped_at IS NOT NULL FROM forgotten") is True


def test_the_journal_keeps_its_shape(home: Home) -> None:
    forgetting.forget_person(home.ctx, home.ada)
    assert replayed(home.bench) == stored(home.bench)
    with home.ctx.database.read() as reader:
        lines = [row.summary for row in decisions.decisions(reader).items]
        changes = [row for n in range(1, home.latest() + 1) for row in decisions.changes(reader, n).items]
    assert lines[0] == f"You forgot person {home.ada} for good: 3 faces"
    assert "You named somebody who is forgotten" in lines
    assert f"You named person {home.bob} Bob: 3 faces confirmed" in lines
    said = " ".join([*lines, *(row.summary for row in changes)])
    assert [word for word in WORDS if word in said] == []


def test_it_cannot_be_undone_nor_what_it_took(home: Home) -> None:
    named = int(str(home.bench.value("SELECT id FROM decision WHERE verb = 'name' ORDER BY id LIMIT 1")))
    forgetting.forget_person(home.ctx, home.ada)
    with pytest.raises(NothingToUndo, match="for good"):
        journal.undo(home.ctx, home.latest())
    with pytest.raises(NothingToUndo, match="for good"):
        journal.undo_latest(home.ctx)
    with pytest.raises(NothingToUndo, match="is forgotten"):
        journal.undo(home.ctx, named)
    with pytest.raises(NotFound):
        people.name_person(home.ctx, home.ada, "Ada")


def test_a_box_that_was_moved_before_is_not_put_back(home: Home) -> None:
    """Nothing is told of the box any more."""
    one = home.bench.faces(home.photos[2])[0].face
    faces.move_box(home.ctx, one, Box(0.4, 0.4, 0.2, 0.2))
    moved = home.latest()
    forgetting.forget_person(home.ctx, home.ada)
    with pytest.raises(NothingToUndo, match="forgotten"):
        journal.undo(home.ctx, moved)


def test_everybody_elses_history_can_be_undone(home: Home) -> None:
    bench, ctx = home.bench, home.ctx
    hers = bench.faces(home.photos[2])[0].face
    his = bench.faces(home.photos[3])[0].face
    moving.move_faces(ctx, [hers, his], name="Carl")
    moved, carl = home.latest(), home.who(home.photos[3])
    people.assign_face(ctx, hers, person_id=home.ada)
    people.name_person(ctx, home.bob, "Robert")
    renamed = home.latest()
    forgetting.forget_person(ctx, home.ada)
    undone = journal.undo(ctx, moved)
    assert {row.reason for row in undone.left if row.face == hers} == {"forgotten"}
    assert home.who(home.photos[3]) == home.bob
    journal.redo(ctx, moved)
    assert home.who(home.photos[3]) == carl
    journal.undo(ctx, renamed)
    assert {row.name for row in bench.people()} == {"Bob", "Carl"}
    assert replayed(bench) == stored(bench)


def test_a_face_that_was_given_to_somebody_else_stays(home: Home) -> None:
    bench, ctx = home.bench, home.ctx
    hers = bench.faces(home.photos[2])[0].face
    people.assign_face(ctx, hers, person_id=home.bob)
    given = home.latest()
    told = forgetting.forget_person(ctx, home.ada)
    assert (told.faces, told.elsewhere) == (2, 1)
    assert home.who(home.photos[2]) == home.bob
    with pytest.raises(NothingToUndo):
        journal.undo(ctx, given)


def test_what_was_taken_off_goes_too_but_not_what_was_never_them(home: Home) -> None:
    bench, ctx = home.bench, home.ctx
    loose, wrong = bench.faces(home.photos[2])[0].face, bench.faces(home.photos[0])[0].face
    people.unassign_face(ctx, loose, reject=False)
    people.unassign_face(ctx, wrong)
    told = forgetting.forget_person(ctx, home.ada)
    assert (told.faces, told.rejections) == (2, 1)
    left = {row.face for row in bench.faces()}
    assert wrong in left
    assert loose not in left


def test_who_was_deleted_can_be_forgotten(home: Home) -> None:
    details.delete_person(home.ctx, home.ada)
    assert forgetting.forget_person(home.ctx, home.ada).faces == 3
    assert home.bench.value("SELECT count(*) FROM person WHERE id = %(person)s", person=home.ada) == 0


def test_all_who_are_one_are_forgotten(cluster: Cluster, home: Home) -> None:
    people.merge_people(home.ctx, home.ada, home.bob)
    told = forgetting.forget_person(home.ctx, home.ada)
    assert (told.person, told.people, told.faces) == (home.bob, 2, 6)
    left = dumped(cluster, home.bench)
    assert [word for word in (NAME, ALIAS, NOTES) if word.encode() in left] == []


def test_what_another_was_told_of_them_meanwhile_goes_too(cluster: Cluster, home: Home) -> None:
    """A merge that was taken back: the journal told Ada's names and notes as Bob's, for a while."""
    ctx = home.ctx
    people.merge_people(ctx, home.ada, home.bob)
    merged = home.latest()
    details.edit_person(ctx, home.bob, {"favourite": True})
    favoured = home.latest()
    journal.undo(ctx, favoured)
    journal.undo(ctx, merged)
    people.name_person(ctx, home.bob, "Robert")
    renamed = home.latest()
    forgetting.forget_person(ctx, home.ada)
    left = dumped(cluster, home.bench)
    assert [word for word in (NAME, ALIAS, NOTES) if word.encode() in left] == []
    assert replayed(home.bench) == stored(home.bench)
    with pytest.raises(NothingToUndo):
        journal.redo(ctx, merged)
    assert journal.undo(ctx, renamed).left == ()
    assert [row.name for row in home.bench.people()] == ["Bob"]


def test_a_face_that_is_found_again_is_not_stored(home: Home) -> None:
    bench = home.bench
    forgetting.forget_person(home.ctx, home.ada)
    for photo in home.photos:
        bench.look_again(photo)
    seen = {"a.png": (home.hers[0], home.his[0]), "c.png": (face("ada"),), "d.png": (home.his[2],)}
    bench.look(seen | {"b.png": (home.his[1],)})
    assert [len(bench.faces(photo)) for photo in home.photos] == [1, 1, 0, 1]
    assert bench.value("SELECT count(*) FROM embedding") == 3
    assert {row.person for row in bench.faces()} == {home.bob}
    bench.look_again(home.photos[2])
    bench.look({"c.png": (face("ada"), face("eve", 5))})
    assert len(bench.faces(home.photos[2])) == 1, "others in the photo are still found"


def test_a_dry_run_counts_and_changes_nothing(cluster: Cluster, home: Home) -> None:
    before = dumped(cluster, home.bench)
    told = forgetting.forget_person(home.ctx, home.ada, dry_run=True)
    after = dumped(cluster, home.bench)
    assert _rows(before) == _rows(after)
    assert forgetting.forget_person(home.ctx, home.ada, version=told.version) == told


def _rows(dump: bytes) -> list[bytes]:
    numbers = (b"SELECT pg_catalog.setval", b"\\restrict", b"\\unrestrict")
    return [line for line in dump.splitlines() if not line.startswith(numbers)]


def test_a_stale_look_forgets_nobody(home: Home) -> None:
    told = forgetting.forget_person(home.ctx, home.ada, dry_run=True)
    people.hide_person(home.ctx, home.ada, True)
    with pytest.raises(Conflict, match="has changed since you looked"):
        forgetting.forget_person(home.ctx, home.ada, version=told.version)
    with pytest.raises(NotFound):
        forgetting.forget_person(home.ctx, 10_000)


def test_namesakes_and_copies_are_told(home: Home) -> None:
    details.edit_person(home.ctx, home.bob, {"aliases": [ALIAS]})
    with home.ctx.database.write() as writer:
        store.remember_copy(writer, "export", b"/somewhere/people.jsonl", vectors=True)
    told = forgetting.forget_person(home.ctx, home.ada)
    assert told.namesakes == (home.bob,)
    assert [(copy.place, copy.vectors) for copy in told.copies] == [(b"/somewhere/people.jsonl", True)]


def test_the_journal_is_only_added_to(home: Home) -> None:
    for statement in (
        "UPDATE change SET before = NULL WHERE after IS NOT NULL",
        "DELETE FROM change",
        "UPDATE decision SET about = '{}' WHERE about <> '{}'",
        "DELETE FROM decision",
    ):
        with pytest.raises(Conflict, match="only added to"):
            home.bench.sql(statement)


def test_even_forgetting_deletes_no_decision(home: Home) -> None:
    with home.ctx.database.write() as writer:
        writer.run("SELECT set_config('facekeep.forgetting', 'yes', true)")
        with pytest.raises(Conflict, match="only added to"), writer.savepoint():
            writer.run("DELETE FROM decision")


def test_a_change_is_of_a_decision(home: Home) -> None:
    with pytest.raises(Conflict, match="of a decision"):
        home.bench.sql(
            "INSERT INTO change (decision_id, kind, face_id, after)"
            """ SELECT max(id) + 1, 'assignment', 1, '{"person_id": 1}' FROM decision"""
        )


def test_the_cache_is_emptied(home: Home) -> None:
    pictures = home.ctx.pictures
    for digest in ("ab" * 20, "cd" * 20):
        pictures.get(digest, lambda: b"a picture of her")
    (home.ctx.cache_folder / "ab" / ".making-dead").write_bytes(b"half a picture")
    (home.ctx.cache_folder / "ab" / "theirs.txt").write_text("not ours")
    forgetting.forget_person(home.ctx, home.ada)
    assert forgetting.wipe(home.ctx)
    files = [path.name for path in home.ctx.cache_folder.rglob("*") if path.is_file()]
    assert sorted(files) == ["CACHEDIR.TAG", "theirs.txt"]
    assert pictures.get("ab" * 20, lambda: b"drawn anew") == b"drawn anew"


def test_wiping_waits_for_those_who_still_read(home: Home) -> None:
    with home.ctx.database.read() as reader:
        reader.value("SELECT count(*) FROM person")
        forgetting.forget_person(home.ctx, home.ada)
        assert not forgetting.wipe(home.ctx, patience_s=0.3)
        assert home.bench.value("SELECT count(*) FROM forgotten WHERE wiped_at IS NULL") == 1
    assert forgetting.wipe(home.ctx, patience_s=0.3)


def test_a_running_process_does_what_is_left(home: Home) -> None:
    wiper = forgetting.Wiper(home.ctx)
    wiper.turn()
    forgetting.forget_person(home.ctx, home.ada)
    wiper.turn()
    assert home.bench.value("SELECT count(*) FROM forgotten WHERE wiped_at IS NULL") == 0
    assert forgetting.wipe(home.ctx)  # nothing is due: quick


PROGRAM = """
import sys
from pathlib import Path
from store_support import context
from facekeep.actions import forgetting
from facekeep.store.database import Database
with Database(sys.argv[1]) as database:
    ctx = context(database, Path(sys.argv[2]))
    print("ready", flush=True)
    forgetting.forget_person(ctx, int(sys.argv[3]))
    forgetting.wipe(ctx)
"""


@pytest.mark.parametrize("after_s", [0.01, 0.1])
def test_killed_in_the_middle_it_is_all_or_nothing(
    home: Home, tmp_path: Path, conninfo: str, after_s: float
) -> None:
    home.ctx.pictures.get("ab" * 20, lambda: b"a picture of her")
    path = os.pathsep.join([str(SOURCE), str(Path(__file__).parent)])
    arguments = [sys.executable, "-c", PROGRAM, conninfo, str(tmp_path / "home"), str(home.ada)]
    process = subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _settled(home.bench)
    rows = [
        int(str(home.bench.value(query)))
        for query in (
            f"SELECT count(*) FROM person WHERE id = {home.ada}",
            "SELECT count(*) - 3 FROM face",
            "SELECT count(*) - 3 FROM embedding",
            f"SELECT count(*) FROM change WHERE to_jsonb(change)::text LIKE '%%{NAME}%%'",
            "SELECT 1 - count(*) FROM forgotten",
        )
    ]
    assert all(rows) or not any(rows), rows
    if not rows[0]:
        with Database(conninfo) as database:
            again = context(database, tmp_path / "home")
            forgetting.Wiper(again).turn()
            assert not list(again.cache_folder.rglob("*.jpg"))
            with database.read() as reader:
                assert store.unwiped(reader) == 0


def _settled(bench: Bench) -> None:
    """Wait until the server has noticed that its client is gone."""
    others: Any = True
    while others:
        others = bench.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
