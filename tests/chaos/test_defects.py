"""What the worker before did wrong, where no other test shows that it is right here (docs/failures.md)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from store_support import Bench, analysis
from tests.chaos import faulty_child, invariants
from tests.chaos.face_photos import marked, write_faces
from tests.chaos.hard_cases import write_all
from tests.chaos.rig import open_children, open_context
from worker_support import write_astronauts

from facekeep.actions import analyse
from facekeep.domain.breaker import Breakers, Key
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.worker.analysing import Analyser
from facekeep.worker.children import Children

NEVER_TIRED = 20


@dataclass(frozen=True, slots=True)
class Shop:
    """A library and children that the marks of photos harm."""

    bench: Bench
    children: Children
    conninfo: str

    def work(self) -> Analyser:
        """A worker from its beginning to its end, as after a new start of the program."""
        worker = Analyser(self.bench.ctx, self.children)
        worker.run(lambda: False)
        return worker

    def due_now(self) -> None:
        """As if the wait before the next try were over."""
        self.bench.sql("UPDATE photo SET due_at = now() WHERE due_at IS NOT NULL")


@pytest.fixture(scope="module")
def pool(models: Path) -> Iterator[Children]:
    with open_children(models, memory_megabytes=600, entry=faulty_child.run) as children:
        yield children


@pytest.fixture
def shop(conninfo: str, pool: Children, tmp_path: Path) -> Iterator[Shop]:
    with open_context(conninfo, tmp_path / "home") as ctx:
        yield Shop(Bench(ctx, tmp_path / "photos"), pool, conninfo)


def test_each_try_of_a_large_photo_is_really_smaller(shop: Shop) -> None:
    """Defect 1: sizes that were all capped to the same one."""
    [path] = write_faces(shop.bench.root, 1, side=4032)
    marked(path, "grow")
    shop.bench.scan()
    sizes: list[tuple[int, int | None]] = []
    while shop.bench.value("SELECT due_at FROM photo") is not None:
        assert len(sizes) < NEVER_TIRED
        shop.work()
        sizes.append(shop.bench.tuples("SELECT long_side, retry_long_side FROM failure")[0])
        shop.due_now()
    tried = [long_side for long_side, _ in sizes]
    assert tried == sorted(set(tried), reverse=True)
    assert tried[0] < 4032
    assert [smaller for _, smaller in sizes[:-1]] == tried[1:], "what is asked for next is what is used next"
    assert shop.bench.status().failed == 1


def test_files_that_are_gone_cost_no_child_and_no_time(shop: Shop) -> None:
    """Defect 2: 954 missing files were counted as crashes, and the children started again 190 times."""
    paths = write_faces(shop.bench.root, 60, side=96)
    shop.bench.scan()
    for path in paths[5:]:
        path.unlink()
    before = shop.children.state()
    worker = shop.work()
    after = shop.children.state()
    found = invariants.states(shop.conninfo)
    assert list(found.values()).count("done") == 5
    assert list(found.values()).count("missing_file") == 55
    assert (after.died - before.died, after.started - before.started <= shop.children.count) == (0, True)
    assert worker.pauses() == ()
    assert shop.bench.value("SELECT sum(attempts) FROM failure") == 0


def test_pictures_too_small_for_a_face_are_results(shop: Shop, tmp_path: Path) -> None:
    """Defect 8: a tracking pixel failed without an error, which could not be recorded, 120,500 times."""
    write_all(tmp_path / "hard", heavy=False)
    names = ("tracking-pixel.gif", "one.png", "one.jpg", "wide.png", "high.jpg", "alpha-only.png")
    for name in names:
        os.link(tmp_path / "hard" / name, shop.bench.root / name)
    shop.bench.scan()
    shop.work()
    assert invariants.states(shop.conninfo) == dict.fromkeys(names, "done")
    assert shop.bench.value("SELECT count(*) FROM face") == 0
    assert shop.bench.claim() == []


def test_what_can_be_looked_at_is_reached_past_what_always_fails(shop: Shop) -> None:
    """Defects 8 and 12: the same first photos were taken up for ever, and those behind them never."""
    bad = write_faces(shop.bench.root / "a", 30, side=96)
    shop.bench.scan()
    for path in bad:
        path.write_bytes(b"no photo any more: " + path.name.encode())
    good = write_faces(shop.bench.root / "b", 3, side=96, first=100)
    shop.bench.scan()
    shop.work()
    found = invariants.states(shop.conninfo)
    assert {name for name, state in found.items() if state == "done"} == {f"b/{path.name}" for path in good}
    assert shop.bench.claim() == [], "nothing is due again at once"


def test_attempts_are_known_to_whoever_comes_next(shop: Shop) -> None:
    """Defect 15: failures were counted in memory, and a new start forgot them."""
    [path] = write_faces(shop.bench.root, 1, side=96)
    marked(path, "kill")
    shop.bench.scan()
    for _ in range(2):
        shop.work()
        shop.due_now()
    assert invariants.charged(shop.conninfo) == {path.name: "crashed"}
    assert shop.bench.tuples("SELECT attempts, permanent FROM failure") == [(2, True)]
    assert shop.bench.claim() == []


def test_what_is_remembered_of_outages_does_not_gather() -> None:
    """Defect 15: what was counted in memory had no bound."""
    breakers = Breakers()
    for library in range(1000):
        for moment in range(20):
            breakers.failed(Key(FailureCode.STORAGE, library), moment, "a disk")
        breakers.probed(library)
        for _ in range(20):
            breakers.worked(library)
    assert list(breakers.not_closed()) == []
    assert len(breakers._by_key) == 0


def test_a_failure_and_a_result_are_never_both_there(shop: Shop) -> None:
    """Defects 9 and 10: what was stored in part, or twice."""
    write_astronauts(shop.bench.root, 2)
    shop.bench.scan()
    shop.bench.fail(PhotoFault(FailureCode.OUT_OF_MEMORY, "", long_side=1024))
    assert invariants.broken(shop.conninfo) == {}
    shop.due_now()
    shop.work()
    assert invariants.broken(shop.conninfo) == {}
    assert shop.bench.value("SELECT count(*) FROM failure") == 0
    assert shop.bench.value("SELECT count(*) FROM embedding") == 2


def test_an_answer_that_comes_too_late_is_not_stored(shop: Shop) -> None:
    """Defect 4: a hanging photo's worker went on, and stored when another had long done the same."""
    write_faces(shop.bench.root, 1, side=96)
    shop.bench.scan()
    [slow] = shop.bench.claim()
    shop.bench.sql("UPDATE photo SET due_at = now()")
    assert shop.work().snapshot().done == 1
    assert not analyse.record(shop.bench.ctx, slow, analysis())
    assert invariants.broken(shop.conninfo) == {}
