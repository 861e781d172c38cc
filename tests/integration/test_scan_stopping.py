"""Scans that are stopped, joined, left behind, or run side by side."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from store_support import Bench, write_photo

from facekeep.actions import scan
from facekeep.actions.libraries import request_scan, stop_scan
from facekeep.actions.scan import ScanReport, scan_library
from facekeep.store import libraries
from facekeep.store.libraries import ScanCounts

# Stopped, joined, killed ------------------------------------------------------------------------------------


def test_a_stopped_scan_marks_nothing_missing_and_goes_on_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, hashed: list[str]
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    bench.put("gone.png")
    (bench.root / "gone.png").unlink()
    for number in range(30):
        write_photo(bench.root / f"{number:02}.png", str(number))
    hashed.clear()
    reached = threading.Event()

    def progress(counts: ScanCounts) -> None:
        if counts.files_seen >= 10:
            reached.set()

    report = scan_library(bench.ctx, bench.library, progress=progress, stop=reached.is_set)
    assert (report.outcome, report.counts.files_seen) == ("stopped", 10)
    assert bench.files()["gone.png"] == "present"
    read = len(hashed)
    assert bench.scan().counts == ScanCounts(files_seen=30, photos_new=20, files_missing=1)
    assert len(hashed) == read + 20
    assert len(bench.photos()) == 31


def test_the_user_stops_a_scan_that_another_process_runs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    for number in range(30):
        write_photo(bench.root / f"{number:02}.png", str(number))

    def progress(counts: ScanCounts) -> None:
        if counts.files_seen == 10:
            stop_scan(bench.ctx, bench.latest_scan())

    report = scan_library(bench.ctx, bench.library, progress=progress)
    assert (report.outcome, report.counts.files_seen) == ("stopped", 15)
    with bench.ctx.database.read() as reader:
        ended = libraries.scan(reader, report.scan)
    assert (ended.state, ended.message) == ("stopped", "stopped by the user")


def test_a_second_scan_of_a_library_joins_the_first(bench: Bench) -> None:
    bench.put_three()
    joined: list[ScanReport] = []

    def progress(_: ScanCounts) -> None:
        if not joined:
            joined.append(bench.scan())

    report = scan_library(bench.ctx, bench.library, progress=progress)
    assert report.outcome == "done"
    assert [(each.outcome, each.scan) for each in joined] == [("joined", report.scan)]
    assert len(bench.photos()) == 3


def test_many_scans_of_a_library_at_once_make_each_photo_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 5)
    for number in range(40):
        write_photo(bench.root / f"{number}.png", str(number))
    reports = at_once([bench.scan] * 4)
    assert {report.outcome for report in reports} <= {"done", "joined"}
    assert "done" in {report.outcome for report in reports}
    assert len(bench.photos()) == 40
    assert len(bench.files()) == 40


def test_libraries_with_the_same_photos_scanned_at_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BATCH", 7)
    benches = [bench] + [Bench(bench.ctx, tmp_path / f"other{n}") for n in range(3)]
    for number in range(60):
        for each in benches:
            write_photo(each.root / f"{hash((id(each), number)) % 9}/{number}.png", f"content {number}")
    reports = at_once([each.scan for each in benches])
    assert {report.outcome for report in reports} == {"done"}
    assert len(bench.photos()) == 60
    assert sum(report.counts.photos_new for report in reports) == 60
    assert {len(row.files) for row in bench.photos()} == {4}


def at_once(calls: list[Callable[[], ScanReport]]) -> list[ScanReport]:
    reports: list[ScanReport] = []
    threads = [threading.Thread(target=lambda call=call: reports.append(call())) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == len(calls)
    return reports


def test_a_scan_left_open_by_a_dead_process_is_taken_over(bench: Bench) -> None:
    bench.put_three()
    scan_id = request_scan(bench.ctx, bench.library).scan
    bench.sql("UPDATE scan SET state = 'running', started_at = now()")
    report = bench.scan()
    assert (report.outcome, report.scan) == ("done", scan_id)


def test_asking_twice_gives_one_scan(bench: Bench) -> None:
    first = request_scan(bench.ctx, bench.library)
    assert request_scan(bench.ctx, bench.library).scan == first.scan
    stopped = stop_scan(bench.ctx, first.scan)
    assert stopped.state == "stopped"
    assert request_scan(bench.ctx, bench.library).scan != first.scan
