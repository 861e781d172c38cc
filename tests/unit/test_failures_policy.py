"""What a failure means for a photo: charged or not, again or not, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.errors import FailureCode
from facekeep.domain.failures import LONGEST_DELAY_S, MAX_ATTEMPTS, policy

C = FailureCode
AT_ONCE = (C.UNREADABLE, C.TOO_LARGE, C.MISSING_FILE)
CHARGED = (C.UNREADABLE, C.TOO_LARGE, C.OUT_OF_MEMORY, C.TIMEOUT, C.CRASHED)


@pytest.mark.parametrize("code", FailureCode)
def test_the_first_failure(code: FailureCode) -> None:
    """The whole table, as DESIGN has it."""
    found = policy(code, 0, 0)
    assert found.permanent == (code in AT_ONCE)
    assert found.charged == (code in CHARGED)
    assert found.delay_s == (0.0 if code in AT_ONCE else 60.0)


@pytest.mark.parametrize("code", [C.OUT_OF_MEMORY, C.TIMEOUT, C.CRASHED])
def test_charged_attempts_end(code: FailureCode) -> None:
    ends = [policy(code, attempts, attempts).permanent for attempts in range(MAX_ATTEMPTS + 2)]
    assert ends == [False] * (MAX_ATTEMPTS - 1) + [True] * 3


@pytest.mark.parametrize("code", [C.STORAGE, C.INTERNAL, C.LIBRARY_OFFLINE])
@given(tries=st.integers(0, 10**9), attempts=st.integers(0, 10**6))
def test_what_is_not_the_photos_fault_is_never_its_end(code: FailureCode, tries: int, attempts: int) -> None:
    found = policy(code, attempts, tries)
    assert not found.permanent
    assert not found.charged


@pytest.mark.parametrize("code", [C.STORAGE, C.CRASHED])
def test_the_wait_doubles_from_a_minute_to_an_hour(code: FailureCode) -> None:
    waits = [policy(code, 0, tries).delay_s for tries in range(9)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


@given(st.floats(0, 1), st.integers(0, 20))
def test_jitter_adds_up_to_a_tenth(jitter: float, tries: int) -> None:
    plain, found = policy(C.STORAGE, 0, tries).delay_s, policy(C.STORAGE, 0, tries, jitter=jitter).delay_s
    assert plain <= found <= 1.1 * plain <= 1.1 * LONGEST_DELAY_S
