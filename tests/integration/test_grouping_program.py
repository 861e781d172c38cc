"""Grouping as the program does it: what it suggests and proposes, samples of large people, all at once."""

import itertools

import numpy as np
import pytest
from store_support import Bench, face, face_at, identity, like, write_photo

from facekeep.actions import first_grouping, group, matching, meeting, people, review
from facekeep.actions.group import Watch, group_new_faces
from facekeep.domain.faces import AnalysedFace, Box
from facekeep.domain.review import Answer
from facekeep.store import grouping


def put(bench: Bench, *photos: tuple[str, AnalysedFace]) -> None:
    for name, _ in photos:
        write_photo(bench.root / name, name)
    bench.scan()
    bench.look({name: [one] for name, one in photos})


def grouped(bench: Bench, watch: Watch | None = None) -> int:
    return sum(iter(lambda: group_new_faces(bench.ctx, watch).faces, 0))


def several(who: str, start: int, count: int, distance: float = 0.25) -> list[tuple[str, AnalysedFace]]:
    return [(f"{who}{n}.png", face(who, distance=distance)) for n in range(start, start + count)]


def between(share: float) -> AnalysedFace:
    """On the way from Ada to Grace."""
    vector = (1 - share) * identity("ada").astype(np.float64) + share * identity("grace")
    return face_at(Box(0.1, 0.1, 0.2, 0.2), np.asarray(vector * 1.4 / np.linalg.norm(vector), np.float32))


def suggestions(bench: Bench) -> set[tuple[int, int]]:
    return set(bench.tuples("SELECT face_id, person_id FROM suggestion"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few faces are many."""
    monkeypatch.setattr(first_grouping, "MANY", 20)
    monkeypatch.setattr(first_grouping, "WRITTEN", 7)


def test_a_face_that_would_belong_to_somebody_named_is_suggested(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bench, *several("ada", 0, 4))
    grouped(bench)
    [ada] = bench.people()
    people.name_person(bench.ctx, ada.person, "Ada")
    # Nothing is clear enough to be matched: grouping alone has to say something.
    monkeypatch.setattr(group, "match_face", lambda *_, **__: None)
    monkeypatch.setattr("facekeep.actions.analyse.match_face", lambda *_, **__: None)
    put(bench, ("new.png", face("ada", distance=0.25)))
    assert grouped(bench) >= 1
    [new] = bench.faces(bench.photo("new.png").photo)
    assert new.person is None
    assert suggestions(bench) == {(new.face, ada.person)}
    [(confidence, distance)] = bench.tuples("SELECT confidence, distance FROM suggestion")
    assert 0.5 < confidence < 1
    assert 0.3 < distance < 0.45


def test_a_rejected_face_is_not_suggested(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bench, *several("ada", 0, 5))
    grouped(bench)
    [ada] = bench.people()
    people.name_person(bench.ctx, ada.person, "Ada")
    out = bench.faces()[0]
    people.unassign_face(bench.ctx, out.face)
    monkeypatch.setattr(group, "match_face", lambda *_, **__: None)
    grouped(bench)
    assert suggestions(bench) == set()


def test_a_face_that_is_asked_about_comes_into_no_group(bench: Bench) -> None:
    """Two others that the user said no to become a group beside it; its own question stands."""
    put(bench, *several("ada", 0, 7))
    grouped(bench)
    [ada] = bench.people()
    people.name_person(bench.ctx, ada.person, "Ada")
    matching.set_auto(bench.ctx, False)
    asked = [one.face for one in bench.faces()[:3]]
    for one in asked:
        people.unassign_face(bench.ctx, one, reject=False)
    grouped(bench)
    assert suggestions(bench) == {(one, ada.person) for one in asked}
    review.answer_suggestions(bench.ctx, [Answer(one, ada.person, "reject") for one in asked[:2]])
    grouped(bench)
    whose = {one.face: one.person for one in bench.faces()}
    assert whose[asked[0]] == whose[asked[1]] not in (None, ada.person)
    assert whose[asked[2]] is None
    assert suggestions(bench) == {(asked[2], ada.person)}


def test_new_faces_take_no_face_along_that_is_asked_about(bench: Bench) -> None:
    """They are nearer to it than Ada is, and become somebody; whether it is Ada, the user is still to say."""
    put(bench, *several("ada", 0, 5, 0.1))
    grouped(bench)
    [ada] = bench.people()
    people.name_person(bench.ctx, ada.person, "Ada")
    matching.set_auto(bench.ctx, False)
    put(bench, ("asked.png", between(0.2)))
    grouped(bench)
    [asked] = bench.faces(bench.photo("asked.png").photo)
    assert suggestions(bench) == {(asked.face, ada.person)}
    put(bench, *((f"{n}.png", between(0.3 + 0.004 * n)) for n in range(3)))
    grouped(bench)
    assert sorted(row.faces for row in bench.people()) == [3, 5]
    assert (asked.face, ada.person) in suggestions(bench)


def test_nobody_is_put_on_who_takes_in_no_faces(bench: Bench) -> None:
    put(bench, *several("ada", 0, 4))
    grouped(bench)
    [ada] = bench.people()
    bench.sql("SELECT set_config('facekeep.actor', 'user', true)")
    with bench.ctx.database.write("user", verb="edit") as writer:
        writer.run("UPDATE person SET auto = false")
    put(bench, *several("ada", 10, 1))
    grouped(bench)
    [after] = bench.people()
    assert (after.person, after.faces) == (ada.person, 4)
    assert {person for _, person in suggestions(bench)} == {ada.person}


def test_a_large_person_is_known_by_a_sample(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of the database does not grow with the person, and it is nearly the truth."""
    monkeypatch.setattr(grouping, "SAMPLE", 64)
    vectors = [like("ada", 0.3) for _ in range(100)]
    put(bench, *((f"{n}.png", face_at(Box(0.1, 0.1, 0.2, 0.2), one)) for n, one in enumerate(vectors)))
    with bench.ctx.database.write(verb="group") as writer:
        [person] = grouping.make_people(writer, 1)
        faces = [face_id for (face_id,) in writer.tuples("SELECT id FROM face")]
        grouping.put(writer, dict.fromkeys(faces, (person, 0.9)), bench.ctx.pack_id)
    with bench.ctx.database.read() as reader:
        [crowd] = grouping.crowds(reader, [person], bench.ctx.pack_id)
    assert crowd.faces == 100
    assert grouping.SAMPLE / 2 <= len(crowd.vectors) <= grouping.SAMPLE < 100
    assert len({*crowd.photos.tolist()}) == len(crowd.photos)
    known = meeting.known_of([crowd], [frozenset()], 128)
    assert known.weight[0] == pytest.approx(100, rel=1e-6)
    assert float(np.linalg.norm(known.mean[0] - np.mean(vectors, axis=0))) < 0.06
    assert known.scatter[0] == pytest.approx(0.09, rel=0.05)


def test_a_small_person_is_known_by_all_faces(bench: Bench) -> None:
    put(bench, *several("ada", 0, 9))
    grouped(bench)
    [ada] = bench.people()
    with bench.ctx.database.read() as reader:
        [crowd] = grouping.crowds(reader, [ada.person], bench.ctx.pack_id)
        stored = reader.tuples("SELECT vector FROM embedding ORDER BY face_id")
    assert crowd.faces == 9
    assert np.array_equal(crowd.vectors, np.stack([vector for (vector,) in stored]))


@pytest.mark.usefixtures("small")
def test_a_library_never_grouped_is_grouped_at_once(bench: Bench) -> None:
    people_of = [f"p{number}" for number in range(6)]
    photos = [(f"{n}.png", face(who, distance=0.25)) for n, who in enumerate(people_of * 6)]
    put(bench, *photos, ("alone.png", face("nobody else")))
    said: list[str] = []
    assert group_new_faces(bench.ctx, Watch(said.append)).faces == 37
    assert [row.faces for row in bench.people()] == [6] * 6
    assert [text for text in said if "of 36 faces" in text]
    assert set(bench.journal()) == {"group"}
    assert group_new_faces(bench.ctx).faces == 0
    assert bench.value("SELECT count(*) FROM face WHERE NOT grouped") == 0


@pytest.mark.usefixtures("small")
def test_all_at_once_leaves_who_is_there(bench: Bench) -> None:
    put(bench, *several("ada", 0, 3), *several("grace", 0, 3))
    grouped(bench)
    first, second = sorted(row.person for row in bench.people())
    before = {row.face: row.person for row in bench.faces()}
    people.name_person(bench.ctx, first, "Named")
    named = bench.tuples("SELECT count(*) FROM assignment WHERE person_id = %(p)s", p=first)
    put(bench, *several("ada", 10, 12), *several("grace", 10, 12), *several("linda", 0, 20))
    bench.sql("UPDATE face SET grouped = false")
    assert first_grouping.is_due(bench.ctx)
    grouped(bench)
    after = {row.face: row.person for row in bench.faces()}
    assert {face_id: after[face_id] for face_id in before} == before
    assert len(bench.people()) == 3
    assert bench.tuples("SELECT count(*) FROM assignment WHERE person_id = %(p)s", p=first) >= named
    assert {row.person for row in bench.people()} >= {first, second}


@pytest.mark.usefixtures("small")
def test_stopped_in_the_middle_it_goes_on_later(bench: Bench) -> None:
    people_of = [f"p{number}" for number in range(6)]
    put(bench, *((f"{n}.png", face(who, distance=0.25)) for n, who in enumerate(people_of * 6)))
    said: list[str] = []
    group_new_faces(bench.ctx, Watch(said.append, lambda: any("grouping 6 of" in text for text in said)))
    assert bench.value("SELECT count(*) FROM assignment") == 6
    grouped(bench)
    assert sorted(row.faces for row in bench.people()) == [6] * 6


@pytest.mark.usefixtures("small")
def test_what_a_user_does_meanwhile_stands(bench: Bench) -> None:
    people_of = [f"p{number}" for number in range(6)]
    put(bench, *((f"{n}.png", face(who, distance=0.25)) for n, who in enumerate(people_of * 6)))
    taken = [row.face for row in bench.faces()][:12:2]
    numbers = itertools.count()

    def meanwhile(text: str) -> None:
        if "grouping" in text and next(numbers) < len(taken):
            people.assign_face(bench.ctx, taken.pop(), name="Eve")

    grouped(bench, Watch(meanwhile))
    eves = [row for row in bench.faces() if row.name == "Eve"]
    assert eves
    assert {row.assigned_by for row in eves} == {"user"}
    pairs = bench.tuples("SELECT person_id, photo_id FROM assignment")
    assert len(pairs) == len(set(pairs))


def test_the_library_is_counted_now_and_then(bench: Bench) -> None:
    put(bench, *several("ada", 0, 30))
    grouped(bench)
    assert bench.tuples("SELECT faces, added FROM surroundings") == [(30, 0)]
    put(bench, *several("grace", 0, 2))
    grouped(bench)
    assert bench.tuples("SELECT faces, added FROM surroundings") == [(30, 2)]
    put(bench, *several("linda", 0, 2))
    grouped(bench)
    assert bench.tuples("SELECT faces, added FROM surroundings") == [(34, 0)]


@pytest.mark.usefixtures("small")
def test_faces_without_a_vector_are_not_waited_for(bench: Bench) -> None:
    put(bench, *several("ada", 0, 30))
    bench.sql("WITH gone AS (DELETE FROM embedding) UPDATE face SET stale = true")
    assert not first_grouping.is_due(bench.ctx)
    assert grouped(bench) == 0
