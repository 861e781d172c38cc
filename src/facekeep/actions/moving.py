"""Many faces at once: to a person, to a new one, or to nobody. One decision, and a word for each face."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.actions.people import clean_name
from facekeep.domain.errors import UsageError
from facekeep.store import details as store
from facekeep.store import faces as face_store
from facekeep.store import people as people_store
from facekeep.store.database import Writer, tried_again
from facekeep.store.details import Whose

MAX_FACES = 10_000

Outcome = Literal["moved", "confirmed", "same", "removed", "not_found"]


@dataclass(frozen=True, slots=True)
class Moved:
    """Whom the faces went to, None for nobody; and what happened to each that was named, in that order."""

    person: int | None
    outcomes: tuple[tuple[int, Outcome], ...]


@tried_again
def move_faces(
    ctx: Context, faces: Sequence[int], *, person_id: int | None = None, name: str | None = None
) -> Moved:
    """These faces are that person, or a new one: of that name, or unnamed when neither is given.

    As `assign_face` does for one: the user's word, rejections of them taken back. NotFound for the person,
    UsageError for too many faces or both a person and a name.
    """
    wanted = _wanted(faces)
    if person_id is not None and name is not None:
        raise UsageError("say either which person the faces are, or the name of a new one")
    with deciding(ctx, "move", faces=len(wanted), person=person_id, name=name) as writer:
        found = {row.face: row for row in store.whose(writer, wanted)}
        target = _target(writer, found.values(), person_id, name)
        move = [row for row in found.values() if row.person != target]
        given = [row.face for row in found.values() if (row.person, row.decided_by) != (target, "user")]
        _give(writer, given, target)
        _touch(writer, {target} | {row.person for row in move if row.person is not None})
        outcomes = tuple((face, _outcome(found.get(face), target)) for face in wanted)
    ctx.wake()
    return Moved(target, outcomes)


def split_person(ctx: Context, person_id: int, faces: Sequence[int], *, name: str | None = None) -> Moved:
    """These faces of a person are somebody else: a new person. UsageError when one is not that person's."""
    with ctx.database.read() as reader:
        person = people_store.follow(reader, person_id)
        strangers = [face for face in faces if not store.shows(reader, person, face)]
    if strangers:
        raise UsageError(
            f"of person {person_id} are not: {', '.join(map(str, strangers))}",
            hint="Look at the person again: it may have changed.",
        )
    return move_faces(ctx, faces, name=name)


@tried_again
def remove_faces(ctx: Context, faces: Sequence[int], *, reject: bool = True) -> Moved:
    """These faces are not who they are said to be; with `reject`, for good. They may be somebody else."""
    wanted = _wanted(faces)
    with deciding(ctx, "remove", faces=len(wanted), reject=reject) as writer:
        found = {row.face: row for row in store.whose(writer, wanted)}
        pairs = [(row.face, row.person) for row in found.values() if row.person is not None]
        people_store.hold(writer, sorted({person for _, person in pairs}))
        dropped = store.drop(writer, [face for face, _ in pairs])
        if reject:
            store.reject(writer, pairs)
        face_store.mark_ungrouped(writer, dropped)
        _touch(writer, {person for _, person in pairs})
        outcomes = tuple((face, _removal(found.get(face))) for face in wanted)
    ctx.wake()
    return Moved(None, outcomes)


def faces_in(ctx: Context, person_id: int, photos: Sequence[int]) -> list[int]:
    """The faces of a person in these photos: for those who move or remove whole photos."""
    with ctx.database.read() as reader:
        return store.in_photos(reader, people_store.follow(reader, person_id), photos)


def _wanted(faces: Sequence[int]) -> list[int]:
    if not faces:
        raise UsageError("there are no such faces", hint="Look again: the person may have changed.")
    if len(faces) > MAX_FACES:
        raise UsageError(f"at most {MAX_FACES:,} faces at once", hint="Do it in parts.")
    return list(dict.fromkeys(faces))


def _target(writer: Writer, found: Iterable[Whose], person_id: int | None, name: str | None) -> int:
    concerned = {row.person for row in found if row.person is not None}
    if person_id is None:
        people_store.hold(writer, sorted(concerned))
        return people_store.add(writer, None if name is None else clean_name(name))
    target = people_store.follow(writer, person_id)
    people_store.hold(writer, sorted(concerned | {target}))
    return people_store.lock(writer, target).person


def _give(writer: Writer, faces: Sequence[int], target: int) -> None:
    store.unreject(writer, faces, target)
    displaced = face_store.displace(writer, [(face, target) for face in faces])
    store.give(writer, faces, target)
    face_store.mark_grouped(writer, faces)
    face_store.mark_ungrouped(writer, displaced)


def _touch(writer: Writer, people: set[int]) -> None:
    for person in sorted(people):
        people_store.touch(writer, person)


def _outcome(row: Whose | None, target: int) -> Outcome:
    if row is None:
        return "not_found"
    if row.person != target:
        return "moved"
    return "same" if row.decided_by == "user" else "confirmed"


def _removal(row: Whose | None) -> Outcome:
    if row is None:
        return "not_found"
    return "same" if row.person is None else "removed"
