"""Scanning: what is on the disk becomes photos and files, and nothing that was known is lost."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from store_support import Bench, face, write_photo

from facekeep.actions import people, scan
from facekeep.actions.libraries import add_library, request_scan
from facekeep.actions.scan import ScanReport, scan_library
from facekeep.domain.errors import FailureCode, LibraryOffline, NotFound, PhotoFault, UsageError
from facekeep.library import identity
from facekeep.store import listing
from facekeep.store.libraries import ScanCounts


def edit(path: Path, content: str) -> None:
    """Change a file's content, as a program that saves it anew."""
    status = path.stat()
    write_photo(path, content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


# Once and again ---------------------------------------------------------------------------------------------


def test_new_files_become_photos(bench: Bench) -> None:
    bench.put_three()
    (bench.root / "notes.txt").write_text("no photo")
    assert bench.scan().counts == ScanCounts(files_seen=3, photos_new=3)
    assert bench.files() == {"a.png": "present", "b.png": "present", "sub/c.png": "present"}
    assert {row.state for row in bench.photos()} == {"waiting"}


def test_the_same_again_reads_nothing(bench: Bench, hashed: list[str]) -> None:
    bench.put_three()
    bench.scan()
    assert sorted(hashed) == ["a.png", "b.png", "c.png"]
    hashed.clear()
    assert bench.scan().counts == ScanCounts(files_seen=3)
    assert hashed == []


def test_a_touched_file_is_read_and_stays_the_same_photo(bench: Bench, hashed: list[str]) -> None:
    photo = bench.put("a.png", face("ada"))
    hashed.clear()
    os.utime(bench.root / "a.png", ns=(1, 1))
    assert bench.scan().counts == ScanCounts(files_seen=1)
    assert hashed == ["a.png"]
    assert bench.photo("a.png").photo == photo
    assert bench.photo("a.png").state == "done"
    hashed.clear()
    bench.scan()
    assert hashed == []


def test_two_files_of_one_content_are_one_photo(bench: Bench) -> None:
    write_photo(bench.root / "a.png", "one")
    write_photo(bench.root / "copy/b.png", "one")
    assert bench.scan().counts == ScanCounts(files_seen=2, photos_new=1)
    [photo] = bench.photos()
    assert photo.files == [os.fsencode(bench.root / "a.png"), os.fsencode(bench.root / "copy/b.png")]


def test_two_libraries_share_a_photo(bench: Bench, tmp_path: Path) -> None:
    write_photo(bench.root / "a.png", "one")
    bench.scan()
    other = Bench(bench.ctx, tmp_path / "other")
    write_photo(other.root / "b.png", "one")
    other.scan()
    assert len(bench.photos()) == 1


def test_many_files_go_in_several_transactions(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "BATCH", 7)
    for number in range(50):
        write_photo(bench.root / f"{number % 5}/{number}.png", str(number))
    told: list[ScanCounts] = []
    report = scan_library(bench.ctx, bench.library, progress=told.append)
    assert report.counts == ScanCounts(files_seen=50, photos_new=50)
    assert [counts.files_seen for counts in told] == [7, 14, 21, 28, 35, 42, 49, 50, 50]
    assert bench.scan().counts == ScanCounts(files_seen=50)


# Moved, edited, gone ----------------------------------------------------------------------------------------


def test_a_moved_file_keeps_its_photo(bench: Bench, hashed: list[str]) -> None:
    photo = bench.put("a.png", face("ada"))
    [before] = bench.faces()
    (bench.root / "2020").mkdir()
    (bench.root / "a.png").rename(bench.root / "2020" / "b.png")
    assert bench.scan().counts == ScanCounts(files_seen=1, files_missing=1)
    assert bench.photo("2020/b.png").photo == photo
    assert bench.photo("2020/b.png").state == "done"
    assert [replace(row, files=before.files) for row in bench.faces()] == [before]
    assert bench.files() == {"a.png": "missing", "2020/b.png": "present"}


def test_two_files_that_change_names_keep_their_photos(bench: Bench) -> None:
    first, second = bench.put("a.png"), bench.put("b.png")
    (bench.root / "a.png").rename(bench.root / "t")
    (bench.root / "b.png").rename(bench.root / "a.png")
    (bench.root / "t").rename(bench.root / "b.png")
    os.utime(bench.root / "a.png", ns=(5, 5))
    os.utime(bench.root / "b.png", ns=(6, 6))
    bench.scan()
    assert bench.photo("a.png").photo == second
    assert bench.photo("b.png").photo == first


@pytest.mark.parametrize("moved_to", ["a_old.png", "0.png", "later/z.png"])
@pytest.mark.parametrize("content", ["new one", "another new one", "a third"])
def test_a_new_photo_under_an_old_name_is_a_new_photo(bench: Bench, moved_to: str, content: str) -> None:
    """Cameras count from 1 again: the old file is renamed and another takes its name."""
    old = bench.put("a.png", face("ada"))
    (bench.root / moved_to).parent.mkdir(exist_ok=True)
    (bench.root / "a.png").rename(bench.root / moved_to)
    write_photo(bench.root / "a.png", content)
    os.utime(bench.root / "a.png", ns=(7, 7))
    report = bench.scan()
    assert report.counts == ScanCounts(files_seen=2, photos_new=1)
    assert bench.photo(moved_to).photo == old
    assert bench.photo("a.png").photo != old
    assert bench.photo(moved_to).state == "done"


def test_renumbered_files_keep_their_photos(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "BATCH", 1)
    photos = {n: bench.put(f"{n}.png") for n in range(1, 4)}
    for n in (3, 2, 1):
        (bench.root / f"{n}.png").rename(bench.root / f"{n + 1}.png")
        os.utime(bench.root / f"{n + 1}.png", ns=(100 + n, 100 + n))
    write_photo(bench.root / "1.png", "a new first")
    os.utime(bench.root / "1.png", ns=(9, 9))
    bench.scan()
    assert {n: bench.photo(f"{n + 1}.png").photo for n in range(1, 4)} == photos
    assert bench.photo("1.png").photo not in photos.values()


def test_an_edited_file_keeps_photo_faces_and_words(bench: Bench) -> None:
    seen = face("ada")
    photo = bench.put("a.png", seen)
    [row] = bench.faces()
    person = people.assign_face(bench.ctx, row.face, name="Ada").person
    edit(bench.root / "a.png", "a.png with a caption")
    assert bench.scan().counts == ScanCounts(files_seen=1, photos_changed=1)
    assert bench.photo("a.png").photo == photo
    assert bench.photo("a.png").state == "waiting"
    bench.look({"a.png with a caption": [seen]})
    [again] = bench.faces()
    assert (again.face, again.person, again.assigned_by) == (row.face, person, "user")
    assert bench.photo("a.png").state == "done"


def test_an_edited_copy_is_a_photo_of_its_own(bench: Bench) -> None:
    write_photo(bench.root / "a.png", "one")
    write_photo(bench.root / "b.png", "one")
    bench.scan()
    old = bench.photo("a.png").photo
    edit(bench.root / "b.png", "one, in black and white")
    assert bench.scan().counts == ScanCounts(files_seen=2, photos_new=1)
    assert bench.photo("a.png").photo == old
    assert bench.photo("b.png").photo != old


@pytest.mark.parametrize(
    "contents", [("tagged", "tagged"), ("tagged 1", "tagged 2"), ("2 tagged", "1 tagged")]
)
def test_when_all_copies_are_edited_the_photo_goes_with_them(bench: Bench, contents: tuple[str, str]) -> None:
    write_photo(bench.root / "a.png", "one")
    write_photo(bench.root / "b.png", "one")
    bench.scan()
    bench.look({"one": [face("ada")]})
    [row] = bench.faces()
    people.assign_face(bench.ctx, row.face, name="Ada")
    edit(bench.root / "a.png", contents[0])
    edit(bench.root / "b.png", contents[1])
    bench.scan()
    photos = {bench.photo(name).photo for name in ("a.png", "b.png")}
    assert row.photo in photos
    assert len(photos) == len(set(contents))


def test_an_edit_forgets_why_it_failed(bench: Bench) -> None:
    write_photo(bench.root / "a.png", "torn")
    bench.scan()
    bench.fail(PhotoFault(FailureCode.UNREADABLE, "torn"))
    assert bench.status().failed == 1
    edit(bench.root / "a.png", "mended")
    bench.scan()
    assert (bench.status().failed, bench.status().waiting) == (0, 1)


def test_a_deleted_file_is_missing_and_comes_back(bench: Bench, hashed: list[str]) -> None:
    photo = bench.put("a.png", face("ada"))
    bench.put("b.png")
    hashed.clear()
    (bench.root / "a.png").rename(bench.root.parent / "away.png")
    assert bench.scan().counts == ScanCounts(files_seen=1, files_missing=1)
    assert bench.files()["a.png"] == "missing"
    assert bench.scan().counts.files_missing == 0
    assert [row.files for row in bench.faces(photo)] == [[]]
    (bench.root.parent / "away.png").rename(bench.root / "a.png")
    assert bench.scan().counts == ScanCounts(files_seen=2)
    assert hashed == []
    assert bench.photo("a.png").photo == photo
    assert bench.photo("a.png").state == "done"


def test_a_photo_that_went_before_it_was_looked_at_says_so_and_comes_back(bench: Bench) -> None:
    bench.put_three()
    bench.scan()
    (bench.root / "a.png").rename(bench.root.parent / "away.png")
    bench.scan()
    assert (bench.status().waiting, bench.status().failed) == (2, 1)
    with bench.ctx.database.read() as reader:
        [failure] = listing.failures(reader).items
    assert (failure.code, failure.attempts, failure.permanent) == ("missing_file", 0, True)
    (bench.root.parent / "away.png").rename(bench.root / "sub/back.png")
    bench.scan()
    assert (bench.status().waiting, bench.status().failed) == (3, 0)
    assert bench.look({}) == 3


# Away, unreadable, odd --------------------------------------------------------------------------------------


@pytest.mark.parametrize("away", ["emptied", "gone", "only hidden files left", "a file now"])
def test_a_library_that_is_away_loses_nothing(bench: Bench, away: str) -> None:
    bench.put_three()
    bench.scan()
    bench.root.rename(bench.root.parent / "elsewhere")
    if away in ("emptied", "only hidden files left"):
        bench.root.mkdir()
    if away == "only hidden files left":
        (bench.root / ".mounted-by").touch()
    if away == "a file now":
        bench.root.touch()
    with pytest.raises(LibraryOffline):
        bench.scan()
    assert set(bench.files().values()) == {"present"}
    with bench.ctx.database.read() as reader:
        assert [row.online for row in listing.libraries(reader)] == [False]
        assert [row.state for row in listing.scans(reader)] == ["failed", "done"]
    assert bench.claim() == []
    if bench.root.is_file():
        bench.root.unlink()
    elif bench.root.exists():
        shutil.rmtree(bench.root)
    (bench.root.parent / "elsewhere").rename(bench.root)
    assert bench.scan().counts == ScanCounts(files_seen=3)
    assert len(bench.claim()) == 3


def test_an_empty_folder_is_no_reason_to_worry(bench: Bench) -> None:
    assert bench.scan() == ScanReport("done", bench.latest_scan(), ScanCounts())


def test_a_folder_that_cannot_be_read_keeps_its_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.put_three()
    write_photo(bench.root / "sub/deeper/d.png", "d")
    write_photo(bench.root / "subway/e.png", "e")
    bench.scan()
    (bench.root / "subway/e.png").unlink()
    real = os.scandir

    def refusing(path: bytes | str | Path) -> object:
        if os.fsencode(path).endswith(b"/sub"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert bench.scan().counts == ScanCounts(files_seen=3, problems=1, files_missing=1)
    files = bench.files()
    assert (files["sub/c.png"], files["sub/deeper/d.png"], files["subway/e.png"]) == (
        "present",
        "present",
        "missing",
    )
    assert bench.status().unreadable_paths == 1
    monkeypatch.undo()
    assert bench.scan().counts.problems == 0
    assert bench.status().unreadable_paths == 0


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from facekeep.library import walk
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
for found in walk.walk(Path(sys.argv[1])):
    print(type(found).__name__, os.fsdecode(found.path), getattr(found, "code", ""))
"""


def test_permissions_bite_an_ordinary_user(bench: Bench) -> None:
    """The walk that a scan is made of, under a user that the system does refuse."""
    bench.put_three()
    bench.root.chmod(0o755)
    (bench.root / "sub").chmod(0)
    (bench.root / "b.png").chmod(0)
    open_to_all = all(part.stat().st_mode & 0o001 for part in bench.root.parents)
    root = bench.root
    if os.geteuid() == 0 and not open_to_all:
        root = Path(shutil.copytree(bench.root, f"/tmp/fk-walk-{os.getpid()}"))
        shutil.copystat(bench.root / "sub", root / "sub")
    try:
        done = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, str(root)], capture_output=True, text=True, check=False
        )
    finally:
        if root != bench.root:
            shutil.rmtree(root)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "FoundFile a.png ",
        "WalkProblem b.png storage",
        "WalkProblem sub storage",
    ]


def test_a_file_that_cannot_be_read_is_a_problem_not_a_photo(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put_three()
    real = identity.content_hash

    def refusing(path: Path | str | bytes) -> bytes:
        if os.fsencode(path).endswith(b"b.png"):
            raise PhotoFault(FailureCode.STORAGE, "the disk reported an error")
        return real(path)

    monkeypatch.setattr(identity, "content_hash", refusing)
    assert bench.scan().counts == ScanCounts(files_seen=3, photos_new=2, problems=1)
    with bench.ctx.database.read() as reader:
        [problem] = listing.failures(reader).items
    assert (problem.photo, problem.code) == (None, "storage")
    assert problem.files == [os.fsencode(bench.root / "b.png")]


@pytest.mark.parametrize(
    "name", [b"caf\xe9.png", b"\xff\xfe.png", "日本.png".encode(), b"new\nline.png", b"a b'\".png"]
)
def test_names_are_bytes(bench: Bench, name: bytes) -> None:
    path = bench.root / os.fsdecode(b"d\xe9j\xe0") / os.fsdecode(name)
    write_photo(path, name)
    bench.scan()
    [photo] = bench.photos()
    assert photo.files == [os.fsencode(path)]
    assert bench.scan().counts == ScanCounts(files_seen=1)
    renamed = path.rename(path.with_name(path.name + ".png"))
    bench.scan()
    assert [row.files for row in bench.photos()] == [[os.fsencode(renamed)]]


def test_its_own_folders_and_others_crops_are_not_photos(bench: Bench) -> None:
    write_photo(bench.root / "a.png", "a")
    for folder in ("face_crops", ".memorymate", "@eaDir", ".thumbnails", "home/cache/ab"):
        write_photo(bench.root / folder / "crop.png", folder)
    ctx = replace(bench.ctx, home=bench.root / "home", cache_folder=bench.root / "home" / "cache")
    assert scan_library(ctx, bench.library).counts == ScanCounts(files_seen=1, photos_new=1)


@pytest.mark.parametrize("wrong", ["missing", "a file", "our own", "crops"])
def test_what_cannot_be_a_library_is_refused_and_nothing_made(
    bench: Bench, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "face_crops").mkdir()
    (bench.ctx.home / "sub").mkdir()
    where = {"our own": bench.ctx.home / "sub", "crops": tmp_path / "face_crops"}
    with pytest.raises(UsageError):
        add_library(bench.ctx, where.get(wrong, tmp_path / wrong))
    assert bench.value("SELECT count(*) FROM library") == 1


def test_a_folder_by_another_way_is_the_same_library(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bench.root)
    assert add_library(bench.ctx, tmp_path / "link").library == bench.library
    assert add_library(bench.ctx, bench.root / ".." / "photos").library == bench.library


def test_an_unknown_library_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        scan_library(bench.ctx, 4711)
    with pytest.raises(NotFound):
        request_scan(bench.ctx, 4711)
    assert bench.value("SELECT count(*) FROM scan") == 0
