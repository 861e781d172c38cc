"""Questions for reviewers, stored as the machine would, and how they stand afterwards."""

from collections.abc import Sequence
from typing import Any

from store_support import Bench, face

from facekeep.actions import people
from facekeep.actions.context import Context
from facekeep.actions.group import group_new_faces
from facekeep.actions.review import answer_suggestions
from facekeep.domain.review import Answer
from facekeep.store import apart, review
from facekeep.store.apart import ProposalRow
from facekeep.store.review import Narrowed, SuggestionRow

TRUTH = (
    "SELECT a.face_id, kept_of(to_jsonb(a)) FROM assignment a ORDER BY 1",
    "SELECT face_id, person_id FROM rejection ORDER BY 1, 2",
    "SELECT one, other FROM apart ORDER BY 1, 2",
    "SELECT id, standing::text FROM face ORDER BY 1",
    "SELECT p.id, kept_of(to_jsonb(p)) FROM person p WHERE p.name IS NOT NULL OR p.hidden OR p.gone"
    " OR p.merged_into IS NOT NULL OR EXISTS (SELECT FROM assignment a WHERE a.person_id = p.id) ORDER BY 1",
)


def truth(bench: Bench) -> list[list[tuple[Any, ...]]]:
    """All that was decided."""
    return [bench.tuples(query) for query in TRUTH]


def suggest(ctx: Context, face_id: int, person: int, confidence: float = 0.8) -> bool:
    """Ask whether a face is a person; whether the database took the question."""
    with ctx.database.write() as writer:
        row = {"face": face_id, "person": person, "pack": ctx.pack_id, "sure": confidence}
        return (
            writer.run(
                "INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance, reason)"
                " VALUES (%(face)s, %(person)s, %(pack)s, %(sure)s, 0.5, '{\"votes\": 3}')"
                " ON CONFLICT DO NOTHING",
                row,
            )
            > 0
        )


def propose(ctx: Context, one: int, other: int, doubt: float = 0.5, *, anyway: bool = False) -> bool:
    """Ask whether two people are one; whether the database took the question. `anyway`: whatever speaks
    against it, such as a photo that shows both."""
    with ctx.database.write() as writer:
        if anyway:
            writer.run("SET LOCAL session_replication_role = replica")
        row = {"one": min(one, other), "other": max(one, other), "pack": ctx.pack_id, "doubt": doubt}
        return (
            writer.run(
                "INSERT INTO proposal (one, other, pack_id, distance, doubt, near, compared, nearest, mean)"
                " VALUES (%(one)s, %(other)s, %(pack)s, 0.4, %(doubt)s, 3, 9, 0.35, 0.45)"
                " ON CONFLICT DO NOTHING",
                row,
            )
            > 0
        )


def open_pairs(ctx: Context, person: int | None = None) -> list[tuple[int, int]]:
    """The queue, as face and person."""
    return [(row.face, row.person) for row in queue(ctx, Narrowed(person=person, hidden=True))]


def queue(ctx: Context, narrowed: Narrowed | None = None) -> list[SuggestionRow]:
    with ctx.database.read() as reader:
        return review.suggestions(reader, Narrowed() if narrowed is None else narrowed, limit=1000).items


def proposals(ctx: Context) -> list[ProposalRow]:
    with ctx.database.read() as reader:
        return apart.proposals(reader).items


def answer(ctx: Context, *answers: Answer) -> list[str]:
    """What became of each."""
    return [given.outcome for given in answer_suggestions(ctx, answers)]


def grouped(bench: Bench) -> None:
    while group_new_faces(bench.ctx).faces:
        pass


def named(bench: Bench, *names: str) -> list[int]:
    """People of these names, each in three photos of their own; their numbers."""
    for name in names:
        for number in range(3):
            bench.put(f"{name}{number}.png", face(name))
    grouped(bench)
    found = []
    for name in names:
        [shown] = bench.faces(bench.photo(f"{name}0.png").photo)
        assert shown.person is not None
        found.append(people.name_person(bench.ctx, shown.person, name.capitalize()).person)
    return found


def strangers(bench: Bench, count: int) -> list[int]:
    """Faces of nobody, each in a photo of its own."""
    return [
        bench.faces(bench.put(f"stranger{number}.png", face(f"stranger {number}")))[0].face
        for number in range(count)
    ]


def decision(bench: Bench) -> int:
    """The latest one."""
    return int(str(bench.value("SELECT max(id) FROM decision")))


def decisions(bench: Bench) -> int:
    return int(str(bench.value("SELECT count(*) FROM decision WHERE actor = 'user'")))


def line(bench: Bench) -> str:
    """What the journal says of the latest decision."""
    from facekeep.store import decisions as store

    with bench.ctx.database.read() as reader:
        return store.decision(reader, decision(bench)).summary


def pairs(items: Sequence[Any]) -> list[tuple[int, int]]:
    return [(item.face, item.person) for item in items]
