"""Changing the model pack: beside the old one, whole or not at all, and nothing that anybody said is lost."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_packs import write_opencv
from models_support import (
    Looking,
    active,
    decided,
    embed,
    going,
    lacking,
    left,
    now,
    number,
    unit,
    use,
    with_two_packs,
    work,
)
from store_support import WORKER, Bench, analysis, face, like, write_photo

from facekeep.actions import analyse, bringing, embedding, models, people, standing
from facekeep.actions.faces import draw_face
from facekeep.actions.group import group_new_faces
from facekeep.actions.using import Current, current
from facekeep.domain.errors import Conflict, FailureCode, ModelFault, TermsNotAccepted
from facekeep.domain.faces import Box
from facekeep.domain.packs import BUFFALO_S, BUNDLED, OPENCV
from facekeep.inference import packs as files
from facekeep.store import faces as face_store
from facekeep.store import packs
from facekeep.store.database import GaveWay
from facekeep.store.packs import PutOff
from facekeep.worker.boxes import StaleFaces


@pytest.fixture
def two(bench: Bench, tmp_path: Path) -> Bench:
    """Three photos of two people, one of them named; a second pack at hand."""
    with_two_packs(bench.ctx, tmp_path / "given")
    bench.put("a.png", face("ada"), face("grace", 1))
    bench.put("b.png", face("ada"), face("grace", 1))
    bench.put("c.png", face("ada"))
    group_new_faces(bench.ctx)
    return bench


def test_a_change_ends_when_every_face_is_embedded_and_nothing_said_is_lost(two: Bench) -> None:
    before = decided(two)
    use(two)
    assert active(two.ctx) == BUNDLED.label
    assert embed(two.ctx, 2) == 2
    change = going(two)
    assert change is not None
    assert (change.photos, change.done, change.waiting, change.wanted) == (3, 2, 1, OPENCV.label)
    assert not models.finish(two.ctx)
    work(two)
    assert (active(two.ctx), going(two)) == (OPENCV.label, None)
    assert decided(two) == before
    assert lacking(two, number(two)) == 0
    assert lacking(two, two.ctx.pack_id) == 0


def test_changing_back_is_instant_and_forth_as_well(two: Bench) -> None:
    use(two)
    work(two)
    before = decided(two)
    models.use(two.ctx, BUNDLED, accepted=False)
    assert active(two.ctx) == BUNDLED.label
    use(two)
    assert active(two.ctx) == OPENCV.label
    assert decided(two) == before


def test_matching_goes_by_the_pack_in_use(two: Bench) -> None:
    """Under the new pack, a face is like Ada's that was far from everybody under the old one."""
    [ada] = [row.person for row in two.people() if row.faces == 3]
    people.name_person(two.ctx, ada, "Ada")
    hers = {row.face for row in two.faces() if row.person == ada}
    use(two)
    axis = np.eye(OPENCV.dimensions, dtype=np.float32)
    work(two, say=lambda found: axis[0] if found in hers else unit(found))
    write_photo(two.root / "d.png", "d.png")
    two.scan()
    now(two)
    [claimed] = two.claim()
    seen = replace(face("stranger"), embedding=axis[0])
    assert analyse.record(two.ctx, claimed, replace(analysis(seen), pack=OPENCV.label))
    said = two.tuples(
        "SELECT person_id, decided_by::text, pack_id FROM assignment WHERE photo_id = %(p)s", p=claimed.photo
    )
    assert said == [(ada, "auto", number(two))]


def test_an_answer_under_the_pack_before_is_not_stored(two: Bench) -> None:
    """The photo was in a child's hands when the pack changed: it is looked at again, uncharged."""
    write_photo(two.root / "d.png", "d.png")
    two.scan()
    [claimed] = two.claim()
    use(two)
    work(two)
    stale = two.ctx  # of a worker that has not heard of it yet
    assert not analyse.record(stale, claimed, analysis(face("ada")))
    assert two.photo("d.png").state == "waiting"
    [again] = two.claim()
    assert again.photo == claimed.photo


def test_photos_that_come_meanwhile_get_both(two: Bench) -> None:
    use(two)
    embed(two.ctx)
    new = two.put("d.png", face("ada"), face("linus", 1))
    assert not models.finish(two.ctx)
    assert left(two).waiting == 1
    work(two)
    assert active(two.ctx) == OPENCV.label
    found = two.tuples(
        "SELECT f.id, count(*) FROM face f JOIN embedding e ON e.face_id = f.id WHERE f.photo_id = %(photo)s"
        " GROUP BY f.id",
        photo=new,
    )
    assert [count for _, count in found] == [2, 2]


def test_a_face_that_comes_after_the_switch_under_the_pack_before_is_found(two: Bench) -> None:
    """Somebody who still held the old pack wrote it. The database queues it, and it is embedded anew."""
    use(two)
    work(two)
    old = two.ctx.pack_id
    with two.ctx.database.write("user") as writer:
        photo = two.photo("a.png").photo
        made = writer.value(
            "INSERT INTO face (photo_id, x, y, width, height, source) VALUES"
            " (%(photo)s, 0.7, 0.7, 0.1, 0.1, 'drawn') RETURNING id",
            {"photo": photo},
        )
        vector = like("ada")
        writer.run("INSERT INTO embedding VALUES (%(f)s, %(p)s, %(v)s)", {"f": made, "p": old, "v": vector})
    assert left(two).waiting == 1
    assert embed(two.ctx) == 1
    assert lacking(two, number(two)) == 0


def test_a_face_that_moves_loses_what_was_seen_elsewhere(two: Bench) -> None:
    use(two)
    embed(two.ctx)
    moved = two.faces()[0].face
    two.sql("UPDATE face SET x = x + 0.01 WHERE id = %(face)s", face=moved)
    assert lacking(two, number(two)) == 1
    assert lacking(two, two.ctx.pack_id) == 0
    assert not models.finish(two.ctx)
    work(two)
    assert active(two.ctx) == OPENCV.label


def test_a_face_that_moves_while_it_is_embedded_is_embedded_again(two: Bench) -> None:
    use(two)
    tasks = embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10)
    moved = tasks[0].faces[0].face
    two.sql("UPDATE face SET x = x + 0.01 WHERE id = %(face)s", face=moved)
    for task in tasks:
        embedding.record(two.ctx, task, np.array([unit(place.face) for place in task.faces]))
    assert lacking(two, number(two)) > 0
    assert not models.finish(two.ctx)
    work(two)
    assert (lacking(two, number(two)), active(two.ctx)) == (0, OPENCV.label)


def test_pause_resume_and_cancel(two: Bench) -> None:
    with pytest.raises(Conflict):
        models.pause(two.ctx)
    use(two)
    models.pause(two.ctx)
    change = going(two)
    assert change is not None
    assert change.paused
    assert embed(two.ctx) == 0
    models.resume(two.ctx)
    assert embed(two.ctx, 1) == 1
    assert models.cancel(two.ctx)
    assert (going(two), active(two.ctx), embed(two.ctx)) == (None, BUNDLED.label, 0)
    use(two)
    change = going(two)
    assert change is not None
    assert change.photos == 2  # what was embedded before the cancel is kept


def test_using_the_pack_in_use_ends_the_change(two: Bench) -> None:
    use(two)
    models.use(two.ctx, BUNDLED, accepted=False)
    assert (going(two), active(two.ctx)) == (None, BUNDLED.label)


def test_pausing_all_work_pauses_this_too(two: Bench) -> None:
    use(two)
    two.sql("UPDATE control SET paused = true, paused_at = now()")
    assert embed(two.ctx) == 0


def test_photos_in_folders_that_are_away_are_waited_for(two: Bench) -> None:
    two.sql("UPDATE library SET online = false")
    use(two)
    assert embed(two.ctx) == 0
    assert not models.finish(two.ctx)
    assert (left(two).waiting, left(two).away) == (3, 3)
    two.sql("UPDATE library SET online = true")
    work(two)
    assert active(two.ctx) == OPENCV.label


def test_or_not_waited_for_and_embedded_when_they_are_back(two: Bench) -> None:
    two.sql("UPDATE library SET online = false")
    use(two)
    use(two, without_away=True)
    assert active(two.ctx) == OPENCV.label
    assert left(two).waiting == 3
    two.sql("UPDATE library SET online = true")
    assert embed(two.ctx) == 3
    assert lacking(two, number(two)) == 0


def test_photos_whose_file_is_gone_are_not_waited_for(two: Bench) -> None:
    (two.root / "c.png").unlink()
    two.scan()
    use(two)
    work(two)
    assert active(two.ctx) == OPENCV.label
    assert (left(two).waiting, left(two).gone) == (0, 1)


def test_a_photo_that_fails_is_told_and_given_up_and_tried_again_when_asked(two: Bench) -> None:
    use(two)
    for _ in range(3):
        for task in embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10):
            if task.photo == two.photo("c.png").photo:
                embedding.put_off(two.ctx, task, PutOff(FailureCode.CRASHED, "it crashed", True, 0, 3))
            else:
                embedding.give_back(two.ctx, [task])
    with two.ctx.database.read() as reader:
        [failed] = packs.failed(reader, limit=10)
    assert (failed.code, failed.message, failed.tries) == ("crashed", "it crashed", 3)
    assert left(two).failed == 1
    models.resume(two.ctx)
    assert left(two).failed == 0
    work(two)
    assert lacking(two, number(two)) == 0


def test_a_failed_photo_does_not_hold_the_others_up(two: Bench) -> None:
    use(two)
    [first, *others] = embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10)
    embedding.put_off(two.ctx, first, PutOff(FailureCode.CRASHED, "it crashed", True, 0, 1))
    embedding.give_back(two.ctx, others)
    work(two)
    assert active(two.ctx) == OPENCV.label
    assert left(two).failed == 1


def test_what_a_dead_worker_held_comes_back(two: Bench) -> None:
    use(two)
    assert len(embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10)) == 3
    assert embed(two.ctx) == 0
    with two.ctx.database.write() as writer:
        assert packs.return_orphans(writer) == 3
    work(two)
    assert active(two.ctx) == OPENCV.label


def answer(bench: Bench, task: embedding.Task) -> bool:
    return embedding.record(bench.ctx, task, np.array([unit(place.face) for place in task.faces]))


def test_an_answer_after_the_lease_was_lost_is_not_stored(two: Bench) -> None:
    use(two)
    [task, *_] = embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10)
    with two.ctx.database.write() as writer:
        packs.return_orphans(writer)
    assert not answer(two, task)
    assert lacking(two, number(two)) == 5


def test_an_answer_after_a_cancel_is_kept_for_the_next_time(two: Bench) -> None:
    """And a face that lacks an embedding under the pack in use is still queued."""
    use(two)
    [task, *others] = embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10)
    embedding.give_back(two.ctx, others)
    two.sql(
        "WITH gone AS (DELETE FROM embedding WHERE pack_id = %(p)s AND face_id = %(f)s)"
        " UPDATE face SET stale = true WHERE id = %(f)s",
        p=two.ctx.pack_id,
        f=task.faces[0].face,
    )
    models.cancel(two.ctx)
    assert answer(two, task)
    assert lacking(two, number(two)) == 5 - len(task.faces)
    assert (task.photo, None) in two.tuples("SELECT photo_id, leased_by FROM unembedded")


def test_a_change_whose_beginning_died_is_begun_by_whoever_comes(two: Bench) -> None:
    with two.ctx.database.write("user") as writer:
        pack = face_store.add_pack(writer, OPENCV)
        packs.note_embedder(writer, pack, files.fingerprint(two.ctx.models_folder, OPENCV.label))
        packs.want(writer, pack, without_away=False)
    assert not models.finish(two.ctx)  # nothing is queued yet, and nothing is embedded
    assert active(two.ctx) == BUNDLED.label
    models.fill(two.ctx)
    assert left(two).waiting == 3
    work(two)
    assert active(two.ctx) == OPENCV.label


def test_a_vector_that_is_no_unit_is_refused_by_the_database(two: Bench) -> None:
    use(two)
    [task, *_] = embedding.claim(two.ctx, embedding.target(two.ctx), WORKER, 10)
    with pytest.raises(Conflict, match="norm_of_the_pack"):
        embedding.record(two.ctx, task, np.full((len(task.faces), 128), 3, np.float32))


def test_files_of_another_embedder_are_not_mixed_in(two: Bench, tmp_path: Path) -> None:
    use(two)
    by_hand = write_opencv(tmp_path / "other", seed=9)
    bringing.add(two.ctx.models_folder, OPENCV, tmp_path / "other", accepted=True, by_hand=by_hand)
    with pytest.raises(ModelFault, match="others than those"):
        embed(two.ctx)
    with pytest.raises(Conflict, match="another embedder"):
        use(two)
    models.cancel(two.ctx)
    assert models.remove(two.ctx, OPENCV) == 0
    bringing.add(two.ctx.models_folder, OPENCV, tmp_path / "other", accepted=True, by_hand=by_hand)
    use(two)
    work(two)
    assert active(two.ctx) == OPENCV.label


def test_a_pack_is_removed_with_all_that_was_derived_from_it(two: Bench) -> None:
    """Exemplars refer to its embeddings, which are emptied all at once."""
    [ada] = [row.person for row in two.people() if row.faces == 3]
    people.name_person(two.ctx, ada, "Ada")
    group_new_faces(two.ctx)
    old = two.ctx.pack_id
    derived = ("exemplar", "surroundings", "embedding")

    def kept(table: str) -> object:
        return two.value(f"SELECT count(*) FROM {table} WHERE pack_id = %(old)s", old=old)

    assert 0 not in [kept(table) for table in derived]
    use(two)
    work(two)
    group_new_faces(now(two).ctx)
    before = decided(two)
    with two.ctx.database.read() as reader:
        assert reader.value("SELECT count(*) FROM embedding") == 10
        # All would wait behind whoever waits for this one.
        with pytest.raises(GaveWay):
            models.remove(two.ctx, BUNDLED)
    assert models.remove(two.ctx, BUNDLED) == 5
    assert [kept(table) for table in derived] == [0, 0, 0]
    assert decided(two) == before
    assert two.value("SELECT count(*) FROM exemplar") == 3
    # And it takes in embeddings as before, with all that holds for them.
    models.use(two.ctx, BUNDLED, accepted=False)
    work(two, say=lambda found: np.asarray(1.4 * unit(found), dtype=np.float32))
    assert kept("embedding") == 5
    with pytest.raises(Conflict, match="norm_of_the_pack"):
        two.sql(
            "UPDATE embedding SET vector = array_fill(9, ARRAY[128])::vector WHERE pack_id = %(p)s", p=old
        )
    with pytest.raises(Conflict, match="foreign key"):
        two.sql("UPDATE embedding SET face_id = -face_id WHERE pack_id = %(p)s", p=old)


def test_a_pack_is_removed_only_when_it_is_not_needed(two: Bench) -> None:
    use(two)
    with pytest.raises(Conflict):
        models.remove(two.ctx, OPENCV)
    work(two)
    with pytest.raises(Conflict):
        models.remove(two.ctx, OPENCV)
    assert models.remove(two.ctx, BUNDLED) == 5
    with pytest.raises(ModelFault):
        models.use(two.ctx, BUFFALO_S, accepted=True)
    before = decided(two)
    models.use(two.ctx, BUNDLED, accepted=False)
    assert active(two.ctx) == OPENCV.label
    work(two, say=lambda found: np.asarray(1.4 * unit(found), dtype=np.float32))
    assert active(two.ctx) == BUNDLED.label
    assert decided(two) == before


def test_terms_are_asked_for(two: Bench) -> None:
    with pytest.raises(TermsNotAccepted):
        models.use(two.ctx, BUFFALO_S, accepted=False)


def test_what_follows_a_switch_is_done_again_when_it_did_not_end(
    two: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def derive(ctx: object) -> None:
        called.append("called")
        if len(called) == 1:
            raise ModelFault("the process died here")

    monkeypatch.setattr(models, "AFTER_SWITCH", (derive,))
    use(two)
    while embed(two.ctx):
        pass
    with pytest.raises(ModelFault):
        models.finish(two.ctx)
    assert active(two.ctx) == OPENCV.label
    models.settle(two.ctx)
    models.settle(two.ctx)
    assert called == ["called", "called"]


def test_a_server_follows_without_a_restart(two: Bench) -> None:
    following = Current(two.ctx, every_s=0.0)
    assert following.context().pack is BUNDLED
    use(two)
    work(two)
    assert following.context().pack is OPENCV
    assert current(two.ctx).pack_id == number(two)


@pytest.fixture
def adding(two: Bench) -> Iterator[threading.Event]:
    """Somebody adds faces all the time."""
    ending = threading.Event()

    def add() -> None:
        place = 0
        while not ending.wait(0.1):
            place += 1
            with two.ctx.database.write() as writer:
                photo = two.photo("a.png").photo
                box = Box(0.6 + place * 1e-5, 0.6, 0.1, 0.1)
                made = writer.value(
                    "INSERT INTO face (photo_id, x, y, width, height, source) VALUES"
                    " (%(photo)s, %(x)s, 0.6, 0.1, 0.1, 'drawn') RETURNING id",
                    {"photo": photo, "x": box.x},
                )
                row = {"f": made, "p": two.ctx.pack_id, "v": like("ada")}
                writer.run("INSERT INTO embedding VALUES (%(f)s, %(p)s, %(v)s)", row)

    thread = threading.Thread(target=add)
    thread.start()
    yield ending
    ending.set()
    thread.join()


def test_no_face_slips_through_the_switch(two: Bench, adding: threading.Event) -> None:
    """At every moment, a face without an embedding under the pack in use is queued."""
    use(two)
    deadline = time.monotonic() + 20
    while active(two.ctx) != OPENCV.label and time.monotonic() < deadline:
        work(two)
    adding.set()
    time.sleep(0.3)
    assert active(two.ctx) == OPENCV.label
    lost = two.value(
        "SELECT count(*) FROM face f WHERE NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id"
        " AND e.pack_id = %(pack)s) AND NOT EXISTS (SELECT FROM unembedded u WHERE u.photo_id = f.photo_id)",
        pack=number(two),
    )
    assert lost == 0
    while embed(two.ctx):
        pass
    assert lacking(two, number(two)) == 0


def test_what_was_put_away_does_not_wait_and_the_library_is_counted_again(two: Bench) -> None:
    put_away = two.faces()[0].face
    standing.ignore(two.ctx, [put_away])
    use(two)
    work(two)
    assert two.tuples("SELECT id FROM face WHERE NOT grouped AND standing <> 'shown'") == []
    models.use(two.ctx, BUNDLED, accepted=False)
    assert two.tuples("SELECT faces FROM surroundings") == []


def test_boxes_are_looked_at_by_the_pack_in_use(two: Bench) -> None:
    """Also by a process that runs since before the change."""
    looking = Looking()
    stale = StaleFaces(two.ctx, looking)
    use(two)
    work(two)
    drawn = draw_face(now(two).ctx, two.photo("c.png").photo, Box(0.6, 0.6, 0.2, 0.2))
    assert stale.look(lambda: False) == 1
    assert looking.packs == [OPENCV.label]
    assert two.tuples("SELECT pack_id FROM embedding WHERE face_id = %(f)s", f=drawn.face) == [(number(two),)]
