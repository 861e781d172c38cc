"""Questions to a file system that may never answer."""

import threading

import pytest

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.library.patience import _AT_ONCE, patiently


def test_the_answer_comes_back() -> None:
    assert patiently(lambda: 42) == 42


def test_what_the_question_raises_comes_back() -> None:
    def fail() -> None:
        raise PhotoFault(FailureCode.UNREADABLE, "torn")

    with pytest.raises(PhotoFault, match="torn"):
        patiently(fail)


def test_no_answer_is_told_and_many_of_them_keep_few_threads() -> None:
    end = threading.Event()
    before = threading.active_count()
    for _ in range(40):
        with pytest.raises(PhotoFault) as caught:
            patiently(lambda: end.wait(60), patience_s=0.01)
        assert caught.value.failure is FailureCode.LIBRARY_OFFLINE
    assert threading.active_count() - before <= 16
    end.set()
    for _ in range(16):  # all of them are given back
        assert _AT_ONCE.acquire(timeout=60)
    _AT_ONCE.release(16)
