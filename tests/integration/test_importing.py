"""Importing: what is copied, under which name, and what is known of it afterwards."""

# Names here are not all text.
# ruff: noqa: PTH116
import hashlib
import os
import stat
from pathlib import Path

import pytest
from import_support import TIME_NS, Importing, contents, photo

from facekeep.actions.importing import Watch, import_files
from facekeep.actions.receiving import ImportJob
from facekeep.domain.errors import LibraryOffline, StorageFault, UsageError


def test_photos_are_copied_with_folders_and_times_and_are_on_record(importing: Importing) -> None:
    importing.card.put("DCIM/100/a.png", "a")
    importing.card.put("DCIM/100/b.png", "b", TIME_NS + 7)
    importing.card.put("c.png", "c")
    importing.card.remember()
    report = importing.run()
    assert (report.outcome, report.counts.copied, report.counts.there, report.counts.failed) == (
        "done",
        3,
        0,
        0,
    )
    assert importing.library() == importing.card.state()
    recorded = {name: hashlib.sha256(content).digest() for name, (content, _) in importing.library().items()}
    assert importing.recorded() == recorded
    assert importing.bench.status().waiting == 3


def test_access_times_are_kept_on_both_sides(importing: Importing) -> None:
    """They are older than the last change: where reading leaves marks at all, it would leave one here."""
    path = importing.card.put("a.png", "a")
    before = path.stat().st_atime_ns
    importing.run()
    importing.run("again")
    copy = (importing.bench.root / "a.png").stat()
    assert (copy.st_atime_ns, copy.st_mtime_ns) == (before, TIME_NS)
    assert path.stat().st_atime_ns == before


def test_a_scan_afterwards_reads_nothing_again(importing: Importing, hashed: list[str]) -> None:
    importing.card.fill(12)
    importing.run()
    hashed.clear()
    counts = importing.bench.scan().counts
    assert (counts.files_seen, counts.photos_new, counts.photos_changed, counts.files_missing) == (
        12,
        0,
        0,
        0,
    )
    assert hashed == []


def test_a_second_import_copies_nothing(importing: Importing) -> None:
    importing.card.fill(12)
    importing.card.remember()
    importing.run()
    before = {name: os.stat(importing.bench.root / name).st_ino for name in importing.library()}
    report = importing.run()
    assert (report.counts.copied, report.counts.there) == (0, 12)
    assert {name: os.stat(importing.bench.root / name).st_ino for name in importing.library()} == before
    assert importing.run("elsewhere").counts.there == 12


def test_what_the_library_has_under_another_name_is_not_copied(importing: Importing) -> None:
    """Known from a scan; twice on the card; and in a library that was never scanned."""
    (importing.bench.root / "old").mkdir()
    (importing.bench.root / "old" / "name.png").write_bytes(photo("a"))
    importing.card.put("a.png", "a")
    importing.card.put("b.png", "b")
    importing.card.put("z/b again.png", "b")
    report = importing.run()
    assert importing.events.outcomes() == {"a.png": "there", "b.png": "copied", "z/b again.png": "there"}
    assert set(importing.library()) == {"old/name.png", "b.png"}
    assert report.counts.there == 2


def test_a_photo_that_was_deleted_from_the_library_is_copied_again(importing: Importing) -> None:
    importing.card.put("a.png", "a")
    importing.run()
    (importing.bench.root / "other.png").write_bytes(photo("other"))
    (importing.bench.root / "a.png").unlink()
    assert importing.run().counts.copied == 1
    (importing.bench.root / "a.png").write_bytes(photo("A"))  # of the same size, and no scan knows
    assert importing.run().counts.copied == 1
    assert (importing.bench.root / "a.png").read_bytes() == photo("A")
    assert (importing.bench.root / "a (2).png").read_bytes() == photo("a")


def test_no_name_is_taken_from_another_file(importing: Importing) -> None:
    root = importing.bench.root
    (root / "a.png").write_bytes(photo("mine"))
    (root / "a (2).png").mkdir()
    (root / "a (3).png").symlink_to(root / "a (2).png")
    (root / "noending").write_bytes(b"")
    importing.card.put("a.png", "a")
    importing.card.put("noending", "n")
    report = importing.run()
    assert report.counts.renamed == 2
    assert (root / "a.png").read_bytes() == photo("mine")
    assert (root / "a (4).png").read_bytes() == photo("a")
    assert (root / "noending (2)").read_bytes() == photo("n")
    assert importing.run().counts.there == 2


def test_a_name_on_record_for_a_missing_photo_is_kept_for_it(importing: Importing) -> None:
    bench = importing.bench
    bench.put("a.png")
    (bench.root / "a.png").rename(bench.root.parent / "kept.png")
    (bench.root / "other.png").write_bytes(photo("other"))
    bench.scan()
    old = bench.tuples("SELECT photo_id FROM photo_file WHERE path = 'a.png'")
    importing.card.put("a.png", "new")
    importing.run()
    assert "a (2).png" in importing.library()
    (bench.root.parent / "kept.png").rename(bench.root / "a.png")
    bench.scan()
    assert bench.files()["a.png"] == "present"
    assert bench.tuples("SELECT photo_id FROM photo_file WHERE path = 'a.png'") == old


def test_names_that_are_not_text(importing: Importing) -> None:
    importing.card.put(b"caf\xe9/\xff\xfe.png", "a")
    importing.card.put("line\nbreak \u00fc.png", "b")
    (importing.bench.root / os.fsdecode(b"caf\xe9")).mkdir()
    (importing.bench.root / os.fsdecode(b"caf\xe9/\xff\xfe.png")).write_bytes(photo("other"))
    importing.card.remember()
    importing.run()
    assert importing.library()[os.fsdecode(b"caf\xe9/\xff\xfe (2).png")] == (photo("a"), TIME_NS)
    assert importing.library()["line\nbreak \u00fc.png"] == (photo("b"), TIME_NS)
    assert importing.run().counts.there == 2


def test_names_as_long_as_can_be(importing: Importing) -> None:
    name, octets = "\u00fc" * 125 + ".png", b"\xff" * 251 + b".png"
    for taken in (name, os.fsdecode(octets)):
        (importing.bench.root / taken).write_bytes(photo("mine"))
        importing.card.put(taken, os.fsencode(taken[:1]))
    importing.run()
    assert (importing.bench.root / ("\u00fc" * 123 + " (2).png")).read_bytes() == photo("\u00fc")
    assert (importing.bench.root / os.fsdecode(octets[:247] + b" (2).png")).exists()


def test_only_photos_are_copied_and_the_rest_is_counted(importing: Importing) -> None:
    root = importing.card.root
    importing.card.put("a.png", "a")
    importing.card.put("no ending", "b")
    for name in (
        "a.mov",
        "b.mov",
        "a.xmp",
        "IMG.AAE",
        "notes.unknown",
        "plain",
        ".hidden.png",
        "x/@eaDir/y.png",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"some text")
    (root / "damaged.jpg").write_bytes(b"")
    importing.card.remember()
    report = importing.run("new")
    assert set(importing.library()) == {"new/a.png", "new/no ending", "new/damaged.jpg"}
    assert report.others == {".mov": 2, ".xmp": 1, ".aae": 1, ".unknown": 1, "": 1}


def test_links_do_not_lead_out_of_the_card(importing: Importing, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(photo("secret"))
    importing.card.put("a.png", "a")
    root = importing.card.root
    (root / "folder").symlink_to(outside)
    (root / "file.png").symlink_to(outside / "secret.png")
    (root / "inside.png").symlink_to("a.png")
    (root / "round").symlink_to(".")
    report = importing.run()
    assert set(importing.library()) == {"a.png"}
    assert report.links == 2


def test_nothing_is_written_through_a_link_onto_the_card(importing: Importing) -> None:
    importing.card.put("DCIM/a.png", "a")
    importing.card.remember()
    (importing.bench.root / "DCIM").symlink_to(importing.card.root)
    report = importing.run()
    assert isinstance(report.fault, StorageFault)
    assert "leads out of the library" in report.fault.message


def test_a_dry_run_says_the_same_and_changes_nothing(importing: Importing) -> None:
    (importing.bench.root / "a.png").write_bytes(photo("mine"))
    importing.bench.scan()
    importing.card.put("a.png", "a")
    importing.card.put("b.png", "mine")
    importing.card.put("c.png", "c")
    importing.card.put("d/c.png", "c")
    importing.card.remember()
    before, recorded = importing.library(), importing.recorded()
    dry = importing.run(dry_run=True)
    told = importing.events.files
    assert (importing.library(), importing.recorded()) == (before, recorded)
    wet = importing.run()
    assert told == importing.events.files
    assert (dry.counts.copied, dry.counts.there, dry.counts.renamed) == (2, 2, 1)
    assert dry.counts == wet.counts


def test_a_dry_run_takes_no_library_in(importing: Importing, tmp_path: Path) -> None:
    importing.card.put("a.png", "a")
    other = tmp_path / "other"
    other.mkdir()
    for ctx in (importing.bench.ctx, None):
        report = import_files(ctx, ImportJob(importing.card.root, other, dry_run=True))
        assert report.counts.copied == 1
    assert importing.bench.value("SELECT count(*) FROM library") == 1
    assert os.listdir(other) == []


def test_a_new_library_is_taken_in(importing: Importing, tmp_path: Path) -> None:
    importing.card.put("a.png", "a")
    other = tmp_path / "other"
    other.mkdir()
    report = import_files(importing.bench.ctx, ImportJob(importing.card.root, other))
    assert report.counts.copied == 1
    assert importing.bench.value("SELECT count(*) FROM library") == 2


@pytest.mark.parametrize("case", ["same", "inside", "around", "link", "own", "crops"])
def test_folders_that_cannot_be_used_are_refused(importing: Importing, tmp_path: Path, case: str) -> None:
    root = importing.bench.root
    (root / "sub").mkdir()
    (tmp_path / "link").symlink_to(root)
    (tmp_path / "face_crops").mkdir()
    source, into = {
        "same": (root, root),
        "inside": (root / "sub", root),
        "around": (tmp_path, root),
        "link": (tmp_path / "link", root),
        "own": (importing.bench.ctx.home, root),
        "crops": (tmp_path / "face_crops", root),
    }[case]
    with pytest.raises(UsageError):
        import_files(importing.bench.ctx, ImportJob(source, into, own=(importing.bench.ctx.home,)))


@pytest.mark.parametrize("folder", ["../x", "/tmp", "a/../../b", ".hidden", "a/@eaDir"])
def test_a_folder_must_be_one_that_a_scan_looks_into(importing: Importing, folder: str) -> None:
    importing.card.put("a.png", "a")
    with pytest.raises(UsageError):
        importing.run(folder)
    assert importing.library() == {}


def test_an_empty_card_says_what_to_do(importing: Importing) -> None:
    with pytest.raises(LibraryOffline) as caught:
        importing.run()
    assert "Unlock the phone" in caught.value.hint


def test_a_library_that_is_not_mounted_gets_nothing(importing: Importing) -> None:
    importing.bench.put_three()
    importing.bench.scan()
    importing.bench.root.rename(importing.bench.root.parent / "away")
    importing.bench.root.mkdir()
    importing.card.put("a.png", "a")
    with pytest.raises(LibraryOffline, match="gone or empty"):
        importing.run()
    assert importing.library() == {}


def test_a_file_in_the_way_of_a_folder_costs_only_what_belongs_there(importing: Importing) -> None:
    (importing.bench.root / "DCIM").write_bytes(photo("a file"))
    importing.card.put("DCIM/a.png", "a")
    importing.card.put("b.png", "b")
    report = importing.run()
    assert importing.events.outcomes() == {"DCIM/a.png": "failed", "b.png": "copied"}
    assert "a file is where a folder has to be" in importing.events.files[-1].message
    assert (report.outcome, report.counts.failed) == ("done", 1)


def test_progress_rises_to_the_end(importing: Importing) -> None:
    importing.card.fill(8, size=3 * 2**20)
    importing.run()
    counts = importing.events.counts
    copying = [now for now in counts if now.stage == "copying"]
    sizes = [now.size_done for now in copying]
    assert sizes == sorted(sizes)
    assert len(sizes) > 3 * 8
    assert (copying[-1].done, copying[-1].size_done) == (8, copying[-1].size)
    importing.run()
    assert importing.events.counts[-1].size_done == importing.events.counts[-1].size


@pytest.mark.parametrize("after", [0, 1, 5, 17])
def test_stopping_leaves_whole_photos_only(importing: Importing, after: int) -> None:
    importing.card.fill(6, size=3 * 2**20)
    importing.card.remember()
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20 + after

    report = importing.run(watch=Watch(stop=stop))
    assert report.outcome == "stopped"
    assert len(importing.library()) == report.counts.copied < 6
    assert set(importing.library()) == set(importing.recorded())
    assert importing.run().counts.there == report.counts.copied
    assert importing.library() == importing.card.state()


def test_a_scan_under_way_does_not_take_new_files_for_missing(importing: Importing) -> None:
    """Its walk has passed the folder; then a photo is copied into it; then the walk ends."""
    from facekeep.actions.scan import scan_library

    bench = importing.bench
    bench.put_three()
    importing.card.put("aa.png", "new")
    done: list[int] = []

    def meanwhile(_: object) -> None:
        if not done:
            done.append(importing.run().counts.copied)

    bench.scan()
    scan_library(bench.ctx, bench.library, progress=meanwhile)
    assert done == [1]
    assert bench.files()["aa.png"] == "present"


def test_modes_follow_the_users_own_mask(importing: Importing) -> None:
    importing.card.put("a.png", "a").chmod(0o400)
    before = os.umask(0o027)
    try:
        importing.run()
    finally:
        os.umask(before)
    assert stat.S_IMODE((importing.bench.root / "a.png").stat().st_mode) == 0o640
    assert contents(importing.bench.root)["a.png"][0] == photo("a")
