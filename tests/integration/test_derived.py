"""Derived pictures on disk: who asks for a key gets the bytes of that key, whatever happens to the folder."""

import contextlib
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
from embedded_support import SOURCE

from facekeep.actions import derived
from facekeep.actions.derived import DerivedPictures
from facekeep.actions.seals import SEAL_BYTES, opened, sealed
from facekeep.domain.errors import FailureCode, PhotoFault

MEGABYTE = 2**20


def digest(name: object) -> str:
    return blake2b(str(name).encode(), digest_size=20).hexdigest()


def picture(byte: bytes = b"x", size: int = 1000) -> bytes:
    return byte * size


def never() -> bytes:
    raise AssertionError("it was there already")


def of_key(number: int) -> bytes:
    """The one content that belongs to a key: of its own size, and like no other's."""
    return random.Random(number).randbytes(500 + 997 * (number % 23))


def path_of(folder: Path, key: str) -> Path:
    return folder / key[:2] / f"{key}.jpg"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("??/*") if path.is_file()]


def used(folder: Path) -> int:
    """Bytes on disk, in whole blocks; a file may go away meanwhile."""
    total = 0
    for path in files(folder):
        with contextlib.suppress(FileNotFoundError):
            total += -(-path.stat().st_size // derived.BLOCK) * derived.BLOCK
    return total


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def pictures(folder: Path) -> DerivedPictures:
    """Without memory: every look is one at the disk."""
    return DerivedPictures(folder, MEGABYTE, memory_bytes=0)


# Made once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [0, MEGABYTE])
def test_a_picture_is_made_once(folder: Path, memory: int) -> None:
    pictures = DerivedPictures(folder, MEGABYTE, memory_bytes=memory)
    assert pictures.get(digest("a"), picture) == picture()
    assert pictures.get(digest("a"), never) == picture()
    assert DerivedPictures(folder, MEGABYTE).get(digest("a"), never) == picture()


def together(count: int, work: Callable[[], None]) -> None:
    """So many threads at the same moment."""
    ready = threading.Barrier(count)

    def run() -> None:
        ready.wait()
        work()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_thirty_two_threads_make_it_once(pictures: DerivedPictures) -> None:
    made: list[int] = []
    got: list[bytes] = []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.05)
        return picture()

    together(32, lambda: got.append(pictures.get(digest("a"), make)))
    assert made == [1]
    assert got == [picture()] * 32


def test_all_who_wait_hear_why_it_cannot_be_made(pictures: DerivedPictures, folder: Path) -> None:
    faults: list[PhotoFault] = []

    def broken() -> bytes:
        time.sleep(0.05)
        raise PhotoFault(FailureCode.UNREADABLE, "torn")

    def ask() -> None:
        try:
            pictures.get(digest("a"), broken)
        except PhotoFault as fault:
            faults.append(fault)

    together(8, ask)
    assert [fault.message for fault in faults] == ["torn"] * 8
    assert not folder.exists()
    assert pictures.get(digest("a"), picture) == picture()


def test_a_slow_picture_holds_up_no_other(pictures: DerivedPictures) -> None:
    began, end = threading.Event(), threading.Event()

    def slow() -> bytes:
        began.set()
        end.wait(60)
        return picture()

    holder = threading.Thread(target=pictures.get, args=(digest("slow"), slow))
    holder.start()
    began.wait(60)
    for number in range(100):
        assert pictures.get(digest(number), picture) == picture()
    end.set()
    holder.join()


# Whatever lies under the name -------------------------------------------------------------------------------


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


WHOLE = sealed(picture(), digest("a"))
DAMAGES = {
    "empty": b"",
    "first bit": flipped(WHOLE, 0),
    "last bit": flipped(WHOLE, len(WHOLE) - 1),
    "cut by one": WHOLE[:-1],
    "half": WHOLE[: len(WHOLE) // 2],
    "only a seal": WHOLE[-SEAL_BYTES:],
    "no seal": picture(),
    "longer": WHOLE + b"x",
    "zeros as after a power cut": bytes(len(WHOLE)),
    "another key's": sealed(picture(b"z"), digest("b")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again(pictures: DerivedPictures, folder: Path, damage: str) -> None:
    pictures.get(digest("a"), picture)
    path_of(folder, digest("a")).write_bytes(DAMAGES[damage])
    assert pictures.get(digest("a"), lambda: picture(b"y")) == picture(b"y")
    assert pictures.get(digest("a"), never) == picture(b"y")


def test_every_flipped_bit_and_every_cut_is_noticed() -> None:
    whole = sealed(b"abc", digest("a"))
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        assert opened(bytes(changed), digest("a")) is None
    assert all(opened(whole[:cut], digest("a")) is None for cut in range(len(whole)))
    assert opened(whole, digest("a")) == b"abc"
    assert opened(whole, digest("b")) is None


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "link to nothing", "huge"])
def test_what_is_no_picture_file_does_no_harm(
    pictures: DerivedPictures, folder: Path, tmp_path: Path, kind: str
) -> None:
    path = path_of(folder, digest("a"))
    path.parent.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_bytes(sealed(b"secret", digest("a")))
    makers: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(secret),
        "link to nothing": lambda: path.symlink_to(tmp_path / "nothing"),
        "huge": lambda: os.truncate(path, 2**40),
    }
    if kind == "huge":
        path.touch()
    makers[kind]()
    assert pictures.get(digest("a"), picture) == picture()
    assert secret.read_bytes() == sealed(b"secret", digest("a"))


def test_a_deleted_folder_is_made_again(pictures: DerivedPictures, folder: Path) -> None:
    pictures.get(digest("a"), picture)
    shutil.rmtree(folder)
    assert pictures.get(digest("a"), picture) == picture()
    assert (folder / "CACHEDIR.TAG").exists()


def test_the_folder_says_that_it_is_a_cache_and_is_for_nobody_else(
    pictures: DerivedPictures, folder: Path
) -> None:
    pictures.get(digest("a"), picture)
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert folder.stat().st_mode & 0o077 == 0
    assert path_of(folder, digest("a")).stat().st_mode & 0o077 == 0


# The budget -------------------------------------------------------------------------------------------------


def test_the_budget_is_kept_and_the_latest_used_stay(folder: Path) -> None:
    pictures = DerivedPictures(folder, MEGABYTE, memory_bytes=0)
    favourite = path_of(folder, digest("favourite"))
    pictures.get(digest("favourite"), picture)
    os.utime(favourite, (1, 1))
    for number in range(600):
        pictures.get(digest(number), picture)
        os.utime(path_of(folder, digest(number)), (1000 + number, 1000 + number))
        assert pictures.get(digest("favourite"), never) == picture()
        assert number % 7 or used(folder) <= MEGABYTE
    assert used(folder) > MEGABYTE // 2
    assert pictures.get(digest(599), never) == picture()
    assert pictures.get(digest(0), lambda: picture(b"!")) == picture(b"!")


def test_the_budget_holds_across_restarts(folder: Path) -> None:
    for number in range(350):
        DerivedPictures(folder, MEGABYTE).get(digest(number), picture)
        assert number % 7 or used(folder) <= MEGABYTE


def test_a_smaller_budget_is_reached_with_the_first_picture(folder: Path) -> None:
    large = DerivedPictures(folder, 2 * MEGABYTE)
    for number in range(300):
        large.get(digest(number), picture)
    assert used(folder) > MEGABYTE
    DerivedPictures(folder, MEGABYTE).get(digest("new"), picture)
    assert used(folder) <= MEGABYTE


def test_a_picture_too_large_for_the_cache_is_given_all_the_same(
    pictures: DerivedPictures, folder: Path
) -> None:
    assert pictures.get(digest("a"), lambda: picture(size=MEGABYTE)) == picture(size=MEGABYTE)
    assert files(folder) == []


def test_memory_is_bounded(folder: Path) -> None:
    pictures = DerivedPictures(folder, MEGABYTE, memory_bytes=10_000)
    for number in range(200):
        pictures.get(digest(number), lambda: picture(size=1000))
        assert pictures._recent._held <= 10_000
    assert pictures._recent._held == sum(map(len, pictures._recent._pictures.values())) == 10_000
    shutil.rmtree(folder)
    assert pictures.get(digest(199), never) == picture()
    assert pictures._making == {}


def test_what_killed_processes_left_is_swept_and_what_is_being_written_is_not(
    pictures: DerivedPictures, folder: Path
) -> None:
    (folder / "ab").mkdir(parents=True)
    left = {name: folder / "ab" / f".making-{name}" for name in ("old", "future", "now")}
    for path in left.values():
        path.write_bytes(picture())
    os.utime(left["old"], (1, 1))
    os.utime(left["future"], (time.time() + 90_000, time.time() + 90_000))
    stranger = folder / "ab" / "notes.txt"
    stranger.write_text("mine")
    os.utime(stranger, (1, 1))
    pictures.get(digest("a"), picture)
    assert [name for name, path in left.items() if path.exists()] == ["now"]
    assert stranger.read_text() == "mine"


# Disks that refuse ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [28, 30, 5, 122])
def test_a_disk_that_takes_nothing_costs_one_line(
    pictures: DerivedPictures,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    pictures.get(digest("kept"), picture)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(derived.tempfile, "mkstemp", refuse)  # type: ignore[attr-defined]
        for name in range(50):
            assert pictures.get(digest(name), picture) == picture()
        assert pictures.get(digest("kept"), never) == picture()
    assert [record.message.count(os.strerror(number)) for record in caplog.records] == [1]
    assert pictures.get(digest("new"), picture) == picture()
    assert pictures.get(digest("new"), never) == picture()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a quarter of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT PROVEN: a full disk; mounting is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_no_half_picture(small_disk: Path) -> None:
    pictures = DerivedPictures(small_disk / "cache", 2**30, memory_bytes=0)
    sizes = {"first": 100_000, "second": 200_000, "third": 10_000}
    for name, size in sizes.items():
        assert len(pictures.get(digest(name), lambda size=size: picture(size=size))) == size  # type: ignore[misc]
    kept = {path.name for path in files(small_disk / "cache")}
    assert kept == {f"{digest(name)}.jpg" for name in ("first", "third")}


def test_a_read_only_disk_serves_what_is_there_and_draws_the_rest(small_disk: Path) -> None:
    pictures = DerivedPictures(small_disk / "cache", 2**30, memory_bytes=0)
    pictures.get(digest("kept"), picture)
    os.utime(path_of(small_disk / "cache", digest("kept")), (1, 1))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert pictures.get(digest("kept"), never) == picture()
    assert pictures.get(digest("new"), picture) == picture()
    fresh = DerivedPictures(small_disk / "none yet" / "cache", 2**30)
    assert fresh.get(digest("new"), picture) == picture()


# Everything at once -----------------------------------------------------------------------------------------

KEYS = 300
BUDGET = MEGABYTE


def ask_at_random(folder: Path, seed: int, rounds: int) -> None:
    """Ask for random keys; each answer must be exactly that key's."""
    chance = random.Random(seed)
    pictures = DerivedPictures(folder, BUDGET, memory_bytes=chance.choice([0, 50_000]))

    def ask(own: random.Random) -> None:
        for _ in range(rounds):
            number = min(own.randrange(KEYS), own.randrange(KEYS))
            assert pictures.get(digest(number), lambda: of_key(number)) == of_key(number)  # noqa: B023

    faults: list[BaseException] = []

    def run(own: random.Random) -> None:
        try:
            ask(own)
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=run, args=(random.Random(chance.random()),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def disturb(folder: Path, chance: random.Random) -> None:
    """What disks, people and other programs do to a file of the cache, or to all of it."""
    found = files(folder)
    if not found:
        return
    path, other = chance.choice(found), chance.choice(found)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        match chance.randrange(8):
            case 0:
                path.unlink()
            case 1:
                os.truncate(path, chance.randrange(path.stat().st_size + 1))
            case 2:
                with path.open("r+b") as file:
                    file.seek(chance.randrange(max(1, path.stat().st_size)))
                    file.write(b"\xa5")
            case 3:
                shutil.copyfile(other, folder / "swapped")
                (folder / "swapped").replace(path)
            case 4:
                os.utime(path, (1, 1))
            case 5:
                path.write_bytes(b"")
            case 6:
                shutil.rmtree(path.parent, ignore_errors=True)
            case 7:
                path.with_name(".making-left").write_bytes(b"half")


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from test_derived import ask_at_random
from pathlib import Path
ask_at_random(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
"""


def start(folder: Path, seed: int, rounds: int) -> "subprocess.Popen[bytes]":
    here = str(Path(__file__).parent)
    words = [sys.executable, "-c", PROGRAM, here, str(folder), str(seed), str(rounds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), here])}
    return subprocess.Popen(words, stderr=subprocess.PIPE, env=environment)


def test_whoever_asks_for_a_key_gets_its_bytes(folder: Path) -> None:
    """Three processes of four threads each, sweeping all the time, on a folder disturbed at random."""
    chance = random.Random(20)
    running = [start(folder, seed, 350) for seed in range(3)]
    most = 0
    while any(process.poll() is None for process in running):
        disturb(folder, chance)
        most = max(most, used(folder))
        time.sleep(chance.random() * 0.004)
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()
    assert BUDGET / 4 < most <= BUDGET
    asked = DerivedPictures(folder, BUDGET, memory_bytes=0)
    for number in range(KEYS):
        assert asked.get(digest(number), lambda: of_key(number)) == of_key(number)  # noqa: B023


def test_killed_writers_leave_nothing_that_is_served(folder: Path) -> None:
    chance = random.Random(4)
    for seed in range(5):
        process = start(folder, seed, 1_000_000)
        while not files(folder):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(chance.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert used(folder) <= BUDGET
    ask_at_random(folder, 99, 300)
