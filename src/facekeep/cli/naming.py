"""Whom somebody means on the command line: a number, or a name that is surely theirs."""

from typing import TYPE_CHECKING

from facekeep.domain.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facekeep.store.database import Reader
    from facekeep.store.directory import Match

LISTED = 10
"""So many candidates are named when it is not sure who is meant."""

PART_OF_A_NAME = 3
"""The worst rank of a match without a slip."""


def person(reader: "Reader", who: str) -> int:
    """The number of the person that is meant.

    A name is taken when one person alone has it, in whatever case and accents, or when it is a part of one
    name alone. UsageError with the candidates when several could be meant, or when only names that are spelt
    in another way are like it; NotFound when there is nobody.
    """
    from facekeep.store import directory, people

    if who.strip().isdecimal():
        return people.follow(reader, int(who))
    found = directory.matches(reader, who, limit=LISTED + 1)
    if not found:
        raise NotFound(f"nobody is named {who}", hint="`facekeep people --search` looks for names.")
    best = [match for match in found if match.rank == found[0].rank]
    sure = best if found[0].rank == 0 else [match for match in found if match.rank <= PART_OF_A_NAME]
    if len(sure) == 1:
        return sure[0].person
    if not sure:
        raise UsageError(f"nobody is named {who}", hint=f"Did you mean {_listed(found)}?")
    raise UsageError(f"several people may be meant by {who}", hint=f"Say which: {_listed(sure)}.")


def circle(reader: "Reader", name: str) -> int:
    """The number of the circle of that name, in any case, or of that number. NotFound."""
    from facekeep.store import circles

    try:
        return circles.named(reader, name).circle
    except NotFound:
        if not name.isdecimal():
            raise
    return circles.circle(reader, int(name)).circle


def _listed(found: "Sequence[Match]") -> str:
    shown = [f"{match.name} (person {match.person}, {match.faces:,} faces)" for match in found[:LISTED]]
    return "; ".join(shown) + ("; …" if len(found) > LISTED else "")
