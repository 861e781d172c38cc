"""Answering "are these two one person?": yes, no for good, not now; and who was said to be two."""

from collections.abc import Callable

import pytest
from review_support import decision, decisions, line, named, proposals, propose, truth
from schema_support import Sql
from store_support import Bench

from facekeep.actions import details, journal, people
from facekeep.actions.proposals import TwoAnswer, answer_proposals, take_skip_back
from facekeep.domain.errors import UsageError


@pytest.fixture
def three(bench: Bench) -> tuple[int, int, int]:
    """Ada and Grace with names, and somebody without."""
    ada, grace, other = named(bench, "ada", "grace", "other")
    people.name_person(bench.ctx, other, None)
    return ada, grace, other


def answer(bench: Bench, *answers: TwoAnswer) -> list[str]:
    return [given.outcome for given in answer_proposals(bench.ctx, answers)]


def two(bench: Bench) -> list[tuple[int, int]]:
    return [(row.one, row.other) for row in proposals(bench.ctx)]


ANSWERS: dict[str, Callable[[int, int], TwoAnswer]] = {
    "merged": lambda one, other: TwoAnswer(one, other, "merge"),
    "apart": lambda one, other: TwoAnswer(other, one, "apart"),
}


@pytest.mark.parametrize("outcome", ANSWERS)
def test_an_answer_is_undone_and_done_again_and_the_question_with_it(
    bench: Bench, three: tuple[int, int, int], outcome: str
) -> None:
    ada, grace, _ = three
    assert propose(bench.ctx, ada, grace)
    before, asked = truth(bench), proposals(bench.ctx)
    assert answer(bench, ANSWERS[outcome](ada, grace)) == [outcome]
    after, number = truth(bench), decision(bench)
    assert after != before
    assert proposals(bench.ctx) == []
    assert journal.undo(bench.ctx, number).left == ()
    assert (truth(bench), proposals(bench.ctx)) == (before, asked)
    assert journal.redo(bench.ctx, number).left == ()
    assert (truth(bench), proposals(bench.ctx)) == (after, [])


def test_lines_of_the_journal(bench: Bench, three: tuple[int, int, int]) -> None:
    ada, grace, other = three
    answer(bench, TwoAnswer(grace, ada, "apart"))
    assert line(bench) == "You said that Ada and Grace are not one person"
    propose(bench.ctx, ada, other)
    [given] = answer_proposals(bench.ctx, [TwoAnswer(other, ada, "merge")])
    assert given.person == ada, "who has a name stays"
    assert line(bench) == f"You merged person {other} into Ada: 3 faces"


def test_what_is_shown_of_two(bench: Bench, three: tuple[int, int, int]) -> None:
    ada, grace, other = three
    propose(bench.ctx, ada, other, 0.7)
    propose(bench.ctx, grace, other, 0.2)
    first, second = proposals(bench.ctx)
    assert (first.one, first.other, second.one) == (grace, other, ada)
    assert (first.one_name, first.other_name) == ("Grace", None)
    assert (first.one_faces, len(first.other_shown), first.near, first.compared) == (3, 3, 3, 9)
    answer(bench, TwoAnswer(grace, other, "skip"))
    assert [row.skipped for row in proposals(bench.ctx)] == [False, True]
    take_skip_back(bench.ctx, grace, other)
    assert two(bench) == [(grace, other), (ada, other)]
    people.hide_person(bench.ctx, ada, True)
    assert two(bench) == [(grace, other)]


def test_two_kept_apart_are_never_proposed_again(bench: Bench, three: tuple[int, int, int]) -> None:
    ada, grace, other = three
    answer(bench, TwoAnswer(ada, grace, "apart"))
    assert not propose(bench.ctx, ada, grace), "the database refuses it"
    assert answer(bench, TwoAnswer(ada, grace, "apart"), TwoAnswer(ada, grace + 10**6, "apart")) == [
        "answered",
        "not_found",
    ]
    details.delete_person(bench.ctx, other)
    assert not propose(bench.ctx, ada, other), "nor somebody who is gone"
    assert answer(bench, TwoAnswer(ada, other, "apart")) == ["not_found"]


def test_a_deletion_takes_proposals_along_and_its_undo_brings_them_back(
    bench: Bench, three: tuple[int, int, int]
) -> None:
    ada, grace, other = three
    propose(bench.ctx, ada, grace)
    propose(bench.ctx, ada, other)
    asked = proposals(bench.ctx)
    details.delete_person(bench.ctx, ada)
    assert proposals(bench.ctx) == []
    journal.undo(bench.ctx, decision(bench))
    assert proposals(bench.ctx) == asked


def test_many_answers_are_one_decision(bench: Bench, three: tuple[int, int, int]) -> None:
    ada, grace, other = three
    more = named(bench, "more")[0]
    for pair in ((ada, other), (other, more), (ada, grace)):
        propose(bench.ctx, *pair)
    before, asked, entries = truth(bench), two(bench), decisions(bench)
    assert answer(
        bench,
        TwoAnswer(ada, other, "merge"),
        TwoAnswer(other, more, "apart"),
        TwoAnswer(ada, grace, "skip"),
        TwoAnswer(grace, more, "merge"),
    ) == ["merged", "apart", "skipped", "not_found"]
    assert bench.tuples("SELECT one, other FROM apart") == [(ada, more)], "who it went into is meant"
    assert decisions(bench) == entries + 1
    assert line(bench) == "You said of 2 pairs of people: 1 is one person, 1 is not"
    assert answer(bench, TwoAnswer(ada, other, "merge")) == ["answered"], "meanwhile"
    assert journal.undo(bench.ctx, decision(bench)).left == ()
    assert (truth(bench), sorted(two(bench))) == (before, sorted(asked))


def test_a_chain_of_merges_is_one_person(bench: Bench, three: tuple[int, int, int]) -> None:
    ada, grace, other = three
    propose(bench.ctx, ada, other)
    propose(bench.ctx, grace, other)
    before = truth(bench)
    given = answer_proposals(bench.ctx, [TwoAnswer(grace, other, "merge"), TwoAnswer(ada, other, "merge")])
    assert [item.outcome for item in given] == ["merged", "merged"]
    assert {row.person for row in bench.faces()} == {given[1].person}
    assert journal.undo(bench.ctx, decision(bench)).left == ()
    assert truth(bench) == before


def test_merging_two_who_were_said_to_be_two_takes_that_back_and_hands_the_rest_on(
    bench: Bench, three: tuple[int, int, int]
) -> None:
    ada, grace, other = three
    answer(bench, TwoAnswer(ada, grace, "apart"))
    answer(bench, TwoAnswer(grace, other, "apart"))
    before = truth(bench)
    people.merge_people(bench.ctx, grace, ada)
    number = decision(bench)
    assert (ada, other) in bench.tuples("SELECT one, other FROM apart")
    assert (ada, grace) not in bench.tuples("SELECT one, other FROM apart")
    assert not propose(bench.ctx, ada, other)
    after = truth(bench)
    assert journal.undo(bench.ctx, number).left == ()
    assert truth(bench) == before
    assert journal.redo(bench.ctx, number).left == ()
    assert truth(bench) == after


def test_answers_that_cannot_be_are_refused(bench: Bench, three: tuple[int, int, int]) -> None:
    ada, grace, other = three
    for wrong in (
        [],
        [TwoAnswer(ada, ada, "apart")],
        [TwoAnswer(ada, grace, "merge", into=other)],
        [TwoAnswer(ada, grace, "merge"), TwoAnswer(grace, ada, "apart")],
    ):
        with pytest.raises(UsageError):
            answer_proposals(bench.ctx, wrong)


def test_only_the_user_says_that_two_are_two(sql: Sql) -> None:
    one, other = sorted((sql.person("Ada"), sql.person()))
    with sql.refused("apart_is_the_users"):
        sql.run("INSERT INTO apart VALUES (%(one)s, %(other)s)", one=one, other=other)
    sql.speak_as("user")
    sql.run("INSERT INTO apart VALUES (%(one)s, %(other)s)", one=one, other=other)
    sql.speak_as("machine")
    with sql.refused("apart_is_the_users"):
        sql.run("DELETE FROM apart")


def test_a_machine_does_not_join_who_was_said_to_be_two(sql: Sql) -> None:
    one, other = sorted((sql.person(), sql.person()))
    sql.speak_as("user")
    sql.run("INSERT INTO apart VALUES (%(one)s, %(other)s)", one=one, other=other)
    sql.speak_as("machine")
    for goes, stays in ((one, other), (other, one)):
        with sql.refused("kept_apart"):
            sql.run("UPDATE person SET merged_into = %(stays)s WHERE id = %(goes)s", goes=goes, stays=stays)
