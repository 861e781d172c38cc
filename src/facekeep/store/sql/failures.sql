-- name: retry
-- By the user: a new beginning, at full size and with all attempts. Not where no file is left to look at.
WITH again AS (
    UPDATE failure SET permanent = false, given_up = false, retry_at = now(), attempts = 0, tries = 0,
           retry_long_side = NULL
    WHERE (%(photos)s::bigint[] IS NULL OR photo_id = ANY(%(photos)s))
      AND (%(code)s::text IS NULL OR code::text = %(code)s)
      AND (%(photos)s::bigint[] IS NOT NULL OR NOT given_up)
      AND EXISTS (SELECT FROM photo p WHERE p.id = photo_id AND p.library_id IS NOT NULL)
    RETURNING photo_id
)
UPDATE photo SET state = 'waiting', due_at = now(), leased_by = NULL, leased_worker = NULL
FROM again WHERE photo.id = again.photo_id;

-- name: give_up
WITH enough AS (
    UPDATE failure SET permanent = true, given_up = true, retry_at = NULL
    WHERE photo_id = ANY(%(photos)s)
    RETURNING photo_id
)
UPDATE photo SET state = 'failed', due_at = NULL, leased_by = NULL, leased_worker = NULL
FROM enough WHERE photo.id = enough.photo_id;

-- name: one
SELECT x.photo_id AS photo, x.code::text AS code, x.message, x.detail, x.attempts, x.tries, x.permanent, x.given_up,
       x.retry_at, x.first_at, x.last_at, x.long_side, x.retry_long_side, x.size_bytes, x.mtime_ns
FROM failure x WHERE x.photo_id = %(photo)s;
