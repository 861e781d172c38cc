# ruff: noqa: E501 - long lines of SQL
"""A made-up library of the size that the listings are measured at: rows only, no pictures.

    python -m tests.bench.large_library CONNINFO [--photos N] [--faces N] [--people N] [--vectors]

fills a migrated and empty database: by default 200,000 photos over 20 years, 1,000,000 faces and 20,000 people, in
two to three minutes. Sizes have a long tail: the largest person has some 3 % of the faces, half of the people fewer
than 25. Some photos have no date, some no faces, some failed; some people are hidden, merged or gone, some faces
nobody's, some have suggestions or rejections; there are circles, birth dates, and a journal. The same numbers give
the same library. With `--vectors` each face has a vector of 128 dimensions near its person's, and the index of
nearest neighbours is built, which takes some minutes more.

The rows are loaded as a restore would: without triggers, so that nothing is journalled twice. The derived tables are
made at the end by the function that makes them anywhere.
"""

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np
import psycopg
from pgvector import Vector
from pgvector.psycopg import register_vector

from facekeep.domain.packs import BUNDLED


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each."""

    photos: int = 200_000
    faces: int = 1_000_000
    people: int = 20_000

    @property
    def named(self) -> int:
        """The largest tenth of the people have names."""
        return max(2, self.people // 10)


FIRST = [
    "Ada",
    "Grace",
    "Hedy",
    "Emmy",
    "Sofia",
    "Lise",
    "Marie",
    "Rosa",
    "Clara",
    "Ida",
    "Björk",
    "Çelik",
    "Noël",
    "Zoë",
    "José",
    "Jürgen",
    "Søren",
    "Łukasz",
    "Đorđe",
    "Æsa",
    "Þóra",
    "Jean",
    "Anna",
    "Hannah",
    "Johann",
    "John",
    "Jon",
    "Kathrin",
    "Katherine",
    "Cathérine",
    "Mary",
    "Maria",
    "Mohammed",
    "Ali",
    "Wei",
    "Yuki",
    "Олена",
    "Иван",
    "Γιώργος",
    "Aylin",
    "Bruno",
    "Carlos",
    "Dmitri",
    "Elif",
    "Farid",
    "Gustav",
    "Henrik",
    "Ingrid",
]
LAST = [
    "Lovelace",
    "Hopper",
    "Lamarr",
    "Noether",
    "Kowalewska",
    "Meitner",
    "Curie",
    "Müller",
    "Schröder",
    "Weiß",
    "Ångström",
    "Ødegård",
    "Dvořák",
    "Nowak",
    "García",
    "López",
    "Núñez",
    "Ferreira",
    "d'Arc",
    "O'Brien",
    "Smith",
    "Schmidt",
    "Smythe",
    "Tanaka",
    "田中",
    "Шевченко",
    "Παπαδόπουλος",
    "Rossi",
    "Bianchi",
    "Yılmaz",
    "Kaya",
    "Andersson",
    "Nilsson",
    "Virtanen",
    "Horváth",
    "Nagy",
    "Popescu",
    "Ionescu",
    "Petrov",
    "Ivanova",
]

STEPS = {
    "libraries": """
        INSERT INTO library (root) SELECT convert_to('/made/library' || n, 'UTF8') FROM generate_series(1, 3) n""",
    "photos": """
        INSERT INTO photo (content_hash, size_bytes, media_type, width, height, taken_at, state, due_at, library_id,
                           analysed_by, analysed_at, analysed_long_side, added_at)
        SELECT sha256(convert_to('photo ' || n, 'UTF8')), 3000000 + n, 'image/jpeg', 4000, 3000,
               CASE WHEN n %% 33 = 0 THEN NULL
                    ELSE timestamp '2004-01-01' + (n * 7302.0 / %(photos)s + random()) * interval '1 day' END,
               (CASE WHEN n %% 100 = 1 THEN 'failed' ELSE 'done' END)::photo_state, NULL, 1 + n %% 3,
               %(pack)s, now(), 1024, now() - (%(photos)s - n) * interval '1 second'
        FROM generate_series(1, %(photos)s) n""",
    "files": """
        INSERT INTO photo_file (photo_id, library_id, path, size_bytes, mtime_ns, seen_in)
        SELECT id, library_id, convert_to('year' || id %% 20 || '/img' || id || '.jpg', 'UTF8'), size_bytes, id, 1
        FROM photo ORDER BY id""",
    "failures": """
        INSERT INTO failure (photo_id, code, message, attempts, permanent)
        SELECT id, (ARRAY['unreadable', 'crashed', 'timeout'])[1 + id %% 3]::failure_code, 'made to fail', 1, true
        FROM photo WHERE state = 'failed'""",
    # Some photos are crowded: a tenth of them has four tenths of the faces; 15 in 100 have none.
    "faces": """
        INSERT INTO face (photo_id, x, y, width, height, landmarks, score, quality, quality_size, quality_sharpness,
                          quality_pose, quality_exposure, found_by, grouped)
        SELECT photo, random() * 0.8, random() * 0.8, 0.05 + random() * 0.1, 0.05 + random() * 0.1,
               ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9], 0.9 + random() * 0.1, random(), 0.8, 0.8, 0.8,
               0.8, %(pack)s, true
        FROM (SELECT 1 + (floor(%(photos)s * CASE WHEN random() < 0.4 THEN 0.1 * random()
                                               ELSE 0.1 + 0.75 * random() END)::bigint * 7919) %% %(photos)s AS photo
              FROM generate_series(1, %(faces)s * 100 / 99)) AS f
        WHERE photo %% 100 <> 1 ORDER BY photo""",
    "people": """
        INSERT INTO person (name, hidden, birth_date, favourite, added_at)
        SELECT CASE WHEN n <= %(named)s THEN (%(first)s::text[])[1 + n %% %(firsts)s] || ' '
                        || (%(last)s::text[])[1 + (n / %(firsts)s) %% %(lasts)s]
                        || CASE WHEN n <= %(firsts)s * %(lasts)s THEN '' ELSE ' ' || n END END,
               n %% 50 = 0,
               CASE WHEN n <= %(named)s AND n %% 3 = 0 THEN date '1930-01-01' + (n * 37 %% 27000)::int END,
               n %% 400 = 1, now() - n * interval '1 minute'
        FROM generate_series(1, %(people)s) n""",
    # One face of a person in a photo; the others, and one in twenty, are nobody's.
    "assignments": """
        INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id, decided_at)
        SELECT DISTINCT ON (photo_id, person) id, photo_id, person,
               (CASE WHEN person <= %(named)s AND id %% 3 = 0 THEN 'user' ELSE 'auto' END)::decider, 0.9, %(pack)s,
               now() - ((person * 7919) %% 1000000) * interval '1 second'
        FROM (SELECT id, photo_id, 1 + floor(%(people)s * power(random(), 3))::bigint AS person FROM face
              WHERE id %% 20 <> 0 OFFSET 0) AS f
        ORDER BY photo_id, person""",
    # Everybody whose number ends in 77 went into the one before; in 78, was deleted. Their faces went on or away.
    "merged": """
        UPDATE assignment a SET person_id = person_id - 1 WHERE person_id %% 100 = 77
          AND NOT EXISTS (SELECT FROM assignment b WHERE b.photo_id = a.photo_id AND b.person_id = a.person_id - 1)""",
    "left": "DELETE FROM assignment WHERE person_id %% 100 IN (77, 78)",
    "pointers": "UPDATE person SET merged_into = id - 1 WHERE id %% 100 = 77",
    "gone": "UPDATE person SET gone = true, name = NULL WHERE id %% 100 = 78",
    "ungrouped": """
        UPDATE face SET grouped = false WHERE id %% 200 = 0
          AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = face.id)""",
    "rejections": """
        INSERT INTO rejection (face_id, person_id) SELECT id, 1 + id %% %(named)s FROM face WHERE id %% 97 = 0
          AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = face.id AND a.person_id = 1 + face.id %% %(named)s)
        """,
    "suggestions": """
        INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance)
        SELECT id, 1 + id / 20 * 31 %% least(%(named)s, 700), %(pack)s, random(), 0.4 FROM face
        WHERE id %% 20 = 0 AND NOT EXISTS (SELECT FROM rejection r WHERE r.face_id = face.id)""",
    "circles": "INSERT INTO circle (name) SELECT 'Circle ' || n FROM generate_series(1, 40) n",
    "members": """
        INSERT INTO member (circle_id, person_id)
        SELECT c, 1 + (c * 37 + n * 13) %% %(named)s FROM generate_series(1, 40) c, generate_series(1, 8) n
        ON CONFLICT DO NOTHING""",
    # A quarter of the faces came with a decision of its own for each photo; the first person was merged from 5,000.
    "decisions": """
        INSERT INTO decision (verb, actor, decided_at, about, facts)
        SELECT (ARRAY['match', 'match', 'match', 'match', 'name'])[1 + n %% 5],
               CASE WHEN n %% 5 = 4 THEN 'user' ELSE 'machine' END,
               now() - (%(photos)s - n) * interval '1 minute',
               CASE WHEN n %% 5 = 4 THEN jsonb_build_object('person', 1 + n %% %(named)s, 'name', 'Ada')
                    ELSE jsonb_build_object('photo', n) END,
               jsonb_build_object('changes', 4, 'put', 4, 'taken', 0, 'confirmed', 0, 'made', 0, 'joined', 0,
                                  'receivers', 1, 'people', jsonb_build_array(1 + n %% %(people)s), 'losers', '[]'::jsonb,
                                  'faces', jsonb_build_array(n, n + 1))
        FROM generate_series(1, %(photos)s / 2) n""",
    "changes": """
        INSERT INTO change (decision_id, kind, face_id, after)
        SELECT 1 + (a.face_id / 4) %% (%(photos)s / 2), 'assignment', a.face_id,
               jsonb_build_object('person_id', a.person_id, 'decided_by', a.decided_by, 'confidence', a.confidence)
        FROM assignment a WHERE a.face_id %% 4 = 0 ORDER BY 1""",
    "names": """
        INSERT INTO change (decision_id, kind, person_id, after)
        SELECT 1 + p.id * 5 %% (%(photos)s / 2), 'person', p.id, jsonb_build_object('name', p.name) FROM person p
        WHERE p.name IS NOT NULL""",
    "derived": "SELECT count_everything_again()",
}


def fill(conninfo: str, size: Size | None = None, *, vectors: bool = False, tell: bool = False) -> None:
    """Fill a migrated database in which the bundled pack is and nothing else. Needs a superuser."""
    size = Size() if size is None else size
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET work_mem = '128MB'")
        connection.execute("SELECT setseed(0.5)")
        values = _values(connection, size)
        for name, statement in STEPS.items():
            start = time.perf_counter()
            connection.execute(statement.encode(), values)
            _note(tell, name, start)
        if vectors:
            start = time.perf_counter()
            _vectors(connection, values["pack"])
            _note(tell, "vectors", start)
        connection.execute("VACUUM ANALYZE")


def _values(connection: psycopg.Connection[object], size: Size) -> dict[str, object]:
    found = connection.execute("SELECT id FROM pack WHERE label = %s", (BUNDLED.label,)).fetchone()
    assert isinstance(found, tuple), "the bundled pack is not in this database yet"
    return {
        "pack": found[0],
        "photos": size.photos,
        "faces": size.faces,
        "people": size.people,
        "named": size.named,
        "first": FIRST,
        "firsts": len(FIRST),
        "last": LAST,
        "lasts": len(LAST),
    }


def _vectors(connection: psycopg.Connection[object], pack: object) -> None:
    """A vector for each face near its person's, or alone; the index is dropped meanwhile and built at the end."""
    table = f"embedding_{pack}"
    register_vector(connection)
    index, definition = _index(connection, table)
    connection.execute(f'DROP INDEX "{index}"'.encode())
    owners = connection.execute(
        "SELECT f.id, coalesce(a.person_id, -f.id) FROM face f LEFT JOIN assignment a ON a.face_id = f.id ORDER BY f.id"
    ).fetchall()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} (face_id, pack_id, vector) FROM STDIN WITH (FORMAT BINARY)") as copy,
    ):
        copy.set_types(["int8", "int2", "vector"])
        for start in range(0, len(owners), 10_000):
            part = np.array(owners[start : start + 10_000], dtype=np.int64)
            for face, vector in zip(part[:, 0], _near(part[:, 1], start), strict=True):
                copy.write_row((int(face), pack, Vector(vector)))
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute(definition.encode())


def _index(connection: psycopg.Connection[object], table: str) -> tuple[str, str]:
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%hnsw%%'",
        (table,),
    ).fetchone()
    assert isinstance(found, tuple)
    return str(found[0]), str(found[1])


def _near(
    owners: "np.ndarray[tuple[int], np.dtype[np.int64]]", seed: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Vectors near the centres of their owners, of norm 1.4; shape (n, 128)."""
    length = BUNDLED.dimensions
    known, places = np.unique(owners, return_inverse=True)
    centres = np.stack([np.random.default_rng(int(owner) % 2**32).normal(size=length) for owner in known])
    raw = centres[places] + 0.35 * np.random.default_rng(seed).normal(size=(len(owners), length))
    return np.asarray(1.4 * raw / np.linalg.norm(raw, axis=1, keepdims=True), dtype=np.float32)


def _note(tell: bool, name: str, start: float) -> None:
    if tell:
        sys.stderr.write(f"{name:12s} {time.perf_counter() - start:6.1f} s\n")


def main() -> None:
    """Fill a database from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large_library", description=__doc__)
    parser.add_argument("conninfo")
    parser.add_argument("--photos", type=int, default=Size().photos)
    parser.add_argument("--faces", type=int, default=Size().faces)
    parser.add_argument("--people", type=int, default=Size().people)
    parser.add_argument("--vectors", action="store_true")
    given = parser.parse_args()
    fill(given.conninfo, Size(given.photos, given.faces, given.people), vectors=given.vectors, tell=True)


if __name__ == "__main__":
    main()
