"""What a decision was, in one line for people: from its verb, what was asked for, and what it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACTORS = {"user": "You", "machine": "facekeep", "import": "The import"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision changed, in numbers."""

    changes: int = 0
    put: int = 0
    """Faces that came to somebody, from nobody or from somebody else."""
    taken: int = 0
    """Faces that are nobody's since."""
    confirmed: int = 0
    """Faces that stayed with their person, on the user's word."""
    made: int = 0
    """People that are there since."""
    joined: int = 0
    """People that went into another."""
    receivers: int = 0
    """How many people the faces came to."""
    people: Sequence[int] = ()
    """Whom; of many, some."""
    losers: Sequence[int] = ()
    """Whom the faces were taken from; of many, some."""
    faces: Sequence[int] = ()
    """The faces in it; of many, some. May hold one twice."""


@dataclass(frozen=True, slots=True)
class Called:
    """A person's name before a decision and after it; None while there was none."""

    before: str | None = None
    after: str | None = None


Names = Mapping[int, Called]

Kept = Mapping[str, Any] | None
"""A row as the journal keeps it; None where there was none."""


@dataclass(frozen=True, slots=True)
class Row:
    """Which row of the database a change is about: its kind, and what names it among those of its kind."""

    kind: str
    face: int | None = None
    person: int | None = None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A decision as its line is made of it. `names` are those of the people in it, as they were then."""

    verb: str
    actor: str
    about: Mapping[str, Any]
    facts: Facts
    names: Names
    by: str | None = None
    """The name of who decided, where that is somebody else than who reads."""


def summary(told: Told) -> str:
    """A decision in one line. Plain text, for people; programs have the verb and what it changed."""
    return f"{who(told.actor, told.by)} {_LINES.get(told.verb, _other)(told)}"


def summary_of_undo(actor: str, line: str, *, steps: int, by: str | None = None) -> str:
    """The line of an undo of what `line` tells; when `steps` is even, of an undo of an undo."""
    return f"{who(actor, by)} {'undid' if steps % 2 else 'redid'} “{line}”"


def who(actor: str, by: str | None = None) -> str:
    """Who decided, at the beginning of a line: a name where somebody else than the reader did."""
    return ACTORS.get(actor, actor) if by is None else by


def called(names: Names, person: int | None, *, before: bool = False) -> str:
    """A person's name, or its number where there was none."""
    if person is None:
        return "nobody"
    known = names.get(person, Called())
    name = known.before if before else known.after
    return f"person {person}" if name is None else name


def count(number: int, one: str, many: str = "") -> str:
    """`1 face`, `1,200 faces`."""
    return f"{number:,} {one if number == 1 else (many if many else one + 's')}"


def _name(told: Told) -> str:
    person, name = _person(told, "person"), told.about.get("name")
    before = told.names.get(person, Called()).before if person is not None else None
    called_before = called(told.names, person, before=True)
    if name is None:
        return f"took the name of {called_before} away{_hidden(told)}"
    confirmed = f": {count(told.facts.confirmed, 'face')} confirmed" if told.facts.confirmed else ""
    if before == name:
        return f"confirmed {name}{confirmed.removesuffix(' confirmed')}{_hidden(told)}"
    verb = f"named {called_before} {name}" if before is None else f"renamed {before} to {name}"
    return f"{verb}{_hidden(told)}{confirmed}"


def _hidden(told: Told) -> str:
    hidden = told.about.get("hidden")
    if hidden is None:
        return ""
    return ", and hid them" if hidden else ", and showed them again"


def _hide(told: Told) -> str:
    name = called(told.names, _person(told, "person"))
    return f"hid {name}" if told.about.get("hidden") else f"showed {name} again"


def _merge(told: Told) -> str:
    source = called(told.names, _person(told, "from"), before=True)
    into = called(told.names, _person(told, "into"), before=True)
    left = f", {told.facts.taken:,} left with nobody" if told.facts.taken else ""
    return f"merged {source} into {into}: {count(told.facts.put, 'face')}{left}"


def _assign(told: Told) -> str:
    face, name = told.about.get("face"), told.about.get("name")
    if name is not None:
        return f"put face {face} on {name}, somebody new"
    target = told.facts.people[0] if told.facts.receivers == 1 else _person(told, "person")
    if told.facts.put:
        return f"put face {face} on {called(told.names, target)}"
    return f"confirmed that face {face} is {called(told.names, target)}"


def _reject(told: Told) -> str:
    return f"said that face {told.about.get('face')} is not {_loser(told)}"


def _unassign(told: Told) -> str:
    return f"took face {told.about.get('face')} off {_loser(told)}"


def _loser(told: Told) -> str:
    return called(told.names, told.facts.losers[0] if told.facts.losers else None)


def _match(told: Told) -> str:
    photo, facts = told.about.get("photo"), told.facts
    if not facts.put:
        return f"looked at photo {photo} again: {count(facts.taken, 'face')} gone"
    if facts.receivers == 1:
        return f"recognised {called(told.names, facts.people[0])} in photo {photo}"
    return f"recognised {count(facts.put, 'person', 'people')} in photo {photo}"


def _group(told: Told) -> str:
    facts = told.facts
    parts: list[str] = []
    if facts.put:
        parts.append(f"put {count(facts.put, 'face')} on {_receivers(told)}")
    if facts.joined:
        parts.append(f"joined {count(facts.joined, 'group')} to another")
    if not parts:
        return _other(told)
    return " and ".join(parts)


def _receivers(told: Told) -> str:
    facts = told.facts
    if facts.receivers == 1:
        return called(told.names, facts.people[0]) + (", somebody new" if facts.made else "")
    new = f", {facts.made:,} of them new" if facts.made else ""
    return f"{count(facts.receivers, 'person', 'people')}{new}"


def _other(told: Told) -> str:
    how = "directly in the database" if told.verb == "directly" else f"({told.verb})"
    return f"changed {count(told.facts.changes, 'thing')} {how}"


def _person(told: Told, key: str) -> int | None:
    person = told.about.get(key)
    return person if isinstance(person, int) else None


def _edit(told: Told) -> str:
    what = ", ".join(_EDITED[key] for key in _EDITED if key in told.about)
    return f"changed the {what} of {called(told.names, _person(told, 'person'))}"


def _delete(told: Told) -> str:
    name = called(told.names, _person(told, "person"), before=True)
    return f"deleted {name}: {count(told.facts.taken, 'face')} unknown again"


def _move(told: Told) -> str:
    facts, name = told.facts, told.about.get("name")
    whom = f"{name}, somebody new" if name is not None else _receivers(told)
    if not facts.put:
        return f"confirmed {count(facts.confirmed, 'face')}"
    return f"put {count(facts.put, 'face')} on {whom}"


def _remove(told: Told) -> str:
    facts = told.facts
    faces = count(facts.taken, "face")
    if len(facts.losers) != 1:
        return f"took {faces} off {count(len(facts.losers), 'person', 'people')}"
    whom = called(told.names, facts.losers[0])
    if not told.about.get("reject"):
        return f"took {faces} off {whom}"
    return f"said of {faces} that {'it is' if facts.taken == 1 else 'they are'} not {whom}"


_EDITED = {
    "aliases": "other names",
    "birth_date": "birth date",
    "notes": "notes",
    "favourite": "place among the favourites",
    "auto": "say that facekeep has",
    "cover": "picture",
}

_LINES = {
    "name": _name,
    "hide": _hide,
    "merge": _merge,
    "assign": _assign,
    "reject": _reject,
    "unassign": _unassign,
    "match": _match,
    "group": _group,
    "edit": _edit,
    "delete": _delete,
    "move": _move,
    "remove": _remove,
}


def change_line(row: Row, before: Kept, after: Kept, names: Names) -> str:
    """One change of a decision in one line. `before` and `after` are the row as the journal keeps it."""
    if row.kind == "assignment":
        return _assignment_line(row.face, before, after, names)
    if row.kind == "person":
        return _person_line(row.person, before, after, names)
    if row.kind == "circle":
        return _circle_line(row.other, before, after)
    person, other, said = called(names, row.person), called(names, row.other), after is not None
    lines = {
        "rejection": f"face {row.face} {'is not' if said else 'may be'} {person}",
        "pin": f"face {row.face} {'always' if said else 'no more always'} stands for {person}",
        "apart": f"{person} and {other} {'are not' if said else 'may be'} one person",
        "member": f"{person} {'came into' if said else 'left'} circle {row.other}",
    }
    return lines.get(row.kind, f"{row.kind} changed")


def _circle_line(circle: int | None, before: Kept, after: Kept) -> str:
    was, now = ({} if kept is None else kept for kept in (before, after))
    if before is None:
        return f"circle {circle} came to be, named {now.get('name')}"
    if was.get("gone") != now.get("gone"):
        return f"circle {was.get('name')} {'is gone' if now.get('gone') else 'is there again'}"
    return f"circle {was.get('name')} was named {now.get('name')}"


def _assignment_line(face: int | None, before: Kept, after: Kept, names: Names) -> str:
    old, new = _whose(before), _whose(after)
    if old is None or new is None:
        way = f"came to {called(names, new)}" if old is None else f"was taken off {called(names, old)}"
        return f"face {face} {way}"
    if old != new:
        return f"face {face} went from {called(names, old)} to {called(names, new)}"
    by_user = after is not None and after.get("decided_by") == "user"
    return f"face {face} stayed with {called(names, new)}, {'confirmed' if by_user else 'no more confirmed'}"


def _whose(kept: Kept) -> int | None:
    person = None if kept is None else kept.get("person_id")
    return person if isinstance(person, int) else None


def _person_line(person: int | None, before: Kept, after: Kept, names: Names) -> str:
    was = {} if before is None else before
    now = {} if after is None else after
    if before is None:
        new = f", named {now['name']}" if "name" in now else ""
        return f"person {person} came to be{new}"
    parts = [say(now, names) for key, say in _PERSON_PARTS.items() if was.get(key) != now.get(key)]
    return f"{called(names, person, before=True)} {', '.join(parts) if parts else 'changed'}"


def _named(now: Mapping[str, Any], _: Names) -> str:
    return f"was named {now['name']}" if "name" in now else "lost the name"


def _merged(now: Mapping[str, Any], names: Names) -> str:
    return f"went into {called(names, now['merged_into'])}" if "merged_into" in now else "is somebody again"


def _put_away(now: Mapping[str, Any], _: Names) -> str:
    return "was hidden" if now.get("hidden") else "was shown again"


_PERSON_PARTS = {"name": _named, "merged_into": _merged, "hidden": _put_away}
