"""Plain SQL, rolled back at the end: past all of our own care, to see what the database itself refuses."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from pgvector.psycopg import register_vector
from store_support import TEMPLATE, Cluster

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

    def commit_checks(self, constraint: str = "ALL") -> None:
        """Everything that is looked at on commit, or one of it, now."""
        self._connection.execute(f"SET CONSTRAINTS {constraint} IMMEDIATE".encode())

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
def one_connection(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.database(TEMPLATE)) as connection:
        register_vector(connection)
        connection.rollback()
        yield connection


@pytest.fixture
def sql(one_connection: psycopg.Connection[Any]) -> Iterator[Sql]:
    with one_connection.transaction(force_rollback=True):
        yield Sql(one_connection)
