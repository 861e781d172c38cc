"""What a decision was, in one line."""

from typing import Any

import pytest

from facekeep.domain.change_lines import change_line
from facekeep.domain.decision_lines import summary, summary_of_undo
from facekeep.domain.journal import Called, Facts, Row, Told

NAMES = {7: Called("Ada", "Ada"), 12: Called(None, None), 9: Called(None, "Grace")}


def line(verb: str, about: dict[str, Any], actor: str = "user", **facts: Any) -> str:
    return summary(Told(verb, actor, about, Facts(**facts), NAMES))


@pytest.mark.parametrize(
    ("verb", "about", "facts", "expected"),
    [
        ("merge", {"from": 12, "into": 7}, {"put": 14}, "You merged person 12 into Ada: 14 faces"),
        ("merge", {"from": 12, "into": 7}, {"put": 1, "taken": 2},
         "You merged person 12 into Ada: 1 face, 2 left with nobody"),
        ("name", {"person": 9, "name": "Grace"}, {"confirmed": 3},
         "You named person 9 Grace: 3 faces confirmed"),
        ("name", {"person": 7, "name": "Ada Lovelace"}, {}, "You renamed Ada to Ada Lovelace"),
        ("name", {"person": 7, "name": "Ada"}, {"confirmed": 1200}, "You confirmed Ada: 1,200 faces"),
        ("name", {"person": 7, "name": None}, {}, "You took the name of Ada away"),
        ("name", {"person": 9, "name": "Grace", "hidden": True}, {},
         "You named person 9 Grace, and hid them"),
        ("hide", {"person": 7, "hidden": True}, {}, "You hid Ada"),
        ("hide", {"person": 12, "hidden": False}, {}, "You showed person 12 again"),
        ("assign", {"face": 31, "person": 7, "name": None}, {"put": 1, "receivers": 1, "people": [7]},
         "You put face 31 on Ada"),
        ("assign", {"face": 31, "person": None, "name": "Hedy"}, {"put": 1, "receivers": 1, "people": [44]},
         "You put face 31 on Hedy, somebody new"),
        ("assign", {"face": 31, "person": 7, "name": None}, {"confirmed": 1},
         "You confirmed that face 31 is Ada"),
        ("reject", {"face": 31}, {"taken": 1, "losers": [7]}, "You said that face 31 is not Ada"),
        ("unassign", {"face": 31}, {"taken": 1, "losers": [12]}, "You took face 31 off person 12"),
        ("review", {"answer": "accept", "face": 31, "person": 7}, {}, "You said that face 31 is Ada"),
        ("review", {"answer": "reject", "face": 31, "person": 7}, {}, "You said that face 31 is not Ada"),
        ("review", {"answer": "other", "face": 31, "person": 7, "to": 9}, {"people": [9]},
         "You said that face 31 is not Ada but Grace"),
        ("review", {"answer": "other", "face": 31, "person": 7, "name": "Hedy"}, {"people": [44]},
         "You said that face 31 is not Ada but Hedy"),
        ("review", {"accepted": 1200, "rejected": 1}, {},
         "You answered 1,201 suggestions: 1,200 yes, 1 no"),
        ("review", {"accepted": 3, "person": 7, "minimum": 0.8}, {},
         "You answered 3 suggestions about Ada: 3 yes"),
        ("review", {"merged": 2, "apart": 1}, {},
         "You said of 3 pairs of people: 2 are one person, 1 is not"),
        ("review", {"apart": 2}, {}, "You said of 2 pairs of people: 2 are not one person"),
        ("apart", {"person": 7, "other": 12}, {}, "You said that Ada and person 12 are not one person"),
        ("edit", {"person": 7, "auto": False}, {}, "You switched automatic matching off for Ada"),
        ("edit", {"person": 7, "favourite": True}, {}, "You made Ada a favourite"),
        ("edit", {"person": 7, "aliases": ["Countess"]}, {}, "You changed the other names of Ada"),
        ("edit", {"person": 7, "auto": True, "notes": ""}, {},
         "You changed the notes, automatic matching of Ada"),
        ("invented", {}, {"changes": 1}, "You changed 1 thing (invented)"),
    ],
)  # fmt: skip
def test_what_a_user_decided(verb: str, about: dict[str, Any], facts: dict[str, Any], expected: str) -> None:
    assert line(verb, about, **facts) == expected


@pytest.mark.parametrize(
    ("verb", "about", "facts", "expected"),
    [
        ("group", {}, {"put": 3, "receivers": 1, "people": [7]}, "facekeep put 3 faces on Ada"),
        ("group", {}, {"put": 9, "receivers": 3, "people": [1, 2, 3], "made": 2},
         "facekeep put 9 faces on 3 people, 2 of them new"),
        ("group", {}, {"put": 2, "receivers": 1, "people": [9], "made": 1},
         "facekeep put 2 faces on Grace, somebody new"),
        ("group", {}, {"put": 4, "receivers": 1, "people": [12], "joined": 2},
         "facekeep put 4 faces on person 12 and joined 2 groups to another"),
        ("match", {"photo": 5}, {"put": 1, "receivers": 1, "people": [7]},
         "facekeep recognised Ada in photo 5"),
        ("match", {"photo": 5}, {"put": 2, "receivers": 2, "people": [7, 9]},
         "facekeep recognised 2 people in photo 5"),
        ("match", {"photo": 5}, {"taken": 2}, "facekeep looked at photo 5 again: 2 faces gone"),
        ("directly", {}, {"changes": 7}, "facekeep changed 7 things directly in the database"),
    ],
)  # fmt: skip
def test_what_the_machine_decided(
    verb: str, about: dict[str, Any], facts: dict[str, Any], expected: str
) -> None:
    assert line(verb, about, actor="machine", **facts) == expected


def test_an_undo_tells_what_it_took_back() -> None:
    assert summary_of_undo("user", "You hid Ada", steps=1) == "You undid “You hid Ada”"
    assert summary_of_undo("user", "You hid Ada", steps=2) == "You redid “You hid Ada”"


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("assignment", None, {"person_id": 7}, "face 3 came to Ada"),
        ("assignment", {"person_id": 7}, None, "face 3 was taken off Ada"),
        ("assignment", {"person_id": 12}, {"person_id": 7}, "face 3 went from person 12 to Ada"),
        ("assignment", {"person_id": 7, "decided_by": "auto"}, {"person_id": 7, "decided_by": "user"},
         "face 3 stayed with Ada, confirmed"),
        ("assignment", {"person_id": 7, "decided_by": "user"}, {"person_id": 7, "decided_by": "auto"},
         "face 3 stayed with Ada, no more confirmed"),
        ("rejection", None, {"rejected_at": "then"}, "face 3 is not person 12"),
        ("rejection", {"rejected_at": "then"}, None, "face 3 may be person 12"),
        ("person", None, {"hidden": False}, "person 12 came to be"),
        ("person", None, {"hidden": False, "name": "Hedy"}, "person 12 came to be, named Hedy"),
        ("person", {"hidden": False}, {"hidden": False, "name": "Hedy"}, "person 12 was named Hedy"),
        ("person", {"hidden": False, "name": "Hedy"}, {"hidden": True},
         "person 12 lost the name, was hidden"),
        ("person", {"hidden": False}, {"hidden": False, "merged_into": 7}, "person 12 went into Ada"),
        ("person", {"hidden": False, "merged_into": 7}, {"hidden": False}, "person 12 is somebody again"),
    ],
)  # fmt: skip
def test_one_change(kind: str, before: Any, after: Any, expected: str) -> None:
    assert change_line(Row(kind, 3, 12), before, after, NAMES) == expected
