"""A worker's sign of life: lock, row and leases, while it works, when it dies, when the database was away."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from store_support import WORKER, Bench, token
from worker_support import eventually

from facekeep.actions import analyse, steering
from facekeep.actions.context import WorkRules
from facekeep.domain.errors import StorageFault
from facekeep.store import photos
from facekeep.store import steering as store
from facekeep.worker import presence
from facekeep.worker.presence import Presence, Said


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_S", 0.05)


def rows(bench: Bench) -> list[store.WorkerRow]:
    with bench.ctx.database.read() as reader:
        return store.workers(reader)


def holder(bench: Bench, number: int) -> object:
    """The server process that holds a worker's lock."""
    query = (
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %(space)s AND objid = %(number)s"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return bench.value(query, space=photos.WORKER_LOCK, number=number)


def test_others_see_who_works_until_it_ends(bench: Bench) -> None:
    said = Said(state="analysing", done=3, rate=1.5, children={"alive": 2}, breakers=[{"code": "storage"}])
    with Presence(bench.ctx, "worker", lambda: said) as here:
        [row] = rows(bench)
        assert (row.worker, row.role, row.alive, row.state, row.done) == (
            here.number,
            "worker",
            True,
            "analysing",
            3,
        )
        assert (row.children, row.breakers) == ({"alive": 2}, [{"code": "storage"}])
    assert rows(bench) == []


def test_leases_are_renewed_and_only_ones_own(bench: Bench) -> None:
    bench.put_three()
    bench.scan()
    held: list[tuple[int, UUID]] = []
    with Presence(bench.ctx, "scan", lambda: Said(held=tuple(held))) as here:
        mine, lost, _ = analyse.claim(bench.ctx, here.number, 3)
        bench.sql("UPDATE photo SET due_at = now() + interval '9 seconds'")
        bench.sql("UPDATE photo SET leased_by = %(other)s WHERE id = %(id)s", other=token(), id=lost.photo)
        held += [(item.photo, item.token) for item in (mine, lost)]
        renewed = "SELECT array_agg(id) FROM photo WHERE due_at > now() + interval '30 seconds'"
        eventually(lambda: bench.value(renewed) == [mine.photo], "the lease is renewed")
        eventually(lambda: rows(bench)[0].in_hand == 2, "and told")
        assert bench.value(renewed) == [mine.photo]


def test_what_the_dead_had_in_hand_comes_back_with_the_next_worker(bench: Bench) -> None:
    bench.put_three()
    bench.scan()
    [dead] = analyse.claim(bench.ctx, WORKER, 1)
    row = "INSERT INTO worker (id, role, host, pid, version, state) VALUES (%(id)s, 'scan', 'h', 1, '0', 'x')"
    bench.sql(row, id=WORKER)
    assert [row.alive for row in rows(bench)] == [False]
    with Presence(bench.ctx, "scan", Said) as here:
        assert [row.worker for row in rows(bench)] == [here.number]
        assert dead.photo in [item.photo for item in bench.claim()]


def test_it_takes_its_lock_again_when_the_server_forgot_it(bench: Bench) -> None:
    """A database that was started again: here, the connection that holds the lock is ended."""
    with Presence(bench.ctx, "serve", Said) as here:
        before = holder(bench, here.number)
        assert before is not None
        bench.value("SELECT pg_terminate_backend(%(pid)s)", pid=before)
        eventually(lambda: holder(bench, here.number) not in (None, before), "it holds its lock again")
        assert [row.alive for row in rows(bench)] == [True]


def test_an_outage_does_not_end_the_thread(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = store.beat

    def refused(writer: Any, said: store.Beat) -> None:
        asked.append(1)
        if len(asked) < 4:
            raise StorageFault("gone")
        real(writer, said)

    with Presence(bench.ctx, "serve", lambda: Said(done=len(asked))):
        monkeypatch.setattr(store, "beat", refused)
        eventually(lambda: rows(bench)[0].done >= 4, "it beats again")


def test_it_may_be_entered_again_inside_itself(bench: Bench) -> None:
    here = Presence(bench.ctx, "serve", Said)
    with here:
        with here:
            number = here.number
        assert [row.worker for row in rows(bench)] == [number]
    assert rows(bench) == []


def test_memory_is_asked_back_once(bench: Bench) -> None:
    steering.release_models(bench.ctx)  # before it began: not for this worker
    asked: list[int] = []
    with Presence(bench.ctx, "serve", Said, lambda: asked.append(1)):
        steering.release_models(bench.ctx)
        eventually(lambda: asked, "it is asked")
        beats = rows(bench)[0].seen_at
        eventually(lambda: rows(bench)[0].seen_at > beats, "a further beat")
    assert asked == [1]


def test_beats_are_never_rarer_than_a_quarter_of_the_lease(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "BEAT_S", 3600.0)
    ctx = replace(bench.ctx, rules=WorkRules(lease_s=0.4))
    with Presence(ctx, "serve", Said):
        first = rows(bench)[0].seen_at
        eventually(lambda: rows(bench)[0].seen_at > first, "a beat")


def test_nobody_claims_while_the_user_has_paused(bench: Bench) -> None:
    bench.put_three()
    bench.scan()
    assert steering.pause(bench.ctx).paused
    assert bench.claim() == []
    assert not steering.resume(bench.ctx).paused
    assert len(bench.claim()) == 3
