-- name: near
-- For each of some faces the nearest others, by the pack's index, then their exact distances.
SELECT q.face_id AS asked, n.face_id AS face, n.distance, f.photo_id AS photo, f.quality, a.person_id AS person
FROM unnest(%(faces)s::bigint[]) AS k (face)
JOIN embedding q ON q.face_id = k.face AND q.pack_id = %(pack)s
CROSS JOIN LATERAL (
    SELECT face_id, vector <-> q.vector AS distance FROM (
        SELECT face_id, vector FROM embedding WHERE pack_id = %(pack)s
        ORDER BY (vector::halfvec({dimensions})) <-> (q.vector::halfvec({dimensions}))
        LIMIT %(limit)s
    ) AS candidates
) AS n
JOIN face f ON f.id = n.face_id AND f.standing = 'shown'
LEFT JOIN assignment a ON a.face_id = n.face_id
WHERE n.face_id <> q.face_id AND n.distance <= %(reach)s
ORDER BY asked, n.distance, n.face_id;

-- name: crowds
-- People as grouping sees them: of a large one a sample, every so many-th of its latest photos. Whatever else is looked
-- up is looked up face by face, in a way that leaves no choice but the indexes: how many there will be nobody can foresee.
SELECT p.id AS person, c.faces, p.name IS NOT NULL OR NOT p.auto AS closed, s.photos, s.qualities, s.vectors
FROM person p
CROSS JOIN LATERAL (
    SELECT count(*) AS faces FROM (SELECT FROM assignment a WHERE a.person_id = p.id LIMIT %(counted)s) AS k
) AS c
CROSS JOIN LATERAL (
    SELECT array_agg(photo_id ORDER BY face_id) AS photos, array_agg(quality ORDER BY face_id) AS qualities,
           string_agg(vector, '' ORDER BY face_id) AS vectors
    FROM (
        SELECT a.face_id, o.photo_id, (SELECT quality FROM face f WHERE f.id = a.face_id) AS quality,
               (SELECT vector_send(vector) FROM embedding e
                WHERE e.face_id = a.face_id AND e.pack_id = %(pack)s) AS vector
        FROM (
            SELECT DISTINCT photo_id FROM (
                SELECT photo_id, row_number() OVER (ORDER BY photo_id DESC) AS number
                FROM assignment a WHERE a.person_id = p.id ORDER BY photo_id DESC LIMIT %(counted)s
            ) AS k
            WHERE number %% (1 + (c.faces - 1) / %(sample)s) = 0
        ) AS o
        CROSS JOIN LATERAL (
            SELECT face_id FROM assignment x WHERE x.person_id = p.id AND x.photo_id = o.photo_id LIMIT 10
        ) AS a
        OFFSET 0  -- so that each vector is sent once, not once more to see whether it is there
    ) AS faces
    WHERE vector IS NOT NULL
) AS s
WHERE p.id = ANY(%(people)s) AND p.merged_into IS NULL AND NOT p.gone AND s.vectors IS NOT NULL
ORDER BY p.id;

-- name: anybody_named
SELECT EXISTS (SELECT FROM person WHERE name IS NOT NULL AND merged_into IS NULL AND NOT gone);

-- name: presence
-- Which of some people are in which of some photos.
SELECT DISTINCT person_id, photo_id FROM assignment WHERE photo_id = ANY(%(photos)s) AND person_id = ANY(%(people)s);

-- name: unborn
-- (face, person) where the photo is older than the person.
SELECT f.id, p.id FROM person p
JOIN face f ON f.id = ANY(%(faces)s) JOIN photo h ON h.id = f.photo_id
WHERE p.id = ANY(%(people)s) AND p.birth_date > h.taken_at;

-- name: still_open
-- Held until the transaction ends: unnamed people who are there, and whom a machine may add to.
SELECT id FROM person
WHERE id = ANY(%(people)s) AND name IS NULL AND auto AND merged_into IS NULL AND NOT gone
ORDER BY id FOR SHARE;

-- name: make_people
INSERT INTO person (name) SELECT NULL FROM generate_series(1, %(count)s) RETURNING id;

-- name: put
-- Faces that are nobody's come to people.
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id)
SELECT f.id, f.photo_id, k.person, 'auto', k.confidence, %(pack)s
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[], %(confidences)s::real[]) WITH ORDINALITY AS k (face, person, confidence, number)
JOIN face f ON f.id = k.face
ORDER BY k.number;

-- name: take
-- Only what a machine put there.
DELETE FROM assignment WHERE face_id = ANY(%(faces)s) AND decided_by = 'auto';

-- name: suggest
-- What was said already, or is asked already, stays.
INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance, reason)
SELECT k.face, k.person, %(pack)s, k.confidence, k.distance, '{"by": "grouping"}'
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[], %(confidences)s::real[], %(distances)s::float8[])
    AS k (face, person, confidence, distance)
JOIN person p ON p.id = k.person AND p.merged_into IS NULL AND NOT p.gone
ON CONFLICT (face_id, person_id) DO NOTHING;

-- name: surroundings
SELECT faces, added, centre FROM surroundings WHERE pack_id = %(pack)s;

-- name: count_faces
SELECT count(*) FROM embedding WHERE pack_id = %(pack)s;

-- name: centre_of_some
-- Of whole blocks of the table, so that it takes as long for a million as for a few thousand.
SELECT count(*), avg(e.vector) FROM embedding_{pack} e TABLESAMPLE SYSTEM (%(percent)s)
JOIN face f ON f.id = e.face_id WHERE f.quality >= %(clear)s;

-- name: note_surroundings
INSERT INTO surroundings (pack_id, faces, centre) VALUES (%(pack)s, %(faces)s, %(centre)s)
ON CONFLICT (pack_id) DO UPDATE SET faces = excluded.faces, added = 0, centre = excluded.centre, counted_at = now();

-- name: note_added
UPDATE surroundings SET added = added + %(added)s WHERE pack_id = %(pack)s;

-- name: settle_assigned
-- Faces that have a person need no grouping. The first ones: those are what the next batch would look through.
UPDATE face SET grouped = true WHERE id IN (
    SELECT f.id FROM (SELECT id FROM face WHERE NOT grouped ORDER BY id LIMIT %(limit)s) AS k
    JOIN face f ON f.id = k.id
    WHERE EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
    FOR NO KEY UPDATE OF f SKIP LOCKED
);

-- name: mark_grouped
UPDATE face SET grouped = true WHERE id = ANY(%(faces)s) AND NOT grouped;

-- name: backlog
-- How many faces wait for their first grouping, counted up to `limit`.
SELECT count(*) FROM (
    SELECT FROM face f WHERE NOT f.grouped AND f.standing = 'shown' AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
      AND EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id AND e.pack_id = %(pack)s)
    LIMIT %(limit)s
) AS k;
