-- name: add
INSERT INTO person (name) VALUES (%(name)s) RETURNING id;

-- name: lock
SELECT id AS person, name, hidden, version, merged_into FROM person WHERE id = %(person)s AND NOT gone FOR NO KEY UPDATE;

-- name: hold
SELECT id FROM person WHERE id = ANY(%(people)s) ORDER BY id FOR NO KEY UPDATE;

-- name: merged_into
SELECT merged_into FROM person WHERE id = %(person)s;

-- name: rename
UPDATE person SET name = %(name)s, version = version + 1 WHERE id = %(person)s;

-- name: hide
UPDATE person SET hidden = %(hidden)s, version = version + 1 WHERE id = %(person)s;

-- name: touch
UPDATE person SET version = version + 1 WHERE id = %(person)s;

-- name: confirm_faces
UPDATE assignment SET decided_by = 'user', confidence = 1, decided_at = now()
WHERE person_id = %(person)s AND decided_by <> 'user'
RETURNING face_id;

-- name: faces
SELECT face_id, decided_by::text, confidence FROM assignment WHERE person_id = %(person)s ORDER BY face_id;

-- name: leave_rejected
-- What the user said is not the other person does not become it by a merge.
DELETE FROM assignment a USING rejection r
WHERE a.person_id = %(person)s AND r.face_id = a.face_id AND r.person_id = %(into)s
RETURNING a.face_id;

-- name: move_faces
UPDATE assignment SET person_id = %(into)s, decided_by = 'user', confidence = 1, decided_at = now()
WHERE person_id = %(person)s;

-- name: move_rejections
INSERT INTO rejection (face_id, person_id, rejected_at)
SELECT face_id, %(into)s, rejected_at FROM rejection r
WHERE person_id = %(person)s
  AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = r.face_id AND a.person_id = %(into)s)
ON CONFLICT DO NOTHING;

-- name: mark_merged
UPDATE person SET merged_into = %(into)s, version = version + 1 WHERE id = %(person)s;

-- name: face_assignment
SELECT a.person_id AS person, a.decided_by::text AS decided_by, a.confidence FROM assignment a WHERE a.face_id = %(face)s;

-- name: assign
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id)
SELECT f.id, f.photo_id, %(person)s, %(by)s::decider, %(confidence)s, %(pack)s FROM face f WHERE f.id = %(face)s
ON CONFLICT (face_id) DO UPDATE
SET person_id = excluded.person_id, decided_by = excluded.decided_by, confidence = excluded.confidence,
    pack_id = excluded.pack_id, decided_at = now()
RETURNING face_id;

-- name: unassign
DELETE FROM assignment WHERE face_id = %(face)s;

-- name: reject
INSERT INTO rejection (face_id, person_id) VALUES (%(face)s, %(person)s) ON CONFLICT DO NOTHING;

-- name: unreject
DELETE FROM rejection WHERE face_id = %(face)s AND person_id = %(person)s;
