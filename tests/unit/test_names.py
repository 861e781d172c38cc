"""How near what was typed is to a name."""

import pytest

from facekeep.domain.names import distance, mistyped


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("ada", "", 3),
        ("ada", "ada", 0),
        ("ada", "adda", 1),
        ("maria", "mraia", 1),
        ("katherine", "kathrin", 2),
        ("kitten", "sitting", 3),
        ("ab", "ba", 1),
    ],
)
def test_distance(one: str, other: str, expected: int) -> None:
    assert distance(one, other) == distance(other, one) == expected


@pytest.mark.parametrize(
    ("typed", "name", "slips"),
    [
        ("lovelase", "ada lovelace", 1),
        ("ada lovelase", "ada lovelace", 1),
        ("lovelase ada", "ada lovelace", 1),
        ("kath", "katherine", 0),
        ("kaht", "katherine", 1),
        ("jon", "john smith", 1),
        ("jn", "john", None),
        ("grace", "ada lovelace", None),
        ("ada grace", "ada lovelace", None),
        ("mueller", "muller", 1),
        ("x", "", None),
    ],
)
def test_slips(typed: str, name: str, slips: int | None) -> None:
    assert mistyped(typed, name) == slips
