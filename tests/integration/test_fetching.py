"""Downloads from a server that breaks off, lies and alters: whole and right, or not at all."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded_support import SOURCE
from zoo_server import Zoo, serving_files

from facekeep.connectors.fetching import Patience, Wanted, fetch
from facekeep.domain.errors import DownloadFault

CONTENT = os.urandom(300_000)
HURRY = Patience(tries=3, first_wait_s=0.01, longest_wait_s=0.05, connect_s=2, silence_s=0.5, slow_s=0.3)


@pytest.fixture
def zoo() -> Iterator[Zoo]:
    with serving_files({"/model.onnx": CONTENT}) as running:
        yield running


def wanted(zoo: Zoo, folder: Path, content: bytes = CONTENT, path: str = "/model.onnx") -> Wanted:
    digest = hashlib.sha256(content).hexdigest()
    return Wanted(zoo.url + path, folder / "model.onnx", len(content), digest)


def ranges(zoo: Zoo) -> list[str]:
    return [asked for _, asked in zoo.asked]


def nothing_is_there(folder: Path) -> bool:
    return not (folder / "model.onnx").exists()


def test_a_file_comes_whole_with_progress_and_leaves_nothing_else(zoo: Zoo, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    fetch(wanted(zoo, tmp_path), progress=lambda *said: told.append(said), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert told[-1] == ("model.onnx", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_a_connection_that_breaks_is_gone_on_with_where_it_broke(zoo: Zoo, tmp_path: Path) -> None:
    zoo.break_after = [100_000, 50_000]
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    assert ranges(zoo) == ["", "bytes=100000-", "bytes=150000-"]


def test_what_came_before_the_program_ended_is_used_the_next_time(zoo: Zoo, tmp_path: Path) -> None:
    zoo.break_after = [70_000, 0, 0, 0, 0]
    with pytest.raises(DownloadFault, match="70,000 of 300,000 bytes are here"):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert nothing_is_there(tmp_path)
    zoo.break_after, zoo.asked = [], []
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert ranges(zoo) == ["bytes=70000-"]
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_is_asked_for_the_whole(zoo: Zoo, tmp_path: Path) -> None:
    zoo.ranges, zoo.break_after = False, [100_000]
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_a_file_that_changes_between_two_tries_is_begun_anew(zoo: Zoo, tmp_path: Path) -> None:
    """The first part is of another file of the same length; the ETag tells."""
    zoo.files["/model.onnx"] = os.urandom(len(CONTENT))
    zoo.etag, zoo.break_after = '"old"', [100_000, 0, 0, 0]
    with pytest.raises(DownloadFault):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    zoo.files["/model.onnx"], zoo.etag, zoo.break_after = CONTENT, '"new"', []
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_a_file_that_changes_secretly_is_found_out_and_begun_anew(zoo: Zoo, tmp_path: Path) -> None:
    """The same ETag for another content: only the hash tells, of two halves that do not belong together."""
    zoo.files["/model.onnx"], zoo.break_after = os.urandom(len(CONTENT)), [100_000, 0, 0, 0]
    with pytest.raises(DownloadFault):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    zoo.files["/model.onnx"], zoo.break_after, zoo.asked = CONTENT, [], []
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    assert ranges(zoo) == ["bytes=100000-", ""]


def test_without_an_etag_every_try_begins_anew(zoo: Zoo, tmp_path: Path) -> None:
    zoo.etag, zoo.break_after = "", [100_000]
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert ranges(zoo) == ["", ""] or ranges(zoo) == ["", "bytes=100000-"]
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_altered_bytes_are_refused_and_not_kept(zoo: Zoo, tmp_path: Path) -> None:
    zoo.files["/model.onnx"] = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(DownloadFault, match="SHA-256"):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [299_999, 300_001, 0])
def test_a_file_of_another_size_is_refused_before_it_is_taken(zoo: Zoo, tmp_path: Path, size: int) -> None:
    zoo.files["/model.onnx"] = os.urandom(size)
    with pytest.raises(DownloadFault, match=f"{size} bytes, not 300000"):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert nothing_is_there(tmp_path)
    assert len(zoo.asked) == 1


def test_a_length_that_is_said_too_long_is_refused(zoo: Zoo, tmp_path: Path) -> None:
    zoo.say_length = lambda length: length + 1000
    with pytest.raises(DownloadFault, match="301000 bytes"):
        fetch(wanted(zoo, tmp_path), patience=HURRY)


def test_a_length_that_is_said_right_but_not_kept_ends_in_an_error(zoo: Zoo, tmp_path: Path) -> None:
    """It says 300,000 and sends fewer, every time: the rest never comes."""
    zoo.files["/model.onnx"] = CONTENT[:1000]
    zoo.ranges, zoo.say_length = False, lambda _: len(CONTENT)
    with pytest.raises(DownloadFault):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert nothing_is_there(tmp_path)


def test_more_bytes_than_there_should_be_are_refused_without_a_length(zoo: Zoo, tmp_path: Path) -> None:
    zoo.files["/model.onnx"] = CONTENT + b"more"
    zoo.say_length = lambda _: None
    with pytest.raises(DownloadFault, match="longer than 300000"):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert nothing_is_there(tmp_path)


def test_another_part_than_was_asked_for_is_not_taken(zoo: Zoo, tmp_path: Path) -> None:
    zoo.break_after, zoo.wrong_part = [100_000], True
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert ranges(zoo) == ["", "bytes=100000-", ""]
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_clear_no_is_not_asked_again(zoo: Zoo, tmp_path: Path, status: int) -> None:
    zoo.statuses = [status] * 9
    with pytest.raises(DownloadFault, match=str(status)):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert len(zoo.asked) == 1


def test_a_server_in_trouble_is_asked_again_and_given_up_in_the_end(zoo: Zoo, tmp_path: Path) -> None:
    zoo.statuses = [500, 503]
    fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    (tmp_path / "model.onnx").unlink()
    zoo.statuses, zoo.asked = [500] * 9, []
    with pytest.raises(DownloadFault, match="500"):
        fetch(wanted(zoo, tmp_path), patience=HURRY)
    assert len(zoo.asked) == HURRY.tries


def test_it_waits_as_long_as_the_server_asks(zoo: Zoo, tmp_path: Path) -> None:
    zoo.statuses, zoo.headers = [429], {"Retry-After": "1"}
    began = time.monotonic()
    fetch(wanted(zoo, tmp_path), patience=Patience(first_wait_s=0.01, longest_wait_s=5))
    assert time.monotonic() - began >= 1


def test_redirects_are_followed_but_not_for_ever(zoo: Zoo, tmp_path: Path) -> None:
    zoo.statuses, zoo.headers = [302], {"Location": f"{zoo.url}/model.onnx"}
    fetch(wanted(zoo, tmp_path, path="/old"), patience=HURRY)
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
    zoo.statuses = [302] * 100
    with pytest.raises(DownloadFault, match="leads nowhere"):
        fetch(wanted(zoo, tmp_path / "..", path="/old"), patience=HURRY)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "http://[bad/x"])
def test_an_address_that_leads_nowhere(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadFault):
        fetch(Wanted(url, tmp_path / "model.onnx", 10, "0" * 64), patience=HURRY)


def test_a_server_that_hardly_sends_anything_is_left(zoo: Zoo, tmp_path: Path) -> None:
    zoo.pause_s = 0.3  # 100 bytes a time: alive, and useless
    began = time.monotonic()
    with pytest.raises(DownloadFault, match="hardly sends"):
        fetch(wanted(zoo, tmp_path), patience=Patience(2, 0.01, 0.01, 2, 0.5, 0.5, 100_000))
    assert time.monotonic() - began < 30


def test_two_at_once_bring_one_file(zoo: Zoo, tmp_path: Path) -> None:
    """Packs are brought under a lock; this is what that lock is for."""
    from facekeep.inference.packs import held

    def bring() -> None:
        with held(tmp_path, "x-1"):
            if not (tmp_path / "model.onnx").exists():
                fetch(wanted(zoo, tmp_path), patience=HURRY)

    threads = [threading.Thread(target=bring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(zoo.asked) == 1
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_a_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address does not exist; the proxy, which is asked for the whole of it, has the file."""
    address = "http://zoo.invalid/model.onnx"
    with serving_files({address: CONTENT}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        digest = hashlib.sha256(CONTENT).hexdigest()
        fetch(Wanted(address, tmp_path / "model.onnx", len(CONTENT), digest), patience=HURRY)
        assert [path for path, _ in proxy.asked] == [address]
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
def test_a_full_disk_is_an_error_and_the_part_is_used_later(zoo: Zoo, tmp_path: Path) -> None:
    """The system refuses to write beyond 100,000 bytes, as a full disk does in the middle of a file."""
    goal = wanted(zoo, tmp_path)
    script = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from pathlib import Path
from facekeep.connectors.fetching import Wanted, fetch
try:
    fetch(Wanted({goal.url!r}, Path({str(goal.target)!r}), {goal.size}, {goal.sha256!r}))
except OSError as error:
    print(error.strerror)
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "File too large"
    assert nothing_is_there(tmp_path)
    zoo.asked = []
    fetch(goal, patience=HURRY)
    assert ranges(zoo) == ["bytes=100000-"]
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT
