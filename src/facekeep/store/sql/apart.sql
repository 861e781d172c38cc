-- name: say
INSERT INTO apart (one, other) VALUES (least(%(one)s::bigint, %(other)s::bigint), greatest(%(one)s::bigint, %(other)s::bigint))
ON CONFLICT DO NOTHING;

-- name: take_back
DELETE FROM apart WHERE one = least(%(one)s::bigint, %(other)s::bigint) AND other = greatest(%(one)s::bigint, %(other)s::bigint);

-- name: hand_on
-- Who is not one with the person that goes is not one with the person that stays. Where it was said, it is left.
INSERT INTO apart (one, other, said_at)
SELECT least(x.who, %(into)s), greatest(x.who, %(into)s), min(x.said_at)
FROM (SELECT CASE WHEN one = %(person)s THEN other ELSE one END AS who, said_at FROM apart
      WHERE one = %(person)s OR other = %(person)s) AS x
WHERE x.who <> %(into)s::bigint
GROUP BY x.who
ON CONFLICT DO NOTHING;

-- name: proposals
-- What is in braces narrows the rows; it is one of our own fragments. Faces are looked up for the page alone: of the
-- fifty that came last the best, however many there are.
WITH cut AS (
    SELECT p.* FROM proposal p
    {filter}
    ORDER BY (p.skipped_at IS NOT NULL), p.doubt, p.one, p.other LIMIT %(limit)s
)
SELECT c.one, o.name AS one_name, o.hidden AS one_hidden,
       coalesce((SELECT n.faces FROM person_count n WHERE n.person_id = c.one), 0) AS one_faces,
       ARRAY(SELECT f.id FROM (SELECT a.face_id FROM assignment a WHERE a.person_id = c.one ORDER BY a.photo_id DESC LIMIT 50) AS few
             JOIN face f ON f.id = few.face_id ORDER BY f.quality DESC NULLS LAST, f.id LIMIT %(shown)s) AS one_shown,
       c.other, t.name AS other_name, t.hidden AS other_hidden,
       coalesce((SELECT n.faces FROM person_count n WHERE n.person_id = c.other), 0) AS other_faces,
       ARRAY(SELECT f.id FROM (SELECT a.face_id FROM assignment a WHERE a.person_id = c.other ORDER BY a.photo_id DESC LIMIT 50) AS few
             JOIN face f ON f.id = few.face_id ORDER BY f.quality DESC NULLS LAST, f.id LIMIT %(shown)s) AS other_shown,
       c.distance, c.doubt, c.near, c.compared, c.nearest, c.mean, c.proposed_at, c.skipped_at IS NOT NULL AS skipped
FROM cut c JOIN person o ON o.id = c.one JOIN person t ON t.id = c.other
ORDER BY (c.skipped_at IS NOT NULL), c.doubt, c.one, c.other

-- name: count
SELECT count(*) FROM proposal p
{filter}

-- name: standing
-- Not what a machine stored in the very moment in which it was answered.
NOT EXISTS (SELECT FROM apart a WHERE a.one = p.one AND a.other = p.other)
AND p.one NOT IN (SELECT id FROM person WHERE gone OR merged_into IS NOT NULL)
AND p.other NOT IN (SELECT id FROM person WHERE gone OR merged_into IS NOT NULL)

-- name: shown
p.one NOT IN (SELECT id FROM person WHERE hidden) AND p.other NOT IN (SELECT id FROM person WHERE hidden)

-- name: of_person
(p.one = %(person)s OR p.other = %(person)s)

-- name: after
(p.skipped_at IS NOT NULL, p.doubt, p.one, p.other)
> (%(after_skipped)s::boolean, %(after_doubt)s::double precision, %(after_one)s::bigint, %(after_other)s::bigint)

-- name: asked
SELECT k.one, k.other, p.one IS NOT NULL AS open, a.one IS NOT NULL AS apart
FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS k (one, other)
LEFT JOIN proposal p ON (p.one, p.other) = (k.one, k.other)
LEFT JOIN apart a ON (a.one, a.other) = (k.one, k.other);

-- name: candidates
SELECT p.id AS person, p.name IS NOT NULL AS named, (SELECT count(*) FROM assignment a WHERE a.person_id = p.id) AS faces
FROM person p WHERE p.id = ANY(%(people)s);

-- name: merged
SELECT id FROM person WHERE id = ANY(%(people)s) AND merged_into IS NOT NULL;

-- name: skip
UPDATE proposal p SET skipped_at = CASE WHEN %(skipped)s THEN now() END
FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS k (one, other)
WHERE (p.one, p.other) = (k.one, k.other);
