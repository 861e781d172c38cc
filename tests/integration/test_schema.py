"""The database itself refuses photos, faces and embeddings that must never be."""

import math
from typing import Any

import numpy as np
import psycopg
import pytest
from schema_support import Row, Sql

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
        sql.commit_checks("no_twin")


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
