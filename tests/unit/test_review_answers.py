"""What becomes of answers when others have answered meanwhile, and who stays of two."""

import pytest

from facekeep.domain.review import (
    Answer,
    Asked,
    Candidate,
    Outcome,
    Together,
    TwoOutcome,
    TwoWord,
    Word,
    judge,
    judge_two,
    who_stays,
)

ADA, GRACE = 7, 9


def asked(
    face: int = 1,
    person: int = ADA,
    photo: int = 100,
    open: bool = True,
    now: int | None = None,
    by: str | None = None,
    rejected: bool = False,
    in_photo: bool = False,
) -> Asked:
    return Asked(face, person, photo, open, now, by, rejected, in_photo)


def outcome(word: Word, known: Asked) -> Outcome:
    answer = Answer(known.face, known.person, word, to=GRACE if word == "other" else None)
    return judge([answer], {(known.face, known.person): known})[0]


@pytest.mark.parametrize(
    ("known", "accept", "reject", "other", "skip"),
    [
        (asked(), "accepted", "rejected", "reassigned", "skipped"),
        (asked(open=False), "not_found", "not_found", "not_found", "not_found"),
        (asked(open=False, now=GRACE, by="user"), "answered", "answered", "answered", "answered"),
        (asked(open=False, now=GRACE, by="auto"), "answered", "answered", "answered", "answered"),
        (asked(open=False, now=ADA, by="user"), "answered", "answered", "answered", "answered"),
        (asked(open=False, now=ADA, by="auto"), "accepted", "rejected", "reassigned", "answered"),
        (asked(open=False, now=ADA, by="import"), "answered", "answered", "answered", "answered"),
        (asked(open=False, rejected=True), "answered", "answered", "answered", "answered"),
        (asked(open=False, in_photo=True), "in_photo", "answered", "answered", "answered"),
    ],
)
def test_one_answer(known: Asked, accept: Outcome, reject: Outcome, other: Outcome, skip: Outcome) -> None:
    words: list[Word] = ["accept", "reject", "other", "skip"]
    assert [outcome(word, known) for word in words] == [accept, reject, other, skip]


def test_what_is_not_known_is_not_found() -> None:
    assert judge([Answer(1, ADA, "accept")], {}) == ["not_found"]


def test_the_first_yes_about_a_face_counts() -> None:
    known = {(1, ADA): asked(), (1, GRACE): asked(person=GRACE), (2, ADA): asked(face=2, photo=101)}
    answers = [Answer(1, ADA, "accept"), Answer(1, GRACE, "accept"), Answer(2, ADA, "accept")]
    assert judge(answers, known) == ["accepted", "answered", "accepted"]
    assert judge([Answer(1, ADA, "other", to=GRACE), Answer(1, GRACE, "reject")], known) == [
        "reassigned",
        "answered",
    ]
    assert judge([Answer(1, GRACE, "reject"), Answer(1, ADA, "accept")], known) == ["rejected", "accepted"]


def test_one_face_of_a_photo_is_a_person() -> None:
    known = {(1, ADA): asked(), (2, ADA): asked(face=2), (2, GRACE): asked(face=2, person=GRACE)}
    answers = [Answer(1, ADA, "accept"), Answer(2, ADA, "accept"), Answer(2, GRACE, "accept")]
    assert judge(answers, known) == ["accepted", "in_photo", "accepted"]


@pytest.mark.parametrize(
    ("known", "merge", "apart", "skip"),
    [
        (Together(True, False, False), "merged", "apart", "skipped"),
        (Together(False, False, False), "not_found", "apart", "not_found"),
        (Together(False, True, False), "answered", "answered", "answered"),
        (Together(True, False, True), "answered", "answered", "answered"),
    ],
)
def test_two_people(known: Together, merge: TwoOutcome, apart: TwoOutcome, skip: TwoOutcome) -> None:
    words: list[TwoWord] = ["merge", "apart", "skip"]
    assert [judge_two(word, known) for word in words] == [merge, apart, skip]


@pytest.mark.parametrize(
    ("one", "other", "stays"),
    [
        (Candidate(3, False, 50), Candidate(5, True, 2), 5),
        (Candidate(3, True, 2), Candidate(5, True, 9), 5),
        (Candidate(3, False, 9), Candidate(5, False, 9), 3),
    ],
)
def test_who_stays(one: Candidate, other: Candidate, stays: int) -> None:
    assert who_stays(one, other).person == stays
    assert who_stays(other, one).person == stays
