-- name: one
SELECT p.id AS person, p.name, p.aliases, p.birth_date, p.notes, p.favourite, p.auto, p.hidden, p.cover_face_id AS cover,
       p.version
FROM person p WHERE p.id = %(person)s AND NOT p.gone;

-- name: name
SELECT name FROM person WHERE id = %(person)s;

-- name: put
UPDATE person SET name = %(name)s, aliases = %(aliases)s, birth_date = %(birth_date)s, notes = %(notes)s,
       favourite = %(favourite)s, auto = %(auto)s, hidden = %(hidden)s, cover_face_id = %(cover)s, version = version + 1
WHERE id = %(person)s;

-- name: absorb
-- Two people are one: what was known of either is known of the one that stays, whose own word goes first.
UPDATE person t SET
    aliases = (ARRAY(SELECT DISTINCT a FROM unnest(t.aliases || s.aliases || CASE
                   WHEN s.name IS NOT NULL AND t.name IS NOT NULL THEN ARRAY[s.name] ELSE '{}' END) AS a
               WHERE a IS DISTINCT FROM t.name ORDER BY a))[:20],
    birth_date = coalesce(t.birth_date, s.birth_date),
    notes = left(concat_ws(E'\n', nullif(t.notes, ''), nullif(nullif(s.notes, ''), t.notes)), 10000),
    favourite = t.favourite OR s.favourite, auto = t.auto AND s.auto,
    name = coalesce(t.name, s.name), version = t.version + 1
FROM person s WHERE t.id = %(into)s AND s.id = %(person)s;

-- name: shows
SELECT EXISTS (SELECT FROM assignment WHERE face_id = %(face)s AND person_id = %(person)s);

-- name: drop_all
DELETE FROM assignment WHERE person_id = %(person)s RETURNING face_id;

-- name: drop
DELETE FROM assignment WHERE face_id = ANY(%(faces)s) RETURNING face_id;

-- name: drop_from
DELETE FROM assignment a USING unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
WHERE (a.face_id, a.person_id) = (k.face, k.person)
RETURNING a.face_id;

-- name: remove
UPDATE person SET gone = true, name = NULL, version = version + 1 WHERE id = %(person)s;

-- name: whose
SELECT f.id AS face, f.photo_id AS photo, a.person_id AS person, a.decided_by::text AS decided_by
FROM face f LEFT JOIN assignment a ON a.face_id = f.id
WHERE f.id = ANY(%(faces)s) AND f.standing = 'shown' ORDER BY f.id;

-- name: in_photos
SELECT face_id FROM assignment WHERE person_id = %(person)s AND photo_id = ANY(%(photos)s) ORDER BY face_id;

-- name: unreject
DELETE FROM rejection WHERE person_id = %(person)s AND face_id = ANY(%(faces)s);

-- name: reject
INSERT INTO rejection (face_id, person_id)
SELECT k.face, k.person FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
ON CONFLICT DO NOTHING;

-- name: give
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
SELECT f.id, f.photo_id, %(person)s, 'user', 1 FROM face f WHERE f.id = ANY(%(faces)s)
ON CONFLICT (face_id) DO UPDATE
SET person_id = excluded.person_id, decided_by = 'user', confidence = 1, pack_id = NULL, decided_at = now();
