"""Grouping on the real database: unnamed people from faces, a little at a time, named people left alone."""

import itertools
import random
import threading
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from store_support import Bench, face, face_at, identity, like, write_photo

from facekeep.actions import group, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.faces import AnalysedFace, Box
from facekeep.domain.library_grouping import CLEAR
from facekeep.store import grouping
from facekeep.store.grouping import Near

PEOPLE = ("ada", "grace", "linda", "mary", "rosa")


def grouped(bench: Bench) -> int:
    """Group all there is; how many faces were looked at."""
    return sum(iter(lambda: group_new_faces(bench.ctx).faces, 0))


def put_all(bench: Bench, photos: dict[str, list[AnalysedFace]]) -> None:
    for name in photos:
        write_photo(bench.root / name, name)
    bench.scan()
    bench.look(photos)


def crowd(seed: int, count: int) -> tuple[dict[str, list[AnalysedFace]], dict[str, list[str]]]:
    """Photos of one to four of the people; the faces, and who they are in the same order."""
    chosen = random.Random(seed)
    photos, truth = {}, {}
    for number in range(count):
        who = chosen.sample(PEOPLE, chosen.randint(1, 4))
        photos[f"{number}.png"] = [face(one, place, 0.3) for place, one in enumerate(who)]
        truth[f"{number}.png"] = who
    return photos, truth


def partition(bench: Bench) -> set[frozenset[tuple[int, float, float]]]:
    """Which faces are together, told by photo and place, without ids."""
    together: dict[int, set[tuple[int, float, float]]] = defaultdict(set)
    for row in bench.faces():
        together[row.person if row.person is not None else -row.face].add((row.photo, row.x, row.y))
    return {frozenset(faces) for faces in together.values()}


def truth_of(bench: Bench, truth: dict[str, list[str]]) -> set[frozenset[tuple[int, float, float]]]:
    together: dict[str, set[tuple[int, float, float]]] = defaultdict(set)
    for name, who in truth.items():
        photo = bench.photo(name).photo
        for row in bench.faces(photo):
            place = round((row.x - 0.05) / 0.3) + 3 * round((row.y - 0.05) / 0.3)
            together[who[place]].add((photo, row.x, row.y))
    return {frozenset(faces) for faces in together.values()}


def test_faces_of_one_person_become_one_person(bench: Bench) -> None:
    photos, truth = crowd(1, 20)
    put_all(bench, photos)
    assert grouped(bench) == sum(map(len, truth.values()))
    assert partition(bench) == truth_of(bench, truth)
    assert {row.name for row in bench.people()} == {None}
    assert grouped(bench) == 0
    assert bench.status().ungrouped == 0


@pytest.mark.parametrize("portion", [1, 3, 7])
def test_a_little_at_a_time_gives_the_same(bench: Bench, portion: int) -> None:
    photos, truth = crowd(2, 14)
    names = iter(photos)
    while some := list(itertools.islice(names, portion)):
        put_all(bench, {name: photos[name] for name in some})
        grouped(bench)
    assert partition(bench) == truth_of(bench, truth)


def test_small_batches_give_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "BATCH", 5)
    photos, truth = crowd(3, 14)
    put_all(bench, photos)
    grouped(bench)
    assert partition(bench) == truth_of(bench, truth)


def test_a_lone_face_is_nobody_until_a_second_comes(bench: Bench) -> None:
    first = bench.put("1.png", face("ada"))
    grouped(bench)
    assert bench.people() == []
    bench.put("2.png", face("ada"))
    grouped(bench)
    [person] = bench.people()
    assert person.faces == 2
    assert bench.faces(first)[0].person == person.person


def test_a_new_face_joins_the_group_that_is_there(bench: Bench) -> None:
    put_all(bench, {"1.png": [face("ada")], "2.png": [face("ada")]})
    grouped(bench)
    [before] = bench.people()
    bench.put("3.png", face("ada"))
    grouped(bench)
    [after] = bench.people()
    assert (after.person, after.faces) == (before.person, 3)


def between(one: str, other: str, share: float) -> AnalysedFace:
    vector = (1 - share) * identity(one).astype(np.float64) + share * identity(other)
    vector *= 1.4 / np.linalg.norm(vector)
    return face_at(Box(0.1, 0.1, 0.2, 0.2), np.asarray(vector, dtype=np.float32))


def test_two_groups_that_turn_out_to_be_one_are_proposed(bench: Bench) -> None:
    """Faces along a way, the middle ones last: the first two groups are too far apart until then."""
    ends = {f"{n}.png": [between("ada", "grace", share)] for n, share in enumerate((0.0, 0.01, 0.34, 0.35))}
    put_all(bench, ends)
    grouped(bench)
    assert sorted(row.faces for row in bench.people()) == [2, 2]
    before = {row.face: row.person for row in bench.faces()}
    one, other = sorted(row.person for row in bench.people())
    put_all(bench, {f"m{n}.png": [between("ada", "grace", 0.16 + n / 200)] for n in range(6)})
    grouped(bench)
    assert {row.face: row.person for row in bench.faces() if row.face in before} == before
    assert {one, other} <= {row.person for row in bench.people()}
    assert (one, other) in bench.tuples("SELECT one, other FROM proposal")


def test_groups_that_somebody_touched_do_not_join(bench: Bench) -> None:
    ends = {f"{n}.png": [between("ada", "grace", share)] for n, share in enumerate((0.0, 0.01, 0.34, 0.35))}
    put_all(bench, ends)
    grouped(bench)
    one, other = bench.people()
    people.hide_person(bench.ctx, other.person, True)
    put_all(bench, {f"m{n}.png": [between("ada", "grace", 0.16 + n / 200)] for n in range(6)})
    grouped(bench)
    assert {one.person, other.person} <= {row.person for row in bench.people()}


def test_ids_are_never_used_again(bench: Bench) -> None:
    put_all(bench, {"1.png": [face("ada")], "2.png": [face("ada")]})
    grouped(bench)
    [first] = bench.people()
    for row in bench.faces():
        people.unassign_face(bench.ctx, row.face)
    grouped(bench)
    again = {row.person for row in bench.people()}
    assert first.person not in again
    assert all(person > first.person for person in again)


def test_who_has_a_name_is_neither_moved_nor_absorbed(bench: Bench) -> None:
    photos, _ = crowd(5, 12)
    put_all(bench, dict(list(photos.items())[:6]))
    grouped(bench)
    named = bench.people()[:2]
    for row in named:
        people.name_person(bench.ctx, row.person, f"Person {row.person}")
    before = {(f.face, f.person) for f in bench.faces() if f.name is not None}
    assert before
    put_all(bench, dict(list(photos.items())[6:]))
    grouped(bench)
    after = {(f.face, f.person) for f in bench.faces() if f.name is not None}
    assert before <= after
    assert {(row.person, row.name) for row in bench.people() if row.name} == {
        (row.person, f"Person {row.person}") for row in named
    }


def test_faces_too_poor_to_tell_found_no_group(bench: Bench) -> None:
    poor = CLEAR - 0.01
    put_all(bench, {f"{n}.png": [face("ada", quality=poor)] for n in range(4)})
    grouped(bench)
    assert bench.people() == []
    put_all(bench, {f"good{n}.png": [face("ada", distance=0.1)] for n in range(2)})
    grouped(bench)
    [person] = bench.people()
    assert person.faces == 2
    bench.put("late.png", face("ada", distance=0.1, quality=poor))
    grouped(bench)
    [person] = bench.people()
    assert person.faces == 3


def test_faces_of_one_photo_are_never_one_person(bench: Bench) -> None:
    put_all(bench, {f"{n}.png": [face("ada", place, 0.05) for place in range(9)] for n in range(4)})
    grouped(bench)
    pairs = [(row.photo, row.person) for row in bench.faces() if row.person is not None]
    assert len(pairs) == len(set(pairs)) > 0


def test_a_rejected_face_stays_out_of_its_group(bench: Bench) -> None:
    put_all(bench, {f"{n}.png": [face("ada", distance=0.1)] for n in range(4)})
    grouped(bench)
    [person] = bench.people()
    out = bench.faces()[0]
    people.unassign_face(bench.ctx, out.face)
    grouped(bench)
    bench.put("5.png", face("ada", distance=0.1))
    grouped(bench)
    after = {row.face: row.person for row in bench.faces()}
    assert after[out.face] != person.person
    assert list(after.values()).count(person.person) >= 3


def test_one_grouping_at_a_time(bench: Bench) -> None:
    put_all(bench, {"1.png": [face("ada")], "2.png": [face("ada")]})
    with bench.ctx.database.hold(*group.GROUP_LOCK) as ours:
        assert ours
        assert group_new_faces(bench.ctx).faces == 0
    assert group_new_faces(bench.ctx).faces == 2


def test_a_face_that_the_user_takes_meanwhile_is_the_users(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the moment when grouping meets a lone face and the moment when it writes."""
    lone = bench.put("1.png", face("ada"))
    grouped(bench)
    bench.put("2.png", face("ada"))
    [row] = bench.faces(lone)
    user = threading.Thread(target=people.assign_face, args=(bench.ctx, row.face), kwargs={"name": "Eve"})
    real = grouping.near

    def near(*arguments: Any, **options: Any) -> list[Near]:
        if not user.ident:
            user.start()
            user.join(timeout=0.5)
        return real(*arguments, **options)

    monkeypatch.setattr(grouping, "near", near)
    grouped(bench)
    user.join()
    [after] = bench.faces(lone)
    assert (after.name, after.assigned_by) == ("Eve", "user")
    assert grouped(bench) >= 0


def test_big_groups_and_many_strangers(bench: Bench) -> None:
    """More faces of one person than neighbours are asked for, among strangers."""
    known = {f"a{n}.png": [face("ada", distance=0.25)] for n in range(70)}
    strangers = {f"s{n}.png": [face(f"stranger {n}")] for n in range(30)}
    put_all(bench, known | strangers)
    grouped(bench)
    assert [row.faces for row in bench.people()] == [70]
    people.name_person(bench.ctx, bench.people()[0].person, "Ada")
    photo = bench.put("new.png", face_at(Box(0.1, 0.1, 0.2, 0.2), like("ada", 0.25)))
    assert bench.faces(photo)[0].name == "Ada"
