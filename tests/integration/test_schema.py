"""The database itself refuses what must never be true. Plain SQL, past all of our own care."""

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
import pytest
from pgvector.psycopg import register_vector

Row = dict[str, Any]
_numbers = itertools.count(1)


class Sql:
    """A transaction that is rolled back at the end: every test finds the database empty."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def speak_as(self, actor: str) -> None:
        self._connection.execute("SELECT set_config('facekeep.actor', %s, true)", (actor,))

    def run(self, statement: str, **row: Any) -> Any:
        """Execute; the first column of the first row, if any."""
        cursor = self._connection.execute(statement, row)
        found = cursor.fetchone() if cursor.description else None
        return None if found is None else found[0]

    def commit_checks(self) -> None:
        """Everything that is looked at on commit, now."""
        self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

    @contextmanager
    def refused(self, constraint: str) -> Iterator[None]:
        """The block is refused by the constraint of that name."""
        with pytest.raises(psycopg.errors.IntegrityError) as caught, self._connection.transaction():
            yield
        assert caught.value.diag.constraint_name == constraint, str(caught.value)

    def insert(self, table: str, **row: Any) -> Any:
        columns = ", ".join(row)
        values = ", ".join(f"%({name})s" for name in row)
        key = {"embedding": "face_id", "assignment": "face_id", "rejection": "face_id", "failure": "photo_id"}
        returned = key.get(table, "id")
        return self.run(f"INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING {returned}", **row)

    def photo(self, **row: Any) -> int:
        content = next(_numbers).to_bytes(32, "big")
        return int(self.insert("photo", **{"content_hash": content, "size_bytes": 1, **row}))

    def face(self, photo: Any = None, **row: Any) -> int:
        place = next(_numbers) / 1e6
        where = {"photo_id": self.photo() if photo is None else photo, "x": place, "y": 0.1}
        what = {"width": 0.2, "height": 0.2, "landmarks": [0.5] * 10, "score": 0.9, "found_by": self.pack()}
        return int(self.insert("face", **(where | what | row)))

    def pack(self) -> int:
        return int(self.run("SELECT add_pack('bundled-1', 128, 0.5, 3.0)"))

    def person(self, name: str | None = None) -> int:
        self.speak_as("user")
        made = int(self.insert("person", name=name))
        self.speak_as("machine")
        return made

    def assign(self, face: int, person: int, by: str = "auto") -> None:
        photo = self.run("SELECT photo_id FROM face WHERE id = %(face)s", face=face)
        self.insert("assignment", face_id=face, photo_id=photo, person_id=person, decided_by=by, confidence=1)

    def assign_by_user(self, face: int, person: int) -> None:
        self.speak_as("user")
        self.assign(face, person, "user")
        self.speak_as("machine")

    def reject(self, face: int, person: int) -> None:
        self.speak_as("user")
        self.insert("rejection", face_id=face, person_id=person)
        self.speak_as("machine")


@pytest.fixture(scope="module")
def one_connection(cluster: Any) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.database("template_facekeep")) as connection:
        register_vector(connection)
        connection.rollback()
        yield connection


@pytest.fixture
def sql(one_connection: psycopg.Connection[Any]) -> Iterator[Sql]:
    with one_connection.transaction(force_rollback=True):
        yield Sql(one_connection)


# Faces and boxes --------------------------------------------------------------------------------------------


def test_a_face_has_a_photo(sql: Sql) -> None:
    with sql.refused("face_photo_id_fkey"):
        sql.face(photo=987654321)
    with pytest.raises(psycopg.errors.NotNullViolation):
        sql.run("UPDATE face SET photo_id = NULL WHERE id = %(face)s", face=sql.face())


def test_a_photo_with_faces_is_not_deleted(sql: Sql) -> None:
    photo = sql.photo()
    sql.face(photo)
    with sql.refused("face_photo_id_fkey"):
        sql.run("DELETE FROM photo WHERE id = %(photo)s", photo=photo)


@pytest.mark.parametrize(
    "box",
    [
        {"x": -1e-9},
        {"y": -0.5},
        {"x": 0.9, "width": 0.2},
        {"y": 0.9, "height": 0.1 + 1e-9},
        {"x": math.nan},
        {"y": math.nan},
        {"width": math.nan},
        {"height": math.nan},
        {"x": math.inf},
        {"width": math.inf},
        {"height": math.inf},
        {"x": -math.inf, "width": math.inf},
        {"y": -math.inf},
    ],
    ids=str,
)
def test_a_box_is_inside_the_frame(sql: Sql, box: Any) -> None:
    with sql.refused("box_inside_the_frame"):
        sql.face(**box)


@pytest.mark.parametrize(
    "box", [{"width": 0}, {"height": 0}, {"width": -0.1}, {"height": -math.inf}], ids=str
)
def test_a_box_has_area(sql: Sql, box: Any) -> None:
    with sql.refused("box_has_area"):
        sql.face(**box)


def test_a_box_may_fill_the_frame(sql: Sql) -> None:
    assert sql.face(x=0, y=0, width=1, height=1)


def test_a_face_is_in_a_photo_once(sql: Sql) -> None:
    photo = sql.photo()
    place = {"x": 0.1, "y": 0.1, "width": 0.3, "height": 0.3}
    sql.face(photo, **place)
    with sql.refused("no_twin"):
        sql.face(photo, **place)
        sql.commit_checks()


@pytest.mark.parametrize(
    "points",
    [[0.5] * 9, [0.5] * 11, [[0.5, 0.5] for _ in range(5)], [0.5] * 9 + [None], [0.5] * 9 + [math.nan],
     [0.5] * 9 + [math.inf], [-math.inf] + [0.5] * 9],
    ids=str,
)  # fmt: skip
def test_landmarks_are_five_finite_points(sql: Sql, points: list[Any]) -> None:
    with sql.refused("landmarks_are_five_points"):
        sql.face(landmarks=points)


@pytest.mark.parametrize("missing", ["landmarks", "score", "found_by"])
def test_a_detected_face_says_what_the_detector_saw(sql: Sql, missing: str) -> None:
    with sql.refused("detected_has_detector"):
        sql.face(**{missing: None})
    assert sql.face(**{missing: None, "source": "drawn"})


@pytest.mark.parametrize("measure", ["score", "quality", "quality_size", "quality_sharpness", "quality_pose",
                                     "quality_exposure"])  # fmt: skip
@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf])
def test_measures_go_from_nought_to_one(sql: Sql, measure: str, value: float) -> None:
    with sql.refused(f"face_{measure}_check"):
        sql.face(**{measure: value})


# Embeddings -------------------------------------------------------------------------------------------------


def vector(norm: float, length: int = 128) -> np.ndarray[Any, Any]:
    return np.full(length, norm / math.sqrt(length), dtype=np.float32)


def put_embedding(sql: Sql, face: int, value: Any, pack: int | None = None) -> None:
    sql.insert("embedding", face_id=face, pack_id=sql.pack() if pack is None else pack, vector=value)


@pytest.mark.parametrize("length", [1, 127, 129, 512])
def test_an_embedding_has_its_packs_length(sql: Sql, length: int) -> None:
    with sql.refused("length_of_the_pack"):
        put_embedding(sql, sql.face(), vector(1.4, length))


@pytest.mark.parametrize("norm", [0.0, 0.49, 3.01, 1e18])
def test_an_embedding_has_a_norm_of_its_pack(sql: Sql, norm: float) -> None:
    with sql.refused("norm_of_the_pack"):
        put_embedding(sql, sql.face(), vector(norm))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_an_embedding_is_finite(sql: Sql, wrong: float) -> None:
    value = vector(1.4)
    value[64] = wrong
    with pytest.raises(psycopg.errors.DataException, match=r"NaN|infinite"):
        put_embedding(sql, sql.face(), value)


def test_a_face_has_one_embedding_under_a_model(sql: Sql) -> None:
    face = sql.face()
    put_embedding(sql, face, vector(1.4))
    with sql.refused(f"embedding_{sql.pack()}_pkey"):
        put_embedding(sql, face, vector(1.5))


def test_a_face_may_have_embeddings_under_two_models(sql: Sql) -> None:
    face, other = sql.face(), int(sql.run("SELECT add_pack('other-1', 512, 0.99, 1.01)"))
    put_embedding(sql, face, vector(1.4))
    put_embedding(sql, face, vector(1.0, 512), other)
    with sql.refused("norm_of_the_pack"):
        put_embedding(sql, sql.face(), vector(1.4, 512), other)


def test_an_embedding_is_of_a_known_pack(sql: Sql) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
        put_embedding(sql, sql.face(), vector(1.4), 999)


def test_an_embedding_is_of_a_face(sql: Sql) -> None:
    with sql.refused("embedding_face_id_fkey"):
        put_embedding(sql, 987654321, vector(1.4))
        sql.commit_checks()


def test_a_pack_keeps_its_length(sql: Sql) -> None:
    sql.pack()
    with pytest.raises(psycopg.errors.RaiseException, match="has 128 dimensions, not 64"):
        sql.run("SELECT add_pack('bundled-1', 64, 0.5, 3.0)")


# Who may say what -------------------------------------------------------------------------------------------


def test_a_machine_does_not_change_what_a_user_assigned(sql: Sql) -> None:
    face, person = sql.face(), sql.person()
    sql.assign_by_user(face, person)
    for change in ("person_id = %(other)s", "decided_by = 'auto'", "confidence = 0.5"):
        with sql.refused("user_over_machine"):
            sql.run(f"UPDATE assignment SET {change} WHERE face_id = %(face)s", face=face, other=sql.person())
    with sql.refused("user_over_machine"):
        sql.run("DELETE FROM assignment WHERE face_id = %(face)s", face=face)
    with sql.refused("user_over_machine"):
        sql.run(
            """INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
               SELECT id, photo_id, %(other)s, 'auto', 1 FROM face WHERE id = %(face)s
               ON CONFLICT (face_id) DO UPDATE
               SET person_id = excluded.person_id, decided_by = excluded.decided_by""",
            face=face,
            other=sql.person(),
        )


def test_a_machine_does_not_speak_as_the_user(sql: Sql) -> None:
    face, person = sql.face(), sql.person()
    with sql.refused("machine_is_not_user"):
        sql.assign(face, person, "user")
    sql.assign(face, person)
    with sql.refused("machine_is_not_user"):
        sql.run("UPDATE assignment SET decided_by = 'user' WHERE face_id = %(face)s", face=face)


def test_an_unknown_actor_is_a_machine(sql: Sql) -> None:
    sql.speak_as("")
    with sql.refused("machine_is_not_user"):
        sql.assign(sql.face(), sql.person(), "user")


def test_an_import_goes_over_auto_and_auto_not_over_an_import(sql: Sql) -> None:
    face, person, other = sql.face(), sql.person(), sql.person()
    sql.assign(face, person, "auto")
    change = "UPDATE assignment SET person_id = %(to)s, decided_by = %(by)s WHERE face_id = %(face)s"
    sql.run(change, to=other, by="import", face=face)
    with sql.refused("authority_never_falls"):
        sql.run(change, to=person, by="auto", face=face)


def test_the_user_may_change_everything(sql: Sql) -> None:
    face, person, other = sql.face(), sql.person(), sql.person()
    sql.assign_by_user(face, person)
    sql.speak_as("user")
    sql.run("UPDATE assignment SET person_id = %(to)s WHERE face_id = %(face)s", to=other, face=face)
    sql.run("DELETE FROM assignment WHERE face_id = %(face)s", face=face)
    sql.run("DELETE FROM face WHERE id = %(face)s", face=face)


def test_a_face_is_on_one_person(sql: Sql) -> None:
    face = sql.face()
    sql.assign(face, sql.person())
    with sql.refused("assignment_pkey"):
        sql.assign(face, sql.person())


def test_an_assignment_is_of_a_face_in_its_photo(sql: Sql) -> None:
    with sql.refused("assignment_face_id_photo_id_fkey"):
        sql.insert(
            "assignment",
            face_id=sql.face(),
            photo_id=sql.photo(),
            person_id=sql.person(),
            decided_by="auto",
            confidence=1,
        )
        sql.commit_checks()


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan])
def test_confidence_goes_from_nought_to_one(sql: Sql, confidence: float) -> None:
    face, person = sql.face(), sql.person()
    sql.assign(face, person)
    with sql.refused("assignment_confidence_check"):
        sql.run("UPDATE assignment SET confidence = %(c)s WHERE face_id = %(f)s", c=confidence, f=face)


# Two faces of one photo -------------------------------------------------------------------------------------


def test_a_machine_puts_one_face_of_a_photo_on_a_person(sql: Sql) -> None:
    photo, person = sql.photo(), sql.person()
    sql.assign(sql.face(photo), person)
    with sql.refused("one_face_of_a_photo"):
        sql.assign(sql.face(photo), person)


def test_nor_beside_a_face_that_the_user_put_there(sql: Sql) -> None:
    photo, person = sql.photo(), sql.person()
    sql.assign_by_user(sql.face(photo), person)
    with sql.refused("one_face_of_a_photo"):
        sql.assign(sql.face(photo), person)
    moving = sql.face(photo)
    sql.assign(moving, sql.person())
    with sql.refused("one_face_of_a_photo"):
        sql.run("UPDATE assignment SET person_id = %(p)s WHERE face_id = %(f)s", p=person, f=moving)


def test_the_exclusion_holds_without_the_trigger(sql: Sql) -> None:
    photo, person = sql.photo(), sql.person()
    sql.run("ALTER TABLE assignment DISABLE TRIGGER guard_assignment")
    sql.assign(sql.face(photo), person)
    with sql.refused("one_auto_face_of_a_photo"):
        sql.assign(sql.face(photo), person)


def test_a_user_may_put_two_faces_of_a_photo_on_a_person(sql: Sql) -> None:
    photo, person = sql.photo(), sql.person()
    sql.assign_by_user(sql.face(photo), person)
    sql.assign_by_user(sql.face(photo), person)


# Rejections -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["auto", "import"])
def test_a_rejected_pair_is_not_assigned_by_a_machine(sql: Sql, by: str) -> None:
    face, person = sql.face(), sql.person()
    sql.reject(face, person)
    with sql.refused("rejection_is_final"):
        sql.assign(face, person, by)


def test_a_user_takes_the_rejection_back_first(sql: Sql) -> None:
    face, person = sql.face(), sql.person()
    sql.reject(face, person)
    with sql.refused("rejection_is_final"):
        sql.assign_by_user(face, person)
    sql.speak_as("user")
    sql.run("DELETE FROM rejection WHERE face_id = %(face)s", face=face)
    sql.assign(face, person, "user")


def test_a_face_is_not_moved_to_who_it_is_not(sql: Sql) -> None:
    face, person = sql.face(), sql.person()
    sql.assign(face, sql.person())
    sql.reject(face, person)
    with sql.refused("rejection_is_final"):
        sql.run("UPDATE assignment SET person_id = %(p)s WHERE face_id = %(f)s", p=person, f=face)


def test_what_is_assigned_is_not_rejected_at_the_same_time(sql: Sql) -> None:
    face, person = sql.face(), sql.person()
    sql.assign(face, person)
    with sql.refused("rejected_or_assigned"):
        sql.reject(face, person)


def test_only_the_user_rejects_or_takes_back(sql: Sql) -> None:
    face, person = sql.face(), sql.person()
    with sql.refused("rejection_is_the_users"):
        sql.insert("rejection", face_id=face, person_id=person)
    sql.reject(face, person)
    with sql.refused("rejection_is_the_users"):
        sql.run("DELETE FROM rejection WHERE face_id = %(face)s", face=face)
    with sql.refused("rejection_is_the_users"):
        sql.run("UPDATE rejection SET person_id = %(p)s", p=sql.person())


# Faces that somebody touched --------------------------------------------------------------------------------


def test_a_machine_deletes_a_face_that_nobody_touched(sql: Sql) -> None:
    face = sql.face()
    sql.assign(face, sql.person())
    sql.run("DELETE FROM face WHERE id = %(face)s", face=face)
    assert sql.run("SELECT count(*) FROM assignment") == 0


@pytest.mark.parametrize("touch", ["user", "import", "rejected", "drawn", "imported"])
def test_a_machine_does_not_delete_a_touched_face(sql: Sql, touch: str) -> None:
    face = sql.face(source=touch) if touch in ("drawn", "imported") else sql.face()
    if touch == "user":
        sql.assign_by_user(face, sql.person())
    elif touch == "import":
        sql.assign(face, sql.person(), "import")
    elif touch == "rejected":
        sql.reject(face, sql.person())
    with sql.refused("touched_face_stays"):
        sql.run("DELETE FROM face WHERE id = %(face)s", face=face)


# People -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", " ", " Ada", "Ada ", "\tAda", "Ada\n", "A\nda", "A\x07da", "　", "x" * 201]
)
def test_a_name_is_a_name(sql: Sql, name: str) -> None:
    with sql.refused("name_is_a_name"):
        sql.person(name)


@pytest.mark.parametrize("name", ["A", "Ada Lovelace", "Zoë", "李", "x" * 200, "O'Neil; DROP TABLE person"])
def test_other_names_are_welcome(sql: Sql, name: str) -> None:
    assert sql.run("SELECT name FROM person WHERE id = %(id)s", id=sql.person(name)) == name


def test_a_person_is_not_merged_into_itself(sql: Sql) -> None:
    person = sql.person()
    sql.speak_as("user")
    with sql.refused("not_merged_into_itself"):
        sql.run("UPDATE person SET merged_into = id WHERE id = %(p)s", p=person)


def test_merges_never_make_a_circle(sql: Sql) -> None:
    first, second, third = sql.person(), sql.person(), sql.person()
    merge = "UPDATE person SET merged_into = %(into)s WHERE id = %(p)s"
    sql.speak_as("user")
    sql.run(merge, p=first, into=second)
    sql.run(merge, p=second, into=third)
    with sql.refused("merged_into_who_is_there"):
        sql.run(merge, p=third, into=first)
    with sql.refused("merged_into_who_is_there"):
        sql.run(merge, p=third, into=second)


def test_who_is_merged_has_no_faces(sql: Sql) -> None:
    person, other = sql.person(), sql.person()
    sql.assign(sql.face(), person)
    sql.speak_as("user")
    with sql.refused("gone_has_no_faces"):
        sql.run("UPDATE person SET merged_into = %(into)s WHERE id = %(p)s", p=person, into=other)


@pytest.mark.parametrize("actor", ["user", "machine"])
def test_who_is_merged_gets_no_faces(sql: Sql, actor: str) -> None:
    person, face = sql.person(), sql.face()
    sql.speak_as("user")
    sql.run("UPDATE person SET merged_into = %(into)s WHERE id = %(p)s", p=person, into=sql.person())
    sql.speak_as(actor)
    with sql.refused("person_still_there"):
        sql.assign(face, person)


@pytest.mark.parametrize("change", ["name = 'Eve'", "name = NULL", "hidden = true"])
def test_a_machine_does_not_name_rename_or_hide(sql: Sql, change: str) -> None:
    person = sql.person("Ada")
    with sql.refused("names_are_the_users"):
        sql.run(f"UPDATE person SET {change} WHERE id = %(p)s", p=person)


def test_a_machine_makes_nobody_with_a_name(sql: Sql) -> None:
    with sql.refused("names_are_the_users"):
        sql.insert("person", name="Eve")
    with sql.refused("names_are_the_users"):
        sql.insert("person", hidden=True)


def test_a_machine_does_not_merge_or_delete_who_has_a_name(sql: Sql) -> None:
    named, unnamed = sql.person("Ada"), sql.person()
    merge = "UPDATE person SET merged_into = %(into)s WHERE id = %(p)s"
    with sql.refused("named_person_stays"):
        sql.run(merge, p=named, into=unnamed)
    with sql.refused("named_person_stays"):
        sql.run(merge, p=unnamed, into=named)
    with sql.refused("named_person_stays"):
        sql.run("DELETE FROM person WHERE id = %(p)s", p=named)


def test_nobody_with_faces_is_deleted(sql: Sql) -> None:
    person = sql.person()
    sql.assign(sql.face(), person)
    with sql.refused("assignment_person_id_fkey"):
        sql.run("DELETE FROM person WHERE id = %(p)s", p=person)


# Photos, leases, failures, scans ----------------------------------------------------------------------------


def test_content_is_one_photo(sql: Sql) -> None:
    sql.photo(content_hash=b"x" * 32)
    with sql.refused("photo_content_hash_key"):
        sql.photo(content_hash=b"x" * 32)
    with sql.refused("photo_content_hash_check"):
        sql.photo(content_hash=b"short")


@pytest.mark.parametrize("missing", ["width", "analysed_by", "analysed_at"])
def test_a_done_photo_was_looked_at(sql: Sql, missing: str) -> None:
    done: Row = {"state": "done", "due_at": None, "width": 10, "height": 10, "analysed_by": sql.pack()}
    done["analysed_at"] = "now"
    assert sql.photo(**done)
    done |= {missing: None} | ({"height": None} if missing == "width" else {})
    with sql.refused("done_means_looked_at"):
        sql.photo(**done)


def test_a_done_photo_is_not_due(sql: Sql) -> None:
    with sql.refused("done_means_looked_at"):
        sql.photo(state="done", width=1, height=1, analysed_by=sql.pack(), analysed_at="now", due_at="now")


def test_a_waiting_photo_is_due(sql: Sql) -> None:
    with sql.refused("waiting_is_due"):
        sql.photo(due_at=None)


def test_a_lease_ends_and_is_somebodys(sql: Sql) -> None:
    lease = {"leased_by": "5d1e5b0c-0000-4000-8000-000000000000", "leased_worker": 1}
    assert sql.photo(**lease)
    with sql.refused("lease_has_an_end"):
        sql.photo(**lease, state="failed", due_at=None)
    with sql.refused("lease_has_a_worker"):
        sql.photo(**{**lease, "leased_worker": None})


def failure(photo: int, **row: Any) -> Row:
    whole = {"photo_id": photo, "code": "crashed", "message": "it died", "attempts": 1}
    return {**whole, "permanent": False, "retry_at": "now", **row}


def test_a_failure_is_permanent_or_tried_again(sql: Sql) -> None:
    photo = sql.photo()
    with sql.refused("permanent_or_retried"):
        sql.insert("failure", **failure(photo, permanent=True))
    with sql.refused("permanent_or_retried"):
        sql.insert("failure", **failure(photo, retry_at=None))
    sql.insert("failure", **failure(photo))
    with sql.refused("failure_pkey"):
        sql.insert("failure", **failure(photo))


def test_a_failure_says_why(sql: Sql) -> None:
    with sql.refused("failure_message_check"):
        sql.insert("failure", **failure(sql.photo(), message=""))
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        sql.insert("failure", **failure(sql.photo(), code="whatever"))


def test_a_failed_photo_has_a_failure(sql: Sql) -> None:
    with sql.refused("failed_has_a_reason"):
        sql.photo(state="failed", due_at=None)
        sql.commit_checks()


def test_a_failed_photo_keeps_its_failure(sql: Sql) -> None:
    photo = sql.photo(state="failed", due_at=None)
    sql.insert("failure", **failure(photo))
    sql.commit_checks()
    with sql.refused("failed_has_a_reason"):
        sql.run("DELETE FROM failure WHERE photo_id = %(p)s", p=photo)


def test_a_path_is_one_file(sql: Sql) -> None:
    library = sql.insert("library", root=b"/photos")
    row = {"library_id": library, "path": b"a.jpg", "size_bytes": 1, "mtime_ns": 1, "seen_in": 1}
    sql.insert("photo_file", photo_id=sql.photo(), **row)
    with sql.refused("photo_file_library_id_path_key"):
        sql.insert("photo_file", photo_id=sql.photo(), **row)
    with sql.refused("photo_file_photo_id_fkey"):
        sql.insert("photo_file", photo_id=987654321, **{**row, "path": b"b.jpg"})


def test_a_library_has_one_open_scan(sql: Sql) -> None:
    library = sql.insert("library", root=b"/photos")
    sql.insert("scan", library_id=library)
    with sql.refused("scan_one_open"):
        sql.insert("scan", library_id=library, state="running")
    sql.insert("scan", library_id=library, state="done", finished_at="now")
    with sql.refused("scan_check"):
        sql.insert("scan", library_id=library, state="done")


def test_a_folder_is_one_library(sql: Sql) -> None:
    sql.insert("library", root=b"/photos")
    with sql.refused("library_root_key"):
        sql.insert("library", root=b"/photos")
    with sql.refused("library_root_check"):
        sql.insert("library", root=b"")
