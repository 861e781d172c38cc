"""`facekeep scan` as a process of its own, with the real models on a real face."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import skimage
from cli_support import Ran, ended, run, started
from embedded_support import end_processes, open_folder, processes_of
from PIL import Image

GOOD = 0.3  # the quality of the astronaut's face is above, that of a spot on a flag below
FACE = Path(skimage.__file__).parent / "data" / "astronaut.png"


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder that does not exist yet, and a folder for photos."""

    home: Path
    photos: Path

    def items(self, *arguments: object) -> list[dict[str, Any]]:
        ran = run(self.home, *arguments, "--json")
        assert ran.status == 0, ran.err
        return ran.items

    def status(self) -> dict[str, Any]:
        return self.items("status")[0]


@pytest.fixture(scope="module")
def models() -> Iterator[Path]:
    """The models, made once for all tests of this file."""
    folder = open_folder()
    try:
        (folder / "photos").mkdir()
        assert run(folder / "home", "scan", folder / "photos").status == 0
        yield folder / "home" / "models"
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def place(models: Path) -> Iterator[Place]:
    folder = open_folder()
    try:
        home, photos = folder / "home", folder / "photos"
        home.mkdir(mode=0o711)
        shutil.copytree(models, home / "models")
        photos.mkdir()
        yield Place(home, photos)
        assert processes_of(folder, patience_s=20) == [], "left running"
    finally:
        end_processes(folder)
        shutil.rmtree(folder)


def portraits(folder: Path, number: int) -> None:
    """So many different pictures of one face."""
    with Image.open(FACE) as picture:
        for index in range(number):
            picture.crop((index, 0, 400 + index, 400)).convert("RGB").save(
                folder / f"{index:03}.jpg", quality=90
            )


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("did not happen within a minute")


def all_faces_once(place: Place, number: int) -> None:
    """Every photo was looked at, shows its face, and no face of it is there twice."""
    status = place.status()
    assert (status["photos"], status["done"], status["waiting"]) == (number, number, 0)
    faces = place.items("faces")
    # Besides the astronaut's, the detector may take a spot of the flag for a face.
    assert {face["photo"] for face in faces if face["quality"] > GOOD} == set(range(1, number + 1))
    for one, other in combinations(faces, 2):
        assert one["photo"] != other["photo"] or not overlapping(one["box"], other["box"])


def overlapping(one: dict[str, float], other: dict[str, float]) -> bool:
    across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    return across > 0 and down > 0


def test_a_scan_finds_the_face_and_a_second_one_has_nothing_to_do(place: Place) -> None:
    portraits(place.photos, 3)
    first = run(place.home, "scan", place.photos)
    assert first.status == 0, first.err
    assert "3 photos looked at, 3 faces found" in first.out
    all_faces_once(place, 3)
    assert [person["faces"] for person in place.items("people")] == [3]
    again = run(place.home, "scan", place.photos)
    assert again.status == 0
    assert "3 photo files, 0 new, 0 changed" in again.out
    all_faces_once(place, 3)


def test_somebody_who_was_named_is_recognised_in_a_later_scan(place: Place) -> None:
    portraits(place.photos, 3)
    assert run(place.home, "scan", place.photos).status == 0
    person = place.items("people")[0]["person"]
    assert run(place.home, "name", person, "Eileen Collins").status == 0
    with Image.open(FACE) as picture:
        picture.convert("RGB").save(place.photos / "new.jpg")
    assert run(place.home, "scan", place.photos).status == 0
    names = [(face["name"], face["assigned_by"]) for face in place.items("faces") if face["quality"] > GOOD]
    assert sorted(names) == [("Eileen Collins", "auto")] + [("Eileen Collins", "user")] * 3


def test_an_empty_folder_says_which_types_are_looked_for(place: Place) -> None:
    (place.photos / "notes.txt").write_text("no photo")
    ran = run(place.home, "scan", place.photos)
    assert ran.status == 0
    assert "no photos in it" in ran.out
    for kind in ("JPEG", "PNG", "WebP", "TIFF", "GIF", "BMP", "HEIC", "AVIF", "RAW"):
        assert kind in ran.out


def test_a_bad_photo_fails_with_its_reason_and_the_rest_is_done(place: Place) -> None:
    portraits(place.photos, 1)
    (place.photos / "empty.jpg").write_bytes(b"")
    (place.photos / "text.png").write_text("this is no picture")
    (place.photos / "cut.jpg").write_bytes((place.photos / "000.jpg").read_bytes()[:300])
    for ran in (run(place.home, "scan", place.photos), run(place.home, "scan", place.photos)):
        assert ran.status == 1, "also when it failed before: it is still not done"
        assert "3 photos could not be looked at" in ran.out
        assert "facekeep failures" in ran.out
    assert place.status()["done"] == 1
    failures = {Path(item["files"][0]).name: item for item in place.items("failures")}
    assert set(failures) == {"empty.jpg", "text.png", "cut.jpg"}
    assert {item["code"] for item in failures.values()} == {"unreadable"}
    assert all(item["message"] for item in failures.values())


def test_failures_elsewhere_do_not_spoil_this_folder(place: Place) -> None:
    (place.photos / "empty.jpg").write_bytes(b"")
    other = place.photos.with_name("photos 2")
    other.mkdir()
    portraits(other, 1)
    assert run(place.home, "scan", place.photos).status == 1
    assert run(place.home, "scan", other).status == 0
    assert run(place.home, "scan", other, place.photos).status == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_scan_that_is_stopped_goes_on_later(place: Place, how: signal.Signals) -> None:
    portraits(place.photos, 120)
    with started(place.home, "scan", place.photos, "--workers", 1) as process:
        wait_until(lambda: 2 <= place.status()["done"] < 120)
        process.send_signal(how)
        stopped = ended(process)
    assert stopped.status == 130
    assert "press Ctrl-C again" in stopped.err
    assert "run it again" in stopped.out
    assert "Traceback" not in stopped.err
    status = place.status()
    assert 2 <= status["done"] < 120, "it was to be stopped in the middle"
    assert run(place.home, "scan", place.photos).status == 0
    all_faces_once(place, 120)


@pytest.mark.slow
def test_a_scan_that_is_killed_goes_on_later(place: Place) -> None:
    portraits(place.photos, 120)
    with started(place.home, "scan", place.photos, "--workers", 1) as process:
        wait_until(lambda: 2 <= place.status()["done"] < 120)
        process.kill()
    assert run(place.home, "scan", place.photos).status == 0
    all_faces_once(place, 120)


@pytest.mark.slow
def test_a_second_signal_does_not_wait(place: Place) -> None:
    portraits(place.photos, 200)  # not done before anybody looks
    with started(place.home, "scan", place.photos, "--workers", 1) as process:
        wait_until(lambda: place.status()["done"] >= 1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        ran = ended(process)
    assert ran.status == 130
    assert "Traceback" not in ran.err
    assert run(place.home, "scan", place.photos).status == 0
    all_faces_once(place, 200)


@pytest.mark.slow
def test_the_same_folder_scanned_twice_at_once(place: Place) -> None:
    portraits(place.photos, 30)
    with started(place.home, "scan", place.photos) as one, started(place.home, "scan", place.photos) as other:
        both = [ended(one), ended(other)]
    assert [ran.status for ran in both] == [0, 0], both
    all_faces_once(place, 30)


def test_a_folder_given_twice_is_scanned_once(place: Place) -> None:
    portraits(place.photos, 1)
    (place.photos.parent / "link").symlink_to(place.photos)
    ran = run(place.home, "scan", place.photos, place.photos.parent / "link", f"{place.photos}/../photos")
    assert ran.status == 0
    assert ran.out.count("photo file") == 1


def test_a_folder_whose_name_is_not_utf8(place: Place) -> None:
    folder = os.fsdecode(bytes(place.photos) + b"/caf\xe9")
    Path(folder).mkdir()
    portraits(Path(folder), 1)
    ran = run(place.home, "scan", folder)
    assert ran.status == 0, ran.err
    assert "caf\\xe9: 1 photo file" in ran.out
    assert place.items("faces")[0]["files"] == [f"{place.photos}/caf\\xe9/000.jpg"]


def test_a_library_that_is_away_is_said_and_nothing_is_lost(place: Place) -> None:
    portraits(place.photos, 1)
    assert run(place.home, "scan", place.photos).status == 0
    (place.photos / "000.jpg").rename(place.photos.parent / "aside.jpg")
    ran = run(place.home, "scan", place.photos)
    assert ran.status == 3
    assert "Nothing was marked as missing" in ran.err
    (place.photos.parent / "aside.jpg").rename(place.photos / "000.jpg")
    assert run(place.home, "scan", place.photos).status == 0
    all_faces_once(place, 1)


def on_a_small_disk(folder: Path, megabytes: int, script: str, *arguments: object) -> Ran:
    """Run a script with a data folder on a disk of its own, seen by it alone; "$@" is a facekeep command."""
    mount = f"mount -t tmpfs -o size={megabytes}m,mode=711 tmpfs '{folder}' || exit 99; {script}"
    return run(folder, *arguments, before=("unshare", "--mount", "bash", "-c", mount, "bash"))


needs_mount = pytest.mark.skipif(
    os.geteuid() != 0
    or shutil.which("unshare") is None
    or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0,
    reason="needs root and mount namespaces",
)


@needs_mount
@pytest.mark.parametrize("megabytes", [8, 55])
def test_a_disk_too_small_to_begin_with_is_the_machines_fault(place: Place, megabytes: int) -> None:
    disk = place.photos.parent / "disk"
    disk.mkdir(mode=0o711)
    ran = on_a_small_disk(disk, megabytes, '"$@"', "scan", place.photos)
    assert ran.status == 3, ran.err
    assert "Traceback" not in ran.err
    assert "No space left" in ran.err
    assert "pace" in ran.err.splitlines()[-1], "what to do"


@needs_mount
def test_a_disk_that_fills_up_keeps_what_is_there_and_goes_on_when_there_is_room(place: Place) -> None:
    portraits(place.photos, 3)
    disk = place.photos.parent / "disk"
    disk.mkdir(mode=0o711)
    script = f"""
        cp -r '{place.home}/models' '{disk}' && "$@" >/dev/null 2>&1; echo "first $?"
        cp '{place.photos.parent}/more/'* '{place.photos}'
        dd if=/dev/zero of='{disk}/filler' bs=64k 2>/dev/null
        "$@" >&2; echo "full $?"
        rm '{disk}/filler'
        "$@" >&2; echo "again $?"
        "${{@:1:3}}" status --json; "${{@:1:3}}" faces --json | wc -l
    """
    more = place.photos.parent / "more"
    more.mkdir()
    with Image.open(FACE) as picture:
        picture.convert("RGB").save(more / "new.jpg")
    ran = on_a_small_disk(disk, 130, script, "scan", place.photos)
    lines = ran.out.splitlines()
    assert lines[:3] == ["first 0", "full 3", "again 0"], ran.err
    assert '"photos": 4, "done": 4' in lines[3]
    assert int(lines[4]) >= 4
    assert "Traceback" not in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_data_folder_is_the_machines_fault(place: Place) -> None:
    place.home.chmod(0o500)
    ran = run(place.home, "scan", place.photos)
    place.home.chmod(0o700)
    assert ran.status == 3
    assert str(place.home) in ran.err
