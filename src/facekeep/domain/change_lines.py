"""One change of a decision in one line for people: a row from what to what."""

from collections.abc import Mapping
from typing import Any

from facekeep.domain.journal import Kept, Names, Row, called


def change_line(row: Row, before: Kept, after: Kept, names: Names) -> str:
    """One change of a decision in one line. `before` and `after` are the row as the journal keeps it."""
    if row.kind == "assignment":
        return _assignment_line(row.face, before, after, names)
    if row.kind == "person":
        return _person_line(row.person, before, after, names)
    if row.kind == "face":
        return _face_line(row.face, before, after)
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


_STANDINGS = {
    "shown": "is shown again",
    "ignored": "was ignored",
    "not_a_face": "was said to be none",
    "deleted": "was deleted",
}


def _face_line(face: int | None, before: Kept, after: Kept) -> str:
    was, now = ({} if kept is None else kept for kept in (before, after))
    if before is None:
        return f"face {face} was drawn"
    parts = [_STANDINGS.get(str(now.get("standing")), "changed")] if _differ(was, now, "standing") else []
    if any(_differ(was, now, key) for key in ("x", "y", "width", "height", "box_by")):
        by_user = now.get("box_by") == "user"
        parts.append("has another box" if by_user else "has the box that facekeep found")
    return f"face {face} {' and '.join(parts) if parts else 'changed'}"


def _differ(was: Mapping[str, Any], now: Mapping[str, Any], key: str) -> bool:
    return was.get(key) != now.get(key)


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
