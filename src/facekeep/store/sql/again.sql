-- name: due_again
-- What is in hand or waits already is looked at anyway; without a file there is nothing to look at.
WITH again AS (
    UPDATE photo SET state = 'waiting', due_at = now(), leased_by = NULL, leased_worker = NULL
    WHERE state <> 'waiting' AND library_id IS NOT NULL
      AND (%(photos)s::bigint[] IS NULL OR id = ANY(%(photos)s))
      AND (%(photos)s::bigint[] IS NOT NULL OR state = 'done')
    RETURNING id
), anew AS (
    UPDATE failure SET permanent = false, given_up = false, retry_at = now(), attempts = 0, tries = 0,
           retry_long_side = NULL
    WHERE photo_id IN (SELECT id FROM again)
)
SELECT id FROM again;

-- name: how_they_are
SELECT id, CASE WHEN library_id IS NULL THEN 'unreachable' ELSE 'waiting' END
FROM photo WHERE id = ANY(%(photos)s);
