"""What is recorded of errors in a child, and of ends that the kernel made, whatever they are made of."""

from pathlib import Path

import pytest

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.worker.asking import tried
from facekeep.worker.child import DETAIL_BYTES, Analyse, Failed, Thumbnail, _is_memory, _said, _trace
from facekeep.worker.watching import OomKills


class Tongueless(Exception):
    """Fails when it is asked for its text."""

    def __str__(self) -> str:
        raise RuntimeError("no tongue")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("torn"), "ValueError: torn"),
        (Exception(), "Exception: without a message"),
        (ValueError("  "), "ValueError: without a message"),
        (Tongueless(), "Tongueless: its message cannot be read: RuntimeError"),
        (SystemExit(), "SystemExit: without a message"),
    ],
)
def test_every_error_has_a_type_and_words(error: BaseException, said: str) -> None:
    assert _said(error) == said
    assert type(error).__name__ in _trace(error)


def test_texts_are_bounded_and_storable() -> None:
    error = ValueError("ä\udcff\0" * 10_000)
    assert len(_said(error)) <= 1000
    detail = _trace(error)
    assert len(detail.encode()) <= DETAIL_BYTES
    assert "\0" not in detail


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (RuntimeError("std::bad_alloc"), True),
        (
            Exception("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 9"),
            True,
        ),
        (OSError(12, "Cannot allocate memory"), True),
        (ValueError("a picture of no memory of mine"), False),
    ],
)
def test_a_lack_of_memory_is_told_by_type_or_words(error: Exception, memory: bool) -> None:
    assert _is_memory(error) is memory


def test_a_fault_crosses_the_pipe_whole() -> None:
    fault = PhotoFault(FailureCode.TIMEOUT, "slow", hint="wait", detail="at the end", long_side=700)
    again = Failed.of(fault).at(320).fault()
    assert (again.failure, again.message, again.hint, again.detail) == (
        "timeout",
        "slow",
        "wait",
        "at the end",
    )
    assert (fault.long_side, again.long_side) == (700, 320)


def test_the_size_tried_is_never_above_the_photos_own() -> None:
    assert tried(Analyse(Path("a"), 1440), None) == 1440
    assert tried(Analyse(Path("a"), 1440), 4000) == 1440
    assert tried(Analyse(Path("a"), 1440), 256) == 256
    assert tried(Thumbnail(Path("a"), 96), 256) is None


def test_a_rise_of_the_kernels_count_is_recent_for_a_while(tmp_path: Path) -> None:
    now = [0.0]
    count = tmp_path / "vmstat"
    count.write_text("oom_kill 3\noom_kill_other 9\n")
    kills = OomKills([count, tmp_path / "absent"], clock=lambda: now[0])
    assert not kills.recent()
    count.write_text("oom_kill 4\n")
    assert kills.recent()
    now[0] = 1.0
    kills.note()
    assert kills.recent(), "noted in the moment between the kill and our hearing of it"
    now[0] = 1.5
    kills.note()
    assert kills.recent(), "too soon to be forgotten"
    now[0] = 2.0
    kills.note()
    assert not kills.recent(), "an older kill explains no new death"
