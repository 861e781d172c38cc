"""What a user says of people, of whose faces are whose, and of circles."""

from datetime import date
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.machine.life import FEW, NAMES, SOME, Life

from facekeep.actions import circles, details, exemplars, forgetting, moving, people

CIRCLES = ("Family", "family", "Choir")
OPEN_CIRCLES = "SELECT id FROM circle ORDER BY id"
BORN = (None, date(1980, 2, 29), date(2015, 6, 1))


class People(Life):
    """Names, merges, details, forgetting; assigning, moving, pinning; circles."""

    @rule(who=SOME, name=st.sampled_from((*NAMES, None)))
    def name(self, who: int, name: str | None) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                people.name_person(self.ctx, person, name)
                foretold.name(person, name)

    @rule(who=SOME, hidden=st.booleans())
    def hide(self, who: int, hidden: bool) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                people.hide_person(self.ctx, person, hidden)
                foretold.describe(person, hidden=hidden)

    @rule(one=SOME, other=SOME)
    def merge(self, one: int, other: int) -> None:
        person, into = self.somebody(one), self.somebody(other)
        if person is not None and into is not None:
            with self.decision() as foretold:
                people.merge_people(self.ctx, person, into)
                foretold.merge(person, into)

    @rule(who=SOME)
    def delete(self, who: int) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                details.delete_person(self.ctx, person)
                foretold.delete(person)

    @rule(
        who=SOME,
        aliases=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        notes=st.sampled_from(("", "a note", "another")),
        favourite=st.booleans(),
        auto=st.booleans(),
        born=st.sampled_from(BORN),
    )
    def edit(
        self, who: int, aliases: list[str], notes: str, favourite: bool, auto: bool, born: date | None
    ) -> None:
        person = self.somebody(who)
        if person is not None:
            told: dict[str, Any] = {"aliases": aliases, "notes": notes, "favourite": favourite, "auto": auto}
            with self.decision() as foretold:
                details.edit_person(self.ctx, person, {**told, "birth_date": born})  # type: ignore[typeddict-item]
                foretold.describe(person, **told, birth_date=None if born is None else born.isoformat())

    @rule(which=SOME)
    def choose_a_cover(self, which: int) -> None:
        row = self.row_of("SELECT face_id, person_id FROM assignment ORDER BY face_id", which)
        if row is not None:
            with self.decision():
                details.edit_person(self.ctx, row[1], {"cover": row[0]})
            assert self.bench.value("SELECT cover_face_id FROM person WHERE id = %(id)s", id=row[1]) == row[0]

    @rule(who=SOME, seldom=st.integers(0, 3))
    def forget(self, who: int, seldom: int) -> None:
        """They go, and all who went into them, and their faces, with whatever was said of them."""
        person = self.somebody(who)
        if person is None or seldom:
            return
        everybody = """WITH RECURSIVE who AS (SELECT %(id)s::bigint AS id UNION
            SELECT p.id FROM person p JOIN who w ON p.merged_into = w.id) SELECT id FROM who"""
        gone = {int(row[0]) for row in self.bench.tuples(everybody, id=person)}
        before = set(self.sources())
        with self.decision() as foretold:
            theirs = {face for one in gone for face in foretold.faces_of(one)}
            others = set(foretold.whose) - theirs
            forgetting.forget_person(self.ctx, person)
            faces = before - set(self.sources())
            assert theirs <= faces
            assert not faces & others
            foretold.forget(gone, faces)
            self.erased(gone, faces)

    def erased(self, people: set[int], faces: set[int]) -> None:
        """The journal says no more of them than numbers."""
        told = """SELECT count(*) FROM change WHERE NOT forgotten
            AND (face_id = ANY(%(faces)s) OR person_id = ANY(%(people)s)
                 OR (kind = 'apart' AND other_id = ANY(%(people)s)))"""
        assert self.bench.value(told, faces=list(faces), people=list(people)) == 0

    # Whose faces are whose ------------------------------------------------------------

    @rule(which=SOME, who=SOME)
    def assign(self, which: int, who: int) -> None:
        one, person = self.some_face(which), self.somebody(who)
        if one is not None and person is not None:
            with self.decision() as foretold:
                people.assign_face(self.ctx, one, person_id=person)
                foretold.give([one], person)

    @rule(which=SOME, name=st.sampled_from(NAMES))
    def assign_to_somebody_new(self, which: int, name: str) -> None:
        one = self.some_face(which)
        if one is not None:
            with self.decision() as foretold:
                person = people.assign_face(self.ctx, one, name=name).person
                assert person is not None
                foretold.give([one], person)
                foretold.describe(person, name=name)

    @rule(which=SOME, reject=st.booleans())
    def unassign(self, which: int, reject: bool) -> None:
        one = self.some_face(which)
        if one is not None:
            with self.decision() as foretold:
                people.unassign_face(self.ctx, one, reject=reject)
                foretold.take([one], reject=reject)

    @rule(which=FEW, who=SOME)
    def move(self, which: list[int], who: int) -> None:
        faces, person = self.some_faces(which), self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                moving.move_faces(self.ctx, faces, person_id=person)
                foretold.give(foretold.shown(faces), person)

    @rule(which=FEW, reject=st.booleans())
    def remove(self, which: list[int], reject: bool) -> None:
        faces = self.some_faces(which)
        with self.decision() as foretold:
            moving.remove_faces(self.ctx, faces, reject=reject)
            foretold.take(faces, reject=reject)

    @rule(who=SOME, count=st.integers(1, 3))
    def split(self, who: int, count: int) -> None:
        person = self.somebody(who)
        if person is not None:
            with self.decision() as foretold:
                faces = sorted(foretold.faces_of(person))[:count]
                target = moving.split_person(self.ctx, person, faces).person
                assert target is not None
                foretold.give(faces, target)

    @rule(which=SOME)
    def pin(self, which: int) -> None:
        row = self.row_of("SELECT face_id, person_id FROM assignment ORDER BY face_id", which)
        if row is not None:
            with self.decision() as foretold:
                exemplars.pin_face(self.ctx, row[1], row[0])
                foretold.give([row[0]], row[1])
                foretold.words["pin", row[0], row[1], None] = True

    @rule(which=SOME)
    def unpin(self, which: int) -> None:
        row = self.row_of("SELECT face_id, person_id FROM pin ORDER BY face_id", which)
        if row is not None:
            with self.decision() as foretold:
                exemplars.unpin_face(self.ctx, row[1], row[0])
                del foretold.words["pin", row[0], row[1], None]

    # Circles ------------------------------------------------------------

    @rule(name=st.sampled_from(CIRCLES), who=FEW)
    def make_circle(self, name: str, who: list[int]) -> None:
        members = self.some_people(who)
        with self.decision() as foretold:
            circle = circles.create_circle(self.ctx, name, members).circle.circle
            foretold.words["circle", None, None, circle] = {"name": name, "gone": False}
            foretold.words |= {("member", None, one, circle): True for one in members}

    @rule(which=SOME, name=st.sampled_from(CIRCLES))
    def rename_circle(self, which: int, name: str) -> None:
        circle = self.one_of(OPEN_CIRCLES, which)
        if circle is not None:
            with self.decision() as foretold:
                circles.rename_circle(self.ctx, circle, name)
                foretold.words["circle", None, None, circle] = {"name": name, "gone": False}

    @rule(which=SOME)
    def delete_circle(self, which: int) -> None:
        circle = self.one_of(OPEN_CIRCLES, which)
        if circle is not None:
            with self.decision() as foretold:
                circles.delete_circle(self.ctx, circle)
                foretold.words["circle", None, None, circle] |= {"gone": True}

    @rule(which=SOME, who=FEW, come=st.booleans())
    def come_or_leave(self, which: int, who: list[int], come: bool) -> None:
        circle, people_ = self.one_of(OPEN_CIRCLES, which), self.some_people(who)
        if circle is None or not people_:
            return
        with self.decision() as foretold:
            (circles.add_people if come else circles.remove_people)(self.ctx, circle, people_)
            for one in people_:
                key = ("member", None, one, circle)
                foretold.words.pop(key, None)
                if come:
                    foretold.words[key] = True
