"""Taking in a file of people: who is who, whose word stands, all or nothing, undone as one."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from store_support import TEMPLATE, Bench, Cluster, context, face, write_photo
from test_journal_concurrent import replayed, stored

from facekeep.actions import details, exporting, forgetting, journal, people, standing
from facekeep.actions.exporting import Wanted
from facekeep.actions.group import group_new_faces
from facekeep.actions.people_import import Imported, Item, import_people
from facekeep.domain.errors import UsageError
from facekeep.store import decisions, listing
from facekeep.store import details as details_store
from facekeep.store.database import Database

Records = list[dict[str, Any]]


def exported(bench: Bench, **wanted: Any) -> bytes:
    return b"".join(exporting.encoded(bench.ctx, Wanted(**wanted), "jsonl"))


def take(bench: Bench, file: bytes | Records, *, dry_run: bool = False) -> tuple[Imported, list[Item]]:
    content = file if isinstance(file, bytes) else b"".join(json.dumps(r).encode() + b"\n" for r in file)
    items: list[Item] = []
    done = import_people(bench.ctx, io.BytesIO(content), dry_run=dry_run, tell=items.append)
    return done, items


def without_numbers(file: bytes) -> list[Any]:
    """An export with people by what is known of them; an import's word counts as a user's."""
    found = [json.loads(line) for line in file.splitlines()]
    names = {
        r["person"]: json.dumps({k: v for k, v in r.items() if k not in ("person", "kind")})
        for r in found
        if r["kind"] == "person"
    }
    plain: list[Any] = sorted(names.values())
    for record in found:
        if record["kind"] in ("apart", "circle"):
            who = sorted(names[person] for person in record["people"])
            plain.append((record["kind"], record.get("name"), who))
        if record["kind"] == "photo":
            for one in record["faces"]:
                one["person"] = names.get(one["person"])
                one["rejected"] = sorted(names[person] for person in one["rejected"])
                one["assigned_by"] = "user" if one["assigned_by"] == "import" else one["assigned_by"]
            plain.append({k: record[k] for k in ("sha256", "files", "faces")})
    return plain


PHOTOS = {
    "a.png": [("ada", 0), ("bob", 1)],
    "b.png": [("ada", 0), ("bob", 1)],
    "c.png": [("ada", 0)],
    "d.png": [("eve", 4)],
    "e.png": [("eve", 4), ("dan", 5)],
}


def looked_at(bench: Bench, *, grouped: bool = True) -> Bench:
    for name in PHOTOS:
        write_photo(bench.root / name, name)
    bench.scan()
    bench.look({name: [face(who, place) for who, place in seen] for name, seen in PHOTOS.items()})
    while grouped and group_new_faces(bench.ctx).faces:
        pass
    return bench


def face_of(bench: Bench, photo: str, place: int = 0) -> int:
    return bench.faces(bench.photo(photo).photo)[place].face


def who(bench: Bench, photo: str, place: int = 0) -> str | None:
    return bench.faces(bench.photo(photo).photo)[place].name


@pytest.fixture
def told(bench: Bench) -> Bench:
    """A library of which much was said."""
    looked_at(bench)
    ctx = bench.ctx
    ada = people.assign_face(ctx, face_of(bench, "a.png"), name="Ada").person
    bob = people.assign_face(ctx, face_of(bench, "a.png", 1), name="Bob").person
    assert ada is not None
    assert bob is not None
    for name in ("b.png", "c.png"):
        people.assign_face(ctx, face_of(bench, name), person_id=ada)
    people.assign_face(ctx, face_of(bench, "b.png", 1), person_id=ada)
    people.unassign_face(ctx, face_of(bench, "b.png", 1))
    edit: details.Edit = {
        "aliases": ["Countess"],
        "birth_date": date(1815, 12, 10),
        "notes": "maths",
        "favourite": True,
        "cover": face_of(bench, "c.png"),
    }
    details.edit_person(ctx, ada, edit)
    with ctx.database.write("user") as writer:
        writer.run(f"INSERT INTO pin VALUES ({face_of(bench, 'a.png')}, {ada})")
        writer.run(f"INSERT INTO apart VALUES ({min(ada, bob)}, {max(ada, bob)})")
        writer.run("INSERT INTO circle (name) VALUES ('Family')")
        writer.run(f"INSERT INTO member SELECT id, {ada} FROM circle")
    return bench


Fresh = Callable[[], Bench]


@pytest.fixture
def elsewhere(cluster: Cluster, tmp_path: Path) -> Iterator[Fresh]:
    """Makes another facekeep that has the same photos, in another folder, looked at and not told anything."""
    opened: list[Database] = []

    def make() -> Bench:
        database = Database(cluster.database(TEMPLATE))
        database.__enter__()
        opened.append(database)
        ctx = context(database, tmp_path / f"home{len(opened)}")
        return Bench(ctx, tmp_path / f"photos{len(opened)}")

    yield make
    for database in opened:
        database.close()


@pytest.mark.parametrize("unnamed", [False, True], ids=["named", "everybody"])
def test_round_trip(told: Bench, elsewhere: Fresh, unnamed: bool) -> None:
    file = exported(told, unnamed=unnamed)
    # What a machine grouped by itself there is not in the file, and would stay.
    other = looked_at(elsewhere(), grouped=not unnamed)
    assert who(other, "a.png") is None
    done, _ = take(other, file)
    assert without_numbers(exported(other, unnamed=unnamed)) == without_numbers(file)
    assert "conflict" not in done.faces
    assert {key: kept for key, kept in replayed(other).items() if key in stored(other)} == stored(other)
    entries = other.value("SELECT count(*) FROM decision WHERE verb = 'import_people'")
    assert entries == 1


def test_twice_is_once(told: Bench, elsewhere: Fresh) -> None:
    file = exported(told, unnamed=True)
    other = looked_at(elsewhere())
    take(other, file)
    before = rows(other)
    again, items = take(other, file)
    assert rows(other) == before
    assert again.decision is None
    assert {item.outcome for item in items} <= {"same", "matched"}
    home, _ = take(told, file)
    assert home.decision is None, "a file taken in where it came from changes nothing"


def rows(bench: Bench) -> list[Any]:
    """Everything, with versions and times."""
    tables = ("person", "face", "assignment", "rejection", "pin", "apart", "circle", "member", "change")
    return [bench.tuples(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables]


def test_undo_takes_it_all_back(told: Bench, elsewhere: Fresh) -> None:
    other = looked_at(elsewhere())
    before = stored(other)
    done, _ = take(other, exported(told))
    assert done.decision is not None
    undone = journal.undo(other.ctx, done.decision)
    assert undone.left == ()
    assert {k: v for k, v in stored(other).items() if k[0] != "person"} == {
        k: v for k, v in before.items() if k[0] != "person"
    }
    assert [row.name for row in other.people() if row.name] == []
    assert other.value("SELECT count(*) FROM member") == 0
    journal.redo(other.ctx, done.decision)
    assert who(other, "c.png") == "Ada"


def test_a_dry_run_says_the_same_and_changes_nothing(told: Bench, elsewhere: Fresh) -> None:
    other = looked_at(elsewhere())
    before = rows(other)
    dry, said = take(other, exported(told), dry_run=True)
    assert rows(other) == before
    assert other.journal().count("import_people") == 0
    done, items = take(other, exported(told))
    assert (dry.people, dry.faces, dry.rejections) == (done.people, done.faces, done.rejections)
    assert [item.outcome for item in said] == [item.outcome for item in items]
    assert (dry.dry_run, dry.decision) == (True, None)


def test_a_users_word_here_stands(told: Bench, elsewhere: Fresh) -> None:
    other = looked_at(elsewhere())
    zoe = people.assign_face(other.ctx, face_of(other, "a.png"), name="Zoe").person
    ada = people.assign_face(other.ctx, face_of(other, "b.png"), name="Ada").person
    details.edit_person(other.ctx, int(str(ada)), {"notes": "of here"})
    people.assign_face(other.ctx, face_of(other, "c.png"), person_id=ada)
    people.unassign_face(other.ctx, face_of(other, "c.png"))
    done, items = take(other, exported(told))
    assert who(other, "a.png") == "Zoe"
    assert other.people()[0].person in (zoe, ada)
    outcomes = {item.outcome for item in items if item.kind == "face"}
    assert {"conflict", "rejected_here", "same"} <= outcomes
    [person] = [item for item in items if item.kind == "person" and item.here == ada]
    assert person.outcome == "conflict"
    with other.ctx.database.read() as reader:
        known = details_store.one(reader, int(str(ada)))
    assert (known.notes, known.birth_date, known.aliases) == ("of here", date(1815, 12, 10), ["Countess"])
    assert done.faces["conflict"] == 1


def test_a_photo_is_found_by_its_path_and_a_face_is_made(told: Bench, elsewhere: Fresh) -> None:
    file = exported(told)
    other = elsewhere()
    write_photo(other.root / "a.png", "a.png, edited")
    write_photo(other.root / "sub" / "c.png", "c.png")
    other.scan()
    other.look({"a.png, edited": [face("ada"), face("bob", 1)]})  # and nobody is found in the other
    done, _ = take(other, file)
    assert (who(other, "a.png"), who(other, "a.png", 1)) == ("Ada", "Bob")
    [made] = other.faces(other.photo("sub/c.png").photo)
    assert (made.source, made.name, made.assigned_by, made.model) == ("imported", "Ada", "import", None)
    assert done.faces == {"assigned": 2, "created_face": 1, "no_photo": 2}
    again, _ = take(other, file)
    assert again.decision is None
    other.look_again(other.photo("sub/c.png").photo)
    other.look({"c.png": [face("ada")]})
    assert len(other.faces(other.photo("sub/c.png").photo)) == 1, "found later, it is the same face"
    assert other.faces(other.photo("sub/c.png").photo)[0].name == "Ada"


def test_names_that_several_have(told: Bench, elsewhere: Fresh) -> None:
    file = [json.loads(line) for line in exported(told).splitlines()]
    ada = next(r for r in file if r.get("name") == "Ada")
    file.insert(1, {"kind": "person", "person": 900, "name": "Ada", "birth_date": "1990-01-01"})
    file.insert(1, {"kind": "person", "person": 901, "name": "Eve"})
    file.insert(1, {"kind": "person", "person": 902, "name": "Eve"})
    file[-1]["people"] += 3
    other = looked_at(elsewhere())
    mine = people.assign_face(other.ctx, face_of(other, "c.png"), name="Ada").person
    _, items = take(other, file)
    here = {item.person: item.here for item in items if item.kind == "person"}
    assert here[ada["person"]] == mine, "the faces tell which"
    names = sorted(str(row.name) for row in other.people() if row.name)
    assert names == ["Ada", "Ada", "Bob", "Eve", "Eve"]
    before = rows(other)
    take(other, file)
    assert rows(other) == before


def test_what_was_put_away_is_put_away_there_too(told: Bench, elsewhere: Fresh) -> None:
    eve, dan = face_of(told, "d.png"), face_of(told, "e.png", 1)
    standing.not_a_face(told.ctx, [eve])
    standing.ignore(told.ctx, [dan])
    standing.delete_faces(told.ctx, [face_of(told, "e.png")])
    file = exported(told)
    other = looked_at(elsewhere())
    group = face_of(other, "d.png")
    assert next(row.person for row in other.faces() if row.face == group) is not None
    take(other, file)
    said = {str(s) for (s,) in other.tuples("SELECT standing FROM face WHERE standing <> 'shown'")}
    assert said == {"not_a_face", "ignored", "deleted"}
    assert other.value("SELECT standing FROM face WHERE id = %(face)s", face=group) == "not_a_face"
    again, items = take(other, file)
    assert again.decision is None
    assert {item.outcome for item in items} <= {"same", "matched"}
    assert without_numbers(exported(other)) == without_numbers(file)


def test_what_a_user_here_says_is_a_face_stays_one(told: Bench, elsewhere: Fresh) -> None:
    standing.not_a_face(told.ctx, [face_of(told, "d.png"), face_of(told, "e.png"), face_of(told, "e.png", 1)])
    other = looked_at(elsewhere())
    zoe = people.assign_face(other.ctx, face_of(other, "d.png"), name="Zoe").person
    standing.ignore(other.ctx, [face_of(other, "e.png")])
    done, items = take(other, exported(told))
    assert done.faces["conflict"] == 2
    assert done.faces["put_away"] == 1
    assert next(row.person for row in other.faces() if row.face == face_of(other, "d.png")) == zoe
    [kept] = other.tuples("SELECT standing FROM face WHERE standing = 'ignored'")
    assert kept == ("ignored",)
    assert [item.person for item in items if item.outcome == "put_away"] == [None]


def test_what_was_shown_again_here_stays_shown(told: Bench) -> None:
    face = face_of(told, "d.png")
    standing.not_a_face(told.ctx, [face])
    file = exported(told)
    standing.show(told.ctx, [face])
    done, items = take(told, file)
    assert done.decision is None
    assert [item.outcome for item in items if item.face == face] == ["conflict"]
    assert face_of(told, "d.png") == face


def test_an_import_that_was_undone_can_be_done_anew(told: Bench, elsewhere: Fresh) -> None:
    standing.ignore(told.ctx, [face_of(told, "d.png")])
    file = exported(told)
    other = looked_at(elsewhere())
    first, _ = take(other, file)
    journal.undo(other.ctx, int(str(first.decision)))
    second, _ = take(other, file)
    assert second.faces == first.faces
    assert first.faces["put_away"] == 1


def test_a_face_put_away_before_its_photo_is_looked_at_stays_so(told: Bench, elsewhere: Fresh) -> None:
    standing.not_a_face(told.ctx, [face_of(told, "d.png")])
    other = elsewhere()
    write_photo(other.root / "d.png", "d.png")
    other.scan()
    done, _ = take(other, exported(told))
    assert (done.faces["put_away"], done.created) == (1, 1)
    other.look({"d.png": [face("eve", 4)]})
    assert other.tuples("SELECT standing, source FROM face") == [("not_a_face", "imported")]


def test_what_an_import_made_is_in_nobodys_way_when_that_is_undone(told: Bench, elsewhere: Fresh) -> None:
    file = exported(told)
    other = elsewhere()
    write_photo(other.root / "c.png", "c.png")
    other.scan()
    first, _ = take(other, file)
    journal.undo(other.ctx, int(str(first.decision)))
    assert other.value("SELECT count(*) FROM face WHERE NOT unmade") == 0
    with other.ctx.database.read() as reader:
        assert listing.faces(reader, standing="deleted").total == 0
    second, _ = take(other, file)
    assert (second.faces["created_face"], second.created) == (1, 1), "taken in again, it is made again"
    journal.undo(other.ctx, int(str(second.decision)))
    other.look({"c.png": [face("ada")]})
    assert [(row.source, row.standing) for row in other.faces(other.photo("c.png").photo)] == [
        ("detected", "shown")
    ]
    assert b'"deleted"' not in exported(other, unnamed=True)
    journal.redo(other.ctx, int(str(second.decision)))
    assert sorted(row.source for row in other.faces(other.photo("c.png").photo)) == ["detected", "imported"]


def test_when_nobody_can_tell_who_is_meant_nobody_is(told: Bench, elsewhere: Fresh) -> None:
    other = elsewhere()
    write_photo(other.root / "z.png", "z.png")
    other.scan()
    other.look({"z.png": [face("x"), face("y", 1)]})
    for place in (0, 1):
        people.assign_face(other.ctx, face_of(other, "z.png", place), name="Ada")
    _, items = take(other, exported(told))
    outcomes = sorted(item.outcome for item in items if item.kind == "person")
    assert outcomes == ["new", "unclear"]


def test_who_was_forgotten_here_does_not_come_back(told: Bench, elsewhere: Fresh) -> None:
    other = looked_at(elsewhere())
    file = exported(told)
    take(other, file)
    ada = next(row.person for row in other.people() if row.name == "Ada")
    forgetting.forget_person(other.ctx, ada)
    done, _ = take(other, file)
    assert done.faces["forgotten"] == 3
    assert other.value("SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id "
                       "WHERE p.name = 'Ada'") == 0  # fmt: skip


def test_the_line_in_the_journal(told: Bench, elsewhere: Fresh) -> None:
    other = looked_at(elsewhere())
    done = import_people(other.ctx, io.BytesIO(exported(told)), name="people.jsonl")
    with other.ctx.database.read() as reader:
        row = decisions.decision(reader, int(str(done.decision)))
    assert row.summary == "You imported people from people.jsonl: who 4 faces are, 1 person new"


# Refused ----------------------------------------------------------------------------------------------------

BOX = {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
HEADER = {"kind": "header", "format": "facekeep-people", "version": 1, "libraries": []}
ADA = {"kind": "person", "person": 1, "name": "Ada"}
END = {"kind": "end", "people": 1, "photos": 0, "faces": 0}


def photo(**face: Any) -> dict[str, Any]:
    return {"kind": "photo", "sha256": "0" * 64, "files": [], "faces": [{"box": BOX, **face}]}


def lines(*records: dict[str, Any] | str | bytes) -> bytes:
    parts = [
        r if isinstance(r, bytes) else r.encode() if isinstance(r, str) else json.dumps(r).encode()
        for r in records
    ]
    return b"\n".join(parts)


REFUSED = {
    "nothing": (b"", "line 1: it breaks off"),
    "no header": (lines(ADA, END), "line 1: the first record must be the header"),
    "two headers": (lines(HEADER, HEADER), "line 2: there is a second header"),
    "another version": (lines({**HEADER, "version": 2}), "line 1: version: this facekeep reads version 1"),
    "another format": (lines({**HEADER, "format": "x"}), "line 1: format"),
    "broken off": (lines(HEADER, ADA), "line 3: it breaks off"),
    "half a line": (lines(HEADER, '{"kind": "person", "per'), "line 2: it is no JSON object on one line"),
    "lines missing": (lines(HEADER, END), "line 2: something is missing: 1 people"),
    "more after the end": (lines(HEADER, ADA, END, ADA), "line 4: something comes after"),
    "not an object": (lines(HEADER, "[1]"), "line 2: an object is needed"),
    "no such kind": (lines(HEADER, {"kind": "pet"}), "line 2: kind: no record is of kind 'pet'"),
    "one number twice": (lines(HEADER, ADA, ADA), "line 3: person: there are two people 1"),
    "a number as text": (lines(HEADER, {**ADA, "person": "1"}), "line 2: person: a number from 1"),
    "a huge number": (lines(HEADER, {**ADA, "person": 10**30}), "line 2: person: a number from 1"),
    "an endless number": (lines(HEADER, '{"person":' + "9" * 5000 + "}"), "line 2: it is no JSON"),
    "no name": (lines(HEADER, {**ADA, "name": " "}), "line 2: name"),
    "a name of two lines": (lines(HEADER, {**ADA, "name": "A\nb"}), "line 2: name"),
    "half a character": (lines(HEADER, '{"kind":"person","person":1,"name":"\\ud800"}'), "line 2: name"),
    "no text at all": (lines(HEADER, {**ADA, "notes": "a\0b"}), "line 2: notes"),
    "long notes": (lines(HEADER, {**ADA, "notes": "x" * 10_001}), "line 2: notes"),
    "no such day": (lines(HEADER, {**ADA, "birth_date": "1990-02-30"}), "line 2: birth_date"),
    "not yes or no": (lines(HEADER, {**ADA, "hidden": 1}), "line 2: hidden"),
    "not UTF-8": (lines(HEADER, b'{"kind":"person","name":"\xff"}'), "line 2: it is not UTF-8"),
    "deep": (lines(HEADER, "[" * 200_000), "line 2: it is nested too deeply"),
    "NaN": (lines(HEADER, ADA, photo(box={**BOX, "x": float("nan")})), "line 3: NaN is no number"),
    "beyond all numbers": (
        lines(HEADER, ADA, json.dumps(photo()).replace("0.2", "1e999")),
        "line 3: faces[0].box.width",
    ),
    "outside": (lines(HEADER, ADA, photo(box={**BOX, "x": 0.9})), "line 3: faces[0].box: it has no area"),
    "no area": (lines(HEADER, ADA, photo(box={**BOX, "width": 0.0})), "line 3: faces[0].box"),
    "no box": (lines(HEADER, ADA, {**photo(), "faces": [{}]}), "line 3: faces[0].box: an object is needed"),
    "twins": (lines(HEADER, ADA, {**photo(), "faces": [{"box": BOX}] * 2}), "line 3: faces: two of them"),
    "no such standing": (lines(HEADER, ADA, photo(standing="odd")), "line 3: faces[0].standing"),
    "away and hers": (lines(HEADER, ADA, photo(person=1, standing="ignored")), "line 3: faces[0].standing"),
    "a stranger": (lines(HEADER, ADA, photo(person=7)), "line 3: faces[0]: no record before it is"),
    "yes and no": (lines(HEADER, ADA, photo(person=1, rejected=[1])), "line 3: faces[0].rejected"),
    "no such library": (
        lines(HEADER, ADA, {**photo(), "files": [{"library": 3, "path": "a"}]}),
        "line 3: files: the header has no library 3",
    ),
    "an odd hash": (lines(HEADER, ADA, {**photo(), "sha256": "ABC"}), "line 3: sha256"),
    "odd base64": (
        lines(HEADER, ADA, {**photo(), "files": [{"library": 3, "path_base64": "***"}]}),
        "line 3: files[0].path_base64",
    ),
    "odd landmarks": (lines(HEADER, ADA, photo(landmarks=[[0.1, 0.1]])), "line 3: faces[0].landmarks"),
    "odd certainty": (lines(HEADER, ADA, photo(person=1, confidence=7)), "line 3: faces[0].confidence"),
    "a strange decider": (lines(HEADER, ADA, photo(assigned_by="pope")), "line 3: faces[0].assigned_by"),
    "two that are one": (lines(HEADER, ADA, {"kind": "apart", "people": [1, 1]}), "line 3: people"),
    "a circle of strangers": (
        lines(HEADER, ADA, {"kind": "circle", "circle": 1, "name": "F", "people": [9]}),
        "line 3: people: no record before it",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def empty(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("empty")
    with Database(cluster.database(TEMPLATE)) as database:
        yield Bench(context(database, folder / "home"), folder / "photos")


@pytest.mark.parametrize("case", REFUSED, ids=[name.replace(" ", "-") for name in REFUSED])
def test_an_unsound_file_is_refused_with_the_place(empty: Bench, case: str) -> None:
    file, message = REFUSED[case]
    with pytest.raises(UsageError) as caught:
        take(empty, file)
    assert message in caught.value.message
    assert empty.value("SELECT count(*) FROM person") == 0


def test_a_line_without_end_is_refused(empty: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facekeep.actions.people_reading.MAX_LINE", 1000)
    with pytest.raises(UsageError, match="line 2: it has more than 1,000 bytes"):
        take(empty, lines(HEADER) + b"\n" + b"x" * 5000)


def test_one_array_is_read_too(told: Bench, elsewhere: Fresh) -> None:
    other = looked_at(elsewhere())
    whole = b"".join(exporting.encoded(told.ctx, Wanted(), "json"))
    done, _ = take(other, whole)
    assert done.faces["assigned"] == 4
