"""The background work of the server: it does what is asked, and goes on when the database comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from embedded_support import kill9, postmaster_pid
from psycopg.conninfo import make_conninfo
from review_support import named, strangers, suggest
from store_support import Bench, context, face, running_cluster, write_photo
from worker_support import child_processes, eventually, gone, write_astronauts

from facekeep.actions import failures, matching, moving, people
from facekeep.actions.context import Context
from facekeep.actions.group import group_new_faces
from facekeep.actions.libraries import request_scan, stop_scan
from facekeep.domain.errors import FailureCode, PhotoFault, StorageFault
from facekeep.store import libraries, listing
from facekeep.store.database import Database
from facekeep.store.migrate import migrate
from facekeep.worker import background
from facekeep.worker.background import Background
from facekeep.worker.children import Children


@contextmanager
def at_work(ctx: Context, children: Children) -> Iterator[Background]:
    with Background(ctx, children, children) as running:
        yield running


def settled(bench: Bench, photos: int) -> bool:
    status = bench.status()
    return status.photos == photos and status.waiting == 0 and status.ungrouped == 0


def test_it_does_what_is_asked(bench: Bench, children: Children) -> None:
    write_astronauts(bench.root, 4)
    (bench.root / "text.jpg").write_text("no photo")
    with at_work(bench.ctx, children) as running:
        assert bench.status().photos == 0
        row = request_scan(running.context, bench.library)
        eventually(lambda: settled(bench, 5), "all is looked at and grouped")
        eventually(lambda: running.activity().state == "idle", "it is idle")
        with bench.ctx.database.read() as reader:
            assert libraries.scan(reader, row.scan).state == "done"
    assert (bench.status().done, bench.status().failed) == (4, 1)
    assert [row.faces for row in bench.people()] == [4]


def test_questions_that_nobody_answered_expire(bench: Bench, children: Children) -> None:
    [ada] = named(bench, "ada")
    [stranger] = strangers(bench, 1)
    suggest(bench.ctx, stranger, ada)
    bench.sql("UPDATE suggestion SET suggested_at = now() - interval '31 days'")
    with at_work(replace(bench.ctx, rules=replace(bench.ctx.rules, suggestion_days=30)), children):
        eventually(lambda: bench.value("SELECT count(*) FROM suggestion") == 0, "it is gone")


def test_a_retry_wakes_it(bench: Bench, children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "IDLE_S", 3600.0)
    write_astronauts(bench.root, 1)
    bench.scan()
    bench.fail(PhotoFault(FailureCode.UNREADABLE, "so it seemed"))
    with at_work(bench.ctx, children) as running:
        eventually(lambda: running.activity().state == "idle", "it is idle")
        failures.retry(running.context)
        eventually(lambda: bench.status().done == 1, "it is looked at again")


@pytest.mark.parametrize("auto", [True, False])
def test_who_is_named_is_looked_for_at_once(
    bench: Bench, children: Children, monkeypatch: pytest.MonkeyPatch, auto: bool
) -> None:
    """Among the faces that are nobody's, though no face waits to be grouped."""
    monkeypatch.setattr(background, "IDLE_S", 3600.0)
    matching.set_auto(bench.ctx, auto)
    [lone] = bench.faces(bench.put("lone.png", face("ada")))
    group_new_faces(bench.ctx)
    known = [bench.faces(bench.put(f"{n}.png", face("ada")))[0].face for n in range(3)]
    ada = moving.move_faces(bench.ctx, known).person
    assert ada is not None
    with at_work(bench.ctx, children) as running:
        eventually(lambda: running.activity().state == "idle", "it is idle")
        assert bench.tuples("SELECT id FROM face WHERE NOT grouped") == []
        people.name_person(running.context, ada, "Ada")
        where = "assignment" if auto else "suggestion"
        asked = f"SELECT person_id FROM {where} WHERE face_id = %(f)s"
        eventually(lambda: bench.value(asked, f=lone.face) == ada, "she is found")


def test_a_scan_that_somebody_left_open_is_finished(bench: Bench, children: Children) -> None:
    write_photo(bench.root / "a.png", "a")
    request_scan(bench.ctx, bench.library)
    bench.sql("UPDATE scan SET state = 'running', started_at = now()")
    with at_work(bench.ctx, children):
        eventually(lambda: bench.value("SELECT state::text FROM scan") == "done", "it is taken over")


def test_a_stopped_scan_stays_stopped(bench: Bench, children: Children) -> None:
    scan = request_scan(bench.ctx, bench.library).scan
    stop_scan(bench.ctx, scan)
    write_astronauts(bench.root, 1)
    with at_work(bench.ctx, children) as running:
        eventually(lambda: running.activity().state == "idle", "it is idle")
    assert bench.status().photos == 0


def test_a_library_that_comes_back_is_scanned_without_being_asked(
    bench: Bench, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "IDLE_S", 0.1)
    write_astronauts(bench.root, 1)
    bench.scan()
    away = bench.root.rename(bench.root.parent / "away")

    def online() -> list[bool]:
        with bench.ctx.database.read() as reader:
            return [row.online for row in listing.libraries(reader)]

    with at_work(bench.ctx, children) as running:
        request_scan(running.context, bench.library)
        eventually(lambda: online() == [False], "it is seen to be away")
        assert set(bench.files().values()) == {"present"}
        write_astronauts(away, 2)
        away.rename(bench.root)
        eventually(lambda: online() == [True], "it is seen to be back")
        eventually(lambda: settled(bench, 2), "what is new there is looked at")


def test_leaving_ends_the_children_and_leaves_no_lease(bench: Bench, models: Path) -> None:
    write_astronauts(bench.root, 20)
    bench.scan()
    children = Children(2, models)
    with at_work(bench.ctx, children):
        eventually(lambda: bench.status().done >= 2, "it is at it")
        processes = child_processes()
    children.close()
    assert gone(processes)
    assert bench.value("SELECT count(*) FROM photo WHERE leased_by IS NOT NULL") == 0
    assert bench.value("SELECT count(*) FROM failure") == 0
    assert bench.status().waiting > 0


@pytest.mark.slow
def test_it_goes_on_when_the_database_was_killed(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "LONGEST_PAUSE_S", 1.0)
    write_astronauts(tmp_path / "photos", 24, side=160)
    children = Children(2, models)
    with running_cluster() as cluster:
        with psycopg.connect(cluster.handle.conninfo, autocommit=True) as connection:
            connection.execute("CREATE DATABASE killed")

        def where() -> str:
            return make_conninfo(cluster.handle.conninfo, dbname="killed")

        migrate(where())
        with Database(where) as database:
            bench = Bench(context(database, tmp_path / "home"), tmp_path / "photos")
            with at_work(bench.ctx, children) as running:
                request_scan(running.context, bench.library)
                for part in (3, 10):
                    eventually(lambda part=part: done(bench) >= part, "it is at it")  # type: ignore[misc]
                    kill9(postmaster_pid(cluster.home))
                eventually(lambda: done(bench) == 24, "it went on")
                eventually(lambda: not running.activity().message, "it says no more that it is paused")
            assert bench.value("SELECT count(*) FROM face") == 24
            assert bench.value("SELECT count(*) FROM failure") == 0
            assert bench.value("SELECT count(*) FROM photo WHERE leased_by IS NOT NULL") == 0
        children.close()


def done(bench: Bench) -> int:
    try:
        return bench.status().done
    except StorageFault:
        return -1


def test_it_says_that_it_is_paused_and_why(bench: Bench, children: Children, tmp_path: Path) -> None:
    """A database that refuses: here one without its tables."""
    bench.sql("ALTER TABLE scan RENAME TO scan_away")
    with at_work(bench.ctx, children) as running:
        eventually(lambda: running.activity().state == "paused", "it pauses")
        assert "scan" in running.activity().message
        bench.sql("ALTER TABLE scan_away RENAME TO scan")
        eventually(lambda: running.activity().state == "idle", "it goes on")


def test_a_context_without_background_work_is_idle(bench: Bench) -> None:
    assert bench.ctx.activity().state == "idle"
    assert replace(bench.ctx).wake() is None  # type: ignore[func-returns-value]
