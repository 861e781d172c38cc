"""What `large_library` lacks, so that everything can be asked for: see `tests.bench.latency`."""

import psycopg
from tests.bench.large_library import Size, fill

EACH_OF_MERGED = 5_000
"""Faces of each of two people who are merged."""

PAIRS = {"unconfirmed": ("Left", "Right"), "confirmed": ("Uno", "Due")}
"""Two who are merged, by what is known of their faces. In this order; the first two lose these names."""

STEPS = {
    # Otherwise the worker would group them at once, beside what is measured.
    "grouped": "UPDATE face SET grouped = true WHERE NOT grouped",
    # As many faces as asked for, from the three largest people: two of a pair are in some photos together.
    "pairs": """
        WITH made AS (
            INSERT INTO person (name) SELECT unnest(%(names)s::text[]) RETURNING id, name
        ), ranked AS (
            SELECT face_id, (ARRAY[1, 2, 1, 3])[k.place] AS source, m.id AS target, m.name
            FROM unnest(%(names)s::text[]) WITH ORDINALITY AS k (name, place) JOIN made m USING (name)
            CROSS JOIN LATERAL (
                SELECT face_id FROM assignment a WHERE a.person_id = (ARRAY[1, 2, 1, 3])[k.place]
                ORDER BY face_id OFFSET CASE k.place WHEN 3 THEN %(each)s ELSE 0 END LIMIT %(each)s) AS f
        )
        UPDATE assignment a SET person_id = r.target,
               decided_by = (CASE WHEN r.name = ANY(%(confirmed)s) THEN 'user' ELSE 'auto' END)::decider,
               confidence = CASE WHEN r.name = ANY(%(confirmed)s) THEN 1 ELSE 0.9 END
        FROM ranked r WHERE a.face_id = r.face_id""",
    "unnamed": "UPDATE person SET name = NULL WHERE name = ANY(%(unnamed)s)",
    "exemplars": """
        INSERT INTO exemplar (face_id, pack_id, person_id, era, vector)
        SELECT e.face_id, e.pack_id, p.id, 'adult', e.vector
        FROM person p CROSS JOIN LATERAL (
            SELECT a.face_id FROM assignment a WHERE a.person_id = p.id ORDER BY a.face_id LIMIT 12) AS k
        JOIN embedding e ON e.face_id = k.face_id WHERE p.name IS NOT NULL AND p.merged_into IS NULL""",
    # Half of them about large people who have names; never two who are in a photo together.
    "proposals": """
        INSERT INTO proposal (one, other, pack_id, distance, doubt, near, compared, nearest, mean)
        SELECT p.id, o.id, %(pack)s, 0.4 + random() * 0.1, random(), 5, 9, 0.3, 0.4
        FROM generate_series(1, %(people)s / 7) AS n
        JOIN person p ON p.id = CASE WHEN n %% 2 = 0 THEN 1 + n %% 100 ELSE n + %(people)s / 10 END
        JOIN person o ON o.id = n * 2 + %(people)s / 2
        WHERE p.id < o.id AND NOT p.gone AND NOT o.gone AND p.merged_into IS NULL AND o.merged_into IS NULL
          AND NOT EXISTS (SELECT FROM assignment a JOIN assignment b USING (photo_id)
                          WHERE a.person_id = p.id AND b.person_id = o.id)""",
    "derived": "SELECT count_everything_again()",
    "statistics": "ANALYZE",
}


def prepare(conninfo: str, size: Size, *, vectors: bool) -> None:
    """Fill a migrated and empty database, with all that is asked for. Needs a superuser."""
    fill(conninfo, size, vectors=vectors, tell=True)
    add(conninfo, size)


def add(conninfo: str, size: Size) -> None:
    """What is not in the library as it comes."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        values = {
            "names": [name for pair in PAIRS.values() for name in pair],
            "confirmed": list(PAIRS["confirmed"]),
            "unnamed": list(PAIRS["unconfirmed"]),
            "each": min(EACH_OF_MERGED, size.faces // 200),
            "people": size.people,
            "pack": _pack(connection),
        }
        for statement in STEPS.values():
            connection.execute(statement.encode(), values)
        connection.execute("VACUUM ANALYZE")


def _pack(connection: psycopg.Connection[object]) -> object:
    found = connection.execute("SELECT id FROM pack ORDER BY id LIMIT 1").fetchone()
    assert isinstance(found, tuple)
    return found[0]
