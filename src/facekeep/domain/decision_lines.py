"""A decision in one line for people, by its verb."""

from facekeep.domain.journal import Called, Told, called, count, who


def summary(told: Told) -> str:
    """A decision in one line. Plain text, for people; programs have the verb and what it changed."""
    return f"{who(told.actor, told.by)} {_LINES.get(told.verb, _other)(told)}"


def summary_of_undo(actor: str, line: str, *, steps: int, by: str | None = None) -> str:
    """The line of an undo of what `line` tells; when `steps` is even, of an undo of an undo."""
    return f"{who(actor, by)} {'undid' if steps % 2 else 'redid'} “{line}”"


def _name(told: Told) -> str:
    if told.about.get("forgotten"):
        return "named somebody who is forgotten"
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


def _regroup(told: Told) -> str:
    moved, new, gone = (int(told.about.get(key, 0)) for key in ("moved", "new", "gone"))
    people = f"{count(new, 'person', 'people')} new, {gone:,} gone"
    return f"grouped everything anew: {count(moved, 'face')} moved, {people}"


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


def _forget(told: Told) -> str:
    faces = f": {count(told.facts.taken, 'face')}" if told.facts.taken else ""
    return f"forgot person {told.about.get('person')} for good{faces}"


def _import_people(told: Told) -> str:
    source = told.about.get("file")
    words = f" from {source}" if isinstance(source, str) else ""
    new = f", {count(told.facts.made, 'person', 'people')} new" if told.facts.made else ""
    return f"imported people{words}: who {count(told.facts.put + told.facts.confirmed, 'face')} are{new}"


def _edit(told: Told) -> str:
    if told.about.get("forgotten"):
        return "changed what was known of somebody who is forgotten"
    name = called(told.names, _person(told, "person"))
    edited = [key for key in _EDITED if key in told.about]
    value = told.about[edited[0]] if len(edited) == 1 else None
    if isinstance(value, bool) and edited[0] in _SWITCHED:
        return _SWITCHED[edited[0]][value].format(name)
    return f"changed the {', '.join(_EDITED[key] for key in edited)} of {name}"


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


def _draw(told: Told) -> str:
    name, facts = told.about.get("name"), told.facts
    where = f"a face in photo {told.about.get('photo')}"
    if name is not None:
        return f"drew {where}: {name}, somebody new"
    return f"drew {where}: {called(told.names, facts.people[0])}" if facts.people else f"drew {where}"


def _resize(told: Told) -> str:
    return f"moved the box of face {told.about.get('face')}"


def _ignore(told: Told) -> str:
    return f"ignored {_faces(told)}"


def _not_a_face(told: Told) -> str:
    one = told.about.get("faces") == 1
    return f"said that {_faces(told)} {'is' if one else 'are'} not {'a face' if one else 'faces'}"


def _delete_faces(told: Told) -> str:
    return f"deleted {_faces(told)}"


def _show(told: Told) -> str:
    return f"showed {_faces(told)} again"


def _faces(told: Told) -> str:
    face, faces = told.about.get("face"), told.about.get("faces")
    if face is not None:
        return f"face {face}"
    return count(faces, "face") if isinstance(faces, int) else "faces"


def _pin(told: Told) -> str:
    return f"said that face {told.about.get('face')} always stands for {_about_person(told)}"


def _unpin(told: Told) -> str:
    return f"said that face {told.about.get('face')} need not stand for {_about_person(told)}"


def _about_person(told: Told) -> str:
    return called(told.names, _person(told, "person"))


def _review(told: Told) -> str:
    about = told.about
    if "answer" in about:
        return _one_answer(told)
    if "merged" in about or "apart" in about:
        return _pairs(about.get("merged", 0), about.get("apart", 0))
    said = {
        "accepted": "yes",
        "rejected": "no",
        "reassigned": "somebody else",
        "not_a_face": "not a face",
        "ignored": "ignored",
    }
    parts = [f"{about[key]:,} {what}" for key, what in said.items() if key in about]
    whom = f" about {called(told.names, _person(told, 'person'))}" if "person" in about else ""
    total = sum(about[key] for key in said if key in about)
    return f"answered {count(total, 'suggestion')}{whom}: {', '.join(parts)}"


def _pairs(merged: int, apart: int) -> str:
    one = f"{merged:,} {'is' if merged == 1 else 'are'} one person" if merged else ""
    not_one = (
        f"{apart:,} {'is' if apart == 1 else 'are'} not{'' if merged else ' one person'}" if apart else ""
    )
    said = ", ".join(part for part in (one, not_one) if part)
    return f"said of {count(merged + apart, 'pair')} of people: {said}"


def _one_answer(told: Told) -> str:
    face, whom = told.about.get("face"), called(told.names, _person(told, "person"))
    if told.about["answer"] == "accept":
        return f"said that face {face} is {whom}"
    if told.about["answer"] == "reject":
        return f"said that face {face} is not {whom}"
    if told.about["answer"] in ("not_a_face", "ignore"):
        return f"{'ignored' if told.about['answer'] == 'ignore' else 'said that there is no'} face {face}"
    new = told.about.get("name")
    other = called(told.names, told.facts.people[0] if told.facts.people else None) if new is None else new
    return f"said that face {face} is not {whom} but {other}"


def _apart(told: Told) -> str:
    one, other = called(told.names, _person(told, "person")), called(told.names, _person(told, "other"))
    return f"said that {one} and {other} are not one person"


def _circle(told: Told) -> str:
    people = told.about.get("people")
    inside = f" of {count(people, 'person', 'people')}" if isinstance(people, int) and people else ""
    return f"made the circle {told.about.get('name')}{inside}"


def _circle_rename(told: Told) -> str:
    return f"named circle {told.about.get('circle')} {told.about.get('name')}"


def _circle_delete(told: Told) -> str:
    return f"deleted the circle {told.about.get('name')}"


def _circle_join(told: Told) -> str:
    return f"put {_whom(told)} into the circle {told.about.get('name')}"


def _circle_leave(told: Told) -> str:
    return f"took {_whom(told)} out of the circle {told.about.get('name')}"


def _whom(told: Told) -> str:
    person, people = _person(told, "person"), told.about.get("people")
    if person is not None or not isinstance(people, int):
        return called(told.names, person)
    return count(people, "person", "people")


_EDITED = {
    "aliases": "other names",
    "birth_date": "birth date",
    "notes": "notes",
    "favourite": "place among the favourites",
    "auto": "automatic matching",
    "cover": "picture",
}

_SWITCHED = {
    "favourite": ("took {} off the favourites", "made {} a favourite"),
    "auto": ("switched automatic matching off for {}", "switched automatic matching on for {}"),
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
    "regroup": _regroup,
    "edit": _edit,
    "delete": _delete,
    "move": _move,
    "remove": _remove,
    "draw": _draw,
    "resize": _resize,
    "ignore": _ignore,
    "not_a_face": _not_a_face,
    "delete_faces": _delete_faces,
    "show": _show,
    "forget": _forget,
    "import_people": _import_people,
    "pin": _pin,
    "unpin": _unpin,
    "review": _review,
    "apart": _apart,
    "circle": _circle,
    "circle_rename": _circle_rename,
    "circle_delete": _circle_delete,
    "circle_join": _circle_join,
    "circle_leave": _circle_leave,
}
