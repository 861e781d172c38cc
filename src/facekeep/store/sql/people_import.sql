-- name: alone
-- Nobody else decides meanwhile; everybody may read.
LOCK TABLE face, person IN EXCLUSIVE MODE;

-- name: patient
-- Some photos at a time, by the indexes alone. Tables that were empty a moment ago are still thought to be: then a
-- look at the whole of them, for each part anew, seems to cost nothing.
SELECT set_config(name, value, true) FROM (VALUES
    ('lock_timeout', '0'), ('enable_seqscan', 'off'), ('enable_mergejoin', 'off'), ('enable_hashjoin', 'off'),
    ('enable_material', 'off')
) AS wanted (name, value);

-- name: by_content
SELECT k.number, h.id FROM unnest(%(numbers)s::int[], %(hashes)s::bytea[]) AS k (number, hash)
JOIN photo h ON h.content_hash = k.hash;

-- name: by_path
-- In a library of the same root first; in another one only where no two have that path.
SELECT k.number, coalesce(min(f.photo_id) FILTER (WHERE l.root = k.root),
                          CASE WHEN count(DISTINCT f.photo_id) = 1 THEN min(f.photo_id) END) AS photo
FROM unnest(%(numbers)s::int[], %(roots)s::bytea[], %(paths)s::bytea[]) AS k (number, root, path)
CROSS JOIN library l JOIN photo_file f ON f.library_id = l.id AND f.path = k.path
GROUP BY k.number;

-- name: faces
-- Photo by photo and face by face, whatever is thought of the sizes of the tables: OFFSET 0 keeps them apart.
SELECT f.id AS face, f.photo_id AS photo, f.x, f.y, f.width, f.height, f.standing::text AS standing, f.unmade,
       a.person_id AS person, a.decided_by::text AS decided_by,
       ARRAY(SELECT r.person_id FROM rejection r WHERE r.face_id = f.id) AS rejected
FROM unnest(%(photos)s::bigint[]) AS k (photo)
CROSS JOIN LATERAL (SELECT * FROM face WHERE photo_id = k.photo OFFSET 0) AS f
LEFT JOIN LATERAL (SELECT * FROM assignment WHERE face_id = f.id OFFSET 0) AS a ON true
ORDER BY f.photo_id, f.id;

-- name: affirmed
SELECT f.id FROM face f WHERE f.id = ANY(%(faces)s) AND (f.source = 'drawn' OR EXISTS (
    SELECT FROM change c JOIN decision d ON d.id = c.decision_id
    WHERE c.face_id = f.id AND c.kind = 'face' AND d.verb = 'show'));

-- name: forgotten
SELECT photo_id, x, y, width, height FROM forgotten_face WHERE photo_id = ANY(%(photos)s);

-- name: people
SELECT p.id AS person, p.name, p.aliases, p.birth_date, p.notes,
       (SELECT count(*) FROM assignment a WHERE a.person_id = p.id) AS faces
FROM person p WHERE p.merged_into IS NULL AND NOT p.gone ORDER BY p.id;

-- name: add_person
INSERT INTO person (name, aliases, birth_date, notes, favourite, hidden, auto)
VALUES (%(name)s, %(aliases)s, %(birth_date)s, %(notes)s, %(favourite)s, %(hidden)s, %(auto)s) RETURNING id;

-- name: complete_person
UPDATE person SET name = %(name)s, aliases = %(aliases)s, birth_date = %(birth_date)s, notes = %(notes)s,
       version = version + 1
WHERE id = %(person)s;

-- name: set_flags
UPDATE person SET favourite = favourite OR %(favourite)s, hidden = hidden OR %(hidden)s, auto = auto AND %(auto)s
WHERE id = %(person)s;

-- name: add_faces
INSERT INTO face (photo_id, x, y, width, height, landmarks, source, grouped)
SELECT k.photo, k.x, k.y, k.width, k.height, k.landmarks, 'imported', true
FROM jsonb_to_recordset(%(rows)s) AS k (photo bigint, x double precision, y double precision, width double precision,
                                        height double precision, landmarks double precision[])
RETURNING id AS face, photo_id AS photo, x, y, width, height;

-- name: give
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
SELECT f.id, f.photo_id, k.person, 'import', k.confidence
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[], %(confidences)s::real[]) AS k (face, person, confidence)
JOIN face f ON f.id = k.face
ON CONFLICT (face_id) DO UPDATE
SET person_id = excluded.person_id, decided_by = 'import', confidence = excluded.confidence, pack_id = NULL,
    decided_at = now()
WHERE assignment.decided_by = 'auto';

-- name: propose
-- What a machine concluded elsewhere is a machine's word here: only where a machine here might have said it.
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
SELECT f.id, f.photo_id, k.person, 'auto', k.confidence
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[], %(confidences)s::real[]) AS k (face, person, confidence)
JOIN face f ON f.id = k.face JOIN photo h ON h.id = f.photo_id JOIN person p ON p.id = k.person
WHERE p.auto AND NOT coalesce(h.taken_at < p.birth_date, false)
  AND NOT EXISTS (SELECT FROM assignment a WHERE a.photo_id = f.photo_id AND a.person_id = k.person)
  AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
RETURNING face_id;

-- name: drop_auto
DELETE FROM assignment a USING unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
WHERE a.face_id = k.face AND a.person_id = k.person AND a.decided_by = 'auto'
RETURNING a.face_id;

-- name: reject
INSERT INTO rejection (face_id, person_id)
SELECT k.face, k.person FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
ON CONFLICT DO NOTHING;

-- name: pin
INSERT INTO pin (face_id, person_id)
SELECT a.face_id, a.person_id FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
JOIN assignment a ON a.face_id = k.face AND a.person_id = k.person
ON CONFLICT DO NOTHING;

-- name: cover
UPDATE person p SET cover_face_id = a.face_id
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
JOIN assignment a ON a.face_id = k.face AND a.person_id = k.person
WHERE p.id = k.person AND p.cover_face_id IS NULL;

-- name: settle
UPDATE face SET grouped = true WHERE id = ANY(%(faces)s) AND NOT grouped;

-- name: apart
INSERT INTO apart (one, other) SELECT least(k.one, k.other), greatest(k.one, k.other)
FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS k (one, other) WHERE k.one <> k.other
ON CONFLICT DO NOTHING;

-- name: circle_named
SELECT min(id) FROM circle WHERE name = %(name)s AND NOT gone;

-- name: add_circle
INSERT INTO circle (name) VALUES (%(name)s) RETURNING id;

-- name: add_members
INSERT INTO member (circle_id, person_id) SELECT %(circle)s, p FROM unnest(%(people)s::bigint[]) AS p
ON CONFLICT DO NOTHING;

-- name: touch
UPDATE person SET version = version + 1 WHERE id = ANY(%(people)s);
