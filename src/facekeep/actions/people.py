"""What a user says of people and faces. Each verb is one transaction with its entry in the journal."""

from typing import Any, TypedDict

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.domain.errors import Conflict, UsageError
from facekeep.store import apart, circles, details, exemplars, listing
from facekeep.store import faces as face_store
from facekeep.store import people as store
from facekeep.store.database import Writer, tried_again
from facekeep.store.people import Assigned, LockedPerson
from facekeep.store.rows import FaceRow, PersonRow

MAX_NAME = 200


class PersonChange(TypedDict, total=False):
    """What to change of a person."""

    name: str | None
    hidden: bool


def name_person(ctx: Context, person_id: int, name: str | None, *, version: int | None = None) -> PersonRow:
    """Name a person, or take the name away with None.

    Naming confirms the faces it shows: they become the user's word, which no machine moves afterwards.
    NotFound; Conflict when the person has changed since `version`; UsageError for a name that cannot be one.
    """
    return change_person(ctx, person_id, {"name": name}, version=version)


def hide_person(ctx: Context, person_id: int, hidden: bool, *, version: int | None = None) -> PersonRow:
    """Keep a person out of the listings, or show it again. NotFound, Conflict."""
    return change_person(ctx, person_id, {"hidden": hidden}, version=version)


@tried_again
def change_person(
    ctx: Context, person_id: int, change: PersonChange, *, version: int | None = None
) -> PersonRow:
    """Name and hide in one decision; what is left out of `change` stays. Raises as `name_person`."""
    told = dict(change)
    if change.get("name") is not None:
        told["name"] = clean_name(str(change["name"]))
    with deciding(ctx, "name" if "name" in told else "hide", person=person_id, **told) as writer:
        before = store.lock(writer, store.follow(writer, person_id), version=version)
        if "name" in told:
            _name(writer, before.person, told["name"])
        if "hidden" in told:
            store.hide(writer, before.person, bool(told["hidden"]))
        row = listing.person(writer, before.person)
    ctx.wake()
    return row


def _name(writer: Writer, person: int, name: Any) -> None:
    if name is not None:
        store.confirm_faces(writer, person)
    store.rename(writer, person, name)
    _look_again(writer, person)


@tried_again
def merge_people(ctx: Context, from_id: int, into_id: int, *, version: int | None = None) -> PersonRow:
    """Two people are one: all faces go to `into_id`, and a pointer stays. Returns the one that stays.

    `version` is that of `from_id`. An unnamed one that stays takes the name. NotFound, Conflict, UsageError.
    """
    with deciding(ctx, "merge", **{"from": from_id, "into": into_id}) as writer:
        source, target = _lock_both(writer, from_id, into_id, version)
        join(writer, source.person, target.person)
        row = listing.person(writer, target.person)
    ctx.wake()
    return row


def join(writer: Writer, source: int, target: int) -> None:
    """Two people, both held by this transaction, are one: `target` stays."""
    store.confirm_faces(writer, target)
    left = store.move_all(writer, source, target)
    face_store.mark_ungrouped(writer, left)
    details.absorb(writer, source, target)
    apart.hand_on(writer, source, target)
    circles.absorb(writer, source, target)
    _look_again(writer, target)


@tried_again
def assign_face(
    ctx: Context, face_id: int, *, person_id: int | None = None, name: str | None = None
) -> FaceRow:
    """This face is that person, or a new person of that name. Takes back an earlier "not this person".

    Another face of the photo that a machine took for that person is then nobody's. NotFound; UsageError
    unless exactly one of `person_id` and `name` is given.
    """
    if (person_id is None) == (name is None):
        raise UsageError("say either which person the face is, or the name of a new one")
    with deciding(ctx, "assign", face=face_id, person=person_id, name=name) as writer:
        face_store.lock(writer, face_id)
        put_on(writer, face_id, person_id, name)
        row = listing.face(writer, face_id)
    ctx.wake()
    return row


def put_on(writer: Writer, face_id: int, person_id: int | None, name: str | None) -> None:
    """The part of `assign_face` within a decision. The face is held."""
    before = store.assignment(writer, face_id)
    target = _target(writer, before, person_id, name)
    store.unreject(writer, face_id, target)
    displaced = face_store.displace(writer, [(face_id, target)])
    store.assign(writer, face_id, target, by="user", confidence=1.0)
    _touch(writer, before, target)
    face_store.mark_grouped(writer, [face_id])
    face_store.mark_ungrouped(writer, displaced)
    _look_again(writer, target)


@tried_again
def unassign_face(ctx: Context, face_id: int, *, reject: bool = True) -> FaceRow:
    """Take a face off its person; with `reject`, remember for good that it is not that person. NotFound."""
    with deciding(ctx, "reject" if reject else "unassign", face=face_id) as writer:
        face_store.lock(writer, face_id)
        before = store.assignment(writer, face_id)
        if before is not None:
            store.hold(writer, [before.person])
            store.unassign(writer, face_id)
            store.touch(writer, before.person)
            if reject:
                store.reject(writer, face_id, before.person)
            face_store.mark_ungrouped(writer, [face_id])
        row = listing.face(writer, face_id)
    ctx.wake()  # it may be somebody else
    return row


def clean_name(name: str) -> str:
    """A name as stored: spaces at the ends dropped, runs of white space made one space. UsageError."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > MAX_NAME or not cleaned.isprintable():
        raise UsageError(f"a name has 1 to {MAX_NAME} printable characters", hint="Give another name.")
    return cleaned


def _look_again(writer: Writer, person: int) -> None:
    """Whoever has just been named, or has grown, may be who some lone faces are."""
    exemplars.mark(writer, person)


def _lock_both(
    writer: Writer, from_id: int, into_id: int, version: int | None
) -> tuple[LockedPerson, LockedPerson]:
    source, target = store.follow(writer, from_id), store.follow(writer, into_id)
    if source == target:
        raise Conflict(f"person {from_id} and person {into_id} are one already")
    # Always in the order of ids, so that two merges at once cannot wait for each other for ever.
    locked = {
        person: store.lock(writer, person, version=version if person == source else None)
        for person in sorted((source, target))
    }
    return locked[source], locked[target]


def _target(writer: Writer, before: Assigned | None, person_id: int | None, name: str | None) -> int:
    """Whom the face goes to; held, as is whom it was with, in the order of ids."""
    was = [] if before is None else [before.person]
    if person_id is None:
        store.hold(writer, was)
        return store.add(writer, clean_name("" if name is None else name))
    target = store.follow(writer, person_id)
    store.hold(writer, [*was, target])
    return store.lock(writer, target).person


def _touch(writer: Writer, before: Assigned | None, target: int) -> None:
    for person in sorted({target} if before is None else {target, before.person}):
        store.touch(writer, person)
