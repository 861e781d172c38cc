"""Faces that a user draws, moves and puts away; questions answered; files of people; taking back."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import rule
from store_support import face, face_at
from tests.machine.invariants import Key
from tests.machine.life import FEW, NAMES, SOME, WHO, Life, under
from tests.machine.model import NOBODY, Foretold, after_undo, said

from facekeep.actions import exporting, faces, journal, proposals, review, standing
from facekeep.actions.context import Context
from facekeep.actions.exporting import Wanted
from facekeep.actions.people_import import import_people
from facekeep.domain.errors import Conflict, FailureCode, PhotoFault
from facekeep.domain.faces import Box, MeasuredFace, PhotoAnalysis, Standing
from facekeep.domain.review import Answer, TwoWord, Word

PLACES = tuple(
    Box(0.05 + 0.3 * column, 0.05 + 0.3 * row, width, 0.25)
    for row in range(3)
    for column in range(3)
    for width in (0.15, 0.2)
)
STANDINGS: tuple[Standing, ...] = get_args(Standing)
WORDS: tuple[Word, ...] = get_args(Word)
TWO_WORDS: tuple[TwoWord, ...] = get_args(TwoWord)
QUESTIONS = "SELECT face_id, person_id FROM suggestion ORDER BY face_id, person_id"
PROPOSALS = "SELECT one, other FROM proposal ORDER BY one, other"


class Glance:
    """Looks at a box, and sees whom it is told to; nobody: the photo cannot be looked at now."""

    def __init__(self, who: str | None) -> None:
        self._who = who

    def measure(self, path: Path, boxes: Sequence[Box], *, pack: str) -> Future[tuple[MeasuredFace, ...]]:
        future: Future[tuple[MeasuredFace, ...]] = Future()
        if self._who is None:
            future.set_exception(PhotoFault(FailureCode.INTERNAL, "nobody looks now"))
            return future
        seen = [face_at(box, face(self._who, 0, 0.3).embedding) for box in boxes]
        found = [
            MeasuredFace(one.landmarks, one.score, one.quality, under(pack, one.embedding)) for one in seen
        ]
        future.set_result(tuple(found))
        return future

    def look(self, content: bytes, *, pack: str) -> Future[PhotoAnalysis]:
        raise NotImplementedError


class Said(Life):
    """The verbs about faces themselves, the answers, and undo."""

    def looking(self, who: str | None) -> Context:
        return replace(self.ctx, looker=Glance(who))

    # Faces ------------------------------------------------------------

    @rule(
        which=SOME,
        place=st.sampled_from(PLACES),
        seen=st.sampled_from((*WHO, None)),
        who=st.one_of(st.none(), SOME),
    )
    def draw(self, which: int, place: Box, seen: str | None, who: int | None) -> None:
        photo = self.one_of("SELECT id FROM photo ORDER BY id", which)
        person = None if who is None else self.somebody(who)
        if photo is None:
            return
        with self.decision() as foretold:
            row = faces.draw_face(self.looking(seen), photo, place, person_id=person)
            foretold.box(row.face, self.box_of(row.face), "drawn")
            if person is not None:
                foretold.give([row.face], person)

    @rule(which=SOME, place=st.sampled_from(PLACES), seen=st.sampled_from((*WHO, None)))
    def move_box(self, which: int, place: Box, seen: str | None) -> None:
        one = self.some_face(which)
        if one is not None:
            with self.decision() as foretold:
                source = self.sources()[one]
                faces.move_box(self.looking(seen), one, place)
                foretold.box(one, self.box_of(one), source)

    def box_of(self, one: int) -> dict[str, float]:
        """Where it is: a hair narrower than asked for, where another has that very box."""
        [row] = self.bench.tuples("SELECT x, y, width, height FROM face WHERE id = %(one)s", one=one)
        return dict(zip(("x", "y", "width", "height"), row, strict=True))

    @rule(which=SOME, seen=st.sampled_from(WHO))
    def measure(self, which: int, seen: str) -> None:
        one = self.some_face(which)
        if one is not None:
            with self.machine(), suppress(Conflict, PhotoFault):  # it is put away, or its photo is
                faces.measure_face(self.looking(seen), one)

    @rule(which=FEW, what=st.sampled_from(STANDINGS))
    def put(self, which: list[int], what: Standing) -> None:
        wanted = self.some_faces(which)
        with self.decision() as foretold:
            sources = self.sources()
            standing.set_standing(self.ctx, wanted, what)
            foretold.put(wanted, what, sources)

    # Questions ------------------------------------------------------------

    @rule(
        which=st.lists(SOME, min_size=1, max_size=3),
        word=st.sampled_from(WORDS),
        who=SOME,
        new=st.booleans(),
        unasked=st.booleans(),
    )
    def answer_some(self, which: list[int], word: Word, who: int, new: bool, unasked: bool) -> None:
        """Some questions, or of any face and somebody, whether that was asked or not."""
        pairs = self.asked(which, who) if unasked else {self.row_of(QUESTIONS, each) for each in which}
        to = self.somebody(who)
        other: dict[str, Any] = {"name": NAMES[who % len(NAMES)]} if new else {"to": to}
        answers = [
            Answer(pair[0], pair[1], word, **(other if word == "other" else {}))
            for pair in sorted(pair for pair in pairs if pair is not None)
        ]
        with self.decision() as foretold:
            sources = self.sources()
            for answer, given in zip(answers, review.answer_suggestions(self.ctx, answers), strict=True):
                self.answered(foretold, answer, given, sources)

    def asked(self, which: list[int], who: int) -> set[tuple[Any, ...] | None]:
        person = self.somebody(who)
        return {(one, person) for one in self.some_faces(which) if person is not None}

    def answered(
        self, foretold: Foretold, answer: Answer, given: review.Given, sources: dict[int, str]
    ) -> None:
        """What was said stands; what was answered before, or cannot be, changes nothing."""
        one, person = given.face, given.person
        event(f"answer {answer.word}: {given.outcome}")
        if given.outcome == "accepted":
            assert ("not", one, person) not in foretold.words
            foretold.give([one], person)
        elif given.outcome == "rejected":
            if foretold.whose.get(one) == person:
                foretold.take([one], reject=False)
            foretold.words["not", one, person] = True
        elif given.outcome == "reassigned":
            assert given.now is not None
            foretold.words["not", one, person] = True
            foretold.give([one], given.now)
            if answer.name is not None:
                foretold.describe(given.now, name=answer.name)
        elif given.outcome in ("not_a_face", "ignored"):
            foretold.put([one], given.outcome, sources)

    @rule(who=SOME, yes=st.booleans())
    def answer_all(self, who: int, yes: bool) -> None:
        person = self.one_of("SELECT DISTINCT person_id FROM suggestion ORDER BY person_id", who)
        if person is not None:
            with self.decision() as foretold:
                verb = review.accept_all if yes else review.reject_all
                for given in verb(self.ctx, person).items:
                    word: Literal["accept", "reject"] = "accept" if yes else "reject"
                    self.answered(foretold, Answer(given.face, given.person, word), given, {})

    @rule(
        which=st.lists(SOME, min_size=1, max_size=3), word=st.sampled_from(TWO_WORDS), unasked=st.booleans()
    )
    def answer_two(self, which: list[int], word: TwoWord, unasked: bool) -> None:
        pairs = {self.row_of(PROPOSALS, each) for each in which}
        if unasked:
            two = tuple(sorted(self.some_people(which))[:2])
            pairs = {two} if len(two) == 2 else set()
        there = sorted(pair for pair in pairs if pair is not None)
        answers = [proposals.TwoAnswer(one, other, word) for one, other in there]
        with self.decision() as foretold:
            into = {one: one for answer in answers for one in answer.two}
            for given in proposals.answer_proposals(self.ctx, answers):
                event(f"two {word}: {given.outcome}")
                two = tuple(sorted({self.follow(into, given.one), self.follow(into, given.other)}))
                if len(two) < 2 or given.outcome not in ("merged", "apart"):
                    continue
                if given.outcome == "apart":
                    foretold.words["apart", None, *two] = True
                else:
                    assert given.person in two
                    [goes] = set(two) - {given.person}
                    foretold.merge(goes, given.person)
                    into[goes] = given.person

    @staticmethod
    def follow(into: dict[int, int], person: int) -> int:
        while into[person] != person:
            person = into[person]
        return person

    # Files of people ------------------------------------------------------------

    @rule()
    def export_and_import(self) -> None:
        """What is known already changes nothing."""
        file = b"".join(exporting.encoded(self.ctx, Wanted(unnamed=True), "jsonl"))
        self.exported = [file]
        before = self.state()
        import_people(self.ctx, io.BytesIO(file))
        assert self.state() == before

    @rule()
    def import_what_was_exported(self) -> None:
        """Whatever was said since stands: it only adds."""
        before = self.state()
        if self.exported:
            import_people(self.ctx, io.BytesIO(self.exported[0]))
            after = self.state()
            self.enter(before, after)
            now = said(after)
            for word, told in said(before).items():
                if word[0] == "person":
                    assert told.get("name", now[word].get("name")) == now[word].get("name")
                    assert told.get("birth_date", now[word].get("birth_date")) == now[word].get("birth_date")
                else:
                    assert now.get(word) == told, word

    # Taking back ------------------------------------------------------------

    @rule(which=SOME)
    def undo(self, which: int) -> None:
        candidates = self.past.open()
        if candidates:
            self.take_back(candidates[-1 - which % len(candidates)], journal.undo)

    @rule(which=SOME)
    def redo(self, which: int) -> None:
        candidates = self.past.undone()
        if candidates:
            number = candidates[-1 - which % len(candidates)]
            undo = self.past.standing_undo(number)
            assert undo is not None
            self.take_back(undo, lambda ctx, _: journal.redo(ctx, number))

    def take_back(self, number: int, verb: Callable[[Any, int], journal.Undone]) -> None:
        before, decided = self.state(), self.past.decided[number]
        try:
            undone = verb(self.ctx, number)
        except Conflict:
            event("undo: refused")
            assert self.state() == before
            if self.past.is_second(number):
                return
            same = [key for key, diff in decided.items() if before.get(key) == diff.after]
            # What is refused, and people of whom nothing was known anyway.
            known = [key for key in same if key[0] == "person" and before.get(key, NOBODY) != NOBODY]
            assert known == []
            return
        assert number not in self.past.final
        assert not self.past.is_second(number)
        event("undo: some was left" if undone.left else "undo: all of it")
        left: list[Key] = [(row.kind, row.face, row.person, row.other) for row in undone.left]
        after = self.state()
        self.enter(before, after)
        if decided:
            changed = [
                key for row, key in zip(undone.left, left, strict=True) if row.reason == "changed since"
            ]
            assert [key for key in changed if before.get(key) == decided[key].after] == []
            assert said(after) == said(after_undo(before, decided, left))
