"""Match, suggest or unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.matching import UNKNOWN, Neighbour, Verdict, confidence, decide
from facekeep.domain.packs import BUNDLED

T = BUNDLED.thresholds


def near(*pairs: tuple[int, float]) -> list[Neighbour]:
    return [Neighbour(person, distance) for person, distance in pairs]


def test_nobody_near_is_unknown() -> None:
    assert decide([], T) == UNKNOWN
    assert decide(near((1, T.suggest + 0.01)), T) == UNKNOWN


def test_a_clear_likeness_is_a_match() -> None:
    verdict = decide(near((1, 0.3), (2, 0.55)), T)
    assert verdict == Verdict("match", 1, confidence(0.3, T))


def test_between_match_and_suggest_is_a_suggestion() -> None:
    assert decide(near((1, (T.match + T.suggest) / 2)), T).outcome == "suggest"


@pytest.mark.parametrize(("second", "outcome"), [(0.01, "suggest"), (0.059, "suggest"), (0.061, "match")])
def test_a_runner_up_as_near_makes_it_a_question(second: float, outcome: str) -> None:
    verdict = decide(near((1, 0.4), (2, 0.4 + second)), T)
    assert (verdict.outcome, verdict.person) == (outcome, 1)


def test_one_stray_face_does_not_speak_for_a_person() -> None:
    """Person 2 has one mislabelled face that is very near, and two that are far."""
    verdict = decide(near((2, 0.05), (2, 0.9), (2, 0.95), (1, 0.3), (1, 0.32), (1, 0.34)), T)
    assert (verdict.outcome, verdict.person) == ("match", 1)


def test_only_the_nearest_faces_speak() -> None:
    """A person of many years and looks is not punished for the far ones."""
    assert decide(near((1, 0.3), (1, 0.3), (1, 0.3), *[(1, 1.0)] * 40), T).outcome == "match"


def test_who_is_excluded_is_never_the_answer() -> None:
    assert decide(near((1, 0.2)), T, excluded={1}) == UNKNOWN
    assert decide(near((1, 0.2), (2, 0.3)), T, excluded={1}).person == 2


def test_who_is_excluded_still_stands_against_another() -> None:
    """It looks most like somebody it is not: so it is no clear match for the next."""
    assert decide(near((1, 0.2), (2, 0.3)), T, excluded={1}).outcome == "suggest"
    assert decide(near((1, 0.9), (2, 0.3)), T, excluded={1}).outcome == "match"


def test_confidence_is_a_half_where_same_and_different_are_as_likely() -> None:
    assert confidence(T.same, T) == pytest.approx(0.5)


@given(st.floats(0, 4), st.floats(0, 4))
def test_confidence_falls_with_distance(one: float, other: float) -> None:
    assert 0 <= confidence(one, T) <= 1
    if one < other:
        assert confidence(one, T) >= confidence(other, T)


neighbours = st.lists(st.builds(Neighbour, st.integers(1, 4), st.floats(0, 1.5)), max_size=20)


@given(neighbours, st.sets(st.integers(1, 4)))
def test_a_verdict_holds_what_it_promises(given_: list[Neighbour], excluded: set[int]) -> None:
    verdict = decide(given_, T, excluded=excluded)
    if verdict == UNKNOWN:
        return
    assert verdict.person not in excluded
    assert verdict.confidence is not None
    nearest = min(n.distance for n in given_ if n.person == verdict.person)
    assert nearest <= T.suggest
    if verdict.outcome == "match":
        assert verdict.confidence >= confidence(T.match, T)


@given(neighbours, st.randoms())
def test_the_order_of_neighbours_does_not_matter(given_: list[Neighbour], random: object) -> None:
    shuffled = list(given_)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(shuffled, T) == decide(given_, T)
