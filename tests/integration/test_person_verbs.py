"""What a user says of a person and of many faces at once: each one decision, each undone and done again."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from store_support import Bench, face

from facekeep.actions import details, journal, moving, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, NotFound, UsageError
from facekeep.store import details as store
from facekeep.store import listing

TRUTH = (
    "SELECT a.face_id, kept_of(to_jsonb(a)) FROM assignment a ORDER BY 1",
    "SELECT face_id, person_id FROM rejection ORDER BY 1, 2",
    "SELECT p.id, kept_of(to_jsonb(p)) FROM person p WHERE p.name IS NOT NULL OR p.hidden OR p.gone"
    " OR p.merged_into IS NOT NULL OR EXISTS (SELECT FROM assignment a WHERE a.person_id = p.id) ORDER BY 1",
)


def truth(bench: Bench) -> list[list[tuple[Any, ...]]]:
    return [bench.tuples(query) for query in TRUTH]


def known(bench: Bench, person: int) -> store.Details:
    with bench.ctx.database.read() as reader:
        return store.one(reader, person)


def grouped(bench: Bench) -> None:
    while group_new_faces(bench.ctx).faces:
        pass


def of(bench: Bench, person: int) -> list[int]:
    return [row.face for row in bench.faces() if row.person == person]


@pytest.fixture
def two(bench: Bench) -> tuple[int, int]:
    """Ada, named, in four photos; and somebody without a name in three."""
    for number, who in enumerate(["ada"] * 4 + ["grace"] * 3):
        bench.put(f"{number}.png", face(who))
    grouped(bench)
    first, second = sorted(bench.people(), key=lambda row: -row.faces)
    people.name_person(bench.ctx, first.person, "Ada")
    return first.person, second.person


EDIT: details.Edit = {
    "aliases": ["Countess", " Countess ", "Ada  King"],
    "birth_date": date(1815, 12, 10),
    "notes": "mathematics",
    "favourite": True,
    "auto": False,
}
VERBS: dict[str, Callable[[Bench, int, int], object]] = {
    "edit": lambda bench, ada, _: details.edit_person(bench.ctx, ada, EDIT),
    "cover": lambda bench, ada, _: details.edit_person(bench.ctx, ada, {"cover": of(bench, ada)[1]}),
    "delete": lambda bench, ada, _: details.delete_person(bench.ctx, ada),
    "split": lambda bench, ada, _: moving.split_person(bench.ctx, ada, of(bench, ada)[:2]),
    "split off by name": lambda bench, ada, _: moving.split_person(
        bench.ctx, ada, of(bench, ada)[:2], name="Hedy"
    ),
    "move": lambda bench, ada, other: moving.move_faces(bench.ctx, of(bench, ada)[:3], person_id=other),
    "remove": lambda bench, ada, _: moving.remove_faces(bench.ctx, of(bench, ada)[:3]),
    "take off": lambda bench, ada, _: moving.remove_faces(bench.ctx, of(bench, ada), reject=False),
    "merge": lambda bench, ada, other: people.merge_people(bench.ctx, ada, other),
}


@pytest.mark.parametrize("verb", VERBS)
def test_undo_and_redo(bench: Bench, two: tuple[int, int], verb: str) -> None:
    before = truth(bench)
    VERBS[verb](bench, *two)
    after, decision = truth(bench), int(str(bench.value("SELECT max(id) FROM decision")))
    assert after != before
    assert journal.undo(bench.ctx, decision).left == ()
    assert truth(bench) == before
    assert journal.redo(bench.ctx, decision).left == ()
    assert truth(bench) == after


def test_what_is_known_of_a_person(bench: Bench, two: tuple[int, int]) -> None:
    found = details.edit_person(bench.ctx, two[0], EDIT)
    assert found.aliases == ["Countess", "Ada King"]
    assert (found.birth_date, found.notes, found.favourite, found.auto) == (
        date(1815, 12, 10),
        "mathematics",
        True,
        False,
    )
    assert (found.name, found.hidden) == ("Ada", False)
    assert details.edit_person(bench.ctx, two[0], {"birth_date": None}).birth_date is None


def test_a_stale_tab_is_told(bench: Bench, two: tuple[int, int]) -> None:
    version = known(bench, two[0]).version
    details.edit_person(bench.ctx, two[0], {"notes": "one"}, version=version)
    with pytest.raises(Conflict):
        details.edit_person(bench.ctx, two[0], {"notes": "two"}, version=version)


@pytest.mark.parametrize("verb", ["move", "remove", "merge", "delete"])
def test_who_a_face_shows_is_whose_it_is(bench: Bench, two: tuple[int, int], verb: str) -> None:
    """A cover that is somebody else's, or nobody's, shows the person no more; the undo brings it back."""
    ada = two[0]
    cover = of(bench, ada)[0]
    details.edit_person(bench.ctx, ada, {"cover": cover})
    VERBS[verb](bench, *two)
    assert bench.value("SELECT cover_face_id FROM person WHERE id = %(ada)s", ada=ada) is None
    assert journal.undo_latest(bench.ctx).left == ()
    assert known(bench, ada).cover == cover


def test_an_undo_brings_no_cover_back_without_its_face(bench: Bench, two: tuple[int, int]) -> None:
    ada, other = two
    cover, *_ = of(bench, ada)
    details.edit_person(bench.ctx, ada, {"cover": cover})
    journal.undo_latest(bench.ctx)
    decision = int(str(bench.value("SELECT min(id) FROM decision WHERE verb = 'edit'")))
    people.assign_face(bench.ctx, cover, person_id=other)
    details.edit_person(bench.ctx, ada, {"notes": "a note"})
    journal.undo_latest(bench.ctx)
    with suppress(Conflict):
        journal.redo(bench.ctx, decision)
    assert known(bench, ada).cover is None


def test_values_that_cannot_be(bench: Bench, two: tuple[int, int]) -> None:
    ada, other = two
    wrong: list[details.Edit] = [
        {},
        {"aliases": [" "]},
        {"aliases": [f"name {n}" for n in range(30)]},
        {"notes": "x" * 10_001},
        {"cover": of(bench, other)[0]},
    ]
    before = truth(bench)
    for edit in wrong:
        with pytest.raises(UsageError):
            details.edit_person(bench.ctx, ada, edit)
    assert truth(bench) == before


def test_nobody_is_in_a_photo_older_than_they_are(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    bench.put("old.png", face("ada"))
    assert len(of(bench, ada)) == 5
    bench.sql("UPDATE photo SET taken_at = '1990-05-01' WHERE id = (SELECT max(id) FROM photo)")
    details.edit_person(bench.ctx, ada, {"birth_date": date(1995, 1, 1)})
    grouped(bench)
    assert len(of(bench, ada)) == 4, "what a machine had found is nobody's again, and is not found again"
    [old] = [row.face for row in bench.faces() if row.person is None]
    people.assign_face(bench.ctx, old, person_id=ada)
    assert len(of(bench, ada)) == 5, "the user may say so"


def test_a_birth_date_that_comes_back_counts(bench: Bench, two: tuple[int, int]) -> None:
    """By an undo or redo as well; so does the date of a photo."""
    ada = two[0]
    bench.put("old.png", face("ada"))
    bench.sql("UPDATE photo SET taken_at = '1990-05-01' WHERE id = (SELECT max(id) FROM photo)")
    details.edit_person(bench.ctx, ada, {"birth_date": date(1995, 1, 1)})
    assert len(of(bench, ada)) == 4
    journal.undo_latest(bench.ctx)
    assert len(of(bench, ada)) == 5
    journal.redo_latest(bench.ctx)
    assert len(of(bench, ada)) == 4
    details.edit_person(bench.ctx, ada, {"birth_date": None})
    bench.sql("UPDATE face SET grouped = false")
    grouped(bench)
    bench.put("new.png", face("ada"))
    assert len(of(bench, ada)) == 6
    journal.undo_latest(bench.ctx)
    assert len(of(bench, ada)) == 5, "the old one is nobody's again"
    bench.sql("UPDATE photo SET taken_at = '1991-05-01' WHERE id = (SELECT max(id) FROM photo)")
    assert len(of(bench, ada)) == 4, "and so is one whose date was wrong"


def test_a_machine_puts_nothing_on_whom_it_may_not(bench: Bench, two: tuple[int, int]) -> None:
    details.edit_person(bench.ctx, two[0], {"auto": False})
    bench.put("new.png", face("ada"))
    grouped(bench)
    assert len(of(bench, two[0])) == 4
    details.edit_person(bench.ctx, two[0], {"auto": True})
    bench.put("newer.png", face("ada"))
    assert len(of(bench, two[0])) == 5


def test_who_is_deleted_is_nobody_and_comes_back_with_the_name(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    faces = details.delete_person(bench.ctx, ada)
    assert len(faces) == 4
    with pytest.raises(NotFound):
        known(bench, ada)
    with pytest.raises(NotFound):
        people.name_person(bench.ctx, ada, "Ada")
    with bench.ctx.database.read() as reader:
        assert ada not in {row.person for row in listing.people(reader).items}
    journal.undo(bench.ctx, int(str(bench.value("SELECT max(id) FROM decision"))))
    assert (known(bench, ada).name, len(of(bench, ada))) == ("Ada", 4)


def test_a_merge_loses_nothing_that_was_known(bench: Bench, two: tuple[int, int]) -> None:
    ada, other = two
    details.edit_person(bench.ctx, ada, {**EDIT, "auto": True})
    people.name_person(bench.ctx, other, "Augusta")
    details.edit_person(bench.ctx, other, {"notes": "Byron's daughter"})
    people.merge_people(bench.ctx, ada, other)
    found = known(bench, other)
    assert (found.name, found.birth_date, found.favourite) == ("Augusta", date(1815, 12, 10), True)
    assert found.aliases == ["Ada", "Ada King", "Countess"]
    assert found.notes == "Byron's daughter\nmathematics"


def test_a_word_for_each_face(bench: Bench, two: tuple[int, int]) -> None:
    ada, other = two
    mine, theirs = of(bench, ada), of(bench, other)
    moved = moving.move_faces(bench.ctx, [mine[0], theirs[0], 4711, mine[0]], person_id=other)
    assert moved.person == other
    assert moved.outcomes == ((mine[0], "moved"), (theirs[0], "confirmed"), (4711, "not_found"))
    again = moving.move_faces(bench.ctx, [mine[0]], person_id=other)
    assert again.outcomes == ((mine[0], "same"),)
    removed = moving.remove_faces(bench.ctx, [mine[1], 4711])
    assert removed.outcomes == ((mine[1], "removed"), (4711, "not_found"))
    assert moving.remove_faces(bench.ctx, [mine[1]]).outcomes == ((mine[1], "same"),)
    grouped(bench)
    assert mine[1] not in of(bench, ada), "it was said not to be Ada"


def test_only_a_persons_own_faces_are_split_off(bench: Bench, two: tuple[int, int]) -> None:
    ada, other = two
    for faces in ([], [of(bench, other)[0]]):
        with pytest.raises(UsageError):
            moving.split_person(bench.ctx, ada, faces)


def test_a_rejection_is_taken_back_by_moving(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    [one, *_] = of(bench, ada)
    moving.remove_faces(bench.ctx, [one])
    moving.move_faces(bench.ctx, [one], person_id=ada)
    assert one in of(bench, ada)
    assert bench.value("SELECT count(*) FROM rejection") == 0


def test_whole_photos(bench: Bench, two: tuple[int, int]) -> None:
    ada, other = two
    photos = [row.photo for row in bench.faces() if row.person == ada][:2]
    faces = moving.faces_in(bench.ctx, ada, photos)
    assert len(faces) == 2
    moving.move_faces(bench.ctx, faces, person_id=other)
    assert (len(of(bench, ada)), len(of(bench, other))) == (2, 5)
