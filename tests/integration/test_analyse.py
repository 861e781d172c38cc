"""A photo's way through a worker: claimed, looked at, stored whole, matched; or failed with a reason."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from store_support import WORKER, Bench, analysis, face, token, write_photo
from worker_support import child_processes, eventually, write_astronauts, write_bad_files

from facekeep.actions import analyse, failures
from facekeep.actions.context import Context
from facekeep.domain.errors import FailureCode, PhotoFault, UsageError
from facekeep.domain.faces import PhotoAnalysis
from facekeep.store import listing, photos, steering
from facekeep.store.rows import FailureRow
from facekeep.worker import analysing
from facekeep.worker.analysing import Analyser
from facekeep.worker.breaking import Claiming
from facekeep.worker.children import ChildLimits, Children
from facekeep.worker.foreground import Foreground

C = FailureCode


def never() -> bool:
    return False


def failed(bench: Bench) -> list[FailureRow]:
    with bench.ctx.database.read() as reader:
        return listing.failures(reader).items


def waiting(bench: Bench, count: int = 1) -> None:
    for number in range(count):
        write_photo(bench.root / f"{number}.png", str(number))
    bench.scan()


# Claiming ---------------------------------------------------------------------------------------------------


def test_a_photo_is_claimed_once(bench: Bench) -> None:
    waiting(bench, 10)
    first, second = bench.claim(6), bench.claim(6)
    assert (len(first), len(second), bench.claim(6)) == (6, 4, [])
    assert len({item.photo for item in first + second}) == 10


def test_many_workers_claim_each_photo_once(bench: Bench) -> None:
    waiting(bench, 60)
    claimed: list[int] = []

    def work() -> None:
        while items := bench.claim(3):
            claimed.extend(item.photo for item in items)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 60


def test_a_lease_that_ran_out_is_claimed_by_another_and_the_first_stores_nothing(bench: Bench) -> None:
    waiting(bench)
    [late] = bench.claim()
    bench.sql("UPDATE photo SET due_at = now() - interval '1 second'")
    [now] = bench.claim()
    assert analyse.record(bench.ctx, now, analysis(face("ada")))
    before = bench.faces(), bench.photos()
    assert not analyse.record(bench.ctx, late, analysis(face("grace", 5)))
    analyse.record_failure(bench.ctx, late, PhotoFault(C.CRASHED, "it died"))
    assert (bench.faces(), bench.photos()) == before
    assert failed(bench) == []


def test_a_renewed_lease_stays(bench: Bench) -> None:
    waiting(bench)
    claimed = bench.claim()
    bench.sql("UPDATE photo SET due_at = now() + interval '1 second'")
    with bench.ctx.database.write() as writer:
        steering.renew(writer, [(item.photo, item.token) for item in claimed], lease_s=60.0)
    left = bench.value("SELECT extract(epoch FROM due_at - now()) FROM photo")
    assert float(str(left)) > 30


def test_what_is_given_back_is_due_and_uncharged(bench: Bench) -> None:
    waiting(bench, 3)
    analyse.give_back(bench.ctx, bench.claim())
    assert failed(bench) == []
    assert len(bench.claim()) == 3


def test_a_dead_workers_leases_come_back_at_once_and_a_living_ones_stay(bench: Bench) -> None:
    waiting(bench, 4)
    with bench.ctx.database.hold(photos.WORKER_LOCK, 5) as alive:
        assert alive
        living = analyse.claim(bench.ctx, 5, 2)
        dead = analyse.claim(bench.ctx, WORKER, 2)
        with bench.ctx.database.write() as writer:
            assert photos.return_orphans(writer) == 2
        assert {item.photo for item in bench.claim()} == {item.photo for item in dead}
    assert len(living) == 2


def test_an_edit_while_it_is_looked_at_makes_the_answer_void(bench: Bench) -> None:
    waiting(bench)
    [claimed] = bench.claim()
    write_photo(bench.root / "0.png", "other content, other size")
    bench.scan()
    assert not analyse.record(bench.ctx, claimed, analysis(face("ada")))
    assert bench.faces() == []
    assert bench.look({"other content, other size": [face("grace")]}) == 1


# Storing ----------------------------------------------------------------------------------------------------


def test_a_photo_is_stored_whole(bench: Bench) -> None:
    seen = face("ada")
    photo = bench.put("a.png", seen)
    [row] = bench.faces(photo)
    assert (row.x, row.y, row.width, row.height) == (seen.box.x, seen.box.y, seen.box.width, seen.box.height)
    assert row.landmarks == [float(v) for v in seen.landmarks.array().ravel()]
    assert row.score == pytest.approx(seen.score)
    assert row.quality == pytest.approx(seen.quality.overall)
    assert (row.model, row.source, row.photo_width, row.photo_height) == ("bundled-1", "detected", 1000, 800)
    assert bench.photo("a.png").state == "done"


def test_no_faces_is_an_answer(bench: Bench) -> None:
    bench.put("a.png")
    assert (bench.photo("a.png").state, bench.photo("a.png").faces) == ("done", 0)
    assert failed(bench) == []


def test_what_cannot_be_stored_is_stored_not_at_all(bench: Bench) -> None:
    waiting(bench)
    [claimed] = bench.claim()
    good, bad = face("ada"), face("grace", 1)
    bad = replace(bad, embedding=np.asarray(bad.embedding * 100, dtype=np.float32))
    with pytest.raises(UsageError, match="norm_of_the_pack"):
        analyse.record(bench.ctx, claimed, analysis(good, bad))
    assert bench.faces() == []
    assert bench.photos()[0].state == "waiting"
    assert analyse.record(bench.ctx, claimed, analysis(good))


def test_the_same_again_changes_nothing(bench: Bench) -> None:
    seen = [face("ada", 0), face("grace", 1)]
    photo = bench.put("a.png", *seen)
    before = bench.faces()
    bench.look_again(photo)
    bench.look({"a.png": seen})
    assert bench.faces() == before


# Failing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [C.UNREADABLE, C.TOO_LARGE])
def test_what_cannot_be_read_is_not_tried_again(bench: Bench, code: FailureCode) -> None:
    waiting(bench)
    bench.fail(PhotoFault(code, "it is torn", hint="mend it"))
    [row] = failed(bench)
    assert (row.code, row.message, row.attempts) == (code, "it is torn (mend it)", 1)
    assert (row.permanent, row.retry_at) == (True, None)
    assert bench.claim() == []
    assert bench.scan().counts.photos_changed == 0
    assert bench.claim() == []


def due_again(bench: Bench) -> float:
    """Seconds until the failed photo is tried again; it is made due now."""
    seconds = bench.value("SELECT extract(epoch FROM due_at - now()) FROM photo")
    bench.sql("UPDATE photo SET due_at = now()")
    return float(str(seconds))


def test_hunger_is_tried_again_smaller_ever_later_five_times(bench: Bench) -> None:
    waiting(bench)
    waits, sides, size = [], [], 1440
    for attempt in range(1, 6):
        assert bench.fail(PhotoFault(C.OUT_OF_MEMORY, "too much", long_side=size)) == 1
        [row] = failed(bench)
        size = row.retry_long_side if row.retry_long_side is not None else 0
        sides.append(size)
        assert (row.attempts, row.permanent) == (attempt, attempt == 5)
        if not row.permanent:
            waits.append(due_again(bench))
    assert bench.claim() == []
    assert all(
        floor - 1 <= wait <= 1.1 * floor for wait, floor in zip(waits, (60, 120, 240, 480), strict=True)
    )
    assert sides[:4] == [1008, 706, 494, 346]


def test_a_crash_is_tried_once_more_alone_and_then_no_more(bench: Bench) -> None:
    waiting(bench)
    [claimed] = bench.claim()
    assert not claimed.alone
    analyse.record_failure(bench.ctx, claimed, PhotoFault(C.CRASHED, "it died", long_side=900))
    bench.sql("UPDATE photo SET due_at = now()")
    [again] = bench.claim()
    assert (again.alone, again.long_side) == (True, None)
    analyse.record_failure(bench.ctx, again, PhotoFault(C.CRASHED, "it died", long_side=900))
    [row] = failed(bench)
    assert (row.attempts, row.permanent, row.code) == (2, True, "crashed")


def test_a_smaller_size_stays_asked_for(bench: Bench) -> None:
    """A disk fault after a memory fault says nothing of sizes; the next try is still the smaller one."""
    waiting(bench)
    for fault in (
        PhotoFault(C.OUT_OF_MEMORY, "too much", long_side=1440),
        PhotoFault(C.STORAGE, "the disk"),
        PhotoFault(C.INTERNAL, "ours", long_side=1008),
    ):
        bench.sql("UPDATE photo SET due_at = now()")
        assert bench.fail(fault) == 1
    bench.sql("UPDATE photo SET due_at = now()")
    [claimed] = bench.claim()
    assert claimed.long_side == 1008


def test_a_file_written_again_is_looked_at_again_though_its_content_is_the_same(bench: Bench) -> None:
    waiting(bench)
    bench.fail(PhotoFault(C.UNREADABLE, "torn"))
    bench.scan()
    assert bench.claim() == [], "nothing changed"
    os.utime(bench.root / "0.png", ns=(1, 1))
    bench.scan()
    assert failed(bench) == []
    assert len(bench.claim()) == 1


def test_what_the_user_gave_up_stays_given_up_until_it_is_named(bench: Bench) -> None:
    waiting(bench)
    bench.fail(PhotoFault(C.STORAGE, "the disk"))
    [row] = failed(bench)
    assert row.photo is not None
    assert failures.give_up(bench.ctx, [row.photo, 4711]) == 1
    os.utime(bench.root / "0.png", ns=(1, 1))
    bench.scan()
    assert failures.retry(bench.ctx) == 0
    assert bench.claim() == []
    assert failures.retry(bench.ctx, photos=[row.photo]) == 1
    assert len(bench.claim()) == 1


def test_an_outage_that_is_over_is_not_waited_for(bench: Bench) -> None:
    waiting(bench, 2)
    one, two = bench.claim()
    analyse.record_failure(bench.ctx, one, PhotoFault(C.STORAGE, "the disk"))
    analyse.record_failure(bench.ctx, two, PhotoFault(C.CRASHED, "died"))
    assert analyse.hasten(bench.ctx, C.STORAGE, one.library + 1) == 0
    assert analyse.hasten(bench.ctx, C.STORAGE, one.library) == 1
    assert [item.photo for item in bench.claim()] == [one.photo]


@pytest.mark.parametrize("code", [C.STORAGE, C.INTERNAL])
def test_what_is_not_the_photos_fault_is_never_its_end(bench: Bench, code: FailureCode) -> None:
    waiting(bench)
    for _ in range(8):
        assert bench.fail(PhotoFault(code, "the disk")) == 1
        wait = due_again(bench)
    [row] = failed(bench)
    assert (row.attempts, row.permanent) == (0, False)
    assert 3599 <= wait <= 3960


def test_a_photo_that_is_done_at_last_forgets_its_failures(bench: Bench) -> None:
    waiting(bench)
    bench.fail(PhotoFault(C.CRASHED, "it died"))
    due_again(bench)
    bench.look({"0": [face("ada")]})
    assert failed(bench) == []
    assert bench.photos()[0].state == "done"


def test_a_missing_file_charges_nobody(bench: Bench) -> None:
    waiting(bench, 2)
    (bench.root / "0.png").rename(bench.root.parent / "away")
    claimed = {item.path.name: item for item in bench.claim()}
    analyse.record_failure(bench.ctx, claimed["0.png"], PhotoFault(C.MISSING_FILE, "gone"))
    assert bench.files()["0.png"] == "missing"
    [row] = failed(bench)
    assert (row.code, row.attempts, row.permanent) == ("missing_file", 0, True)
    (bench.root.parent / "away").rename(bench.root / "0.png")
    bench.scan()
    assert failed(bench) == []


def test_another_copy_is_looked_at_when_the_first_is_gone(bench: Bench) -> None:
    write_photo(bench.root / "a.png", "one")
    write_photo(bench.root / "b.png", "one")
    bench.scan()
    (bench.root / "a.png").unlink()
    [claimed] = bench.claim()
    assert claimed.path.name == "a.png"
    analyse.record_failure(bench.ctx, claimed, PhotoFault(C.MISSING_FILE, "gone"))
    assert failed(bench) == []
    [again] = bench.claim()
    assert again.path.name == "b.png"


def test_a_library_that_went_away_charges_nobody(bench: Bench) -> None:
    waiting(bench, 3)
    claimed = bench.claim()
    bench.root.rename(bench.root.parent / "elsewhere")
    claiming = Claiming(bench.ctx)
    for item, code in zip(claimed, (C.MISSING_FILE, C.TIMEOUT, C.STORAGE), strict=True):
        fault = claiming.diagnosed(item, PhotoFault(code, "so it seems"))
        assert fault.failure is C.LIBRARY_OFFLINE
        claiming.failed(item, fault)
        analyse.record_failure(bench.ctx, item, fault)
    assert failed(bench) == []
    assert set(bench.files().values()) == {"present"}
    assert claiming.claim(WORKER, 9) == [], "paused"
    (bench.root.parent / "elsewhere").rename(bench.root)
    assert len(bench.claim()) == 3


@pytest.mark.parametrize("message", ["", "  ", "nul \x00 inside", "x" * 10_000, "\udce9 no text"])
def test_any_message_can_be_kept(bench: Bench, message: str) -> None:
    waiting(bench)
    bench.fail(PhotoFault(C.UNREADABLE, message))
    assert failed(bench)[0].message


def test_the_user_asks_for_another_try(bench: Bench) -> None:
    waiting(bench, 3)
    one, two, three = bench.claim()
    analyse.record_failure(bench.ctx, one, PhotoFault(C.UNREADABLE, "torn"))
    analyse.record_failure(bench.ctx, two, PhotoFault(C.CRASHED, "died"))
    analyse.record_failure(bench.ctx, three, PhotoFault(C.CRASHED, "died"))
    assert failures.retry(bench.ctx, code="crashed") == 2
    assert len(bench.claim()) == 2
    assert failures.retry(bench.ctx, photos=[one.photo]) == 1
    assert len(bench.claim()) == 1
    assert failures.retry(bench.ctx, photos=[4711]) == 0
    assert failures.retry(bench.ctx) == 3


# The worker's loop, with real children ----------------------------------------------------------------------


def states(bench: Bench) -> dict[str, str]:
    return {Path(row.files[0].decode()).name: row.state for row in bench.photos()}


def test_a_folder_from_beginning_to_end(bench: Bench, children: Children) -> None:
    good = write_astronauts(bench.root, 4)
    codes = write_bad_files(bench.root)
    outcome = Foreground(bench.ctx, children).run([bench.root])
    assert (outcome.analysis.done, outcome.analysis.failed, outcome.stopped) == (4, len(codes), False)
    assert outcome.analysis.faces == 4
    assert {row.files[0].decode().rpartition("/")[2]: row.code for row in failed(bench)} == codes
    assert states(bench) == {path.name: "done" for path in good} | dict.fromkeys(codes, "failed")
    [person] = bench.people()
    assert person.faces == 4
    again = Foreground(bench.ctx, children).run([bench.root])
    assert (again.analysis.done, again.analysis.failed) == (0, 0)


def test_crashes_hangs_and_hunger_cost_their_own_photo(faults: None, bench: Bench, models: Path) -> None:
    good = write_astronauts(bench.root, 4)
    bad = {"crash.png": "crashed", "hang.png": "timeout", "swell.png": "out_of_memory"}
    for number, name in enumerate(bad):
        (bench.root / name).write_bytes(good[number].read_bytes() + b"another content")
    children = Children(2, models, limits=ChildLimits(timeout_s=6))
    try:
        outcome = Foreground(bench.ctx, children).run([bench.root])
    finally:
        children.close()
    assert (outcome.analysis.done, outcome.analysis.failed) == (4, 3)
    rows = {row.files[0].decode().rpartition("/")[2]: row for row in failed(bench)}
    assert {name: row.code for name, row in rows.items()} == bad
    assert {(row.attempts, row.permanent) for row in rows.values()} == {(1, False)}
    assert bench.value("SELECT count(*) FROM photo WHERE leased_by IS NOT NULL") == 0


def test_what_the_database_refuses_is_that_photos_trouble(
    bench: Bench, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_astronauts(bench.root, 3)
    real = analyse.record

    def spoiled(ctx: Context, claimed: analyse.Claimed, found: PhotoAnalysis) -> bool:
        if claimed.path.name == "01.png":
            found = replace(found, facts=replace(found.facts, taken_at="2023-02-30T25:00:00"))
        return real(ctx, claimed, found)

    monkeypatch.setattr(analyse, "record", spoiled)
    outcome = Foreground(bench.ctx, children).run([bench.root])
    assert (outcome.analysis.done, outcome.analysis.failed) == (2, 1)
    [row] = failed(bench)
    assert (row.code, row.attempts) == ("internal", 0)
    assert "cannot be stored" in row.message


def test_two_workers_look_at_every_photo_once(
    bench: Bench, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_astronauts(bench.root, 12, side=160)
    bench.scan()
    recorded: list[int] = []
    real = analyse.record

    def counting(ctx: Context, claimed: analyse.Claimed, found: PhotoAnalysis) -> bool:
        recorded.append(claimed.photo)
        return real(ctx, claimed, found)

    monkeypatch.setattr(analyse, "record", counting)
    pools = [Children(1, models) for _ in range(2)]
    progress: list[analysing.Progress] = []
    threads = [
        threading.Thread(target=lambda pool=pool: progress.append(Analyser(bench.ctx, pool).run(never)))
        for pool in pools
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pool in pools:
        pool.close()
    assert len(recorded) == len(set(recorded)) == 12
    assert sum(each.done for each in progress) == 12
    assert {row.state for row in bench.photos()} == {"done"}


def test_stopping_finishes_what_is_held_and_gives_back_the_rest(
    faults: None, bench: Bench, models: Path
) -> None:
    good = write_astronauts(bench.root, 3)
    for number in range(6):
        (bench.root / f"hang{number}.png").write_bytes(good[0].read_bytes() + bytes([number]))
    for path in good:
        path.unlink()
    bench.scan()
    children = Children(1, models, limits=ChildLimits(timeout_s=8))
    stop = threading.Event()
    try:
        worker = threading.Thread(target=Analyser(bench.ctx, children).run, args=(stop.is_set,))
        worker.start()
        eventually(child_processes, "a child lives")
        stop.set()
        worker.join()
    finally:
        children.close()
    assert len(failed(bench)) <= 1, "the photo that a child held may have failed, no other"
    assert bench.value("SELECT count(*) FROM photo WHERE leased_by IS NOT NULL") == 0
    assert len(bench.claim()) >= 5


def test_children_sent_home_charge_nobody(faults: None, bench: Bench, models: Path) -> None:
    [good] = write_astronauts(bench.root, 1)
    for number in range(4):
        (bench.root / f"hang{number}.png").write_bytes(good.read_bytes() + bytes([number]))
    good.unlink()
    bench.scan()
    children = Children(1, models)
    stop = threading.Event()
    worker = threading.Thread(target=Analyser(bench.ctx, children).run, args=(stop.is_set,))
    worker.start()
    eventually(child_processes, "a child lives")
    stop.set()
    children.close()
    worker.join()
    assert failed(bench) == []
    assert len(bench.claim()) == 4


def test_nobody_is_left_waiting_for_a_lease_that_is_not_his(bench: Bench) -> None:
    waiting(bench)
    with bench.ctx.database.write() as writer:
        assert not photos.finish(
            writer, bench.photos()[0].photo, token(), analysis().facts, bench.ctx.pack_id, long_side=100
        )
