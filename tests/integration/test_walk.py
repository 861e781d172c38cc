"""Walking real folders: what is found, what is left alone, what is reported, and that it always ends."""

import os
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_photos import jpeg, picture

from facekeep.domain.errors import FailureCode, LibraryOffline, PhotoFault, UsageError
from facekeep.library.identity import HASH_BYTES, content_hash, display_path
from facekeep.library.rules import CACHE_SIGNATURE
from facekeep.library.walk import FoundFile, WalkProblem, check_root, is_offline, walk

PHOTO = jpeg(picture(16, 16))


def put(root: Path, *names: str, data: bytes = PHOTO) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def found(root: Path, **options: object) -> list[str]:
    """Paths in the order of the walk; a problem as `!code path`."""
    return [
        os.fsdecode(item.path) if isinstance(item, FoundFile) else f"!{item.code} {os.fsdecode(item.path)}"
        for item in walk(root, **options)  # type: ignore[arg-type]
    ]


def only(root: Path) -> FoundFile:
    (item,) = walk(root)
    assert isinstance(item, FoundFile)
    return item


def test_files_in_the_order_of_names_before_subfolders(tmp_path: Path) -> None:
    put(tmp_path, "b.jpg", "a.jpg", "B.jpg", "a/z.jpg", "a/b/c.jpg", "c/a.jpg", "a.b/x.jpg")
    wanted = ["B.jpg", "a.jpg", "b.jpg", "a/z.jpg", "a/b/c.jpg", "a.b/x.jpg", "c/a.jpg"]
    assert found(tmp_path) == wanted
    assert found(tmp_path) == wanted


def test_what_is_known_of_a_file(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    os.utime(tmp_path / "a.jpg", ns=(5, 1_600_000_000_123_456_789))
    assert only(tmp_path) == FoundFile(b"a.jpg", len(PHOTO), 1_600_000_000_123_456_789, "image/jpeg")


def test_candidates_are_named_so_or_are_pictures(tmp_path: Path) -> None:
    put(
        tmp_path,
        "photo.jpg",
        "PHOTO.JPEG",
        "IMG_0001",
        "backup.old",
        "wrong.png",
        "clip.mp4",
        "doc.pdf",
        "x.xmp",
    )
    put(tmp_path, "text.jpg", "text", "notes.txt", "letter.old", data=b"Dear diary")
    put(tmp_path, "empty.jpg", "empty", data=b"")
    put(tmp_path, "drawing", "drawing.svg", data=b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    wanted = ["IMG_0001", "PHOTO.JPEG", "backup.old", "empty.jpg", "photo.jpg", "text.jpg", "wrong.png"]
    assert found(tmp_path) == wanted
    types = {item.path: item.media_type for item in walk(tmp_path) if isinstance(item, FoundFile)}
    assert types[b"text.jpg"] is None
    assert types[b"empty.jpg"] is None
    assert types[b"wrong.png"] == "image/jpeg"


def test_known_files_are_not_opened(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "noending")
    sizes = {item.path: (item.size, item.mtime_ns) for item in walk(tmp_path) if isinstance(item, FoundFile)}
    again = list(walk(tmp_path, known=sizes.get))
    assert [(item.path, item.unchanged) for item in again if isinstance(item, FoundFile)] == [
        (b"a.jpg", True),
        (b"noending", True),
    ]
    (tmp_path / "a.jpg").write_bytes(PHOTO + b"more")
    changed = [item.path for item in walk(tmp_path, known=sizes.get) if not getattr(item, "unchanged", True)]
    assert changed == [b"a.jpg"]
    os.utime(tmp_path / "noending", ns=(1, 1))
    assert not any(getattr(item, "unchanged", True) for item in walk(tmp_path, known=sizes.get))


def test_hidden_entries_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", ".hidden.jpg", "._a.jpg", ".folder/b.jpg", "c/.Trash-1000/files/d.jpg")
    assert found(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize(
    "folder",
    [
        "face_crops",
        "Face_Crops",
        ".memorymate/faces",
        "@eaDir/IMG_1.jpg",
        ".@__thumb",
        "@__thumb",
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN/S-1-5",
        "System Volume Information",
        "lost+found",
        "__MACOSX",
        ".thumbnails/normal",
        ".photoprism",
        "Catalog Previews.lrdata/0",
        "CaptureOne/Cache/Thumbnails",
        "appdata_oc1a2b3c4d5e/preview",
        "Fotos.photoslibrary/resources/derivatives",
        "Old.photolibrary/Previews/2011",
    ],
)
def test_folders_of_other_programs_are_not_entered(tmp_path: Path, folder: str) -> None:
    put(tmp_path, "a.jpg", f"{folder}/crop.jpg", f"holiday/{folder}/crop.jpg", "holiday/b.jpg")
    skipped: list[bytes] = []
    assert found(tmp_path, on_skip=lambda path, _why: skipped.append(path)) == ["a.jpg", "holiday/b.jpg"]
    assert len(skipped) == 2


@pytest.mark.parametrize(
    "folder",
    [
        *(
            "thumbs",
            "thumbnails",
            "faces",
            "crops",
            "previews",
            "cache",
            "backups",
            "profile",
            "encoded-video",
        ),
        *("face crops", "my face_crops", "recycle", "appdata_photos", "originals", "Masters", "uploads"),
        *("Fotos.photoslibrary/originals/0", "Old.photolibrary/Masters/2011", "@home", "#1", "trash"),
    ],
)
def test_folders_that_a_person_might_name_so_are_entered(tmp_path: Path, folder: str) -> None:
    put(tmp_path, f"{folder}/a.jpg")
    assert found(tmp_path) == [f"{folder}/a.jpg"]


def test_folders_known_by_what_lies_in_or_beside_them(tmp_path: Path) -> None:
    put(
        tmp_path,
        "immich/thumbs/.immich",
        "immich/thumbs/a.jpg",
        "immich/upload/.immich",
        "immich/upload/b.jpg",
    )
    put(tmp_path, "storage/.ppstorage", "storage/cache/thumbnails/c.jpg")
    put(tmp_path, "cloud/files/d.jpg", "cloud/files_trashbin/files/e.jpg", "cloud/files_versions/f.jpg")
    put(tmp_path, "libre/thumbnails_big/g.jpg", "libre/square_thumbnails/h.jpg", "libre/faces/i.jpg")
    assert found(tmp_path) == ["cloud/files/d.jpg", "immich/upload/b.jpg"]


def test_facekeep_s_own_folders_are_never_entered(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "marked/crops/b.jpg", "listed/deep/c.jpg", "home/cache/d.jpg", "real-cache/e.jpg")
    put(tmp_path, "marked/.facekeep", data=b"")
    put(tmp_path, "home/cache/CACHEDIR.TAG", data=CACHE_SIGNATURE + b"\n# made by facekeep\n")
    put(tmp_path, "real-cache/CACHEDIR.TAG", data=b"not the signature")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "listed")
    why: dict[bytes, str] = {}
    options = {"skip": [tmp_path / "listed", tmp_path / "not there"], "on_skip": why.__setitem__}
    assert found(tmp_path, **options) == ["a.jpg", "real-cache/e.jpg"]
    assert set(why) == {b"marked", b"listed", b"home/cache"}
    assert "facekeep" in why[b"marked"]


def test_a_marked_root_yields_nothing(tmp_path: Path) -> None:
    put(tmp_path, ".facekeep", "a.jpg")
    assert found(tmp_path) == []


def test_links_in_circles_end_and_nothing_is_found_twice_by_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root, "a/b/photo.jpg")
    (root / "a" / "b" / "up").symlink_to(root)
    (root / "a" / "b" / "self").symlink_to(".")
    (root / "again").symlink_to(root / "a")
    (root / "above").symlink_to(tmp_path)
    (root / "circle").symlink_to("circle")
    (root / "circle.jpg").symlink_to("circle.jpg")
    assert found(root) == ["!unreadable circle.jpg", "a/b/photo.jpg"]


def test_a_folder_linked_from_outside_is_entered_once(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    put(root, "a.jpg")
    put(elsewhere, "x.jpg", "below/y.jpg")
    (root / "one").symlink_to(elsewhere)
    (root / "two").symlink_to(elsewhere)
    (root / "three").symlink_to(elsewhere / "below")
    (elsewhere / "back").symlink_to(root)
    assert found(root) == ["a.jpg", "one/x.jpg", "one/below/y.jpg"]


def test_a_root_that_is_a_link_is_walked(tmp_path: Path) -> None:
    put(tmp_path / "real", "a.jpg", "b/c.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert found(tmp_path / "link") == ["a.jpg", "b/c.jpg"]


def test_links_to_files_are_followed_and_dead_ones_reported(tmp_path: Path) -> None:
    put(tmp_path / "real", "a.jpg")
    root = tmp_path / "root"
    root.mkdir()
    (root / "good.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    (root / "dead.jpg").symlink_to(tmp_path / "gone.jpg")
    (root / "dead").symlink_to(tmp_path / "gone")
    assert found(root) == ["!missing_file dead.jpg", "good.jpg"]


def test_pipes_sockets_and_devices_are_never_opened(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
        (tmp_path / "null.jpg").symlink_to("/dev/null")
        assert found(tmp_path) == ["a.jpg"]


def test_names_that_are_not_text(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    os.mkdir(root + b"/f\xfcr dich")  # noqa: PTH102
    for name in (b"caf\xe9.jpg", b"f\xfcr dich/\xff\xfe.jpg", b"new\nline.jpg", "\u65e5\u672c.jpg".encode()):
        with open(root + b"/" + name, "wb") as file:
            file.write(PHOTO)
    items = list(walk(tmp_path))
    assert [item.path for item in items] == [
        b"caf\xe9.jpg",
        b"new\nline.jpg",
        "\u65e5\u672c.jpg".encode(),
        b"f\xfcr dich/\xff\xfe.jpg",
    ]
    shown = [display_path(item.path) for item in items]
    assert shown[0] == "caf\\xe9.jpg"
    assert shown[2] == "\u65e5\u672c.jpg"
    for text in shown:
        text.encode("utf-8")


def test_a_very_deep_tree(tmp_path: Path) -> None:
    """Deeper than the interpreter recurses and than a path may be long: reported, not crashed on."""
    depth = sys.getrecursionlimit() + 200
    here = os.open(tmp_path, os.O_RDONLY)
    put(tmp_path, "a.jpg")
    for _ in range(depth):
        os.mkdir("ddd", dir_fd=here)
        below = os.open("ddd", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    put(tmp_path, "z/b.jpg", "/".join(["ddd"] * 900) + "/deep.jpg")
    try:
        items = list(walk(tmp_path))
        problems = [item for item in items if isinstance(item, WalkProblem)]
        assert [os.path.basename(item.path) for item in items if isinstance(item, FoundFile)] == [  # noqa: PTH119
            b"a.jpg",
            b"deep.jpg",
            b"b.jpg",
        ]
        assert [problem.code for problem in problems] == [FailureCode.UNREADABLE]
        assert "too long" in problems[0].message
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "ddd")], check=True)


def test_files_that_vanish_meanwhile_are_no_problem(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.jpg" for number in range(6)), "sub/a.jpg", "other/b.jpg")
    seen = []
    for item in walk(tmp_path):
        seen.append(item.path)
        if item.path == b"1.jpg":
            (tmp_path / "3.jpg").unlink()
            subprocess.run(["rm", "-rf", str(tmp_path / "sub")], check=True)
    assert seen == [b"0.jpg", b"1.jpg", b"2.jpg", b"4.jpg", b"5.jpg", b"other/b.jpg"]


def test_a_root_that_vanishes_is_offline(tmp_path: Path) -> None:
    with pytest.raises(LibraryOffline):
        list(walk(tmp_path / "gone"))


def test_stopping_ends_the_walk_at_once(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.jpg" for number in range(5)), "sub/a.jpg")
    seen: list[bytes] = []
    for item in walk(tmp_path, stop=lambda: len(seen) >= 2):
        seen.append(item.path)
    assert seen == [b"0.jpg", b"1.jpg"]


def test_many_files_stream_in_bounded_memory(tmp_path: Path) -> None:
    """20,000 empty files: the first is there before the last is looked at, and little is held."""
    for number in range(20_000):
        os.close(os.open(tmp_path / f"{number:06}.jpg", os.O_CREAT | os.O_WRONLY))
    tracemalloc.start()
    items: Iterator[FoundFile | WalkProblem] = walk(tmp_path)
    assert next(items).path == b"000000.jpg"
    assert sum(1 for _ in items) == 19_999
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30 * 2**20


AS_ANOTHER = """
import os, sys
from pathlib import Path
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.path[:0] = {path!r}
from facekeep.domain.errors import UsageError
from facekeep.library.walk import FoundFile, check_root, walk
for item in walk(Path({root!r})):
    print(getattr(item, "code", "found"), item.path.decode(), "permission" in getattr(item, "message", ""))
try:
    check_root(Path({root!r}) / "locked")
except UsageError as error:
    print(error.message)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who may not read")
def test_folders_and_files_that_may_not_be_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    # Not below pytest's own folder, which only its owner may enter; nor may the other user see the checkout,
    # so that what it needs is imported before it becomes one.
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        root = Path(name)
        root.chmod(0o755)
        put(root, "a.jpg", "locked/b.jpg", "open/c.jpg", "secret.jpg", "secret", "names/d.jpg", "z.jpg")
        (root / "locked").chmod(0)
        (root / "secret.jpg").chmod(0)
        (root / "secret").chmod(0)
        (root / "names").chmod(0o444)
        program = AS_ANOTHER.format(path=[], root=str(root))
        head, tail = program.split("os.setgroups", 1)
        early = "import facekeep.library.walk, facekeep.library.sniff, facekeep.domain.errors\n"
        done = subprocess.run(
            [sys.executable, "-c", head + early + "os.setgroups" + tail],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[:-1] == [
            "found a.jpg False",
            "storage secret.jpg True",
            "found z.jpg False",
            "storage locked True",
            "storage names/d.jpg True",
            "found open/c.jpg False",
        ]
        assert "locked: cannot be read: permission denied" in lines[-1]


def test_a_root_must_be_a_folder_of_photos(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "face_crops/b.jpg", ".memorymate/faces/c.jpg", "own/deep/d.jpg", ".private/e.jpg")
    check_root(tmp_path)
    check_root(tmp_path / ".private")
    for root, words in (
        (tmp_path / "gone", "no such folder"),
        (tmp_path / "a.jpg", "is a file"),
        (tmp_path / "face_crops", "MemoryMate"),
        (tmp_path / ".memorymate" / "faces", "MemoryMate"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            check_root(root)
        assert str(root) in caught.value.message
        assert caught.value.hint
    for own in (tmp_path / "own", tmp_path / "own" / "deep"):
        with pytest.raises(UsageError, match="own folder"):
            check_root(tmp_path / "own" / "deep", own=[own])
    check_root(tmp_path, own=[tmp_path / "own"])
    put(tmp_path, "own/.facekeep", data=b"")
    with pytest.raises(UsageError, match="own folder"):
        check_root(tmp_path / "own")
    assert not (tmp_path / "gone").exists()


def test_offline(tmp_path: Path) -> None:
    assert is_offline(tmp_path / "gone")
    assert is_offline(tmp_path)
    assert not is_offline(tmp_path, had_photos=False)
    put(tmp_path, ".keep", ".Trash/a.jpg")
    assert is_offline(tmp_path)
    put(tmp_path, "a.jpg")
    assert not is_offline(tmp_path)
    assert is_offline(tmp_path / "a.jpg")


def test_the_content_makes_the_hash(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "sub/b.png")
    put(tmp_path, "empty", data=b"")
    large = os.urandom(3_000_001)
    put(tmp_path, "large", data=large)
    assert content_hash(tmp_path / "a.jpg") == content_hash(os.fsencode(tmp_path / "sub" / "b.png"))
    assert len(content_hash(tmp_path / "empty")) == HASH_BYTES
    # FIPS 180-4: SHA-256 of nothing.
    assert content_hash(tmp_path / "empty").hex().startswith("e3b0c44298fc1c14")
    before = content_hash(tmp_path / "large")
    put(tmp_path, "large", data=large[:-1] + bytes([large[-1] ^ 1]))
    assert content_hash(tmp_path / "large") != before


def test_what_cannot_be_hashed_says_why(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, code in (
        ("gone.jpg", FailureCode.MISSING_FILE),
        ("pipe.jpg", FailureCode.UNREADABLE),
        ("", None),
    ):
        with pytest.raises(PhotoFault) as caught:
            content_hash(tmp_path / name)
        assert caught.value.failure is (code if code is not None else FailureCode.UNREADABLE)
        assert str(tmp_path / name) in caught.value.message
