"""Dates as people say them: a year, a month or a day; and how old somebody is."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from facekeep.domain.errors import UsageError

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `start` on, until before `end`; None for no bound."""

    start: date | None = None
    end: date | None = None

    def within(self, other: "Span") -> "Span":
        """The days that are in both. May be none: then it ends where or before it starts."""
        starts = [day for day in (self.start, other.start) if day is not None]
        ends = [day for day in (self.end, other.end) if day is not None]
        return Span(max(starts, default=None), min(ends, default=None))

    @property
    def bounded(self) -> bool:
        """Whether any day is outside of it."""
        return self.start is not None or self.end is not None


EVER = Span()


def span(text: str) -> Span:
    """The days of `2019`, `2019-07` or `2019-07-14`. UsageError for anything else."""
    parts = _PARTIAL.fullmatch(text.strip())
    try:
        if parts is None:
            raise ValueError
        year, month, day = (None if part is None else int(part) for part in parts.groups())
        assert year is not None
        start = date(year, 1 if month is None else month, 1 if day is None else day)
        return Span(start, _after(start, month, day))
    except ValueError as error:
        raise UsageError(f"{text!r} is no date", hint="Say 2019, 2019-07 or 2019-07-14.") from error


def between(first: str | None, last: str | None) -> Span:
    """From the first day of one partial date to the last day of another.

    UsageError; also when they are swapped.
    """
    start = None if first is None else span(first).start
    end = None if last is None else span(last).end
    if start is not None and end is not None and start >= end:
        raise UsageError(f"{first} comes after {last}", hint="Say the earlier date first.")
    return Span(start, end)


def _after(start: date, month: int | None, day: int | None) -> date | None:
    """The day after a year, month or day; None where dates end."""
    try:
        if day is not None:
            return start + timedelta(days=1)
        if month is not None and month < 12:
            return date(start.year, month + 1, 1)
        return date(start.year + 1, 1, 1)
    except (OverflowError, ValueError):
        return None


def birthday(born: date, years: int) -> date | None:
    """The day on which somebody is that old: born on 29 February, 1 March where there is none.

    None after 9999.
    """
    if born.year + years > date.max.year:
        return None
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def aged(born: date, least: int, most: int) -> Span:
    """The days on which somebody is from `least` to `most` years old, both included. UsageError."""
    if not 0 <= least <= most:
        raise UsageError(f"nobody is from {least} to {most} years old", hint="Say the lower age first.")
    return Span(birthday(born, least), birthday(born, most + 1))
