"""What a user says of a person beside their faces."""

from dataclasses import replace
from datetime import date
from typing import Any, TypedDict

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.actions.people import clean_name
from facekeep.domain.errors import UsageError
from facekeep.store import details as store
from facekeep.store import faces as face_store
from facekeep.store import people as people_store
from facekeep.store.database import Writer, tried_again
from facekeep.store.details import Details

MAX_NOTES = 10_000
MAX_ALIASES = 20


class Edit(TypedDict, total=False):
    """What to change; what is left out stays."""

    aliases: list[str]
    birth_date: date | None
    notes: str
    favourite: bool
    auto: bool
    cover: int | None


@tried_again
def edit_person(ctx: Context, person_id: int, edit: Edit, *, version: int | None = None) -> Details:
    """Change what is known of a person, in one decision.

    With a birth date, faces that a machine found in photos taken before it are nobody's again.
    NotFound; Conflict when the person has changed since `version`; UsageError for values that cannot be.
    """
    told = _checked(edit)
    about = {key: value.isoformat() if isinstance(value, date) else value for key, value in told.items()}
    with deciding(ctx, "edit", person=person_id, **about) as writer:
        person = people_store.lock(writer, people_store.follow(writer, person_id), version=version).person
        if told.get("cover") is not None and not store.shows(writer, person, told["cover"]):
            raise UsageError(f"face {told['cover']} is not one of person {person}'s", hint="Choose another.")
        store.put(writer, replace(store.one(writer, person), **told))
        after = store.one(writer, person)
    ctx.wake()
    return after


@tried_again
def delete_person(ctx: Context, person_id: int, *, version: int | None = None) -> list[int]:
    """Nobody is this person any more: their faces are unknown again. Can be undone. The faces.

    NotFound; Conflict when the person has changed since `version`.
    """
    with deciding(ctx, "delete", person=person_id) as writer:
        person = people_store.lock(writer, people_store.follow(writer, person_id), version=version).person
        faces = _unknown_again(writer, person)
        store.remove(writer, person)
    ctx.wake()
    return faces


def _unknown_again(writer: Writer, person: int) -> list[int]:
    faces = store.drop_all(writer, person)
    face_store.mark_ungrouped(writer, faces)
    return faces


def _checked(edit: Edit) -> dict[str, Any]:
    told: dict[str, Any] = dict(edit)
    if not told:
        raise UsageError("nothing to change was given")
    if "aliases" in told:
        told["aliases"] = list(dict.fromkeys(clean_name(alias) for alias in told["aliases"]))
        if len(told["aliases"]) > MAX_ALIASES:
            raise UsageError(f"a person has at most {MAX_ALIASES} other names")
    if "notes" in told and len(told["notes"]) > MAX_NOTES:
        raise UsageError(f"notes have at most {MAX_NOTES:,} characters")
    return told
