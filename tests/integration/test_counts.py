"""Counts that are kept are what counting gives, at any moment, whoever changed what."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from store_support import WAITING, Bench, face
from worker_support import eventually

from facekeep.actions import circles, counting, details, journal, moving, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import UsageError
from facekeep.store import directory

NAMES = ("Ada", "Grace", "Zoë Ångström", "Łukasz", None)


def wrong(bench: Bench) -> list[tuple[object, ...]]:
    return bench.tuples(directory.SQL["wrongly_counted"])


@pytest.fixture
def crowd(bench: Bench) -> Bench:
    """Ten photos, with several people in most."""
    for number, who in enumerate([("ada", "grace"), ("ada",), ("ada", "hedy", "grace"), ("hedy",)] * 2):
        bench.put(f"{number}.png", *(face(one, place) for place, one in enumerate(who)))
    bench.put("nobody.png")
    while group_new_faces(bench.ctx).faces:
        pass
    assert not wrong(bench)
    return bench


def test_a_wrong_count_would_be_seen(crowd: Bench) -> None:
    people.name_person(crowd.ctx, crowd.people()[0].person, "Ada")
    crowd.sql("UPDATE person_tally SET faces = faces + 1 WHERE person_id = (SELECT min(id) FROM person)")
    assert [row[0] for row in wrong(crowd)] == ["person"]
    crowd.sql("UPDATE photo_tally SET named = 0")
    assert "photo" in {row[0] for row in wrong(crowd)}
    crowd.sql("DELETE FROM called")
    assert "called" in {row[0] for row in wrong(crowd)}
    crowd.sql("SELECT count_everything_again()")
    assert wrong(crowd) == []


def test_marks_that_nobody_counted_yet_change_no_answer(crowd: Bench) -> None:
    before = {row.person: (row.faces, row.photos) for row in crowd.people()}
    crowd.sql("INSERT INTO stale_person SELECT id FROM person; INSERT INTO stale_photo SELECT id FROM photo")
    crowd.sql("UPDATE person_tally SET faces = 99; UPDATE photo_tally SET faces = 99")
    assert wrong(crowd) == []
    assert {row.person: (row.faces, row.photos) for row in crowd.people()} == before
    crowd.sql("SELECT count_stale(1000)")
    assert crowd.value("SELECT count(*) FROM stale_person") == 0
    assert wrong(crowd) == []


def test_what_is_left_is_counted_in_the_background_or_waits_for_who_is_at_it(crowd: Bench) -> None:
    crowd.sql("UPDATE person_tally SET faces = 99; UPDATE photo_tally SET faces = 99")
    crowd.sql("INSERT INTO stale_photo SELECT id FROM photo, generate_series(1, 300)")
    crowd.sql("INSERT INTO stale_person SELECT id FROM person")
    marks = crowd.value("SELECT count(*) FROM stale_photo")
    with crowd.ctx.database.write() as elsewhere:
        elsewhere.tuples("SELECT pg_advisory_xact_lock(hashtext('facekeep.count_stale'))")
        counting.count_left(crowd.ctx)  # comes back
        assert crowd.value("SELECT count(*) FROM stale_photo") == marks
    counting.count_left(crowd.ctx, lambda: True)
    assert crowd.value("SELECT count(*) FROM stale_photo") == marks
    counting.count_left(crowd.ctx)
    assert crowd.tuples("SELECT FROM stale_photo UNION ALL SELECT FROM stale_person") == []
    assert crowd.tuples("SELECT FROM photo_tally WHERE faces = 99") == []
    assert wrong(crowd) == []


def verbs(bench: Bench, random_: random.Random) -> list[Callable[[], object]]:
    """What may be done now, by users and machines, also in ways that are refused."""
    known = [row.person for row in bench.people()]
    faces = [row.face for row in bench.faces()]
    if not known or not faces:
        return [lambda: journal.undo_latest(bench.ctx)] * 10
    one, other = random_.choice(known), random_.choice(known)
    some = random_.sample(faces, k=min(3, len(faces)))
    decision = random_.randint(1, 60)
    return [
        lambda: people.name_person(bench.ctx, one, random_.choice(NAMES)),
        lambda: people.merge_people(bench.ctx, one, other),
        lambda: moving.move_faces(bench.ctx, some, person_id=one),
        lambda: moving.move_faces(bench.ctx, some, name=random_.choice(NAMES)),
        lambda: moving.remove_faces(bench.ctx, some),
        lambda: details.delete_person(bench.ctx, one),
        lambda: details.edit_person(bench.ctx, one, {"aliases": ["Countess", "Gräfin"]}),
        lambda: journal.undo(bench.ctx, decision),
        lambda: journal.undo_latest(bench.ctx),
        lambda: journal.redo_latest(bench.ctx),
        lambda: group_new_faces(bench.ctx),
        lambda: circles.create_circle(bench.ctx, f"Circle {decision}", [one, other]),
        lambda: bench.sql("DELETE FROM face WHERE id = (SELECT min(id) FROM face f WHERE NOT EXISTS "
                          "(SELECT FROM assignment a WHERE a.face_id = f.id AND a.decided_by <> 'auto') "
                          "AND NOT EXISTS (SELECT FROM rejection r WHERE r.face_id = f.id))"),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_right_after_every_verb(crowd: Bench, seed: int) -> None:
    random_ = random.Random(seed)
    done = 0
    for _ in range(40):
        try:
            random_.choice(verbs(crowd, random_))()
            done += 1
        except UsageError:
            continue  # refused: nothing may have changed either
        finally:
            assert wrong(crowd) == []
    assert done > 12


def test_counts_are_right_after_several_at_once(crowd: Bench) -> None:
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        random_ = random.Random(seed)
        try:
            for _ in range(12):
                try:
                    random_.choice(verbs(crowd, random_)[:10])()
                except UsageError:
                    continue
                if wrong(crowd):
                    raise AssertionError(wrong(crowd))
        except BaseException as error:  # noqa: BLE001 - told by the test below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(100 + number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert wrong(crowd) == []


def test_faces_and_photos_are_totalled_from_the_counts(crowd: Bench) -> None:
    from facekeep.store import listing

    person = crowd.people()[0]
    moving.remove_faces(crowd.ctx, [crowd.faces()[0].face])
    with crowd.ctx.database.read() as reader:
        for filters in ({}, {"unassigned": True}, {"person": person.person}, {"photo": 1}):
            page = listing.faces(reader, **filters)
            assert page.total == len(page.items)
        for number in (None, person.person):
            found = listing.photos(reader, person=number)
            assert found.total == len(found.items)
        status = listing.status(reader)
        assert (status.photos, status.done, status.faces) == (9, 9, len(crowd.faces()))


def test_who_is_erased_meanwhile_costs_nobody_a_decision(crowd: Bench) -> None:
    one, other, *_ = [row.person for row in crowd.people()]
    people.name_person(crowd.ctx, other, "Grace")
    crowd.sql("INSERT INTO stale_person VALUES (%(p)s, NULL)", p=one)
    with ThreadPoolExecutor() as pool, crowd.ctx.database.write("user") as writer:
        writer.run("DELETE FROM person_tally WHERE person_id = %(p)s", {"p": one})
        writer.run("DELETE FROM assignment WHERE person_id = %(p)s", {"p": one})
        writer.run("DELETE FROM stale_photo")
        writer.run("DELETE FROM person WHERE id = %(p)s", {"p": one})
        naming = pool.submit(people.name_person, crowd.ctx, other, "Grace H")
        eventually(lambda: crowd.value(WAITING) == 1, "it waits for what is being erased")
    naming.result()
    assert crowd.value("SELECT name FROM person WHERE id = %(p)s", p=other) == "Grace H"
    crowd.sql("SELECT count_stale(1000)")
    assert wrong(crowd) == []
