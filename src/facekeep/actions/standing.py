"""Putting faces away, and showing them again. Nothing is removed: all of it can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.domain.errors import UsageError
from facekeep.domain.faces import Standing
from facekeep.store import journal, people
from facekeep.store import standing as store
from facekeep.store.database import Writer, tried_again
from facekeep.store.standing import Standee

MAX_FACES = 10_000

VERBS: Mapping[Standing, str] = {
    "shown": "show",
    "ignored": "ignore",
    "not_a_face": "not_a_face",
    "deleted": "delete_faces",
}

Outcome = Literal["done", "same", "not_found"]


@dataclass(frozen=True, slots=True)
class Stood:
    """What was said, and what happened to each face that was named, in that order."""

    standing: Standing
    outcomes: tuple[tuple[int, Outcome], ...]


def ignore(ctx: Context, faces: Sequence[int]) -> Stood:
    """These are faces, of somebody whom nobody wants to know."""
    return set_standing(ctx, faces, "ignored")


def not_a_face(ctx: Context, faces: Sequence[int]) -> Stood:
    """The detector was wrong about these."""
    return set_standing(ctx, faces, "not_a_face")


def delete_faces(ctx: Context, faces: Sequence[int]) -> Stood:
    """These are to be gone; they stay so when their photo is looked at again."""
    return set_standing(ctx, faces, "deleted")


def show(ctx: Context, faces: Sequence[int]) -> Stood:
    """These are faces like any other again. Whose, facekeep finds out anew."""
    return set_standing(ctx, faces, "shown")


@tried_again
def set_standing(ctx: Context, faces: Sequence[int], standing: Standing) -> Stood:
    """Say it of all these faces, in one decision. What is not shown is nobody's, and no machine touches it.

    UsageError for none, or too many.
    """
    wanted = _wanted(faces)
    with deciding(ctx, VERBS[standing]) as writer:
        found = {row.face: row for row in store.hold(writer, wanted)}
        change = [row for row in found.values() if row.standing != standing]
        journal.tell(writer, VERBS[standing], _about(change))
        if standing == "shown":
            store.show(writer, [row.face for row in change])
        elif change:
            _put_away(writer, change, standing)
    ctx.wake()
    return Stood(standing, tuple((face, _outcome(found.get(face), standing)) for face in wanted))


def _put_away(writer: Writer, change: Sequence[Standee], standing: Standing) -> None:
    concerned = sorted({row.person for row in change if row.person is not None})
    people.hold(writer, concerned)
    store.put_away(writer, [row.face for row in change], concerned, standing)
    for person in concerned:
        people.touch(writer, person)


def _about(change: Sequence[Standee]) -> dict[str, int]:
    one = {"face": change[0].face} if len(change) == 1 else {}
    return {"faces": len(change), **one}


def _outcome(row: Standee | None, standing: Standing) -> Outcome:
    if row is None:
        return "not_found"
    return "same" if row.standing == standing else "done"


def _wanted(faces: Sequence[int]) -> list[int]:
    if not faces:
        raise UsageError("no face was named", hint="`facekeep faces` lists their numbers.")
    if len(faces) > MAX_FACES:
        raise UsageError(f"at most {MAX_FACES:,} faces at once", hint="Do it in parts.")
    return list(dict.fromkeys(faces))
