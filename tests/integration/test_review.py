"""Answering "is this face that person?": each answer, many at once, taken back and done again."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from review_support import (
    answer,
    decision,
    decisions,
    grouped,
    line,
    named,
    open_pairs,
    queue,
    strangers,
    suggest,
    truth,
)
from store_support import Bench, face

from facekeep.actions import details, journal, people, review
from facekeep.actions.people import assign_face
from facekeep.domain.errors import NotFound, UsageError
from facekeep.domain.review import Answer, Word
from facekeep.store.review import Narrowed


@pytest.fixture
def two(bench: Bench) -> tuple[int, int]:
    """Ada and Grace, each in three photos."""
    ada, grace = named(bench, "ada", "grace")
    return ada, grace


ANSWERS: dict[str, Callable[[int, int, int], Answer]] = {
    "accept": lambda face, ada, grace: Answer(face, ada, "accept"),
    "reject": lambda face, ada, grace: Answer(face, ada, "reject"),
    "another person": lambda face, ada, grace: Answer(face, ada, "other", to=grace),
    "a new name": lambda face, ada, grace: Answer(face, ada, "other", name=" Hedy  Lamarr "),
    "no face": lambda face, ada, grace: Answer(face, ada, "not_a_face"),
    "ignore": lambda face, ada, grace: Answer(face, ada, "ignore"),
}
BECAME = {
    "accept": ("accepted", "said that face {face} is Ada"),
    "reject": ("rejected", "said that face {face} is not Ada"),
    "another person": ("reassigned", "said that face {face} is not Ada but Grace"),
    "a new name": ("reassigned", "said that face {face} is not Ada but Hedy Lamarr"),
    "no face": ("not_a_face", "said that there is no face {face}"),
    "ignore": ("ignored", "ignored face {face}"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_is_undone_and_done_again_and_the_question_with_it(
    bench: Bench, two: tuple[int, int], kind: str
) -> None:
    [stranger] = strangers(bench, 1)
    assert suggest(bench.ctx, stranger, two[0])
    before, asked = truth(bench), queue(bench.ctx)
    outcome, said = BECAME[kind]
    assert answer(bench.ctx, ANSWERS[kind](stranger, *two)) == [outcome]
    after, number = truth(bench), decision(bench)
    assert after != before
    assert line(bench) == "You " + said.format(face=stranger)
    assert queue(bench.ctx) == []
    undone = journal.undo(bench.ctx, number)
    assert (undone.left, truth(bench)) == ((), before)
    assert queue(bench.ctx) == asked, "the question is there again, as it was"
    assert journal.redo(bench.ctx, number).left == ()
    assert (truth(bench), queue(bench.ctx)) == (after, [])


def test_skipping_puts_a_question_last_and_is_no_decision(bench: Bench, two: tuple[int, int]) -> None:
    first, second = strangers(bench, 2)
    suggest(bench.ctx, first, two[0], 0.9)
    suggest(bench.ctx, second, two[0], 0.6)
    entries = decisions(bench)
    assert answer(bench.ctx, Answer(first, two[0], "skip")) == ["skipped"]
    assert [(row.face, row.skipped) for row in queue(bench.ctx)] == [(second, False), (first, True)]
    review.take_skip_back(bench.ctx, first, two[0])
    assert [(row.face, row.skipped) for row in queue(bench.ctx)] == [(first, False), (second, False)]
    assert decisions(bench) == entries


def test_a_rejected_question_is_never_asked_again(bench: Bench, two: tuple[int, int]) -> None:
    [stranger] = strangers(bench, 1)
    suggest(bench.ctx, stranger, two[0])
    answer(bench.ctx, Answer(stranger, two[0], "reject"))
    assert not suggest(bench.ctx, stranger, two[0]), "the database refuses it"
    assert suggest(bench.ctx, stranger, two[1]), "somebody else may be asked about"


def test_a_persons_word_that_came_meanwhile_is_not_overwritten(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    [stranger] = strangers(bench, 1)
    suggest(bench.ctx, stranger, ada)
    assign_face(bench.ctx, stranger, person_id=grace)
    before, entries = truth(bench), decisions(bench)
    words: list[Word] = ["accept", "reject", "skip"]
    for word in words:
        [given] = review.answer_suggestions(bench.ctx, [Answer(stranger, ada, word)])
        assert (given.outcome, given.now) == ("answered", grace)
    assert answer(bench.ctx, Answer(stranger, ada, "other", name="Hedy")) == ["answered"]
    assert (truth(bench), decisions(bench)) == (before, entries)


def test_a_machine_that_was_quicker_with_the_same_person_is_confirmed_or_overruled(
    bench: Bench, two: tuple[int, int]
) -> None:
    ada, _ = two
    shown = bench.faces(bench.put("more.png", face("ada")))[0]
    other = bench.faces(bench.put("again.png", face("ada")))[0]
    assert (shown.person, shown.assigned_by) == (ada, "auto")
    assert answer(bench.ctx, Answer(shown.face, ada, "accept"), Answer(other.face, ada, "reject")) == [
        "accepted",
        "rejected",
    ]
    now = {row.face: (row.person, row.assigned_by) for row in bench.faces()}
    assert now[shown.face] == (ada, "user")
    assert now[other.face] == (None, None)


def test_accepting_displaces_what_a_machine_took_for_the_same_person(
    bench: Bench, two: tuple[int, int]
) -> None:
    ada, _ = two
    photo = bench.put("pair.png", face("ada"), face("stranger", place=4))
    wrong, right = (row.face for row in bench.faces(photo))
    assert suggest(bench.ctx, right, ada)
    assert answer(bench.ctx, Answer(right, ada, "accept")) == ["accepted"]
    assert {row.face: row.person for row in bench.faces(photo)} == {wrong: None, right: ada}


def test_one_photo_has_a_person_once(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    photo = bench.put("pair.png", face("one"), face("other", place=4))
    one, other = (row.face for row in bench.faces(photo))
    suggest(bench.ctx, one, ada)
    suggest(bench.ctx, other, ada, 0.9)
    assert answer(bench.ctx, Answer(one, ada, "accept"), Answer(other, ada, "accept")) == [
        "accepted",
        "in_photo",
    ]
    assert open_pairs(bench.ctx) == [], "the other face is not asked about"
    assert answer(bench.ctx, Answer(other, ada, "accept")) == ["in_photo"]
    assert not suggest(bench.ctx, other, ada)
    journal.undo(bench.ctx, decision(bench))
    assert open_pairs(bench.ctx) == [(other, ada), (one, ada)]


def test_many_answers_are_one_decision_with_a_word_for_each(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    faces = strangers(bench, 7)
    for stranger in faces[:6]:
        suggest(bench.ctx, stranger, ada)
    assign_face(bench.ctx, faces[3], person_id=grace)
    before, entries, asked = truth(bench), decisions(bench), open_pairs(bench.ctx)
    answers = [
        Answer(faces[0], ada, "accept"),
        Answer(faces[1], ada, "reject"),
        Answer(faces[2], ada, "other", name="Hedy"),
        Answer(faces[3], ada, "accept"),
        Answer(faces[4], ada, "other", name="Hedy"),
        Answer(faces[5], ada, "skip"),
        Answer(faces[6], ada, "accept"),
        Answer(10**9, ada, "accept"),
        Answer(faces[5], 10**9, "accept"),
    ]
    given = review.answer_suggestions(bench.ctx, answers)
    assert [item.outcome for item in given] == [
        "accepted",
        "rejected",
        "reassigned",
        "answered",
        "reassigned",
        "skipped",
        "not_found",
        "not_found",
        "not_found",
    ]
    assert [(item.face, item.person) for item in given] == [(item.face, item.person) for item in answers]
    assert given[2].now == given[4].now, "one name is one new person"
    assert decisions(bench) == entries + 1
    assert line(bench) == "You answered 4 suggestions: 1 yes, 1 no, 2 somebody else"
    journal.undo(bench.ctx, decision(bench))
    assert truth(bench) == before
    assert sorted(open_pairs(bench.ctx)) == sorted(asked)


def test_one_face_has_one_yes(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    [stranger] = strangers(bench, 1)
    suggest(bench.ctx, stranger, ada)
    suggest(bench.ctx, stranger, grace, 0.7)
    assert answer(bench.ctx, Answer(stranger, ada, "accept"), Answer(stranger, grace, "accept")) == [
        "accepted",
        "answered",
    ]
    journal.undo(bench.ctx, decision(bench))
    assert answer(bench.ctx, Answer(stranger, ada, "accept"), Answer(stranger, grace, "reject")) == [
        "accepted",
        "rejected",
    ]
    assert bench.tuples("SELECT face_id, person_id FROM rejection") == [(stranger, grace)]


@pytest.mark.parametrize("word", ["accept", "reject"])
def test_all_of_a_person_from_a_confidence_on(bench: Bench, two: tuple[int, int], word: str) -> None:
    ada, _ = two
    pair = bench.faces(bench.put("pair.png", face("one"), face("other", place=4)))
    faces = strangers(bench, 4)
    for number, stranger in enumerate([pair[0].face, pair[1].face, *faces]):
        suggest(bench.ctx, stranger, ada, 0.95 - 0.1 * number)
    answer(bench.ctx, Answer(faces[0], ada, "skip"))
    before, entries = truth(bench), decisions(bench)
    act = review.accept_all if word == "accept" else review.reject_all
    given = act(bench.ctx, ada, minimum=0.6)
    second = "in_photo" if word == "accept" else "rejected"
    done = "accepted" if word == "accept" else "rejected"
    assert [(item.face, item.outcome) for item in given.items] == [
        (pair[0].face, done),
        (pair[1].face, second),
        (faces[1], done),
    ]
    assert given.left == 1, "what was skipped is left"
    assert open_pairs(bench.ctx) == [(faces[2], ada), (faces[3], ada), (faces[0], ada)]
    assert decisions(bench) == entries + 1
    assert "about Ada" in line(bench)
    journal.undo(bench.ctx, decision(bench))
    assert truth(bench) == before
    assert len(act(bench.ctx, ada, skipped=True, limit=2).items) == 2
    with pytest.raises(NotFound):
        act(bench.ctx, 10**9)


def test_answers_that_cannot_be_are_refused(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    [stranger] = strangers(bench, 1)
    suggest(bench.ctx, stranger, ada)
    for wrong in (
        [],
        [Answer(stranger, ada, "other")],
        [Answer(stranger, ada, "other", to=grace, name="Hedy")],
        [Answer(stranger, ada, "other", name="  ")],
        [Answer(stranger, ada, "accept"), Answer(stranger, ada, "reject")],
        [Answer(number, ada, "accept") for number in range(1, review.MAX_ANSWERS + 2)],
    ):
        with pytest.raises(UsageError):
            review.answer_suggestions(bench.ctx, wrong)
    assert open_pairs(bench.ctx) == [(stranger, ada)]
    assert answer(bench.ctx, Answer(stranger, ada, "other", to=ada)) == ["accepted"], "it is her after all"


def test_two_reviewers_at_once(bench: Bench, two: tuple[int, int]) -> None:
    """Each pair is answered by one of them; the other is told so: nothing is overwritten."""
    ada, grace = two
    faces = strangers(bench, 12)
    for stranger in faces:
        suggest(bench.ctx, stranger, ada)
    outcomes: dict[str, list[str]] = {}
    ready = threading.Barrier(2)

    def reviewing(name: str, order: list[int], word: Word, to: int | None) -> None:
        ready.wait()
        outcomes[name] = [answer(bench.ctx, Answer(stranger, ada, word, to=to))[0] for stranger in order]

    threads = [
        threading.Thread(target=reviewing, args=("yes", faces, "accept", None)),
        threading.Thread(target=reviewing, args=("grace", faces[::-1], "other", grace)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    yes = dict(zip(faces, outcomes["yes"], strict=True))
    other = dict(zip(faces[::-1], outcomes["grace"], strict=True))
    now = {row.face: row.person for row in bench.faces()}
    for stranger in faces:
        assert {yes[stranger], other[stranger]} in ({"accepted", "answered"}, {"answered", "reassigned"})
        assert now[stranger] == (ada if yes[stranger] == "accepted" else grace)


def test_a_machine_that_asks_while_a_user_answers_is_refused(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    [stranger] = strangers(bench, 1)
    took: list[bool] = []
    with bench.ctx.database.write("user") as writer:
        writer.run("SELECT id FROM face WHERE id = %(face)s FOR NO KEY UPDATE", {"face": stranger})
        writer.run("INSERT INTO rejection VALUES (%(face)s, %(ada)s)", {"face": stranger, "ada": ada})
        asking = threading.Thread(target=lambda: took.append(suggest(bench.ctx, stranger, ada)))
        asking.start()
        asking.join(0.3)
        assert asking.is_alive(), "it waits for the answer"
    asking.join(30)
    assert took == [False]
    assert queue(bench.ctx) == []


def test_after_a_yes_what_remains_is_thought_over(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    first, second, third = strangers(bench, 3)
    grouped(bench)
    for stranger in (first, second):
        suggest(bench.ctx, stranger, ada)
    assert bench.value("SELECT count(*) FROM face WHERE NOT grouped") == 0
    answer(bench.ctx, Answer(first, ada, "accept"))
    assert bench.tuples("SELECT id FROM face WHERE NOT grouped") == [(second,)]
    assert third not in (first, second)


# People who change ------------------------------------------------------------------------------------------


def test_questions_about_somebody_who_is_gone_go_and_come_back(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    faces = strangers(bench, 2)
    for stranger in faces:
        suggest(bench.ctx, stranger, ada)
    asked = open_pairs(bench.ctx)
    for verb in (
        lambda: details.delete_person(bench.ctx, ada),
        lambda: people.name_person(bench.ctx, ada, None),
    ):
        verb()
        assert open_pairs(bench.ctx) == []
        journal.undo(bench.ctx, decision(bench))
        assert open_pairs(bench.ctx) == asked
    details.delete_person(bench.ctx, grace)
    assert not suggest(bench.ctx, faces[0], grace), "nobody asks about who is gone"


def test_a_merge_hands_the_questions_on_and_an_unmerge_gives_them_back(
    bench: Bench, two: tuple[int, int]
) -> None:
    ada, grace = two
    faces = strangers(bench, 3)
    for stranger in faces[:2]:
        suggest(bench.ctx, stranger, ada)
    suggest(bench.ctx, faces[1], grace, 0.6)
    suggest(bench.ctx, faces[2], ada)
    answer(bench.ctx, Answer(faces[2], grace, "reject"))
    suggest(bench.ctx, faces[2], grace)
    with bench.ctx.database.write("user") as writer:
        writer.run("INSERT INTO rejection VALUES (%(face)s, %(who)s)", {"face": faces[2], "who": grace})
    asked = sorted(open_pairs(bench.ctx))
    people.merge_people(bench.ctx, ada, grace)
    merged = decision(bench)
    assert sorted(open_pairs(bench.ctx)) == [(faces[0], grace), (faces[1], grace)]
    assert answer(bench.ctx, Answer(faces[0], ada, "skip")) == ["skipped"], "the old number leads there"
    journal.undo(bench.ctx, merged)
    assert sorted(open_pairs(bench.ctx)) == asked


def test_nobody_is_asked_about_in_a_photo_older_than_they_are(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    [stranger] = strangers(bench, 1)
    bench.sql("UPDATE photo SET taken_at = '1990-01-01'")
    assert suggest(bench.ctx, stranger, ada)
    details.edit_person(bench.ctx, ada, {"birth_date": date(2000, 1, 1)})
    assert open_pairs(bench.ctx) == []
    assert not suggest(bench.ctx, stranger, ada)
    journal.undo(bench.ctx, decision(bench))
    assert open_pairs(bench.ctx) == [(stranger, ada)]


def test_hidden_people_are_asked_about_on_request(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    [stranger] = strangers(bench, 1)
    suggest(bench.ctx, stranger, ada)
    people.hide_person(bench.ctx, ada, True)
    assert queue(bench.ctx) == []
    assert [row.face for row in queue(bench.ctx, Narrowed(person=ada))] == [stranger]
    assert [row.face for row in queue(bench.ctx, Narrowed(hidden=True))] == [stranger]


def test_a_face_that_goes_takes_its_questions_along(bench: Bench, two: tuple[int, int]) -> None:
    ada, grace = two
    photo = bench.put("gone.png", face("one"))
    [shown] = bench.faces(photo)
    suggest(bench.ctx, shown.face, ada)
    suggest(bench.ctx, shown.face, grace)
    answer(bench.ctx, Answer(shown.face, ada, "accept"))
    assign_face(bench.ctx, shown.face, person_id=grace)
    journal.undo(bench.ctx, decision(bench))
    with bench.ctx.database.write("user") as writer:
        writer.run("DELETE FROM face WHERE id = %(face)s", {"face": shown.face})
    assert open_pairs(bench.ctx) == []
    assert bench.value("SELECT count(*) FROM answered") == 0


def test_old_questions_expire_when_the_user_wants_it(bench: Bench, two: tuple[int, int]) -> None:
    ada, _ = two
    old, new = strangers(bench, 2)
    suggest(bench.ctx, old, ada)
    suggest(bench.ctx, new, ada)
    bench.sql(
        "UPDATE suggestion SET suggested_at = now() - interval '31 days' WHERE face_id = %(face)s", face=old
    )
    assert review.expire(bench.ctx) == 0, "by default they stay"
    thirty = replace(bench.ctx, rules=replace(bench.ctx.rules, suggestion_days=30))
    assert review.expire(thirty) == 1
    assert open_pairs(bench.ctx) == [(new, ada)]
    assert answer(bench.ctx, Answer(old, ada, "accept")) == ["not_found"]
