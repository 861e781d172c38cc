"""The eras of a life, and how far apart two photos of somebody are in it."""

from datetime import date

ERAS = (
    ("infant", 3),
    ("child", 12),
    ("teen", 19),
    ("young adult", 35),
    ("adult", 55),
    ("senior", None),
)
"""Each up to and including that age in years."""

UNDATED = "undated"

WINDOW = 5
"""Years of an era of somebody whose birth date is not known."""

DAYS = 365.2425


def age(born: date, taken: date) -> float:
    """Years; negative before birth."""
    return (taken - born).days / DAYS


def era(taken: date | None, born: date | None) -> str:
    """Which part of a life a photo is from: by age, else a window of years such as `2010-2014`."""
    if taken is None:
        return UNDATED
    if born is None:
        first = taken.year - taken.year % WINDOW
        return f"{first}-{first + WINDOW - 1}"
    years = age(born, taken)
    return next(name for name, last in ERAS if last is None or years < last + 1)


def era_order(name: str) -> tuple[int, str]:
    """For sorting: by age, then windows by year, undated last."""
    names = [known for known, _ in ERAS]
    return (names.index(name) if name in names else len(names) + (name == UNDATED), name)


def reach(taken: date, born: date | None) -> float:
    """How many years from a photo a face still looks much the same: a child's changes soonest.

    A third of the age, between 2 and 15 years; 10 where the age is not known.
    """
    if born is None:
        return 10.0
    return min(max(age(born, taken) / 3, 2.0), 15.0)


def is_near(one: date | None, other: date | None, born: date | None) -> bool:
    """Whether faces of somebody in two photos can be compared without a thought of age; also undated ones."""
    if one is None or other is None:
        return True
    apart = abs((one - other).days) / DAYS
    return apart <= reach(min(one, other), born)
