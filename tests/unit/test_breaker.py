"""Breakers: pause after mostly environmental failures, probe with one photo, resume; on our own clock."""

from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.breaker import ENOUGH, FIRST_PAUSE_S, LONGEST_PAUSE_S, WINDOW, Breaker, Breakers, Key
from facekeep.domain.errors import FailureCode

STORAGE = Key(FailureCode.STORAGE, 7)
INTERNAL = Key(FailureCode.INTERNAL)


def failing(breakers: Breakers, key: Key, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        breakers.failed(key, now, "the disk says no")


def test_a_few_failures_do_not_open_it() -> None:
    breakers = Breakers()
    failing(breakers, STORAGE, ENOUGH - 1)
    assert breakers.allows(7, 0.0) is None
    failing(breakers, STORAGE, 1)
    assert breakers.allows(7, 0.0) == 0
    assert breakers.allows(8, 0.0) is None, "another library goes on"
    assert breakers.allows(None, 0.0) is None, "and so does the worker"


def test_the_environments_faults_among_many_good_photos_do_not_open_it() -> None:
    breakers = Breakers()
    for _ in range(100):
        failing(breakers, STORAGE, 2)
        breakers.worked(7)
    assert breakers.allows(7, 0.0) is None


def test_one_proven_outage_is_enough() -> None:
    breakers = Breakers()
    breakers.failed(Key(FailureCode.LIBRARY_OFFLINE, 7), 10.0, "gone", certain=True)
    assert breakers.allows(7, 10.0) == 0
    assert breakers.allows(7, 10.0 + FIRST_PAUSE_S) == 1


def test_one_probe_at_a_time_and_it_closes_the_breaker() -> None:
    breakers = Breakers()
    failing(breakers, STORAGE, ENOUGH)
    assert breakers.limited_libraries() == {7}
    assert breakers.allows(7, FIRST_PAUSE_S) == 1
    breakers.probed(7)
    assert breakers.allows(7, FIRST_PAUSE_S) == 0, "while the probe is in hand"
    breakers.worked(7)
    assert breakers.allows(7, FIRST_PAUSE_S) is None
    assert breakers.limited_libraries() == set()
    failing(breakers, STORAGE, ENOUGH - 1)
    assert breakers.allows(7, FIRST_PAUSE_S) is None, "the old failures are forgotten"


def test_pauses_double_up_to_a_limit() -> None:
    breaker, now, pauses = Breaker(), 0.0, []
    for _ in range(ENOUGH):
        breaker = breaker.failed(now, "")
    for _ in range(10):
        pauses.append(breaker.until - now)
        now = breaker.until
        assert breaker.allows(now) == 1
        breaker = breaker.probed().failed(now, "")
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert breaker.since == 0.0, "it is one outage"


def test_a_probe_without_an_outcome_is_made_again() -> None:
    breakers = Breakers()
    failing(breakers, INTERNAL, ENOUGH)
    breakers.probed(None)
    breakers.unprobed(None)
    assert breakers.allows(None, FIRST_PAUSE_S) == 1


def test_late_answers_of_photos_claimed_before_do_not_close_it() -> None:
    breakers = Breakers()
    failing(breakers, STORAGE, ENOUGH)
    breakers.worked(7)
    assert breakers.allows(7, 0.0) == 0, "only a probe's answer tells that the outage is over"


@given(st.lists(st.sampled_from(["fail", "work", "probe", "unprobe", "wait"]), max_size=200))
def test_whatever_happens_it_can_always_resume(events: list[str]) -> None:
    """No sequence leaves a breaker that never lets a photo through again; memory stays bounded."""
    breakers, now = Breakers(), 0.0
    for event in events:
        if event == "fail":
            breakers.failed(STORAGE, now, "")
        elif event == "work":
            breakers.worked(7)
        elif event == "probe" and breakers.allows(7, now) == 1:
            breakers.probed(7)
        elif event == "unprobe":
            breakers.unprobed(7)
        else:
            now += 30.0
    assert all(len(each.outcomes) <= WINDOW for _, each in breakers.not_closed())
    breakers.unprobed(7)
    now += LONGEST_PAUSE_S
    if breakers.allows(7, now) is not None:
        assert breakers.allows(7, now) == 1
        breakers.probed(7)
        breakers.worked(7)
    assert breakers.allows(7, now) is None
