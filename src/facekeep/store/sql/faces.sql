-- name: of_photo
SELECT f.id AS face, f.x, f.y, f.width, f.height,
       f.standing::text AS standing, f.unmade, f.box_by::text AS box_by, f.score::double precision AS score,
       (f.source <> 'detected' OR f.standing <> 'shown' OR f.box_by = 'user' OR coalesce(a.decided_by <> 'auto', false)
        OR EXISTS (SELECT FROM rejection r WHERE r.face_id = f.id)
        OR EXISTS (SELECT FROM pin n WHERE n.face_id = f.id)) AS touched,
       a.person_id AS person, e.vector
FROM face f
LEFT JOIN assignment a ON a.face_id = f.id
LEFT JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
WHERE f.photo_id = %(photo)s ORDER BY f.id;

-- Locks are statements of their own, and what is read of other tables is read after them: a statement that waited for a
-- row sees those as they were before it waited.

-- name: hold
SELECT id FROM face WHERE id = ANY(%(faces)s) ORDER BY id FOR NO KEY UPDATE;

-- name: hold_photo
SELECT id FROM face WHERE photo_id = %(photo)s ORDER BY id FOR UPDATE;

-- name: hold_waiting
SELECT f.id FROM face f
WHERE NOT f.grouped AND f.standing = 'shown' AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
  AND EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id AND e.pack_id = %(pack)s)
ORDER BY f.id LIMIT %(limit)s
FOR UPDATE OF f;

-- name: hold_idle
-- Skipping those that somebody is at: they were only met, and waiting for them could be for ever.
SELECT id FROM face WHERE id = ANY(%(faces)s) ORDER BY id FOR UPDATE SKIP LOCKED;

-- name: add
INSERT INTO face (photo_id, x, y, width, height, landmarks, score, quality, quality_size, quality_sharpness,
                  quality_pose, quality_exposure, source, found_by)
VALUES (%(photo)s, %(x)s, %(y)s, %(width)s, %(height)s, %(landmarks)s, %(score)s, %(quality)s, %(quality_size)s,
        %(quality_sharpness)s, %(quality_pose)s, %(quality_exposure)s, 'detected', %(pack)s)
RETURNING id;

-- name: update
-- A user's box stays where it is.
UPDATE face SET x = CASE box_by WHEN 'user' THEN x ELSE %(x)s END, y = CASE box_by WHEN 'user' THEN y ELSE %(y)s END,
       width = CASE box_by WHEN 'user' THEN width ELSE %(width)s END,
       height = CASE box_by WHEN 'user' THEN height ELSE %(height)s END, stale = false, landmarks = %(landmarks)s,
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
SELECT n.face_id AS face, n.distance, f.photo_id AS photo, f.quality, a.person_id AS person, p.name IS NOT NULL AS named,
       h.taken_at::date AS taken
FROM (
    SELECT face_id, vector <-> %(vector)s AS distance FROM (
        SELECT face_id, vector FROM embedding WHERE pack_id = %(pack)s
        ORDER BY (vector::halfvec({dimensions})) <-> (%(vector)s::halfvec({dimensions}))
        LIMIT %(limit)s
    ) AS candidates
) AS n
JOIN face f ON f.id = n.face_id AND f.standing = 'shown'
JOIN photo h ON h.id = f.photo_id
LEFT JOIN assignment a ON a.face_id = n.face_id
LEFT JOIN person p ON p.id = a.person_id
WHERE n.face_id <> %(face)s
ORDER BY n.distance;

-- name: walk_on
-- An index scan goes on until enough faces pass the filter, rather than giving up after the nearest few; but not for ever.
SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.max_scan_tuples', %(most)s, true);

-- name: people_in_photo
SELECT person_id FROM assignment WHERE photo_id = %(photo)s;

-- name: free
SELECT f.id FROM face f
WHERE f.id = ANY(%(faces)s) AND f.standing = 'shown' AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
ORDER BY f.id;

-- name: vectors
SELECT f.id AS face, f.photo_id AS photo, f.quality, e.vector
FROM face f JOIN embedding e ON e.face_id = f.id AND e.pack_id = %(pack)s
WHERE f.id = ANY(%(faces)s)
ORDER BY f.id;

-- name: asked_about
SELECT DISTINCT face_id FROM suggestion WHERE face_id = ANY(%(faces)s);

-- name: displace
-- Who is in a photo for certain is nobody else there: what a machine took for that person beside these faces.
-- Face by face, by the indexes: how many there are nobody can foresee.
DELETE FROM assignment WHERE face_id IN (
    SELECT o.face_id FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
    CROSS JOIN LATERAL (SELECT photo_id FROM face WHERE id = k.face OFFSET 0) AS f
    CROSS JOIN LATERAL (SELECT face_id FROM assignment WHERE photo_id = f.photo_id AND person_id = k.person
                        AND decided_by = 'auto' OFFSET 0) AS o
    WHERE o.face_id <> ALL(%(faces)s)
)
RETURNING face_id;

-- name: mark_grouped
UPDATE face SET grouped = true WHERE id = ANY(%(faces)s);

-- name: mark_ungrouped
-- Not those that somebody else is deciding about.
UPDATE face SET grouped = false
WHERE id IN (SELECT id FROM face WHERE id = ANY(%(faces)s) AND standing = 'shown' FOR NO KEY UPDATE SKIP LOCKED);

-- name: rejections
SELECT face_id, person_id FROM rejection WHERE face_id = ANY(%(faces)s);
