"""What a failure means for a photo: charged or not, again or not, when, and how much smaller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.errors import FailureCode
from facekeep.domain.failures import (
    SMALLEST_LONG_SIDE,
    History,
    Rules,
    policy,
    smaller_long_side,
    tried_alone,
)

C = FailureCode
AT_ONCE = (C.UNREADABLE, C.TOO_LARGE, C.MISSING_FILE)
CHARGED = (C.UNREADABLE, C.TOO_LARGE, C.OUT_OF_MEMORY, C.TIMEOUT, C.CRASHED)
NEW = History()


@pytest.mark.parametrize("code", FailureCode)
def test_the_first_failure(code: FailureCode) -> None:
    """The whole table, as DESIGN has it."""
    found = policy(code, NEW)
    assert found.permanent == (code in AT_ONCE)
    assert found.charged == (code in CHARGED)
    assert found.delay_s == (0.0 if code in AT_ONCE else 60.0)


@pytest.mark.parametrize(("code", "last"), [(C.OUT_OF_MEMORY, 5), (C.TIMEOUT, 2), (C.CRASHED, 2)])
def test_charged_attempts_end(code: FailureCode, last: int) -> None:
    ends = [policy(code, History(attempts, attempts)).permanent for attempts in range(last + 2)]
    assert ends == [False] * (last - 1) + [True] * 3


@pytest.mark.parametrize("code", [C.STORAGE, C.INTERNAL, C.LIBRARY_OFFLINE])
@given(tries=st.integers(0, 10**9), attempts=st.integers(0, 10**6))
def test_what_is_not_the_photos_fault_is_never_its_end(code: FailureCode, tries: int, attempts: int) -> None:
    found = policy(code, History(attempts, tries), long_side=100)
    assert not found.permanent
    assert not found.charged


@pytest.mark.parametrize("code", [C.STORAGE, C.OUT_OF_MEMORY])
def test_the_wait_doubles_from_a_minute_to_an_hour(code: FailureCode) -> None:
    waits = [policy(code, History(0, tries)).delay_s for tries in range(9)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_the_numbers_are_settings() -> None:
    rules = Rules(max_attempts=2, first_delay_s=1, longest_delay_s=3)
    assert [policy(C.STORAGE, History(0, tries), rules=rules).delay_s for tries in range(3)] == [1, 2, 3]
    assert policy(C.OUT_OF_MEMORY, History(1, 1), rules=rules).permanent


@given(st.floats(0, 1), st.integers(0, 20))
def test_jitter_adds_up_to_a_tenth(jitter: float, tries: int) -> None:
    history = History(0, tries)
    plain, found = policy(C.STORAGE, history).delay_s, policy(C.STORAGE, history, jitter=jitter).delay_s
    assert plain <= found <= 1.1 * plain <= 1.1 * Rules().longest_delay_s


@given(st.integers(1, 20_000))
def test_the_ladder_only_goes_down_and_ends(start: int) -> None:
    """Defect 1 of the old worker: four of its five steps were the same size for a large photo."""
    sizes = [start]
    while (smaller := smaller_long_side(sizes[-1])) is not None:
        assert smaller < sizes[-1]
        sizes.append(smaller)
    assert len(sizes) < 20
    assert sizes[-1] <= max(start, SMALLEST_LONG_SIDE)
    assert start <= SMALLEST_LONG_SIDE or sizes[-1] == SMALLEST_LONG_SIDE


def test_memory_faults_step_down_from_the_size_that_was_really_used() -> None:
    assert policy(C.OUT_OF_MEMORY, NEW, long_side=1440).retry_long_side == 1008
    assert policy(C.OUT_OF_MEMORY, NEW, long_side=500).retry_long_side == 350
    end = policy(C.OUT_OF_MEMORY, NEW, long_side=SMALLEST_LONG_SIDE)
    assert end.permanent
    assert end.retry_long_side is None


def test_a_timeout_is_tried_once_more_and_smaller() -> None:
    assert policy(C.TIMEOUT, NEW, long_side=1440).retry_long_side == 1008
    assert not policy(C.TIMEOUT, NEW, long_side=200).permanent, "too small to shrink is no reason to give up"
    assert policy(C.CRASHED, NEW, long_side=1440).retry_long_side is None


def test_who_is_tried_alone() -> None:
    assert {code for code in C if tried_alone(code)} == {C.CRASHED, C.OUT_OF_MEMORY}
