"""What a worker stops claiming when the environment fails, and how it goes on, on a clock of our own."""

from pathlib import Path

import pytest
from store_support import WORKER, Bench, analysis, write_photo

from facekeep.actions import analyse
from facekeep.actions.analyse import Claimed
from facekeep.actions.libraries import add_library
from facekeep.actions.scan import scan_library
from facekeep.domain.breaker import ENOUGH, FIRST_PAUSE_S
from facekeep.domain.errors import FailureCode, MachineFault, PhotoFault
from facekeep.library.mounts import Mounts
from facekeep.store import listing
from facekeep.worker.breaking import Claiming

C = FailureCode


class Worker:
    """Claims, and answers for each photo as told."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.now = bench, 0.0
        self.claiming = Claiming(bench.ctx, lambda: self.now)

    def claim(self, room: int = 1) -> list[Claimed]:
        return self.claiming.claim(WORKER, room)

    def fails(self, item: Claimed, code: FailureCode) -> None:
        self.meets(item, PhotoFault(code, "so it says"))

    def meets(self, item: Claimed, fault: PhotoFault) -> None:
        self.claiming.failed(item, fault)
        analyse.record_failure(self.bench.ctx, item, fault)

    def works(self, item: Claimed) -> None:
        self.claiming.worked(item)
        assert analyse.record(self.bench.ctx, item, analysis())

    def paused(self) -> list[tuple[str, int | None, str]]:
        return [(pause.code.value, pause.library, pause.state) for pause in self.claiming.pauses()]


@pytest.fixture
def other(bench: Bench, tmp_path: Path) -> int:
    """A second library with ten photos, beside the bench's, which gets thirty."""
    for number in range(30):
        write_photo(bench.root / f"{number:02}.png", str(number))
    folder = tmp_path / "others"
    for number in range(10):
        write_photo(folder / f"{number:02}.png", f"other {number}")
    library = add_library(bench.ctx, folder).library
    bench.scan()
    scan_library(bench.ctx, library)
    return library


def test_a_bad_disk_pauses_its_library_alone_and_is_probed(bench: Bench, other: int) -> None:
    worker = Worker(bench)
    for _ in range(ENOUGH):
        [item] = worker.claim()
        assert item.library == bench.library
        worker.fails(item, C.STORAGE)
    assert worker.paused() == [("storage", bench.library, "open")]
    assert {item.library for item in worker.claim(40)} == {other}, "the other one goes on"
    worker.now = FIRST_PAUSE_S
    [probe] = worker.claim(40)
    assert probe.library == bench.library
    assert worker.claim(40) == [], "one probe at a time"
    assert worker.paused() == [("storage", bench.library, "probing")]
    worker.fails(probe, C.STORAGE)
    assert worker.claim(40) == []
    worker.now = 3 * FIRST_PAUSE_S
    [probe] = worker.claim(40)
    worker.works(probe)
    assert worker.paused() == []
    failed = bench.tuples("SELECT attempts, permanent, retry_at <= now() FROM failure")
    assert failed == [(0, False, True)] * (ENOUGH + 1), "uncharged, and not waited for any longer"
    assert len(worker.claim(40)) == 30 - 1


def test_a_machine_that_can_look_at_nothing_pauses_everything(bench: Bench, other: int) -> None:
    worker = Worker(bench)
    for item in worker.claim(ENOUGH):
        worker.meets(item, MachineFault("no models"))
    assert worker.paused() == [("internal", None, "open")]
    assert worker.claim(40) == []
    worker.now = FIRST_PAUSE_S
    [probe] = worker.claim(40)
    assert worker.claim(40) == []
    worker.claiming.returned(probe)
    analyse.give_back(bench.ctx, [probe])
    [probe] = worker.claim(40)
    worker.works(probe)
    assert len(worker.claim(40)) == 39


def test_a_probe_is_a_photo_that_never_failed(bench: Bench, other: int) -> None:
    """One that fails by itself would keep the library paused for ever."""
    worker = Worker(bench)
    for item in worker.claim(ENOUGH):
        worker.fails(item, C.STORAGE)
    bench.sql("UPDATE photo SET due_at = now() - interval '1 day' WHERE state = 'failed'")
    worker.now = FIRST_PAUSE_S
    [probe] = [item for item in worker.claim(40) if item.library == bench.library]
    assert probe.known.code is None


@pytest.mark.parametrize(
    "code", [C.INTERNAL, C.UNREADABLE, C.CRASHED, C.TIMEOUT, C.OUT_OF_MEMORY, C.TOO_LARGE]
)
def test_a_library_full_of_bad_photos_is_never_paused(bench: Bench, other: int, code: FailureCode) -> None:
    """Defects 2 and 7 of the old worker: what is wrong with the photos was taken for an outage."""
    worker = Worker(bench)
    for item in worker.claim(40):
        worker.fails(item, code)
    assert worker.paused() == []


def test_files_that_are_gone_one_by_one_pause_nothing(bench: Bench, other: int) -> None:
    worker = Worker(bench)
    for item in worker.claim(20):
        item.path.unlink()
        fault = worker.claiming.diagnosed(item, PhotoFault(C.MISSING_FILE, "gone"))
        assert fault.failure is C.MISSING_FILE
        worker.fails(item, C.MISSING_FILE)
    assert worker.paused() == []
    assert bench.value("SELECT max(attempts) FROM failure") == 0


def test_a_mount_that_went_away_is_noticed_by_the_first_file(bench: Bench, other: int) -> None:
    worker = Worker(bench)
    [item] = worker.claim()
    bench.root.rename(bench.root.parent / "away")
    fault = worker.claiming.diagnosed(item, PhotoFault(C.MISSING_FILE, "gone"))
    worker.fails(item, fault.failure)
    assert worker.paused() == [("library_offline", bench.library, "open")]
    with bench.ctx.database.read() as reader:
        assert listing.failures(reader).items == []
    assert {item.library for item in worker.claim(40)} == {other}


def test_a_mount_that_hangs_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is asked by a thread that is not waited for; and never twice at once."""
    import threading

    from facekeep.library import mounts as module

    asked, answer = [], threading.Event()

    def hanging(root: Path, *, had_photos: bool) -> bool:
        asked.append(root)
        answer.wait()
        return False

    monkeypatch.setattr(module, "is_offline", hanging)
    mounts = Mounts(patience_s=0.05)
    assert mounts.is_away(tmp_path)
    assert mounts.is_away(tmp_path)
    assert asked == [tmp_path]
    answer.set()
    assert not Mounts(patience_s=30).is_away(tmp_path)
