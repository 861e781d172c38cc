-- name: of_photo
SELECT f.id AS face, f.x, f.y, f.width, f.height,
       (f.source <> 'detected' OR coalesce(a.decided_by <> 'auto', false)
        OR EXISTS (SELECT FROM rejection r WHERE r.face_id = f.id)) AS touched,
       a.person_id AS person, e.vector
FROM face f
LEFT JOIN assignment a ON a.face_id = f.id
LEFT JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
WHERE f.photo_id = %(photo)s ORDER BY f.id FOR UPDATE OF f;

-- name: lock
SELECT id FROM face WHERE id = %(face)s FOR NO KEY UPDATE;

-- name: add
INSERT INTO face (photo_id, x, y, width, height, landmarks, score, quality, quality_size, quality_sharpness,
                  quality_pose, quality_exposure, source, found_by)
VALUES (%(photo)s, %(x)s, %(y)s, %(width)s, %(height)s, %(landmarks)s, %(score)s, %(quality)s, %(quality_size)s,
        %(quality_sharpness)s, %(quality_pose)s, %(quality_exposure)s, 'detected', %(pack)s)
RETURNING id;

-- name: update
UPDATE face SET x = %(x)s, y = %(y)s, width = %(width)s, height = %(height)s, landmarks = %(landmarks)s,
       score = %(score)s, quality = %(quality)s, quality_size = %(quality_size)s,
       quality_sharpness = %(quality_sharpness)s, quality_pose = %(quality_pose)s,
       quality_exposure = %(quality_exposure)s, found_by = %(pack)s
WHERE id = %(face)s;

-- name: delete
DELETE FROM face WHERE id = ANY(%(faces)s);

-- name: put_embedding
INSERT INTO embedding (face_id, pack_id, vector) VALUES (%(face)s, %(pack)s, %(vector)s)
ON CONFLICT (face_id, pack_id) DO UPDATE SET vector = excluded.vector;

-- name: near
-- The nearest faces by the pack's index, then their exact distances. {dimensions} is the pack's length.
SELECT n.face_id AS face, n.distance, f.photo_id AS photo, f.quality, a.person_id AS person, p.name IS NOT NULL AS named
FROM (
    SELECT face_id, vector <-> %(vector)s AS distance FROM (
        SELECT face_id, vector FROM embedding WHERE pack_id = %(pack)s
        ORDER BY (vector::halfvec({dimensions})) <-> (%(vector)s::halfvec({dimensions}))
        LIMIT %(limit)s
    ) AS candidates
) AS n
JOIN face f ON f.id = n.face_id
LEFT JOIN assignment a ON a.face_id = n.face_id
LEFT JOIN person p ON p.id = a.person_id
WHERE n.face_id <> %(face)s
ORDER BY n.distance;

-- name: rejected
SELECT person_id FROM rejection WHERE face_id = %(face)s;

-- name: closed
-- People whom no machine may put this face on: the user said so, or they were not born yet.
SELECT p.id FROM person p
WHERE (NOT p.auto OR p.birth_date IS NOT NULL)
  AND (NOT p.auto OR p.birth_date > (SELECT h.taken_at FROM face f JOIN photo h ON h.id = f.photo_id WHERE f.id = %(face)s));

-- name: people_in_photo
SELECT person_id FROM assignment WHERE photo_id = %(photo)s;

-- name: ungrouped
SELECT f.id AS face, f.photo_id AS photo, f.quality, e.vector
FROM face f JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
WHERE NOT f.grouped AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
ORDER BY f.id LIMIT %(limit)s
FOR UPDATE OF f;

-- name: lone
-- Skipping those that somebody is at: they were only met, and waiting for them could be for ever.
SELECT f.id AS face, f.photo_id AS photo, f.quality, e.vector
FROM face f JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
WHERE f.id = ANY(%(faces)s) AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
ORDER BY f.id
FOR UPDATE OF f SKIP LOCKED;

-- name: mark_grouped
UPDATE face SET grouped = true WHERE id = ANY(%(faces)s);

-- name: look_again_near
-- Lone faces within reach of a person's best faces: the next grouping asks again whether they are this person.
-- Not those that somebody is deciding about: faces are locked before people, so nobody waits for one here.
UPDATE face SET grouped = false WHERE id IN (SELECT l.id FROM face l WHERE l.id IN (
    SELECT n.face_id FROM (
        SELECT e.vector FROM assignment a JOIN face f ON f.id = a.face_id
        JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
        WHERE a.person_id = %(person)s ORDER BY f.quality DESC NULLS LAST, f.id LIMIT %(exemplars)s
    ) AS x
    CROSS JOIN LATERAL (
        SELECT face_id, vector FROM embedding WHERE pack_id = %(pack)s
        ORDER BY (vector::halfvec({dimensions})) <-> (x.vector::halfvec({dimensions})) LIMIT %(limit)s
    ) AS n
    WHERE n.vector <-> x.vector <= %(reach)s
      AND NOT EXISTS (SELECT FROM assignment o WHERE o.face_id = n.face_id)
) FOR NO KEY UPDATE SKIP LOCKED);

-- name: mark_ungrouped
-- Not those that somebody else is deciding about.
UPDATE face SET grouped = false
WHERE id IN (SELECT id FROM face WHERE id = ANY(%(faces)s) FOR NO KEY UPDATE SKIP LOCKED);

-- name: rejections
SELECT face_id, person_id FROM rejection WHERE face_id = ANY(%(faces)s);
