-- name: list
-- Circles that are there; members that are somebody still.
SELECT c.id AS circle, c.name, c.version, count(p.id) AS people, count(*) OVER () AS total
FROM circle c LEFT JOIN member m ON m.circle_id = c.id
LEFT JOIN person p ON p.id = m.person_id AND NOT p.gone AND p.merged_into IS NULL
WHERE NOT c.gone AND (%(circle)s::bigint IS NULL OR c.id = %(circle)s)
  AND (%(name)s::text IS NULL OR lower(c.name) = lower(%(name)s))
  AND (%(person)s::bigint IS NULL OR EXISTS (SELECT FROM member o WHERE o.circle_id = c.id AND o.person_id = %(person)s))
GROUP BY c.id ORDER BY c.id;

-- name: members
SELECT p.id AS person, p.name, coalesce(n.faces, 0) AS faces, coalesce(n.photos, 0) AS photos, p.hidden,
       coalesce(p.cover_face_id, n.best_face) AS cover, p.version
FROM member m JOIN person p ON p.id = m.person_id AND NOT p.gone AND p.merged_into IS NULL
LEFT JOIN LATERAL (SELECT * FROM person_count c WHERE c.person_id = p.id OFFSET 0) AS n ON true
WHERE m.circle_id = %(circle)s ORDER BY lower(p.name), p.id;

-- name: lock
SELECT id AS circle, name, version FROM circle WHERE id = %(circle)s AND NOT gone FOR NO KEY UPDATE;

-- name: add
INSERT INTO circle (name) VALUES (%(name)s) RETURNING id;

-- name: rename
UPDATE circle SET name = %(name)s, version = version + 1 WHERE id = %(circle)s;

-- name: remove
UPDATE circle SET gone = true, version = version + 1 WHERE id = %(circle)s;

-- name: there
-- Of these people, those that can be in a circle; held until the transaction ends.
SELECT id FROM person WHERE id = ANY(%(people)s) AND NOT gone AND merged_into IS NULL ORDER BY id FOR NO KEY UPDATE;

-- name: join
INSERT INTO member (circle_id, person_id) SELECT %(circle)s, k FROM unnest(%(people)s::bigint[]) AS k
ON CONFLICT DO NOTHING RETURNING person_id;

-- name: leave
DELETE FROM member WHERE circle_id = %(circle)s AND person_id = ANY(%(people)s) RETURNING person_id;

-- name: absorb
-- Two people are one: who stays is in the circles of both.
WITH left_behind AS (DELETE FROM member WHERE person_id = %(person)s RETURNING circle_id, joined_at)
INSERT INTO member (circle_id, person_id, joined_at) SELECT circle_id, %(into)s, joined_at FROM left_behind
ON CONFLICT DO NOTHING;
