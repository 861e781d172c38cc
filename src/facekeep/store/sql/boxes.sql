-- name: photo
-- Held, so that nobody else puts the same box there meanwhile.
SELECT id AS photo, width, height FROM photo WHERE id = %(photo)s FOR NO KEY UPDATE;

-- name: in_photo
SELECT f.id AS face, f.photo_id AS photo, f.x, f.y, f.width, f.height, f.standing::text AS standing,
       f.box_by::text AS box_by, f.source::text AS source, f.stale, a.person_id AS person, a.decided_by::text AS decided_by
FROM face f LEFT JOIN assignment a ON a.face_id = f.id
WHERE f.photo_id = %(photo)s ORDER BY f.id;

-- name: one
SELECT f.id AS face, f.photo_id AS photo, f.x, f.y, f.width, f.height, f.standing::text AS standing,
       f.box_by::text AS box_by, f.source::text AS source, f.stale, a.person_id AS person, a.decided_by::text AS decided_by
FROM face f LEFT JOIN assignment a ON a.face_id = f.id WHERE f.id = %(face)s;

-- name: vector
SELECT vector FROM embedding WHERE face_id = %(face)s AND pack_id = %(pack)s;

-- name: draw
INSERT INTO face (photo_id, x, y, width, height, landmarks, source, box_by, stale)
VALUES (%(photo)s, %(x)s, %(y)s, %(width)s, %(height)s, %(landmarks)s, 'drawn', 'user', true)
RETURNING id;

-- name: move
-- That it is stale now, and has no embedding any more, the database sees by itself.
UPDATE face SET x = %(x)s, y = %(y)s, width = %(width)s, height = %(height)s, box_by = 'user' WHERE id = %(face)s;

-- name: measured
-- A detected face keeps the score that it was found with.
UPDATE face SET landmarks = %(landmarks)s, quality = %(quality)s, quality_size = %(quality_size)s,
       quality_sharpness = %(quality_sharpness)s, quality_pose = %(quality_pose)s,
       quality_exposure = %(quality_exposure)s, stale = false,
       score = CASE source WHEN 'detected' THEN coalesce(%(score)s, score) ELSE %(score)s END
WHERE id = %(face)s;

-- name: stale
-- Faces to be looked at whose photo can be reached.
SELECT f.id FROM face f
WHERE f.stale AND f.standing = 'shown' AND f.id <> ALL(%(without)s::bigint[])
  AND EXISTS (SELECT FROM photo_file p JOIN library l ON l.id = p.library_id
              WHERE p.photo_id = f.photo_id AND p.state = 'present' AND l.online)
ORDER BY f.id LIMIT %(limit)s;
