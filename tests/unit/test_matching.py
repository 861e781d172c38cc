"""Match, suggest or unknown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekeep.domain.matching import UNKNOWN, Neighbour, Subject, Verdict, confidence, decide
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


# Quality, time, and who may only be asked about ------------------------------------------------------------


def votes(person: int, *distances: float, year: int | None = None, quality: float = 0.9) -> list[Neighbour]:
    taken = None if year is None else date(year, 6, 1)
    return [
        Neighbour(person, far, 1000 * person + n + (year or 0) * 10_000, quality, taken)
        for n, far in enumerate(distances)
    ]


def test_a_poor_face_needs_more() -> None:
    near_enough = votes(1, 0.48, 0.48, 0.48)
    assert decide(near_enough, T, subject=Subject(0.6)).outcome == "match"
    assert decide(near_enough, T, subject=Subject(0.1)).outcome == "suggest"
    assert decide(votes(1, 0.49), T, subject=Subject(0.0)).outcome == "unknown"
    assert decide(votes(1, 0.2), T, subject=Subject(0.05)).outcome == "match"


def test_a_poor_face_is_not_even_asked_about_when_two_are_as_near() -> None:
    both = [*votes(1, 0.3), *votes(2, 0.35)]
    assert decide(both, T, subject=Subject(0.1)).outcome == "unknown"
    assert decide(both, T, subject=Subject(0.9)).outcome == "suggest"


def test_a_stranger_has_several_people_as_near_as_each_other() -> None:
    assert decide(near((1, 0.55), (2, 0.56)), T).outcome == "unknown"
    assert decide(near((1, 0.55), (2, 0.58)), T).outcome == "suggest"
    assert decide(near((1, 0.45), (2, 0.46)), T).outcome == "suggest", "so near that one of them it will be"


def test_a_poor_voter_weighs_less() -> None:
    good, poor = votes(1, 0.3), votes(1, 0.6, quality=0.0, year=2000)
    assert decide([*good, *poor], T).likely[0].distance < 0.4


def test_a_face_found_twice_has_one_vote() -> None:
    once = [Neighbour(1, 0.2, 5), Neighbour(1, 0.5, 6), Neighbour(1, 0.8, 7)]
    assert decide([*once, *once], T).likely == decide(once, T).likely


def test_those_near_in_time_speak_first() -> None:
    """A child's picture: five years later it looks like its brother did; its own pictures of then decide."""
    then = votes(1, 0.40, 0.42, 0.44, year=1986)
    later = votes(1, 0.20, 0.20, 0.20, year=2015)
    subject, births = Subject(0.9, date(1986, 7, 1)), {1: date(1980, 1, 1)}
    [one] = decide([*then, *later], T, subject=subject, births=births).likely
    assert one.distance == pytest.approx(0.42, abs=0.001)
    assert not one.other_era


def test_an_adult_is_not_put_on_a_child_by_itself_but_asked_about() -> None:
    subject, births = Subject(0.9, date(2020, 1, 1)), {1: date(1980, 1, 1)}
    child = votes(1, 0.3, 0.3, 0.3, year=1985)
    assert decide(child, T, subject=subject, births=births).outcome == "suggest"
    chain = [*child, *votes(1, 0.45, year=2012)]
    assert decide(chain, T, subject=subject, births=births).outcome == "match"
    assert decide(child, T, subject=Subject(0.9, None), births=births).outcome == "match"


def test_who_may_only_be_asked_about_is_asked_about() -> None:
    verdict = decide(near((1, 0.2)), T, asking={1})
    assert (verdict.outcome, verdict.person) == ("suggest", 1)
    assert decide(near((1, 0.2), (2, 0.9)), T, asking={2}).outcome == "match"


def test_several_are_proposed_when_they_are_as_near() -> None:
    verdict = decide(near((1, 0.40), (2, 0.42), (3, 0.44), (4, 0.45), (5, 0.58)), T)
    assert [one.person for one in verdict.likely] == [1, 2, 3]
    assert verdict.likely[0].runner_up == 2
    assert verdict.likely[1].runner_up == 1
    assert [one.person for one in decide(near((1, 0.40), (2, 0.45)), T, excluded={1}).likely] == [2]
    assert decide(near((1, 0.40), (2, 0.55)), T, excluded={1}) == UNKNOWN, "it looks like 1, if like anybody"
