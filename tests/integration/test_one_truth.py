"""A service that facekeep replaces kept faces in one database and their embeddings in another, and answered
404 where the two disagreed. Each way in which they came to is tried here, and cannot be written down."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from store_support import Bench, analysis, face, identity, like, write_photo

from facekeep.actions import analyse, people
from facekeep.actions.group import group_new_faces
from facekeep.domain.errors import Conflict, FacekeepError
from facekeep.domain.faces import AnalysedFace
from facekeep.store import faces as face_store

ORPHANS = {
    "a detected face without an embedding": """
        SELECT count(*) FROM face f WHERE source = 'detected'
        AND NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id)""",
    "an embedding without its face": """
        SELECT count(*) FROM embedding e WHERE NOT EXISTS (SELECT FROM face f WHERE f.id = e.face_id)""",
    "an assignment without its face": """
        SELECT count(*) FROM assignment a WHERE NOT EXISTS (SELECT FROM face f WHERE f.id = a.face_id)""",
}


def orphans(bench: Bench) -> dict[str, object]:
    return {what: bench.value(query) for what, query in ORPHANS.items()}


NONE = dict.fromkeys(ORPHANS, 0)


@contextmanager
def refused(bench: Bench, constraint: str) -> Iterator[psycopg.Connection[Any]]:
    """The transaction is refused, at its end at the latest, by the constraint of that name."""
    with (
        closing(psycopg.connect(bench.ctx.database._where(), autocommit=True)) as connection,
        pytest.raises(psycopg.errors.IntegrityError) as caught,
        connection.transaction(),
    ):
        yield connection
    assert caught.value.diag.constraint_name == constraint, str(caught.value)


@pytest.fixture
def ada(bench: Bench) -> Bench:
    """Three photos of Ada."""
    for number in range(3):
        bench.put(f"{number}.png", face("ada"))
    return bench


def test_a_face_without_its_embedding(ada: Bench) -> None:
    with refused(ada, "detected_has_embedding") as connection:
        connection.execute(
            "INSERT INTO face (photo_id, x, y, width, height, landmarks, score, found_by)"
            " SELECT photo_id, 0.5, 0.5, 0.1, 0.1, landmarks, score, found_by FROM face LIMIT 1"
        )
    assert orphans(ada) == NONE


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("DELETE FROM embedding WHERE face_id = 1", "detected_has_embedding"),
        ("UPDATE embedding SET face_id = 10^6 WHERE face_id = 1", "embedding_face_id_fkey"),
        ("UPDATE embedding SET face_id = 2 WHERE face_id = 1", "embedding_1_pkey"),
    ],
    ids=["taken away", "given to nobody", "given to another"],
)
def test_the_embedding_taken_from_its_face(ada: Bench, statement: str, constraint: str) -> None:
    with refused(ada, constraint) as connection:
        connection.execute(statement.encode())
    assert orphans(ada) == NONE


def test_an_embedding_without_its_face(ada: Bench) -> None:
    with refused(ada, "embedding_face_id_fkey") as connection:
        connection.execute("INSERT INTO embedding SELECT 10^6, pack_id, vector FROM embedding LIMIT 1")
    assert orphans(ada) == NONE


def test_a_face_goes_with_its_embedding(ada: Bench) -> None:
    """The reverse orphan: the old service's vectors outlived their rows."""
    before = ada.value("SELECT count(*) FROM embedding")
    ada.sql("DELETE FROM face WHERE id = (SELECT min(id) FROM face)")
    assert (before, ada.value("SELECT count(*) FROM embedding")) == (3, 2)
    assert orphans(ada) == NONE


BAD: dict[str, Callable[[AnalysedFace], AnalysedFace]] = {
    "a vector that is too long": lambda one: replace(one, embedding=identity("ada") * 10),
    "a vector of another length": lambda one: replace(one, embedding=identity("ada")[:64]),
    "a number that is none": lambda one: replace(one, embedding=np.full(128, np.nan, dtype=np.float32)),
}


@pytest.mark.parametrize("what", BAD)
def test_a_partly_failed_batch(ada: Bench, what: str) -> None:
    """Of three faces of a photo the last cannot be stored: none is, and the photo still waits."""
    write_photo(ada.root / "three.png", "three")
    ada.scan()
    [claimed] = ada.claim()
    good = [face("ada", 0), face("grace", 1)]
    with pytest.raises(FacekeepError):
        analyse.record(ada.ctx, claimed, analysis(*good, BAD[what](face("linda", 2))))
    photo = ada.photo("three.png")
    assert (photo.state, ada.faces(photo.photo)) == ("waiting", [])
    assert orphans(ada) == NONE
    assert analyse.record(ada.ctx, claimed, analysis(*good))
    assert len(ada.faces(photo.photo)) == 2


def test_the_others_of_the_batch_are_stored(ada: Bench) -> None:
    """The old service dropped the rest of a batch, and counted what it had rolled back."""
    for name in ("one", "two", "three"):
        write_photo(ada.root / f"{name}.png", name)
    ada.scan()
    stored = 0
    for number, claimed in enumerate(ada.claim()):
        seen = face("ada") if number != 1 else BAD["a vector that is too long"](face("ada"))
        try:
            stored += analyse.record(ada.ctx, claimed, analysis(seen))
        except FacekeepError:
            continue
    status = ada.status()
    assert (stored, status.faces, status.done, status.waiting) == (2, 5, 5, 1)


def test_the_index_is_reset(ada: Bench) -> None:
    """The index is derived: without it, and made anew, the same faces are found and nobody is lost."""
    for number in range(4):
        ada.put(f"grace{number}.png", face("grace"))
    while group_new_faces(ada.ctx).faces:
        pass
    [person] = {row.person for row in ada.faces() if row.photo == ada.photo("0.png").photo}
    assert person is not None
    people.name_person(ada.ctx, person, "Ada")
    before, near = ada.faces(), nearest(ada)
    indexes = ada.tuples("SELECT indexname, indexdef FROM pg_indexes WHERE indexdef ~ 'hnsw' ORDER BY 1")
    assert [name for name, _ in indexes] == ["embedding_1_vector_idx", "exemplar_near_1"]
    with psycopg.connect(ada.ctx.database._where(), autocommit=True) as connection:
        for index, _ in indexes:
            connection.execute(f"DROP INDEX {index}".encode())
        assert nearest(ada) == near
        for index, made in indexes:
            connection.execute(str(made).encode())
            connection.execute(f"REINDEX INDEX {index}".encode())
    assert nearest(ada) == near
    assert ada.faces() == before
    assert orphans(ada) == NONE


def nearest(bench: Bench) -> list[int]:
    with bench.ctx.database.read() as reader:
        found = face_store.near(reader, 0, like("ada", 0.0), bench.ctx.pack_id, limit=3)
    return [row.face for row in found]


def test_assigning_a_face_always_finds_its_embedding(ada: Bench) -> None:
    """What answered "404: Face embedding not found" there: every face on record can be assigned."""
    for row in ada.faces():
        people.assign_face(ada.ctx, row.face, name="Ada")
    assert {row.assigned_by for row in ada.faces()} == {"user"}
    with pytest.raises(Conflict, match="no embedding"):
        ada.sql("DELETE FROM embedding")
