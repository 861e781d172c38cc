-- name: propose
-- What was skipped stays skipped.
INSERT INTO proposal (one, other, pack_id, distance, doubt, near, compared, nearest, mean)
SELECT k.one, k.other, %(pack)s, k.distance, k.doubt, k.near, k.compared, k.nearest, k.mean
FROM jsonb_to_recordset(%(rows)s) AS k (one bigint, other bigint, distance float8, doubt float8, near integer,
                                        compared integer, nearest float8, mean float8)
JOIN person p ON p.id = k.one
JOIN person o ON o.id = k.other
ORDER BY k.one, k.other
ON CONFLICT (one, other) DO UPDATE
SET pack_id = excluded.pack_id, distance = excluded.distance, doubt = excluded.doubt, near = excluded.near,
    compared = excluded.compared, nearest = excluded.nearest, mean = excluded.mean;

-- name: withdraw_among
-- Of the pairs of these people, one of them `touched`, all but those found.
DELETE FROM proposal
WHERE one = ANY(%(people)s) AND other = ANY(%(people)s) AND (one = ANY(%(touched)s) OR other = ANY(%(touched)s))
  AND (one, other) NOT IN (SELECT * FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]));

-- name: withdraw_all
-- Of all pairs, all but those found.
DELETE FROM proposal WHERE (one, other) NOT IN (SELECT * FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]));

-- name: hidden
SELECT id FROM person WHERE hidden;

-- name: listed
SELECT r.one, p.name AS one_name, (SELECT count(*) FROM assignment a WHERE a.person_id = r.one) AS one_faces,
       r.other, o.name AS other_name, (SELECT count(*) FROM assignment a WHERE a.person_id = r.other) AS other_faces,
       r.distance, r.doubt, r.near, r.compared, r.nearest, r.mean, r.skipped_at IS NOT NULL AS skipped
FROM proposal r JOIN person p ON p.id = r.one JOIN person o ON o.id = r.other
WHERE NOT p.hidden AND NOT o.hidden
ORDER BY r.skipped_at NULLS FIRST, r.doubt, r.one, r.other;
