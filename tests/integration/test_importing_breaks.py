"""Importing while something breaks: the device, the disk of the library, the program; and others at work."""

import contextlib
import errno
import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_support import Ran, ended, run, started
from import_support import Importing, contents, photo, temporaries, url_of

from facekeep.actions.importing import ImportReport, Watch
from facekeep.domain.errors import Conflict, LibraryOffline, StorageFault
from facekeep.library import copying, device, identity
from facekeep.library.copying import Draft
from facekeep.library.device import DOUBTFUL
from facekeep.store import photos

FILES = 24


@contextlib.contextmanager
def tiny_disk(folder: Path, size: str = "4m") -> Iterator[Path]:
    """A disk of its own."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip(
            "NOT PROVEN: imports onto full, read-only and vanishing disks; mounting is not allowed here"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def after(files: int, what: Callable[[], object]) -> Watch:
    """Do something once so many files are settled."""
    settled: list[object] = []

    def told(file: object) -> None:
        settled.append(file)
        if len(settled) == files:
            what()

    return Watch(file=told)


def within_a_file(files: int, what: Callable[[], object]) -> Watch:
    """Do something in the middle of the file after so many."""
    done: list[object] = []

    def told(now: object) -> None:
        settled = getattr(now, "copied", 0)
        if settled == files and getattr(now, "size_done", 0) > getattr(now, "size_copied", 0) and not done:
            done.append(what())

    return Watch(progress=told)


def assert_what_is_there_is_whole(importing: Importing, report: ImportReport) -> None:
    """Each file in the library is one of the card's, and on record."""
    wanted = {content for content, _ in importing.card.first.values()}
    there = importing.library()
    assert {content for content, _ in there.values()} <= wanted
    assert importing.recorded() == {name: hashlib.sha256(one).digest() for name, (one, _) in there.items()}
    assert len(there) == report.counts.copied
    assert temporaries(importing.bench.root) == []


def assert_complete(importing: Importing) -> None:
    first = {name: hashlib.sha256(content).digest() for name, (content, _) in importing.card.first.items()}
    assert importing.library() == importing.card.first
    assert importing.recorded() == first


# The device -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watch", [after, within_a_file])
@pytest.mark.parametrize("how", ["moved", "emptied"])
def test_a_device_that_is_pulled_out(
    importing: Importing, how: str, watch: Callable[[int, Callable[[], object]], Watch]
) -> None:
    card, away = importing.card.root, importing.card.root.parent / "away"
    importing.card.fill(FILES, size=2_200_000)
    importing.card.remember()

    def pull() -> None:
        card.rename(away)
        if how == "emptied":
            card.mkdir()

    report = importing.run(watch=watch(5, pull))
    assert isinstance(report.fault, LibraryOffline)
    assert "gone away" in report.fault.message
    assert "run the same command" in report.fault.hint
    assert 5 <= report.counts.copied <= 6  # the one in hand was open already
    assert_what_is_there_is_whole(importing, report)
    if how == "emptied":
        card.rmdir()
    away.rename(card)
    assert importing.run().counts.there == report.counts.copied
    assert_complete(importing)


def test_a_device_that_is_unmounted(importing: Importing) -> None:
    card = importing.card.root
    with tiny_disk(card):
        importing.card.fill(FILES)
        importing.card.remember()
        report = importing.run(
            watch=after(3, lambda: subprocess.run(["umount", "-l", str(card)], check=True))
        )
        assert isinstance(report.fault, LibraryOffline)
        assert_what_is_there_is_whole(importing, report)
    importing.card.first = {}


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> dict[int, set[str]]:
    """What the system answers when files of the source are opened: error numbers, and for which names."""
    errors: dict[int, set[str]] = {}
    real = identity.open_unmarked

    def opened(path: bytes) -> int:
        for number, names in errors.items():
            if Path(os.fsdecode(path)).name in names or "*" in names:
                raise OSError(number, os.strerror(number))
        return real(path)

    monkeypatch.setattr(copying, "open_unmarked", opened)
    return errors


@pytest.mark.parametrize("number", [errno.ENODEV, errno.ESTALE, errno.ENOTCONN, errno.ENXIO])
def test_a_device_that_the_system_knows_to_be_gone(
    importing: Importing, faulty: dict[int, set[str]], number: int
) -> None:
    importing.card.fill(FILES)
    importing.card.remember()
    faulty[number] = {"IMG_0004.PNG"}
    report = importing.run()
    assert isinstance(report.fault, LibraryOffline)
    assert report.counts.copied == 4
    assert_what_is_there_is_whole(importing, report)


@pytest.mark.parametrize("first", [0, 3])
def test_a_device_of_which_nothing_can_be_read_any_more(
    importing: Importing, faulty: dict[int, set[str]], first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.card.fill(FILES)
    importing.card.remember()

    def fail() -> None:
        faulty[errno.EIO] = {"*"}
        monkeypatch.setattr(device, "_reads", lambda _: False)

    if first == 0:
        fail()
    report = importing.run(watch=after(first, fail))
    assert isinstance(report.fault, LibraryOffline)
    assert report.counts.failed == DOUBTFUL - 1
    assert_what_is_there_is_whole(importing, report)


def test_a_device_that_still_shows_its_root_and_nothing_else(importing: Importing) -> None:
    card = importing.card.root
    importing.card.fill(FILES)
    importing.card.put("zzz/last.png", "last")
    importing.card.remember()
    report = importing.run(watch=after(7, lambda: (card / "DCIM").rename(card.parent / "away")))
    assert isinstance(report.fault, LibraryOffline)
    assert_what_is_there_is_whole(importing, report)
    (card.parent / "away").rename(card / "DCIM")


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ENOENT, errno.ELOOP])
def test_bad_spots_of_a_card_cost_only_their_photos(
    importing: Importing, faulty: dict[int, set[str]], number: int
) -> None:
    importing.card.fill(FILES)
    importing.card.remember()
    bad = {f"IMG_{spot:04}.PNG" for spot in range(4, 4 + 3 * DOUBTFUL)}
    faulty[number] = bad
    report = importing.run()
    assert (report.outcome, report.counts.failed) == ("done", len(bad))
    assert report.counts.copied == FILES - len(bad)
    assert_what_is_there_is_whole(importing, report)
    faulty.clear()
    assert importing.run().counts.copied == len(bad)
    assert_complete(importing)


def test_a_photo_that_changes_while_it_is_copied_is_left_out(importing: Importing) -> None:
    path = importing.card.put("a.png", bytes(3_000_000))
    importing.card.put("b.png", "b")

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    report = importing.run(watch=within_a_file(0, grow))
    assert (report.counts.copied, report.counts.failed) == (1, 1)
    assert set(importing.library()) == {"b.png"}


# The library's disk -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["full", "read-only", "gone"])
def test_a_disk_that_takes_no_more(importing: Importing, how: str) -> None:
    root = importing.bench.root
    importing.card.fill(FILES, size=400_000)
    importing.card.remember()
    actions: dict[str, Callable[[], object]] = {
        "full": lambda: None,
        "read-only": lambda: subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True),
        "gone": lambda: subprocess.run(["umount", "-l", str(root)], check=True),
    }
    words = {"full": "is full", "read-only": "read-only", "gone": "has gone away"}
    with tiny_disk(root, "4m" if how == "full" else "40m"):
        report = importing.run(watch=after(4, actions[how]))
        assert isinstance(report.fault, StorageFault)
        assert words[how] in report.fault.message
        assert "run the same command" in report.fault.hint
        assert temporaries(root) == []
        if how != "gone":
            assert_what_is_there_is_whole(importing, report)
            subprocess.run(["mount", "-o", "remount,rw,size=40m", str(root)], check=True)
            assert importing.run().outcome == "done"
            assert_complete(importing)
    assert contents(root) == {}  # nothing went onto the disk below


def test_a_disk_that_keeps_something_else(importing: Importing, monkeypatch: pytest.MonkeyPatch) -> None:
    importing.card.fill(3)
    importing.card.remember()
    real = copying._write_all

    def wrong(descriptor: int, content: memoryview) -> None:
        real(descriptor, memoryview(bytes([content[0] ^ 1]) + bytes(content[1:])))

    with monkeypatch.context() as patch:
        patch.setattr(copying, "_write_all", wrong)
        report = importing.run()
    assert isinstance(report.fault, StorageFault)
    assert "not what was written" in report.fault.message
    assert list(importing.bench.root.iterdir()) == []  # not even the folders
    importing.run()
    assert_complete(importing)


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system such as FAT."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(copying.os, "link", refuse)  # type: ignore[attr-defined]


def test_without_hard_links_it_ends_the_same(importing: Importing, no_links: None) -> None:
    (importing.bench.root / "a.png").write_bytes(photo("mine"))
    (importing.bench.root / "b.png").write_bytes(b"")
    importing.card.put("a.png", "a")
    importing.card.put("b.png", "b")
    assert importing.run().counts.renamed == 2
    assert {name: content for name, (content, _) in importing.library().items()} == {
        "a.png": photo("mine"),
        "a (2).png": photo("a"),
        "b.png": b"",
        "b (2).png": photo("b"),
    }


def test_killed_between_taking_a_name_and_filling_it(
    importing: Importing, no_links: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.card.put("a.png", "a")
    importing.card.remember()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying.os, "replace", die)  # type: ignore[attr-defined]
        patch.setattr(copying.os, "unlink", die)  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            importing.run()
    assert (importing.bench.root / "a.png").read_bytes() == b""
    assert len(temporaries(importing.bench.root)) == 1
    assert importing.run().cleared == 1
    assert_complete(importing)


# Others at work ---------------------------------------------------------------------------------------------


def test_what_another_import_is_writing_is_left_alone(importing: Importing) -> None:
    importing.card.put("a.png", "a")
    folder = importing.bench.root / "sub"
    folder.mkdir()
    (folder / ".facekeep-import-0123").write_bytes(b"left by one that was killed")
    with Draft(os.fsencode(folder)):
        assert importing.run().cleared == 1
        assert len(temporaries(importing.bench.root)) == 1


def test_a_photo_that_comes_by_another_way_meanwhile_is_not_doubled(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is refused once: the copy has its name by then, and is not made again."""
    importing.card.put("a.png", "a")
    importing.card.remember()
    real = photos.put_file
    refused: list[int] = []

    def conflicting(*given: object, **named: object) -> str:
        if not refused:
            refused.append(1)
            raise Conflict("met another")
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(photos, "put_file", conflicting)
    assert importing.run().counts.copied == 1
    assert_complete(importing)


def test_a_database_that_goes_away_costs_no_photo(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.card.fill(6)
    importing.card.remember()

    def gone(*_: object, **__: object) -> str:
        raise StorageFault("the database does not answer")

    with monkeypatch.context() as patch:
        report = importing.run(watch=after(2, lambda: patch.setattr(photos, "put_file", gone)))
    assert isinstance(report.fault, StorageFault)
    assert len(importing.library()) == 3  # one has its name and is not on record
    assert importing.run().counts.there == 3
    assert_complete(importing)


# The program itself -----------------------------------------------------------------------------------------


@pytest.fixture
def command(importing: Importing, conninfo: str, tmp_path: Path) -> tuple[list[object], dict[str, str]]:
    """The command line, and the environment that leads it to the test's database."""
    words = ["import", "files", importing.card.root, "--into", importing.bench.root]
    return words, {"FACEKEEP_DATABASE_URL": url_of(conninfo)}


Command = tuple[list[object], dict[str, str]]


def count(root: Path) -> int:
    """Files that have their names, while others come and go."""
    return sum(1 for _ in root.rglob("IMG_*"))


def ran(command: Command, tmp_path: Path, *more: object) -> Ran:
    words, environment = command
    return run(tmp_path / "own home", *words, *more, **environment)


def test_killed_at_any_moment_it_ends_as_if_nothing_had_been(
    importing: Importing, command: Command, tmp_path: Path
) -> None:
    chance = random.Random(3)
    importing.card.fill(60, size=150_000)
    importing.card.remember()
    words, environment = command
    for _ in range(6):
        with started(tmp_path / "own home", *words, **environment) as process:
            before = count(importing.bench.root)
            while process.poll() is None and count(importing.bench.root) == before:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.06)
            process.send_signal(signal.SIGKILL)
    done = ran(command, tmp_path)
    assert (done.status, temporaries(importing.bench.root)) == (0, []), done.err
    assert_complete(importing)


@pytest.mark.parametrize("folders", [("", ""), ("", "other")])
def test_two_at_once_copy_each_photo_once(
    importing: Importing, command: Command, tmp_path: Path, folders: tuple[str, str]
) -> None:
    importing.card.fill(40, size=50_000)
    importing.card.remember()
    words, environment = command
    with (
        started(tmp_path / "one", *words, "--folder", folders[0], "--json", **environment) as one,
        started(tmp_path / "two", *words, "--folder", folders[1], "--json", **environment) as two,
    ):
        ends = [ended(process) for process in (one, two)]
    assert [end.status for end in ends] == [0, 0], ends
    assert sum(end.items[-1]["copied"] for end in ends) == 40
    assert sorted(importing.library().values()) == sorted(importing.card.first.values())
    assert len(importing.recorded()) == 40


def test_ctrl_c_says_how_to_go_on(importing: Importing, command: Command, tmp_path: Path) -> None:
    importing.card.fill(150, size=300_000)
    importing.card.remember()
    words, environment = command
    with started(tmp_path / "own home", *words, **environment) as process:
        while process.poll() is None and count(importing.bench.root) < 2:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
    assert stopped.status == 130, stopped.err
    assert "run the same command again to go on" in stopped.out
    assert 2 <= len(importing.library()) < 150
    assert set(importing.library()) == set(importing.recorded())


def test_what_a_person_is_told(importing: Importing, command: Command, tmp_path: Path) -> None:
    importing.card.put("a.png", "a")
    importing.card.put("b.png", "b")
    (importing.card.root / "film.mov").write_bytes(b"film")
    (importing.bench.root / "DCIM").write_bytes(b"in the way")
    importing.card.put("DCIM/c.png", "c")
    importing.card.remember()
    told = ran(command, tmp_path)
    assert told.status == 1
    assert "2 photos copied into" in told.out
    assert "1 .mov" in told.out
    assert "facekeep scan" in told.out
    assert "a file is where a folder has to be" in told.err
    assert ran(command, tmp_path, "--folder", "../x").status == 2
    words, _ = command
    here = words[-1]
    assert run(tmp_path / "own home", "import", "files", here, "--into", here).status == 2
    assert not (tmp_path / "own home").exists() or not (tmp_path / "own home" / "database").exists()


def test_what_a_program_is_told(importing: Importing, command: Command, tmp_path: Path) -> None:
    importing.card.put(b"caf\xe9.png", "a")
    importing.card.remember()
    dry = ran(command, tmp_path, "--dry-run", "--json").items
    assert importing.library() == {}
    wet = ran(command, tmp_path, "--json").items
    assert dry[0] == wet[0]
    assert wet[0] == {
        "event": "file",
        "source": "caf\\xe9.png",
        "outcome": "copied",
        "file": "caf\\xe9.png",
        "size": 9,
        "message": "",
    }
    assert (wet[-1]["event"], wet[-1]["outcome"], wet[-1]["copied"]) == ("end", "done", 1)
    assert dry[-1] == {**wet[-1], "dry_run": True}
    importing.card.root.rename(tmp_path / "away")
    importing.card.root.mkdir()
    gone = ran(command, tmp_path, "--json")
    assert (gone.status, gone.out) == (3, "")
    assert "Unlock the phone" in gone.err
    importing.card.root.rmdir()
    (tmp_path / "away").rename(importing.card.root)
