-- Which pack is in use ---------------------------------------------------------------------------------------

-- name: use
SELECT u.active, a.label AS active_label, u.wanted, w.label AS wanted_label, u.paused, u.without_away, u.photos,
       u.began_at, u.filled, u.switched_at, u.settled
FROM pack_use u LEFT JOIN pack a ON a.id = u.active LEFT JOIN pack w ON w.id = u.wanted;

-- name: use_locked
SELECT u.active, a.label AS active_label, u.wanted, w.label AS wanted_label, u.paused, u.without_away, u.photos,
       u.began_at, u.filled, u.switched_at, u.settled
FROM pack_use u LEFT JOIN pack a ON a.id = u.active LEFT JOIN pack w ON w.id = u.wanted
FOR UPDATE OF u;

-- name: begin_with
UPDATE pack_use SET active = %(pack)s WHERE active IS NULL;

-- name: known
-- Packs of this database, and how many faces have an embedding under each.
SELECT p.id AS pack, p.label, p.embedder, (SELECT count(*) FROM embedding e WHERE e.pack_id = p.id) AS faces
FROM pack p ORDER BY p.id;

-- name: embedder
SELECT embedder FROM pack WHERE id = %(pack)s;

-- name: note_embedder
UPDATE pack SET embedder = %(sha256)s WHERE id = %(pack)s;

-- name: id_of
SELECT id FROM pack WHERE label = %(label)s;

-- name: hold_faces
-- Nobody adds or moves a face meanwhile; whoever is at it is waited for.
LOCK TABLE face IN SHARE ROW EXCLUSIVE MODE;

-- name: want
UPDATE pack_use SET wanted = %(pack)s, began_at = now(), paused = false, without_away = %(without_away)s, photos = 0,
       filled = false;

-- name: filled
UPDATE pack_use SET filled = true, photos = CASE WHEN wanted IS NULL THEN 0 ELSE (SELECT count(*) FROM unembedded) END
WHERE NOT filled;

-- name: hurry
UPDATE pack_use SET without_away = true WHERE wanted IS NOT NULL;

-- name: set_paused
UPDATE pack_use SET paused = %(paused)s WHERE wanted IS NOT NULL;

-- name: cancel
UPDATE pack_use SET wanted = NULL, began_at = NULL, paused = false, without_away = false, photos = 0, filled = false
WHERE wanted IS NOT NULL;

-- name: switch
UPDATE pack_use SET active = wanted, wanted = NULL, began_at = NULL, paused = false, without_away = false, photos = 0,
       switched_at = now(), settled = false
WHERE wanted IS NOT NULL;

-- name: settle
UPDATE pack_use SET settled = true WHERE NOT settled;

-- name: drop_other_suggestions
DELETE FROM suggestion WHERE pack_id <> %(pack)s;

-- name: drop_other_proposals
DELETE FROM proposal WHERE pack_id <> %(pack)s;

-- name: count_around_again
-- What was counted under the pack when it was last in use, or by another embedder.
DELETE FROM surroundings WHERE pack_id = %(pack)s;

-- name: look_again_at_lone
-- Faces that are nobody's are compared with everybody again. Not those that somebody is deciding about.
UPDATE face SET grouped = false WHERE id IN (
    SELECT f.id FROM face f
    WHERE f.grouped AND f.standing = 'shown' AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
    ORDER BY f.id FOR NO KEY UPDATE SKIP LOCKED);

-- name: faces_with
SELECT count(*) FROM embedding WHERE pack_id = %(pack)s;

-- name: forget_embeddings
-- {pack} is the pack's number. Its partition is emptied at once, and the disk given back. What exemplars refer to is
-- not emptied so, even when none refers to it: it is taken out meanwhile, which asks whether one does.
ALTER TABLE embedding DETACH PARTITION embedding_{pack};
TRUNCATE embedding_{pack};
ALTER TABLE embedding ATTACH PARTITION embedding_{pack} FOR VALUES IN ({pack});

-- name: forget_derived
WITH s AS (DELETE FROM suggestion WHERE pack_id = %(pack)s), p AS (DELETE FROM proposal WHERE pack_id = %(pack)s),
     a AS (DELETE FROM surroundings WHERE pack_id = %(pack)s)
DELETE FROM exemplar WHERE pack_id = %(pack)s;

-- Photos to embed ----------------------------------------------------------------------------------------------

-- name: forgive_failed
UPDATE unembedded SET tries = 0, code = NULL, message = '', due_at = now() WHERE due_at IS NULL;

-- name: is_complete
-- No face has two embeddings under one pack.
SELECT (SELECT count(*) FROM face) = (SELECT count(*) FROM embedding WHERE pack_id = %(pack)s);

-- name: clear_queue
DELETE FROM unembedded WHERE leased_by IS NULL;

-- name: next_photos
-- The last of the next some photos.
SELECT max(id) FROM (SELECT id FROM photo WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) p;

-- name: fill_queue
INSERT INTO unembedded (photo_id)
SELECT DISTINCT f.photo_id FROM face f
WHERE f.photo_id > %(after)s AND f.photo_id <= %(last)s
  AND NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id AND e.pack_id = %(pack)s)
ON CONFLICT DO NOTHING;

-- name: claim
-- From libraries that are online, and only photos with a file that is there: the others come when it is back.
WITH due AS (
    SELECT u.photo_id FROM unembedded u
    WHERE u.due_at <= now() AND EXISTS (
        SELECT FROM photo_file f JOIN library l ON l.id = f.library_id
        WHERE f.photo_id = u.photo_id AND f.state = 'present' AND l.online)
      AND NOT (SELECT paused FROM control) AND NOT (SELECT paused FROM pack_use)
    ORDER BY u.due_at, u.photo_id LIMIT %(limit)s
    FOR UPDATE OF u SKIP LOCKED
)
UPDATE unembedded SET leased_by = %(token)s, leased_worker = %(worker)s,
       due_at = now() + make_interval(secs => %(lease_s)s)
FROM due WHERE unembedded.photo_id = due.photo_id
RETURNING unembedded.photo_id;

-- name: claimed
SELECT DISTINCT ON (p.id) p.id AS photo, l.root, f.path, f.size_bytes, f.mtime_ns, p.analysed_long_side AS long_side
FROM photo p
JOIN photo_file f ON f.photo_id = p.id AND f.state = 'present'
JOIN library l ON l.id = f.library_id AND l.online
WHERE p.id = ANY(%(photos)s)
ORDER BY p.id, (l.id = p.library_id) DESC, f.id;

-- name: faces_without
SELECT f.id AS face, f.photo_id AS photo, f.x, f.y, f.width, f.height, f.landmarks
FROM face f
WHERE f.photo_id = ANY(%(photos)s)
  AND NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id AND e.pack_id = %(pack)s)
ORDER BY f.photo_id, f.id;

-- name: hold_places
-- They do not move meanwhile. Faces before the queue, as whoever moves one has it.
SELECT id FROM face WHERE id = ANY(%(faces)s) ORDER BY id FOR SHARE;

-- name: still_leased
SELECT photo_id FROM unembedded WHERE photo_id = %(photo)s AND leased_by = %(token)s FOR UPDATE;

-- name: put_vector
-- Nothing when the face has gone or moved meanwhile: the vector would be of another picture.
INSERT INTO embedding (face_id, pack_id, vector)
SELECT f.id, %(pack)s, %(vector)s FROM face f
WHERE f.id = %(face)s AND (f.x, f.y, f.width, f.height) = (%(x)s, %(y)s, %(width)s, %(height)s)
  AND f.landmarks IS NOT DISTINCT FROM %(landmarks)s::double precision[]
ON CONFLICT DO NOTHING;

-- name: done
-- Out of the queue when no face of it lacks one now, under the pack that counts by now; else due at once.
WITH lacking AS (
    SELECT EXISTS (SELECT FROM face f WHERE f.photo_id = %(photo)s AND NOT EXISTS (
        SELECT FROM embedding e WHERE e.face_id = f.id AND e.pack_id = (SELECT coalesce(wanted, active) FROM pack_use))) AS still
), gone AS (
    DELETE FROM unembedded WHERE photo_id = %(photo)s AND NOT (SELECT still FROM lacking) RETURNING photo_id
)
UPDATE unembedded SET due_at = now(), leased_by = NULL, leased_worker = NULL
WHERE photo_id = %(photo)s AND (SELECT still FROM lacking);

-- name: give_back
UPDATE unembedded SET leased_by = NULL, leased_worker = NULL, due_at = now()
WHERE leased_by = ANY(%(tokens)s) AND photo_id = ANY(%(photos)s);

-- name: put_off
-- Tried again later; or not any more.
UPDATE unembedded SET leased_by = NULL, leased_worker = NULL, tries = tries + %(charge)s, code = %(code)s::failure_code,
       message = %(message)s,
       due_at = CASE WHEN tries + %(charge)s < %(most)s THEN now() + make_interval(secs => %(delay_s)s) END
WHERE photo_id = %(photo)s AND leased_by = %(token)s;

-- name: renew
UPDATE unembedded SET due_at = now() + make_interval(secs => %(lease_s)s)
FROM unnest(%(photos)s::bigint[], %(tokens)s::uuid[]) AS held (photo, token)
WHERE unembedded.photo_id = held.photo AND unembedded.leased_by = held.token;

-- name: return_orphans
UPDATE unembedded SET leased_by = NULL, leased_worker = NULL, due_at = now()
WHERE leased_worker IS NOT NULL AND leased_worker NOT IN (
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %(space)s AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
);

-- name: left_quickly
SELECT count(*) FILTER (WHERE due_at IS NOT NULL) AS waiting, count(*) FILTER (WHERE due_at IS NULL) AS failed
FROM unembedded;

-- name: embedding_rate
SELECT coalesce(sum(w.rate), 0)::double precision FROM worker w
WHERE w.state = 'embedding' AND w.seen_at > now() - interval '30 seconds';

-- name: left
-- `waiting` holds a switch up; `away` are those of them whose library is not there, `gone` have no file any more.
SELECT count(*) FILTER (WHERE u.due_at IS NOT NULL AND p.library_id IS NOT NULL) AS waiting,
       count(*) FILTER (WHERE u.due_at IS NOT NULL AND NOT l.online) AS away,
       count(*) FILTER (WHERE u.due_at IS NOT NULL AND p.library_id IS NULL) AS gone,
       count(*) FILTER (WHERE u.due_at IS NULL) AS failed
FROM unembedded u JOIN photo p ON p.id = u.photo_id LEFT JOIN library l ON l.id = p.library_id;

-- name: holds_up
SELECT NOT (SELECT filled FROM pack_use) OR EXISTS (
    SELECT FROM unembedded u
    WHERE u.due_at IS NOT NULL AND EXISTS (
        SELECT FROM photo_file f JOIN library l ON l.id = f.library_id
        WHERE f.photo_id = u.photo_id AND f.state = 'present'
          AND (l.online OR NOT (SELECT without_away FROM pack_use)))
);

-- name: failed
SELECT photo_id AS photo, code::text AS code, message, tries FROM unembedded WHERE due_at IS NULL
ORDER BY photo_id LIMIT %(limit)s;
