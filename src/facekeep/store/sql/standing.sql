-- name: found
SELECT f.id AS face, f.standing::text AS standing, a.person_id AS person
FROM face f LEFT JOIN assignment a ON a.face_id = f.id
WHERE f.id = ANY(%(faces)s) ORDER BY f.id;

-- name: drop_pins
DELETE FROM pin WHERE face_id = ANY(%(faces)s);

-- name: drop_covers
UPDATE person SET cover_face_id = NULL WHERE id = ANY(%(people)s) AND cover_face_id = ANY(%(faces)s);

-- name: drop_assignments
DELETE FROM assignment WHERE face_id = ANY(%(faces)s);

-- name: put
UPDATE face SET standing = %(standing)s::face_standing, unmade = false WHERE id = ANY(%(faces)s);
