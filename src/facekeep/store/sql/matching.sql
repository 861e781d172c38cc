-- name: subject
-- What is known of a face in question, and who it cannot be: rejected, or in the same photo. Whether machines may decide.
SELECT f.id AS face, f.quality, h.taken_at::date AS taken, e.vector, c.auto,
       ARRAY(SELECT r.person_id FROM rejection r WHERE r.face_id = f.id) AS rejected,
       ARRAY(SELECT a.person_id FROM assignment a WHERE a.photo_id = f.photo_id AND a.face_id <> f.id) AS beside,
       (SELECT a.person_id FROM assignment a WHERE a.face_id = f.id) AS person
FROM control c, face f JOIN photo h ON h.id = f.photo_id
LEFT JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
WHERE f.id = %(face)s;

-- name: met
SELECT id AS person, name, birth_date AS born, auto FROM person WHERE id = ANY(%(people)s);

-- name: unassigned_near
SELECT face, distance FROM unassigned_near(%(vector)s, %(pack)s::smallint, %(dimensions)s, %(reach)s, %(wanted)s, %(most)s);

-- name: unsettled
-- Without those that an undo took off the person: a machine does not ask itself again what was taken back.
SELECT f.face FROM unnest(%(faces)s::bigint[]) AS f (face)
WHERE NOT EXISTS (SELECT FROM change c JOIN decision d ON d.id = c.decision_id
                  WHERE c.face_id = f.face AND c.kind = 'assignment' AND c.from_person = %(person)s
                    AND c.after IS NULL AND d.undoes IS NOT NULL)
ORDER BY 1;

-- name: vectors
SELECT f.id AS face, e.vector FROM face f JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
JOIN assignment a ON a.face_id = f.id AND a.person_id = %(person)s
WHERE f.id = ANY(%(faces)s) ORDER BY f.id;

-- name: auto
SELECT auto FROM control;

-- name: set_auto
UPDATE control SET auto = %(auto)s WHERE auto <> %(auto)s;
