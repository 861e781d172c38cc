"""One person twice: who is asked about, why, and when nobody asks any more."""

import numpy as np
import pytest
from store_support import Bench, face_at, identity, write_photo

from facekeep.actions import moving, people, standing
from facekeep.actions.details import delete_person
from facekeep.actions.group import group_new_faces
from facekeep.actions.parts import parts_of
from facekeep.actions.twice import TWICE_LOCK, find_twice
from facekeep.domain.errors import Conflict, NotFound
from facekeep.domain.faces import Box, Vector
from facekeep.store import grouping, whole
from facekeep.store import twice as store


def along(share: float, spread: float, seed: int) -> Vector:
    """On the way from Ada to Grace, who are about 2 apart, and a little beside it."""
    way = (1 - share) * identity("ada").astype(np.float64) + share * identity("grace")
    way *= 1.4 / np.linalg.norm(way)
    beside = np.random.default_rng(seed).normal(size=128)
    return np.asarray(way + spread * beside / np.linalg.norm(beside), dtype=np.float32)


def put(bench: Bench, share: float, count: int, name: str, spread: float = 0.25) -> list[int]:
    photos = {f"{name}{n}.png": along(share, spread, n + int(1000 * share)) for n in range(count)}
    for photo in photos:
        write_photo(bench.root / photo, photo)
    bench.scan()
    bench.look({photo: [face_at(Box(0.1, 0.1, 0.2, 0.2), one)] for photo, one in photos.items()})
    return [bench.faces(bench.photo(photo).photo)[0].face for photo in photos]


def person_of(bench: Bench, faces: list[int]) -> int:
    """A machine says that they are one."""
    with bench.ctx.database.write(verb="group") as writer:
        [person] = grouping.make_people(writer, 1)
        grouping.put(writer, dict.fromkeys(faces, (person, 0.5)), bench.ctx.pack_id)
    return person


def proposals(bench: Bench) -> list[tuple[int, int]]:
    return bench.tuples("SELECT one, other FROM proposal ORDER BY one, other")


@pytest.fixture
def twins(bench: Bench) -> tuple[int, int]:
    """One person in two parts, and somebody else."""
    one = person_of(bench, put(bench, 0.0, 6, "a"))
    other = person_of(bench, put(bench, 0.15, 6, "b"))
    person_of(bench, put(bench, 1.0, 6, "c"))
    bench.sql("UPDATE face SET grouped = true")
    return one, other


def test_one_person_twice_is_found_with_the_reason(bench: Bench, twins: tuple[int, int]) -> None:
    found = find_twice(bench.ctx)
    assert (found.people, found.proposed, found.withdrawn) == (3, 1, 0)
    assert proposals(bench) == [twins]
    [(distance, doubt, near, compared, nearest, mean)] = bench.tuples(
        "SELECT distance, doubt, near, compared, nearest, mean FROM proposal"
    )
    assert 0 < distance < 0.5
    assert 0 < doubt <= 1
    assert (near, compared) == (36, 36)
    assert 0 < nearest <= mean < 0.6


def test_finding_again_keeps_what_was_skipped(bench: Bench, twins: tuple[int, int]) -> None:
    find_twice(bench.ctx)
    bench.sql("UPDATE proposal SET skipped_at = now()")
    find_twice(bench.ctx)
    assert proposals(bench) == [twins]
    assert bench.value("SELECT count(*) FROM proposal WHERE skipped_at IS NOT NULL") == 1


def keep_apart(bench: Bench, one: int, other: int) -> None:
    with bench.ctx.database.write("user", verb="apart") as writer:
        writer.run("INSERT INTO apart (one, other) VALUES (%(one)s, %(other)s)", {"one": one, "other": other})


def test_who_is_kept_apart_is_not_asked_about(bench: Bench, twins: tuple[int, int]) -> None:
    find_twice(bench.ctx)
    keep_apart(bench, *twins)
    assert proposals(bench) == []
    assert find_twice(bench.ctx).proposed == 0


@pytest.mark.parametrize("how", ["merge", "hide", "delete"])
def test_who_is_gone_is_not_asked_about(bench: Bench, twins: tuple[int, int], how: str) -> None:
    find_twice(bench.ctx)
    if how == "merge":
        people.merge_people(bench.ctx, *twins)
    elif how == "hide":
        people.hide_person(bench.ctx, twins[0], True)
    else:
        delete_person(bench.ctx, twins[1])
    with bench.ctx.database.read() as reader:
        assert store.listed(reader) == []
    assert find_twice(bench.ctx).proposed == 0


def test_two_who_come_to_share_a_photo_are_not_asked_about(bench: Bench, twins: tuple[int, int]) -> None:
    find_twice(bench.ctx)
    photo = bench.photo("a0.png").photo
    bench.look_again(photo)
    [old] = bench.faces(photo)
    seen = face_at(Box(0.6, 0.6, 0.2, 0.2), along(0.15, 0.25, 77))
    again = face_at(Box(old.x, old.y, old.width, old.height), along(0.0, 0.25, 0))
    bench.look({"a0.png": [again, seen]})
    new = next(row for row in bench.faces(photo) if row.face != old.face)
    assert proposals(bench) == [twins]
    people.assign_face(bench.ctx, new.face, person_id=twins[1])
    assert proposals(bench) == []
    assert find_twice(bench.ctx).proposed == 0


def test_the_schema_refuses_what_was_true_a_moment_ago(bench: Bench, twins: tuple[int, int]) -> None:
    keep_apart(bench, *twins)
    row = {"one": twins[0], "other": twins[1], "pack": bench.ctx.pack_id}
    bench.sql(
        """INSERT INTO proposal (one, other, pack_id, distance, doubt, near, compared, nearest, mean)
        VALUES (%(one)s, %(other)s, %(pack)s, 0.3, 0.5, 1, 1, 0.3, 0.3)""",
        **row,
    )
    assert proposals(bench) == []


def test_what_is_not_so_any_more_is_withdrawn(bench: Bench, twins: tuple[int, int]) -> None:
    find_twice(bench.ctx)
    faces = [row.face for row in bench.faces() if row.person == twins[1]]
    far = [row.face for row in bench.faces() if row.person not in twins]
    moving.move_faces(bench.ctx, far, person_id=twins[1])
    moving.remove_faces(bench.ctx, faces)
    assert proposals(bench) == [twins]
    found = find_twice(bench.ctx)
    assert (found.proposed, found.withdrawn) == (0, 1)
    assert proposals(bench) == []


def test_new_faces_let_it_be_asked_at_once(bench: Bench, twins: tuple[int, int]) -> None:
    assert proposals(bench) == []
    put(bench, 0.15, 1, "new")
    while group_new_faces(bench.ctx).faces:
        pass
    assert bench.value("SELECT count(*) FROM assignment WHERE person_id = %(p)s", p=twins[1]) == 7
    assert proposals(bench) == [twins]


def test_two_at_once_would_do_the_same(bench: Bench, twins: tuple[int, int]) -> None:
    with bench.ctx.database.hold(*TWICE_LOCK) as ours:
        assert ours
        with pytest.raises(Conflict):
            find_twice(bench.ctx)


def test_faces_that_were_put_away_are_not_compared(bench: Bench, twins: tuple[int, int]) -> None:
    """Nor read: there are fewer faces than embeddings."""
    one, _ = twins
    put_away = [face.face for face in bench.faces() if face.person == one][:3]
    moving.remove_faces(bench.ctx, put_away[:1])
    standing.ignore(bench.ctx, put_away)
    with bench.ctx.database.read() as reader:
        everything = whole.read(reader, bench.ctx.pack_id, bench.ctx.pack.dimensions, lambda: None)
        assert whole.rejections(reader, bench.ctx.pack_id) == []
    assert everything.face.tolist() == sorted({face.face for face in bench.faces()} - set(put_away))
    assert len(everything.vectors) == len(everything)
    assert find_twice(bench.ctx).people == 3


def test_an_empty_library(bench: Bench) -> None:
    found = find_twice(bench.ctx)
    assert (found.people, found.proposed) == (0, 0)


def test_the_parts_of_a_person(bench: Bench) -> None:
    ada, grace = put(bench, 0.0, 8, "a"), put(bench, 1.0, 5, "b")
    person = person_of(bench, [*ada, *grace])
    found = parts_of(bench.ctx, person)
    assert [sorted(part.faces) for part in found.parts] == [sorted(ada), sorted(grace)]
    assert (found.parts[0].distance, found.parts[0].doubt) == (0, 0)
    assert found.parts[1].distance > 1.5
    assert found.parts[1].doubt > 1
    assert found.alone == []
    moving.split_person(bench.ctx, person, found.parts[1].faces)
    assert len(parts_of(bench.ctx, person).parts) == 1


def test_parts_of_nobody(bench: Bench) -> None:
    with pytest.raises(NotFound):
        parts_of(bench.ctx, 999)
    [face] = put(bench, 0.0, 1, "a")
    found = parts_of(bench.ctx, person_of(bench, [face]))
    assert (found.parts, found.alone) == ([], [face])
