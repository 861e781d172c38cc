-- name: propose
-- The guard leaves out what was answered meanwhile. One that was there is refined; when it was skipped, it stays so.
INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance, reason)
SELECT (r->>'face')::bigint, (r->>'person')::bigint, %(pack)s, (r->>'confidence')::real, (r->>'distance')::double precision,
       r->'reason'
FROM jsonb_array_elements(%(rows)s) AS r
ORDER BY 1, 2
ON CONFLICT (face_id, person_id) DO UPDATE
SET pack_id = excluded.pack_id, confidence = excluded.confidence, distance = excluded.distance, reason = excluded.reason
WHERE (suggestion.pack_id, suggestion.distance, suggestion.reason)
      IS DISTINCT FROM (excluded.pack_id, excluded.distance, excluded.reason)
RETURNING face_id, person_id, xmax = 0 AS new;

-- name: withdraw
-- What is not likely any more is not asked.
DELETE FROM suggestion WHERE face_id = %(face)s AND person_id <> ALL(%(people)s);
