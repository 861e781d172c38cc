"""Records of a file of people: whatever stands there is read, or refused with its place; who is who in it."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facekeep.domain.people_file import PersonIn, PhotoIn, Trouble, parsed
from facekeep.domain.people_match import Matches, Overlaps, PersonHere, match_people

BOX = {"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5}
KINDS: dict[str, dict[str, Any]] = {
    "header": {"format": "facekeep-people", "version": 1, "libraries": [{"library": 1, "root": "/a"}]},
    "person": {"person": 1, "name": "Ada", "aliases": ["A"], "birth_date": "1990-01-01", "notes": "x"},
    "apart": {"people": [1, 2]},
    "circle": {"circle": 1, "name": "F", "people": [1]},
    "photo": {
        "sha256": "0" * 64,
        "files": [{"library": 1, "path": "a"}],
        "faces": [{"box": BOX, "landmarks": [[0.3, 0.3]] * 5, "person": 1, "rejected": [2], "confidence": 1}],
    },
    "end": {"people": 1, "photos": 1, "faces": 1},
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read(kind: str) -> None:
    parsed({"kind": kind, **KINDS[kind], "a key of a later version": [1]})


@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
@settings(max_examples=400, deadline=None)
def test_nothing_but_trouble_comes_of_what_is_not_right(kind: str, data: st.DataObject) -> None:
    record = json.loads(json.dumps({"kind": kind, **KINDS[kind]}))
    part: Any = record
    while True:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        deeper = part[key]
        if not isinstance(deeper, dict | list) or not deeper or data.draw(st.booleans()):
            break
        part = deeper
    part[key] = data.draw(anything)
    with suppress(Trouble):
        found = parsed(record)
        if not isinstance(found, PhotoIn):
            return
        assert all(0 <= face.confidence <= 1 and face.box.area > 0 for face in found.faces)


def told(number: int, name: str | None, born: date | None = None) -> PersonIn:
    return PersonIn(number, name, birth_date=born)


def here(number: int, name: str | None, born: date | None = None, faces: int = 4) -> PersonHere:
    return PersonHere(number, name, (), born, "", faces)


def matched(people: list[PersonIn], known: list[PersonHere], **shared: int) -> Matches:
    """`shared`: `f1_h2=3` for three faces of the file's 1 that are of 2 here."""
    overlaps = Overlaps()
    for pair, faces in shared.items():
        one, other = (int(part[1:]) for part in pair.split("_"))
        overlaps.shared[one, other] = faces
        overlaps.met[one] += faces
    return match_people(people, known, overlaps)


BORN, LATER = date(1950, 1, 1), date(1990, 1, 1)


def test_one_name_is_one_person_unless_births_contradict() -> None:
    assert matched([told(1, "Ada")], [here(5, "Ada", BORN)]).here == {1: 5}
    assert matched([told(1, "Ada", LATER)], [here(5, "Ada", BORN)]) == Matches({}, (1,), ())
    assert matched([told(1, "Ada")], [here(5, "Eve")]) == Matches({}, (1,), ())


def test_of_several_the_birth_date_or_the_faces_tell() -> None:
    known = [here(5, "Ada", BORN), here(6, "Ada", LATER), here(7, "Ada")]
    assert matched([told(1, "Ada", LATER)], known).here == {1: 6}
    assert matched([told(1, "Ada")], known[:2]) == Matches({}, (), (1,))
    assert matched([told(1, "Ada")], known).here == {1: 7}, "the only one of whom as little is known"
    assert matched([told(1, "Ada")], known, f1_h7=2, f1_h5=1).here == {1: 7}


def test_twins_are_paired_in_order_and_one_to_one() -> None:
    people = [told(1, "Ada"), told(2, "Ada")]
    assert matched(people, [here(5, "Ada"), here(6, "Ada")]).here == {1: 5, 2: 6}
    assert matched(people, [here(5, "Ada"), here(6, "Ada")], f1_h6=1).here == {1: 6, 2: 5}


def test_somebody_unnamed_needs_most_of_the_faces_seen_from_both_sides() -> None:
    assert matched([told(1, "Ada")], [here(5, None)], f1_h5=3).here == {1: 5}
    assert matched([told(1, "Ada")], [here(5, None, faces=6)], f1_h5=3) == Matches({}, (1,), ())
    split = matched([told(1, "Ada")], [here(5, None), here(6, None)], f1_h5=3, f1_h6=3)
    assert split == Matches({}, (1,), ())
    assert matched([told(1, None)], [here(5, "Ada")], f1_h5=4) == Matches({}, (), ())
