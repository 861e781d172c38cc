"""The database itself refuses what a machine may not say, and people that must never be."""

import math

import pytest
from schema_support import Sql

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
