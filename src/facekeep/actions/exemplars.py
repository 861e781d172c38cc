"""Who stands for whom: choosing exemplars anew when a person's faces have changed, and pinning them."""

from collections.abc import Callable
from dataclasses import dataclass

from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.domain.eras import era, era_order
from facekeep.domain.errors import UsageError
from facekeep.domain.exemplars import IN_ALL, Candidate, Exemplar, choose
from facekeep.store import details, matching, people
from facekeep.store import exemplars as store
from facekeep.store import faces as face_store
from facekeep.store.database import GaveWay, Reader, Writer, tried_again
from facekeep.store.exemplars import Due, ExemplarRow

PEOPLE_AT_ONCE = 100

ASKED = 12
"""With so many exemplars of a person, spread over its eras, lone faces near it are looked for."""

NEAR_EACH = 100
"""So many lone faces near each of them are looked at again at most."""


@dataclass(frozen=True, slots=True)
class EraRow:
    """How an era of a person is covered."""

    era: str
    faces: int
    exemplars: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's exemplars, and how its eras are covered."""

    person: int
    exemplars: list[ExemplarRow]
    eras: list[EraRow]


def refresh(ctx: Context, stop: Callable[[], bool] = lambda: False) -> int:
    """Choose anew for people whose faces have changed, each in a transaction of its own. For how many.

    Where a user changed them, grouping is let look again at lone faces near them. Somebody who is being
    decided about is left for the next time.
    """
    done, more = 0, True
    while more and not stop():
        with ctx.database.read() as reader:
            waiting = store.due(reader, limit=PEOPLE_AT_ONCE)
        chosen = sum(_refreshed(ctx, due) for due in waiting)
        done, more = done + chosen, chosen > 0 and len(waiting) == PEOPLE_AT_ONCE
    return done


def choose_everybodys(ctx: Context) -> None:
    """Let exemplars be chosen anew for everybody with a name: another pack is in use."""
    with ctx.database.write() as writer:
        store.mark_all(writer)


def _refreshed(ctx: Context, due: Due) -> bool:
    try:
        with ctx.database.write(gives_way=True) as writer:
            renew(ctx, writer, due)
    except GaveWay:
        return False
    return True


def renew(ctx: Context, writer: Writer, due: Due) -> None:
    """Choose a person's exemplars anew. Rows are held only at the end, after all that takes time."""
    candidates, chosen = _chosen(ctx, writer, due.person)
    if due.look:
        lone = _lone_near(ctx, writer, candidates, chosen)
        face_store.mark_ungrouped(writer, matching.unsettled(writer, due.person, lone))
    store.put(writer, due.person, ctx.pack_id, chosen)
    store.settle(writer, due)


def sources(ctx: Context, reader: Reader, person: int) -> list[Candidate]:
    """Faces to look for more of a person with; also of one that has no name, and so no stored exemplars."""
    # Choosing reads all of the person's faces: what was chosen for them as they are now is not chosen again.
    stored = [] if store.is_due(reader, person) else store.stored(reader, person, ctx.pack_id)
    if stored:
        return _some(stored)
    candidates = store.candidates(reader, person, ctx.pack_id)
    born = store.standing(reader, person).born
    return _spread(candidates, choose(candidates, born, ctx.pack.thresholds.same))


@tried_again
def exemplars_of(ctx: Context, person_id: int) -> Standing:
    """The faces that stand for a person now, after choosing anew where that is due. NotFound."""
    with ctx.database.write() as writer:
        person = details.one(writer, people.follow(writer, person_id)).person
        # It stays due: looking for lone faces near it is for whoever groups, not for who waits for an answer.
        if store.is_due(writer, person):
            _choose_anew(ctx, writer, person)
        return standing(writer, person, ctx.pack_id)


def standing(reader: Reader, person: int, pack: int) -> Standing:
    """What is stored of it. NotFound."""
    rows = store.of_person(reader, person, pack)
    born = store.standing(reader, person).born
    faces: dict[str, int] = {}
    for taken, count in store.dates(reader, person):
        name = era(taken, born)
        faces[name] = faces.get(name, 0) + count
    chosen = [row.era for row in rows]
    eras = [EraRow(name, faces[name], chosen.count(name)) for name in sorted(faces, key=era_order)]
    return Standing(person, rows, eras)


@tried_again
def pin_face(ctx: Context, person_id: int, face: int) -> Standing:
    """This face always stands for its person, and is theirs by the user's word.

    NotFound; UsageError when it is not one of theirs, or too many are pinned.
    """
    with deciding(ctx, "pin", face=face, person=person_id) as writer:
        person = _held(writer, person_id, face)
        _check(writer, person, face)
        people.assign(writer, face, person, by="user", confidence=1.0)
        store.pin(writer, face, person)
        _changed(ctx, writer, person)
        return standing(writer, person, ctx.pack_id)


@tried_again
def unpin_face(ctx: Context, person_id: int, face: int) -> Standing:
    """It may stand for its person, as any other. NotFound; UsageError when it was not pinned."""
    with deciding(ctx, "unpin", face=face, person=person_id) as writer:
        person = _held(writer, person_id, face)
        if not store.unpin(writer, face, person):
            raise UsageError(f"face {face} is not pinned for person {person}")
        _changed(ctx, writer, person)
        return standing(writer, person, ctx.pack_id)


def _held(writer: Writer, person_id: int, face: int) -> int:
    face_store.lock(writer, face)
    return people.lock(writer, people.follow(writer, person_id)).person


def _check(writer: Writer, person: int, face: int) -> None:
    whose = people.assignment(writer, face)
    if whose is None or whose.person != person:
        raise UsageError(f"face {face} is not one of person {person}'s", hint="Put it on the person first.")
    if len(set(store.pins(writer, person)) | {face}) > IN_ALL:
        raise UsageError(f"at most {IN_ALL} faces of a person are pinned", hint="Unpin another one first.")


def _changed(ctx: Context, writer: Writer, person: int) -> None:
    people.touch(writer, person)
    store.mark(writer, person)
    _choose_anew(ctx, writer, person)


def _choose_anew(ctx: Context, writer: Writer, person: int) -> None:
    _, chosen = _chosen(ctx, writer, person)
    store.put(writer, person, ctx.pack_id, chosen)


def _chosen(ctx: Context, reader: Reader, person: int) -> tuple[list[Candidate], list[Exemplar]]:
    """Of whom there was to choose, and who was chosen: nobody for somebody without a name or pins."""
    known = store.standing(reader, person)
    candidates = store.candidates(reader, person, ctx.pack_id)
    return candidates, choose(candidates, known.born, ctx.pack.thresholds.same) if known.stands else []


def _lone_near(
    ctx: Context, reader: Reader, candidates: list[Candidate], chosen: list[Exemplar]
) -> list[int]:
    reach = ctx.pack.thresholds.suggest
    found: set[int] = set()
    for one in _spread(candidates, chosen):
        near = matching.unassigned_near(reader, one.vector, ctx.pack_id, reach=reach, wanted=NEAR_EACH)
        found |= {face for face, _ in near}
    return sorted(found)


def _spread(candidates: list[Candidate], chosen: list[Exemplar]) -> list[Candidate]:
    of = {one.face: one for one in candidates}
    return _some([of[one.face] for one in chosen if one.face in of])


def _some(exemplars: list[Candidate]) -> list[Candidate]:
    """At most ASKED, of all eras: they are in the order of eras."""
    return exemplars[:: max(1, -(-len(exemplars) // ASKED))]
