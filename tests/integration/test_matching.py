"""Matching on the real database: at once, as a suggestion, or not at all; and finding more of somebody."""

from datetime import date
from typing import Any

import pytest
from store_support import Bench, face, face_at

from facekeep.actions import details, matching, people
from facekeep.actions.exemplars import refresh
from facekeep.actions.finding import find_more
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import NotFound, UsageError
from facekeep.domain.faces import Box
from facekeep.domain.packs import BUNDLED
from facekeep.store import listing

T = BUNDLED.thresholds
LIKELY = 0.55  # from the exemplars, which are at the centre: too far for a match, near enough to ask
PLACE = Box(0.1, 0.1, 0.2, 0.2)


def named(bench: Bench, who: str, *, faces: int = 3) -> int:
    """Somebody known, whose faces are all the same."""
    photo = 0
    for number in range(faces):
        photo = bench.put(f"{who}{number}.png", face(who, distance=0.0))
    people.assign_face(bench.ctx, bench.faces(photo)[0].face, name=who.title())
    [row] = bench.faces(photo)
    assert row.person is not None
    for other in bench.faces():
        if bench.photo(f"{who}0.png").photo <= other.photo <= photo:
            people.assign_face(bench.ctx, other.face, person_id=row.person)
    refresh(bench.ctx)
    return row.person


def grouped(bench: Bench) -> None:
    while group_new_faces(bench.ctx).faces:
        pass


def suggested(bench: Bench) -> dict[tuple[int, int], dict[str, Any]]:
    """By face and person: the reason."""
    return {
        (face, person): reason
        for face, person, reason in bench.tuples("SELECT face_id, person_id, reason FROM suggestion")
    }


def new_face(bench: Bench, name: str, who: str, distance: float) -> int:
    return bench.faces(bench.put(name, face(who, distance=distance)))[0].face


def test_a_clear_one_is_assigned_and_a_likely_one_asked_about(bench: Bench) -> None:
    ada = named(bench, "ada")
    clear = new_face(bench, "clear.png", "ada", 0.3)
    likely = new_face(bench, "likely.png", "ada", LIKELY)
    nobody = new_face(bench, "nobody.png", "ada", 0.9)
    with bench.ctx.database.read() as reader:
        assert listing.face(reader, clear).person == ada
        assert listing.face(reader, likely).person is None
    [((asked, person), reason)] = suggested(bench).items()
    assert (asked, person) == (likely, ada)
    assert nobody not in [key[0] for key in suggested(bench)]
    assert [vote["distance"] for vote in reason["voters"]] == pytest.approx([LIKELY] * 3, abs=1e-3)
    assert any(vote["exemplar"] for vote in reason["voters"])
    assert reason["runner_up"] is None


def test_a_rejected_one_is_asked_about_no_more(bench: Bench) -> None:
    named(bench, "ada")
    likely = new_face(bench, "likely.png", "ada", LIKELY)
    [(_, person)] = suggested(bench)
    people.assign_face(bench.ctx, likely, person_id=person)
    assert suggested(bench) == {}
    people.unassign_face(bench.ctx, likely)
    grouped(bench)
    assert suggested(bench) == {}
    assert find_more(bench.ctx, person).items == []


def test_what_is_likely_no_more_is_not_asked(bench: Bench) -> None:
    ada = named(bench, "ada")
    likely = new_face(bench, "likely.png", "ada", LIKELY)
    assert list(suggested(bench)) == [(likely, ada)]
    before = bench.tuples("SELECT * FROM suggestion")
    bench.sql("UPDATE face SET grouped = false")
    grouped(bench)
    assert bench.tuples("SELECT * FROM suggestion") == before, "asked as before"
    # The years before somebody was born are out of the question.
    bench.sql("UPDATE photo SET taken_at = '1970-01-01' WHERE id = %(p)s", p=bench.photo("likely.png").photo)
    details.edit_person(bench.ctx, ada, {"birth_date": date(1980, 1, 1)})
    grouped(bench)
    assert suggested(bench) == {}


def test_accepting_one_asks_about_others_near_it(bench: Bench) -> None:
    """A chain: the last is near three that are asked about, not near what was known before."""
    ada = named(bench, "ada")
    matching.set_auto(bench.ctx, False)
    between = [bench.put(f"{n}.png", face_at(PLACE, _between("ada", "grace", 0.28))) for n in range(3)]
    last = bench.put("last.png", face_at(PLACE, _between("ada", "grace", 0.52)))
    asked, far = [bench.faces(photo)[0].face for photo in between], bench.faces(last)[0].face
    bench.sql("UPDATE face SET grouped = true")
    assert sorted(suggested(bench)) == [(one, ada) for one in asked]
    for one in asked:
        people.assign_face(bench.ctx, one, person_id=ada)
    assert suggested(bench) == {}
    grouped(bench)
    assert list(suggested(bench)) == [(far, ada)]


def _between(one: str, other: str, share: float) -> Any:
    from store_support import identity

    return (identity(one) + share * (identity(other) - identity(one))).astype("float32")


def test_nobody_is_put_on_anybody_while_automatic_is_off(bench: Bench) -> None:
    ada = named(bench, "ada")
    assert matching.set_auto(bench.ctx, False) is False
    asked = new_face(bench, "a.png", "ada", 0.2)
    assert list(suggested(bench)) == [(asked, ada)]
    grouped(bench)
    assert bench.faces(bench.photo("a.png").photo)[0].person is None
    assert matching.set_auto(bench.ctx, True)
    details.edit_person(bench.ctx, ada, {"auto": False})
    second = new_face(bench, "b.png", "ada", 0.2)
    assert (second, ada) in suggested(bench)


def test_those_of_the_same_photo_are_out_but_oppose(bench: Bench) -> None:
    ada = named(bench, "ada")
    photo = bench.put("both.png", face("ada", 0, 0.1), face("ada", 4, 0.15))
    first, second = bench.faces(photo)
    assert [row.person for row in (first, second)].count(ada) == 1
    assert suggested(bench) == {}
    other = second if first.person == ada else first
    with bench.ctx.database.read() as reader:
        [candidate] = matching.candidates(bench.ctx, reader, other.face)
    assert (candidate.person, candidate.excluded, candidate.likely) == (ada, "same_photo", False)


@pytest.fixture
def crowded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Whoever looks at the nearest few only, sees ten faces."""
    monkeypatch.setattr(matching, "NEIGHBOURS", 10)
    return bench


def test_many_unknown_faces_do_not_hide_who_is_known(crowded: Bench) -> None:
    """Forty faces of a burst, not looked at yet, are all nearer than the nearest known one."""
    ada = named(crowded, "ada")
    matching.set_auto(crowded.ctx, False)
    for number in range(40):
        crowded.put(f"burst{number}.png", face_at(PLACE, _between("ada", "grace", 0.1)))
    crowded.sql("DELETE FROM suggestion")
    matching.set_auto(crowded.ctx, True)
    late = crowded.put("late.png", face_at(PLACE, _between("ada", "grace", 0.1)))
    assert crowded.faces(late)[0].person == ada


def test_a_persons_many_faces_do_not_hide_the_runner_up(crowded: Bench) -> None:
    """Sixty faces of Ada are near; Grace's one is a hair farther than those. It is no clear match for Ada."""
    ada = named(crowded, "ada", faces=60)
    photo = crowded.put("grace.png", face_at(PLACE, _between("ada", "grace", 0.42)))
    people.assign_face(crowded.ctx, crowded.faces(photo)[0].face, name="Grace")
    refresh(crowded.ctx)
    between = crowded.put("between.png", face_at(PLACE, _between("ada", "grace", 0.2)))
    [row] = crowded.faces(between)
    assert row.person is None
    assert ada in [person for _, person in suggested(crowded)]


def test_finding_more_goes_past_those_that_are_found(bench: Bench) -> None:
    """All the nearest faces are the person's own: nothing of it hides the one that is still unknown."""
    matching.set_auto(bench.ctx, False)
    unknown = new_face(bench, "unknown.png", "ada", 0.4)
    bench.sql("UPDATE face SET grouped = true")
    ada = named(bench, "ada", faces=150)
    bench.sql("DELETE FROM suggestion")
    found = find_more(bench.ctx, ada)
    assert [(one.face, one.person) for one in found.items] == [(unknown, ada)]
    assert (found.looked_at, found.new) == (1, 1)
    again = find_more(bench.ctx, ada)
    assert (again.items, again.new) == (found.items, 0)
    assert list(suggested(bench)) == [(unknown, ada)]


def test_finding_more_from_chosen_faces(bench: Bench) -> None:
    ada = named(bench, "ada")
    photo = bench.put("other.png", face_at(PLACE, _between("ada", "grace", 0.35)))
    side = bench.faces(photo)[0].face
    people.assign_face(bench.ctx, side, person_id=ada)
    refresh(bench.ctx)
    matching.set_auto(bench.ctx, False)
    near_side = bench.put("near.png", face_at(PLACE, _between("ada", "grace", 0.55)))
    near_first = new_face(bench, "first.png", "ada", 0.3)
    wanted = bench.faces(near_side)[0].face
    found = find_more(bench.ctx, ada, [side])
    assert found.items[0].face == wanted
    mine = [row.face for row in bench.faces() if row.person == ada and row.face != side]
    assert [one.face for one in find_more(bench.ctx, ada, mine).items] == [near_first]
    assert len(find_more(bench.ctx, ada, limit=1).items) == 1
    with pytest.raises(UsageError, match="are not"):
        find_more(bench.ctx, ada, [near_first])
    with pytest.raises(NotFound):
        find_more(bench.ctx, 4711)


def test_who_a_face_may_be(bench: Bench) -> None:
    ada, grace = named(bench, "ada"), named(bench, "grace")
    likely = new_face(bench, "likely.png", "ada", LIKELY)
    with bench.ctx.database.read() as reader:
        found = matching.candidates(bench.ctx, reader, likely)
        own = matching.candidates(bench.ctx, reader, bench.faces()[0].face)
        with pytest.raises(NotFound):
            matching.candidates(bench.ctx, reader, 4711)
    assert [(one.person, one.likely) for one in found] == [(ada, True), (grace, False)]
    assert found[0].reason["runner_up"] == grace
    assert own[0].person == ada
    assert bench.faces()[0].face not in [vote["face"] for vote in own[0].reason["voters"]]
