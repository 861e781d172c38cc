"""Photos by who is in them: the SQL against a plain account of libraries made by chance."""

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_support import Bench

from facekeep.domain.dates import EVER, Span, aged, between
from facekeep.domain.errors import NotFound, UsageError
from facekeep.store import search
from facekeep.store.search import Age, Found, Group, PhotoQuery

PEOPLE = 6
"""1 to 6: 5 and 6 have no name, 4 was born on a leap day, 6 is in no photo."""

CIRCLES = {1: {1, 2}, 2: {3}, 3: set[int]()}
BORN = {1: date(1990, 5, 6), 4: date(2004, 2, 29)}

PHOTO = """
INSERT INTO photo (content_hash, size_bytes, width, height, taken_at, state, due_at, analysed_by,
                   analysed_at)
VALUES (sha256(convert_to(%s::text, 'UTF8')), 1, 10, 10, %s, %s, %s, 1, now())"""
FILE = """
INSERT INTO photo_file (photo_id, library_id, path, size_bytes, mtime_ns, seen_in)
VALUES (%s, %s, convert_to(%s::text, 'UTF8'), 1, 1, 1)"""
FACE = """
INSERT INTO face (photo_id, x, y, width, height, source) VALUES (%s, %s, 0, 0.1, 0.1, 'drawn') RETURNING id"""
ASSIGNMENT = """
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
VALUES (%s, %s, %s, 'user', 1)"""


@dataclass(frozen=True)
class Known:
    """A photo as the reference knows it. `faces`: whose each is; None for nobody's."""

    photo: int
    taken: datetime | None
    state: str
    libraries: frozenset[int]
    faces: tuple[int | None, ...]


@dataclass(frozen=True)
class Library:
    photos: tuple[Known, ...] = field(default=())


def made(seed: int, photos: int = 40) -> Library:
    """A library by chance, crowded around the dates and numbers that are asked for."""
    r = random.Random(seed)
    found = []
    for number in range(1, photos + 1):
        day = r.choice(
            [(2008, 2, 28), (2008, 2, 29), (2009, 2, 28), (2009, 3, 1), (2019, 7, 1), (2019, 12, 31)]
        )
        taken = None if r.random() < 0.2 else datetime(*day, r.randrange(24), r.randrange(60))
        owners = r.choices(
            [None, 1, 2, 3, 4, 5], weights=[2, 4, 3, 2, 2, 2], k=r.choice([0, 1, 1, 2, 2, 3, 4])
        )
        libraries = frozenset(r.sample([1, 2], k=r.choice([1, 1, 2])))
        found.append(Known(number, taken, r.choice(["done", "done", "waiting"]), libraries, tuple(owners)))
    return Library(tuple(found))


def store(bench: Bench, library: Library) -> None:
    """Put it into the database as it is, by a user, so that all triggers run."""
    with psycopg.connect(bench.ctx.database._where()) as connection:
        run = connection.execute
        run("SELECT set_config('facekeep.actor', 'user', true)")
        run("TRUNCATE library, photo, person, circle, decision, change RESTART IDENTITY CASCADE")
        run("INSERT INTO library (root) VALUES ('/one'), ('/two')")
        for person in range(1, PEOPLE + 1):
            name = None if person >= 5 else f"Name {person}"
            run("INSERT INTO person (name, birth_date) VALUES (%s, %s)", (name, BORN.get(person)))
        for circle, members in CIRCLES.items():
            run("INSERT INTO circle (name) VALUES (%s)", (f"Circle {circle}",))
            for person in members:
                run("INSERT INTO member (circle_id, person_id) VALUES (%s, %s)", (circle, person))
        for photo in library.photos:
            _store_photo(connection, photo)


def _store_photo(connection: psycopg.Connection[Any], photo: Known) -> None:
    run = connection.execute
    due = None if photo.state == "done" else datetime(2030, 1, 1)
    run(PHOTO, (photo.photo, photo.taken, photo.state, due))
    for library in photo.libraries:
        run(FILE, (photo.photo, library, photo.photo))
    for place, person in enumerate(photo.faces):
        found = run(FACE, (photo.photo, place / 10)).fetchone()
        if person is not None and found is not None:
            run(ASSIGNMENT, (found[0], photo.photo, person))


def members(group: Group) -> set[int]:
    return set(group.people).union(*(CIRCLES[circle] for circle in group.circles))


def dates(query: PhotoQuery) -> Span:
    span = query.taken
    for age in query.ages:
        span = span.within(aged(BORN[age.person], age.least, age.most))
    return span


def fits(photo: Known, query: PhotoQuery) -> bool:
    """All that is asked for but the date."""
    inside = {face for face in photo.faces if face is not None}
    every = members(query.all_of) | {age.person for age in query.ages}
    some = members(query.any_of)
    return (
        every <= inside
        and (not some or bool(some & inside))
        and not members(query.none_of) & inside
        and (not query.only or all(face in every | some for face in photo.faces))
        and (not query.unnamed or any(face is None or face >= 5 for face in photo.faces))
        and (query.faces_min is None or len(photo.faces) >= query.faces_min)
        and (query.faces_max is None or len(photo.faces) <= query.faces_max)
        and (query.library is None or query.library in photo.libraries)
        and (query.state is None or query.state == photo.state)
    )


def expected(library: Library, query: PhotoQuery) -> tuple[list[int], int]:
    """The photos in their order, and how many fit but have no date."""
    fitting = [photo for photo in library.photos if fits(photo, query)]
    undated = sum(photo.taken is None for photo in fitting)
    span = dates(query)
    if query.dated:
        fitting = [
            photo for photo in fitting if photo.taken is not None and _within(photo.taken.date(), span)
        ]
    if query.order == "added":
        return [photo.photo for photo in reversed(fitting)], undated
    dated = sorted((p for p in fitting if p.taken is not None), key=lambda p: (p.taken, p.photo))
    others = [photo for photo in fitting if photo.taken is None]
    if query.order == "newest":
        return [p.photo for p in [*reversed(dated), *reversed(others)]], undated
    return [p.photo for p in [*dated, *others]], undated


def _within(day: date, span: Span) -> bool:
    return (span.start is None or day >= span.start) and (span.end is None or day < span.end)


groups = st.builds(
    Group,
    st.lists(st.integers(1, PEOPLE), max_size=2, unique=True).map(tuple),
    st.lists(st.integers(1, 2), max_size=1).map(tuple),
)
few_groups = st.one_of(st.just(Group()), groups)
numbers = st.one_of(st.none(), st.integers(0, 4))
spans = st.one_of(
    st.just(EVER),
    st.sampled_from(["2008", "2009-02", "2009-03-01", "2019-07", "2019-12-31"]).map(
        lambda d: between(d, None)
    ),
    st.sampled_from(["2008-02-28", "2019-07-01", "2019"]).map(lambda d: between(None, d)),
    st.just(between("2008-02-29", "2009-02")),
)
ages = st.builds(Age, st.sampled_from(sorted(BORN)), st.integers(0, 4), st.integers(4, 30))
queries = st.builds(
    PhotoQuery,
    all_of=few_groups,
    any_of=few_groups,
    none_of=few_groups,
    only=st.booleans(),
    unnamed=st.booleans(),
    faces_min=numbers,
    faces_max=numbers,
    taken=spans,
    ages=st.one_of(st.just(()), st.lists(ages, max_size=1).map(tuple)),
    library=st.sampled_from([None, None, 1, 2]),
    state=st.sampled_from([None, None, "done", "waiting"]),
    order=st.sampled_from(["newest", "oldest", "added"]),
).filter(lambda q: not q.only or bool(members(q.all_of) | members(q.any_of) | {a.person for a in q.ages}))


def look(bench: Bench, query: PhotoQuery, limit: int = 100) -> tuple[list[int], Found]:
    """All pages, and the first of them."""
    with bench.ctx.database.read() as reader:
        first = found = search.photos(reader, query, limit=limit)
        rows = list(found.items)
        while found.next is not None:
            found = search.photos(reader, query, cursor=found.next, limit=limit)
            assert (found.total, found.undated) == (first.total, first.undated)
            rows += found.items
    return [row.photo for row in rows], first


@pytest.fixture
def library(bench: Bench) -> Library:
    library = made(1)
    store(bench, library)
    return library


@pytest.mark.parametrize("few", [search.FEW, 0], ids=["sorted", "walked"])
def test_sql_and_reference_agree(
    bench: Bench, library: Library, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    answers: set[int] = set()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(query=queries, limit=st.sampled_from([1, 3, 100]))
    def agree(query: PhotoQuery, limit: int) -> None:
        wanted, undated = expected(library, query)
        shown, first = look(bench, query, limit)
        assert shown == wanted
        assert (first.total, first.undated) == (len(wanted), undated)
        answers.add(len(wanted))

    agree()
    assert len(answers) > 5, "the questions were too alike to prove anything"


def test_other_libraries_too(bench: Bench) -> None:
    for seed in range(2, 5):
        library = made(seed, photos=25)
        store(bench, library)
        for query in (
            PhotoQuery(all_of=Group((1,)), none_of=Group((2,))),
            PhotoQuery(any_of=Group((), (1, 2)), only=True),
            PhotoQuery(unnamed=True, order="oldest"),
            PhotoQuery(all_of=Group((4,)), ages=(Age(4, 4, 4),)),
            PhotoQuery(faces_max=0),
        ):
            assert look(bench, query, 4)[0] == expected(library, query)[0]


def test_an_alias_of_a_merge_is_whom_it_became(bench: Bench, library: Library) -> None:
    from facekeep.actions import people

    people.merge_people(bench.ctx, 5, 3)
    union = [p.photo for p in library.photos if {3, 5} & set(p.faces)]
    for number in (3, 5):
        assert sorted(look(bench, PhotoQuery(all_of=Group((number,))))[0]) == union


def test_what_cannot_be_asked_is_said(bench: Bench, library: Library) -> None:
    for query, error in (
        (PhotoQuery(only=True), UsageError),
        (PhotoQuery(all_of=Group((99,))), NotFound),
        (PhotoQuery(none_of=Group((99,))), NotFound),
        (PhotoQuery(any_of=Group((), (9,))), NotFound),
        (PhotoQuery(all_of=Group((), (3,))), UsageError),
        (PhotoQuery(any_of=Group((), (3,))), UsageError),
        (PhotoQuery(library=9), NotFound),
        (PhotoQuery(ages=(Age(2, 1, 2),)), UsageError),
    ):
        with pytest.raises(error), bench.ctx.database.read() as reader:
            search.photos(reader, query)
    assert look(bench, PhotoQuery(none_of=Group((), (3,))))[1].total == len(library.photos)


def test_a_photo_without_a_date_never_vanishes_in_silence(bench: Bench, library: Library) -> None:
    asked = PhotoQuery(all_of=Group((1,)))
    everything = look(bench, asked)[1]
    within = look(bench, replace(asked, taken=between("1900", "2100")))[1]
    assert everything.undated > 0
    assert within.undated == everything.undated
    assert within.total + within.undated == everything.total
