"""What a user says is kept, whatever machines do afterwards."""

import threading
from collections.abc import Callable

import pytest
from store_support import Bench, face, face_at, identity, like, write_photo

from facekeep.actions import people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, FacekeepError, NotFound, UsageError
from facekeep.domain.faces import Box
from facekeep.store import listing
from facekeep.store.rows import FaceRow, PersonRow

NINE = range(9)


def grouped(bench: Bench) -> None:
    while group_new_faces(bench.ctx).faces:
        pass


def family(bench: Bench) -> tuple[PersonRow, PersonRow]:
    """Three photos of ada and grace together, grouped: two unnamed people of three faces."""
    for name in ("1.png", "2.png", "3.png"):
        bench.put(name, face("ada", 0), face("grace", 1))
    grouped(bench)
    ada, grace = sorted(bench.people(), key=lambda row: row.person)
    assert (ada.faces, grace.faces) == (3, 3)
    return ada, grace


def of(bench: Bench, person: int) -> list[FaceRow]:
    return [row for row in bench.faces() if row.person == person]


def person(bench: Bench, person_id: int) -> PersonRow:
    with bench.ctx.database.read() as reader:
        return listing.person(reader, person_id)


# Naming -----------------------------------------------------------------------------------------------------


def test_naming_confirms_the_faces(bench: Bench) -> None:
    ada, grace = family(bench)
    assert {row.assigned_by for row in of(bench, ada.person)} == {"auto"}
    named = people.name_person(bench.ctx, ada.person, "  Ada   Lovelace ")
    assert (named.name, named.faces, named.version) == ("Ada Lovelace", 3, ada.version + 1)
    assert {(row.assigned_by, row.confidence) for row in of(bench, ada.person)} == {("user", 1.0)}
    assert {row.assigned_by for row in of(bench, grace.person)} == {"auto"}


def test_a_stale_version_is_a_conflict_and_changes_nothing(bench: Bench) -> None:
    ada, grace = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada", version=ada.version)
    before = bench.faces(), bench.people(), bench.journal()
    late: Callable[[], object]
    for late in (
        lambda: people.name_person(bench.ctx, ada.person, "Eve", version=ada.version),
        lambda: people.hide_person(bench.ctx, ada.person, True, version=ada.version),
        lambda: people.merge_people(bench.ctx, ada.person, grace.person, version=ada.version),
    ):
        with pytest.raises(Conflict, match="has changed since you looked"):
            late()
    assert (bench.faces(), bench.people(), bench.journal()) == before


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "a\x1bb"])
def test_what_is_no_name_is_refused(bench: Bench, name: str) -> None:
    ada, _ = family(bench)
    with pytest.raises(UsageError):
        people.name_person(bench.ctx, ada.person, name)
    assert person(bench, ada.person).name is None


def test_a_name_can_be_taken_away(bench: Bench) -> None:
    ada, _ = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada")
    assert people.name_person(bench.ctx, ada.person, None).name is None
    assert {row.assigned_by for row in of(bench, ada.person)} == {"user"}


def test_nobody_is_not_found(bench: Bench) -> None:
    row = bench.put("1.png", face("ada"))
    for call in (
        lambda: people.name_person(bench.ctx, 4711, "Ada"),
        lambda: people.hide_person(bench.ctx, 4711, True),
        lambda: people.merge_people(bench.ctx, 4711, 4712),
        lambda: people.assign_face(bench.ctx, 4711, name="Ada"),
        lambda: people.assign_face(bench.ctx, bench.faces(row)[0].face, person_id=4711),
        lambda: people.unassign_face(bench.ctx, 4711),
    ):
        with pytest.raises(NotFound):
            call()
    assert bench.journal() == []
    assert bench.people() == []


# Merging ----------------------------------------------------------------------------------------------------


def test_a_merge_moves_all_and_leaves_a_pointer(bench: Bench) -> None:
    ada, grace = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada")
    merged = people.merge_people(bench.ctx, ada.person, grace.person)
    assert (merged.person, merged.name, merged.faces) == (grace.person, "Ada", 6)
    assert {row.assigned_by for row in of(bench, grace.person)} == {"user"}
    assert [row.person for row in bench.people()] == [grace.person]
    # Who asks for the one that went gets the one that stayed.
    assert people.name_person(bench.ctx, ada.person, "Countess").person == grace.person
    assert people.hide_person(bench.ctx, ada.person, True).person == grace.person
    lone = bench.put("4.png", face("stranger"))
    [row] = bench.faces(lone)
    assert people.assign_face(bench.ctx, row.face, person_id=ada.person).person == grace.person


def test_merges_follow_merges(bench: Bench) -> None:
    made = [people.assign_face(bench.ctx, row.face, name=f"P{row.face}") for row in several(bench, 4)]
    ids = [row.person for row in made]
    assert None not in ids
    first, second, third, fourth = (int(i) for i in ids if i is not None)
    people.merge_people(bench.ctx, first, second)
    people.merge_people(bench.ctx, second, third)
    assert people.merge_people(bench.ctx, first, fourth).person == fourth
    assert person(bench, fourth).faces == 4
    with pytest.raises(Conflict, match="are one already"):
        people.merge_people(bench.ctx, second, third)


def several(bench: Bench, count: int) -> list[FaceRow]:
    for number in range(count):
        bench.put(f"s{number}.png", face(f"somebody {number}"))
    return bench.faces()[-count:]


def test_a_merge_does_not_overrule_a_rejection(bench: Bench) -> None:
    """The user said of one face of grace that it is not ada: a merge of the two does not make it ada."""
    ada, grace = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada")
    odd = of(bench, grace.person)[0]
    people.assign_face(bench.ctx, odd.face, person_id=ada.person)
    people.unassign_face(bench.ctx, odd.face)
    people.assign_face(bench.ctx, odd.face, person_id=grace.person)
    people.merge_people(bench.ctx, grace.person, ada.person)
    assert odd.face not in {row.face for row in of(bench, ada.person)}
    grouped(bench)
    assert odd.face not in {row.face for row in of(bench, ada.person)}
    assert person(bench, ada.person).faces == 5


def test_rejections_go_with_the_merged(bench: Bench) -> None:
    ada, grace = family(bench)
    face_of_ada = of(bench, ada.person)[0].face
    stranger = bench.put("4.png", face("ada", distance=0.3))
    [row] = bench.faces(stranger)
    people.assign_face(bench.ctx, row.face, person_id=grace.person)
    people.unassign_face(bench.ctx, row.face)
    people.merge_people(bench.ctx, grace.person, ada.person)
    people.name_person(bench.ctx, ada.person, "Ada")
    grouped(bench)
    [after] = bench.faces(stranger)
    assert after.person != ada.person
    assert face_of_ada in {found.face for found in of(bench, ada.person)}


def both(*calls: Callable[[], object]) -> list[FacekeepError | None]:
    """Run at once; the error of each, or None."""
    ready = threading.Barrier(len(calls))
    errors: dict[int, FacekeepError | None] = {}

    def run(number: int, call: Callable[[], object]) -> None:
        ready.wait()
        try:
            call()
            errors[number] = None
        except FacekeepError as error:
            errors[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [errors[number] for number in range(len(calls))]


def test_two_merges_at_once_do_not_wait_for_each_other_for_ever(bench: Bench) -> None:
    for turn in range(8):
        rows = several(bench, 2) if turn == 0 else [again(bench, turn, n) for n in range(2)]
        one, other = (int(people.assign_face(bench.ctx, r.face, name="X").person or 0) for r in rows)
        errors = both(
            lambda one=one, other=other: people.merge_people(bench.ctx, one, other),  # type: ignore[misc]
            lambda one=one, other=other: people.merge_people(bench.ctx, other, one),  # type: ignore[misc]
        )
        failed = [error for error in errors if error is not None]
        assert len(failed) == 1
        assert isinstance(failed[0], Conflict)
        assert {len(of(bench, one)), len(of(bench, other))} == {0, 2}


def again(bench: Bench, turn: int, number: int) -> FaceRow:
    [row] = bench.faces(bench.put(f"t{turn}-{number}.png", face(f"{turn} {number}")))
    return row


def test_a_merge_and_a_machine_at_once_strand_no_face(bench: Bench) -> None:
    """Whoever comes second sees what the first did: no face is left on the person that is gone."""
    for turn in range(6):
        who, other = f"who {turn}", f"other {turn}"
        first = bench.put(f"{turn}a.png", face(who))
        second = bench.put(f"{turn}b.png", face(other))
        source = people.assign_face(bench.ctx, bench.faces(first)[0].face, name="A").person
        target = people.assign_face(bench.ctx, bench.faces(second)[0].face, name="B").person
        assert source is not None
        assert target is not None
        write_photo(bench.root / f"{turn}c.png", f"{turn}c")
        bench.scan()
        both(
            lambda s=source, t=target: people.merge_people(bench.ctx, s, t),  # type: ignore[misc]
            lambda t=turn, w=who: bench.look({f"{t}c": [face(w)]}),  # type: ignore[misc]
        )
    gone = bench.value(
        """SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id
           WHERE p.merged_into IS NOT NULL"""
    )
    assert gone == 0


# Faces ------------------------------------------------------------------------------------------------------


def test_exactly_one_of_person_and_name(bench: Bench) -> None:
    [row] = bench.faces(bench.put("1.png", face("ada")))
    for wrong in ({}, {"person_id": 1, "name": "Ada"}):
        with pytest.raises(UsageError):
            people.assign_face(bench.ctx, row.face, **wrong)  # type: ignore[arg-type]


def test_what_a_machine_took_gives_way_to_the_user(bench: Bench) -> None:
    """Two faces of one photo: a machine took the one, the user says it is the other."""
    first = bench.put("1.png", face("ada"))
    ada = people.assign_face(bench.ctx, bench.faces(first)[0].face, name="Ada").person
    photo = bench.put("2.png", face("ada", 0), face_at(Box(0.6, 0.6, 0.2, 0.2), like("ada", 0.55)))
    taken = [row for row in bench.faces(photo) if row.person == ada]
    [other] = [row for row in bench.faces(photo) if row.person is None]
    assert [row.assigned_by for row in taken] == ["auto"]
    people.assign_face(bench.ctx, other.face, person_id=ada)
    after = {row.face: (row.person, row.assigned_by) for row in bench.faces(photo)}
    assert after == {taken[0].face: (None, None), other.face: (ada, "user")}
    grouped(bench)
    assert [row.face for row in bench.faces(photo) if row.person == ada] == [other.face]


def test_a_rejected_face_is_never_assigned_again(bench: Bench) -> None:
    first = bench.put("1.png", face("ada"))
    ada = people.assign_face(bench.ctx, bench.faces(first)[0].face, name="Ada").person
    seen = face("ada", distance=0.1)
    photo = bench.put("2.png", seen)
    [row] = bench.faces(photo)
    assert (row.person, row.assigned_by) == (ada, "auto")
    assert people.unassign_face(bench.ctx, row.face).person is None
    grouped(bench)
    assert bench.faces(photo)[0].person != ada
    bench.look_again(photo)
    bench.look({"2.png": [seen]})
    grouped(bench)
    [after] = bench.faces(photo)
    assert after.face == row.face
    assert after.person != ada


def test_a_face_is_taken_off_without_a_rejection(bench: Bench) -> None:
    [row] = bench.faces(bench.put("1.png", face("ada")))
    person_id = people.assign_face(bench.ctx, row.face, name="Ada").person
    people.unassign_face(bench.ctx, row.face, reject=False)
    assert bench.value("SELECT count(*) FROM rejection") == 0
    assert person(bench, int(person_id or 0)).faces == 0


def test_the_user_may_change_their_mind(bench: Bench) -> None:
    [row] = bench.faces(bench.put("1.png", face("ada")))
    ada = people.assign_face(bench.ctx, row.face, name="Ada").person
    people.unassign_face(bench.ctx, row.face)
    assert people.assign_face(bench.ctx, row.face, person_id=ada).person == ada
    assert bench.value("SELECT count(*) FROM rejection") == 0


def test_both_people_of_a_moved_face_have_changed(bench: Bench) -> None:
    ada, grace = family(bench)
    people.assign_face(bench.ctx, of(bench, ada.person)[0].face, person_id=grace.person)
    assert person(bench, ada.person).version > ada.version
    assert person(bench, grace.person).version > grace.version


# Recognised -------------------------------------------------------------------------------------------------


def test_who_has_a_name_is_recognised_later(bench: Bench) -> None:
    ada, _ = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada")
    photo = bench.put("4.png", face("ada", 0), face("stranger", 5))
    known, stranger = sorted(bench.faces(photo), key=lambda row: row.x + row.y)
    assert (known.person, known.name, known.assigned_by) == (ada.person, "Ada", "auto")
    assert known.confidence is not None
    assert known.confidence > 0.9
    assert stranger.person is None


def test_naming_finds_lone_faces_that_were_there_before(bench: Bench) -> None:
    """Grouping left it alone for want of another; with a name beside it, it is known."""
    lone = bench.put("1.png", face("ada", distance=0.1))
    grouped(bench)
    assert bench.faces(lone)[0].person is None
    other = bench.put("2.png", face("ada", distance=0.45))
    assert bench.faces(other)[0].person is None
    people.assign_face(bench.ctx, bench.faces(other)[0].face, name="Ada")
    grouped(bench)
    assert bench.faces(lone)[0].name == "Ada"


def test_two_faces_of_a_photo_are_not_one_person(bench: Bench) -> None:
    ada, _ = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada")
    photo = bench.put("4.png", *[face("ada", place, 0.05) for place in NINE])
    grouped(bench)
    persons = [row.person for row in bench.faces(photo) if row.person is not None]
    assert persons.count(ada.person) == 1
    assert len(persons) == len(set(persons))


def test_between_two_people_a_machine_does_not_choose(bench: Bench) -> None:
    for who in ("ada", "twin"):
        vector = identity("ada") if who == "ada" else like("ada", 0.03)
        row = bench.faces(bench.put(f"{who}.png", face_at(Box(0.1, 0.1, 0.2, 0.2), vector)))[0]
        people.assign_face(bench.ctx, row.face, name=who)
    photo = bench.put("who.png", face("ada", 0, 0.2))
    grouped(bench)
    assert bench.faces(photo)[0].person is None


# The user's word outlives the machine's -------------------------------------------------------------------


def test_words_survive_another_look(bench: Bench) -> None:
    seen = [face("ada", 0), face("grace", 1), face("linda", 2)]
    photo = bench.put("1.png", *seen)
    ada, grace, linda = bench.faces(photo)
    people.assign_face(bench.ctx, ada.face, name="Ada")
    person_id = people.assign_face(bench.ctx, grace.face, name="Not Grace").person
    people.unassign_face(bench.ctx, grace.face)
    bench.look_again(photo)
    # The second look finds the faces a little elsewhere and of other vectors, and one of them not at all.
    bench.look({"1.png": [face("grace", 1, 0.25), face("ada", 0, 0.25)]})
    after = {row.face: row for row in bench.faces(photo)}
    assert set(after) == {ada.face, grace.face}
    assert (after[ada.face].name, after[ada.face].assigned_by) == ("Ada", "user")
    assert bench.tuples("SELECT face_id, person_id FROM rejection") == [(grace.face, person_id)]
    assert linda.face not in after


@pytest.mark.parametrize("touch", ["assigned", "rejected"])
def test_a_touched_face_that_is_not_found_again_stays(bench: Bench, touch: str) -> None:
    photo = bench.put("1.png", face("ada", 0), face("grace", 1))
    ada, _ = bench.faces(photo)
    people.assign_face(bench.ctx, ada.face, name="Ada")
    if touch == "rejected":
        people.unassign_face(bench.ctx, ada.face)
    before = next(row for row in bench.faces(photo) if row.face == ada.face)
    bench.look_again(photo)
    bench.look({"1.png": []})
    assert bench.faces(photo) == [before]
    assert bench.photo("1.png").state == "done"


def test_a_cropped_photo_keeps_its_words(bench: Bench) -> None:
    photo = bench.put("1.png", face("ada", 0), face("grace", 2))
    ada, grace = bench.faces(photo)
    people.assign_face(bench.ctx, ada.face, name="Ada")
    people.assign_face(bench.ctx, grace.face, name="Grace")
    bench.look_again(photo)
    bench.look({"1.png": [face("grace", 0), face("ada", 7)]})
    after = {row.face: row for row in bench.faces(photo)}
    assert {number: row.name for number, row in after.items()} == {ada.face: "Ada", grace.face: "Grace"}
    assert after[grace.face].x == ada.x


def test_another_picture_under_the_old_name_takes_no_words(bench: Bench) -> None:
    photo = bench.put("1.png", face_at(Box(0.1, 0.1, 0.3, 0.3), like("ada")))
    people.assign_face(bench.ctx, bench.faces(photo)[0].face, name="Ada")
    bench.look_again(photo)
    bench.look({"1.png": [face_at(Box(0.1, 0.1, 0.3, 0.3), like("stranger"))]})
    kept, new = bench.faces(photo)
    assert (kept.name, kept.x) == ("Ada", 0.1)
    assert (new.name, new.person) == (None, None)


def test_hidden_people_keep_their_faces_and_get_more(bench: Bench) -> None:
    ada, _ = family(bench)
    people.name_person(bench.ctx, ada.person, "Ada")
    people.hide_person(bench.ctx, ada.person, True)
    with bench.ctx.database.read() as reader:
        shown = listing.people(reader, hidden=False).items
    assert ada.person not in {row.person for row in shown}
    bench.put("4.png", face("ada"))
    assert person(bench, ada.person).faces == 4
    assert people.hide_person(bench.ctx, ada.person, False).hidden is False


# The journal ------------------------------------------------------------------------------------------------


def test_every_verb_is_in_the_journal_with_what_it_changed(bench: Bench) -> None:
    ada, grace = family(bench)
    start = len(bench.journal())
    [f1, f2, _] = (row.face for row in of(bench, ada.person))
    people.name_person(bench.ctx, ada.person, "Ada")
    people.hide_person(bench.ctx, ada.person, True)
    people.assign_face(bench.ctx, f1, person_id=grace.person)
    people.unassign_face(bench.ctx, f1)
    people.unassign_face(bench.ctx, f2, reject=False)
    people.assign_face(bench.ctx, f1, person_id=grace.person)
    people.merge_people(bench.ctx, ada.person, grace.person)
    entries = bench.tuples("SELECT verb, actor, about FROM decision ORDER BY id")[start:]
    assert [verb for verb, _, _ in entries] == [
        "name", "hide", "assign", "reject", "unassign", "assign", "merge",
    ]  # fmt: skip
    assert {actor for _, actor, _ in entries} == {"user"}
    assert entries[0][2] == {"person": ada.person, "name": "Ada"}
    assert entries[-1][2] == {"from": ada.person, "into": grace.person}


def test_a_verb_that_fails_leaves_no_entry(bench: Bench) -> None:
    ada, _ = family(bench)
    before = bench.journal()
    with pytest.raises(Conflict):
        people.name_person(bench.ctx, ada.person, "Ada", version=99)
    with pytest.raises(UsageError):
        people.name_person(bench.ctx, ada.person, "\x00")
    assert bench.journal() == before
