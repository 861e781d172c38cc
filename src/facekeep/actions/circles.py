"""Circles of people: made, named, and who is in them.

Each verb is one transaction with its entry in the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.actions.people import clean_name
from facekeep.domain.errors import Conflict, NotFound, UsageError
from facekeep.store import circles as store
from facekeep.store import people as people_store
from facekeep.store.circles import CircleRow
from facekeep.store.database import Reader, Writer, tried_again

MAX_PEOPLE = 1000

Outcome = Literal["added", "removed", "same", "not_found"]


@dataclass(frozen=True, slots=True)
class Changed:
    """A circle as it is now, and what happened to each person that was named, in that order."""

    circle: CircleRow
    outcomes: tuple[tuple[int, Outcome], ...] = ()


@tried_again
def create_circle(ctx: Context, name: str, people: Sequence[int] = ()) -> Changed:
    """A new circle. Conflict when one of that name is there, in any case; UsageError for what is no name."""
    called = clean_name(name)
    wanted = _wanted(people, least=0)
    with deciding(ctx, "circle", name=called, people=len(wanted)) as writer:
        _free(writer, called)
        whom = _found(writer, wanted)
        circle = store.add(writer, called)
        outcomes = _join(writer, circle, wanted, whom)
        row = store.circle(writer, circle)
    return Changed(row, outcomes)


@tried_again
def rename_circle(ctx: Context, circle: int, name: str, *, version: int | None = None) -> CircleRow:
    """Another name. NotFound; Conflict when it has changed since `version`, or the name is taken."""
    called = clean_name(name)
    with deciding(ctx, "circle_rename", circle=circle, name=called) as writer:
        before = store.lock(writer, circle, version=version)
        if before.name != called:
            _free(writer, called, apart_from=circle)
            store.rename(writer, circle, called)
        return store.circle(writer, circle)


@tried_again
def delete_circle(ctx: Context, circle: int, *, version: int | None = None) -> CircleRow:
    """The circle is there no more; people stay as they are.

    Can be undone. NotFound, Conflict. What it was.
    """
    with deciding(ctx, "circle_delete", circle=circle, name=_name(ctx, circle)) as writer:
        store.lock(writer, circle, version=version)
        row = store.circle(writer, circle)
        store.remove(writer, circle)
    return row


@tried_again
def add_people(ctx: Context, circle: int, people: Sequence[int], *, version: int | None = None) -> Changed:
    """They are in the circle. `same` who was in it, `not_found` who is nobody. NotFound, Conflict."""
    wanted = _wanted(people)
    with deciding(ctx, "circle_join", **_about(ctx, circle, wanted)) as writer:
        whom = _found(writer, wanted)
        store.lock(writer, circle, version=version)
        outcomes = _join(writer, circle, wanted, whom)
        row = store.circle(writer, circle)
    return Changed(row, outcomes)


@tried_again
def remove_people(ctx: Context, circle: int, people: Sequence[int], *, version: int | None = None) -> Changed:
    """They are not in the circle. `same` who was not in it, `not_found` who is nobody. NotFound, Conflict."""
    wanted = _wanted(people)
    with deciding(ctx, "circle_leave", **_about(ctx, circle, wanted)) as writer:
        whom = _found(writer, wanted)
        store.lock(writer, circle, version=version)
        left = store.leave(writer, circle, sorted(set(whom.values())))
        outcomes = tuple((asked, _outcome(whom.get(asked), left, "removed")) for asked in wanted)
        row = store.circle(writer, circle)
    return Changed(row, outcomes)


def _join(
    writer: Writer, circle: int, wanted: Sequence[int], whom: dict[int, int]
) -> tuple[tuple[int, Outcome], ...]:
    joined = store.join(writer, circle, sorted(set(whom.values())))
    return tuple((asked, _outcome(whom.get(asked), joined, "added")) for asked in wanted)


def _outcome(person: int | None, changed: set[int], word: Literal["added", "removed"]) -> Outcome:
    if person is None:
        return "not_found"
    return word if person in changed else "same"


def _found(writer: Writer, wanted: Sequence[int]) -> dict[int, int]:
    """Who is meant, where merges led; those who are somebody, held."""
    followed = {asked: people_store.follow(writer, asked) for asked in wanted}
    there = store.there(writer, sorted(set(followed.values())))
    return {asked: person for asked, person in followed.items() if person in there}


def _wanted(people: Sequence[int], *, least: int = 1) -> list[int]:
    if not least <= len(people) <= MAX_PEOPLE:
        raise UsageError(f"from {least} to {MAX_PEOPLE:,} people at once")
    return list(dict.fromkeys(people))


def _free(reader: Reader, name: str, *, apart_from: int | None = None) -> None:
    """Conflict when another circle has the name. Two at once meet in the schema, which says the same."""
    try:
        taken = store.named(reader, name)
    except NotFound:
        return
    if taken.circle != apart_from:
        raise Conflict(f"circle {taken.circle} is named {taken.name} already", hint="Choose another name.")


def _name(ctx: Context, circle: int) -> str:
    with ctx.database.read() as reader:
        return store.circle(reader, circle).name


def _about(ctx: Context, circle: int, wanted: Sequence[int]) -> dict[str, object]:
    """For the journal's line: the circle's name, and one person by number, or how many."""
    about: dict[str, object] = {"circle": circle, "name": _name(ctx, circle), "people": len(wanted)}
    return about | ({"person": wanted[0]} if len(wanted) == 1 else {})
