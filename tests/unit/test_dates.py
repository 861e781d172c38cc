"""Dates as people say them, and ages around the leap day."""

from datetime import date

import pytest

from facekeep.domain.dates import Span, aged, between, birthday, span
from facekeep.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2019", date(2019, 1, 1), date(2020, 1, 1)),
        ("2019-07", date(2019, 7, 1), date(2019, 8, 1)),
        ("2019-12", date(2019, 12, 1), date(2020, 1, 1)),
        ("2020-02-29", date(2020, 2, 29), date(2020, 3, 1)),
        ("2019-12-31", date(2019, 12, 31), date(2020, 1, 1)),
        ("9999", date(9999, 1, 1), None),
        ("9999-12-31", date(9999, 12, 31), None),
    ],
)
def test_a_part_of_a_date_is_all_its_days(text: str, start: date, end: date | None) -> None:
    assert span(text) == Span(start, end)


@pytest.mark.parametrize(
    "text", ["", "19", "2019-13", "2019-02-30", "0000", "2019-7", "2019-07-14T00:00", "x"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no date"):
        span(text)


def test_between_takes_in_both_ends() -> None:
    assert between("2019-07", "2019") == Span(date(2019, 7, 1), date(2020, 1, 1))
    assert between(None, "2019-02") == Span(None, date(2019, 3, 1))
    assert between(None, None) == Span()
    with pytest.raises(UsageError, match="comes after"):
        between("2020", "2019-12")


def test_who_was_born_on_the_leap_day_is_older_on_the_first_of_march() -> None:
    born = date(2004, 2, 29)
    assert birthday(born, 1) == date(2005, 3, 1)
    assert birthday(born, 4) == date(2008, 2, 29)
    assert birthday(date(2004, 2, 28), 1) == date(2005, 2, 28)
    assert birthday(born, 7996) is None


@pytest.mark.parametrize("born", [date(2004, 2, 29), date(2003, 3, 1), date(2000, 1, 1), date(1999, 12, 31)])
def test_every_day_has_just_one_age(born: date) -> None:
    for day in (date(2008, 2, 28), date(2008, 2, 29), date(2008, 3, 1), date(2009, 2, 28), date(2009, 3, 1)):
        ages = [
            years
            for years in range(12)
            for days in [aged(born, years, years)]
            if days.start is not None and days.end is not None and days.start <= day < days.end
        ]
        assert len(ages) == 1
        # As said in the law of most countries, and by counting calendar days.
        assert ages[0] == day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def test_ages_and_spans_meet() -> None:
    assert aged(date(2000, 5, 6), 0, 2) == Span(date(2000, 5, 6), date(2003, 5, 6))
    assert Span(date(2001, 1, 1)).within(Span(None, date(2002, 1, 1))) == Span(
        date(2001, 1, 1), date(2002, 1, 1)
    )
    for least, most in ((3, 2), (-1, 2)):
        with pytest.raises(UsageError):
            aged(date(2000, 5, 6), least, most)
