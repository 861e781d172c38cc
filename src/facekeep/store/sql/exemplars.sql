-- name: due
-- Whose exemplars are to be chosen anew: of those that a user changed, and of those that machines made grow by a tenth.
-- Counted no further than that takes: this is asked with every face that is grouped.
SELECT d.person_id AS person, d.look, d.upto
FROM (SELECT person_id, bool_or(look) AS look, max(id) AS upto, 10 * count(*) AS tenfold
      FROM exemplar_due GROUP BY person_id) AS d
WHERE d.look OR d.tenfold > (
    SELECT count(*) FROM (SELECT FROM assignment a WHERE a.person_id = d.person_id LIMIT d.tenfold) AS k)
ORDER BY d.person_id LIMIT %(limit)s;

-- name: is_due
SELECT EXISTS (SELECT FROM exemplar_due WHERE person_id = %(person)s);

-- name: settle
DELETE FROM exemplar_due WHERE person_id = %(person)s AND id <= %(upto)s;

-- name: mark
INSERT INTO exemplar_due (person_id, look) VALUES (%(person)s, true);

-- name: mark_all
INSERT INTO exemplar_due (person_id, look) SELECT id, true FROM person WHERE name IS NOT NULL AND NOT gone AND merged_into IS NULL;

-- name: candidates
-- The best of each year first, so that a few hundred are of all times, however many faces there are.
SELECT k.face, e.vector, k.quality, k.taken, k.pinned
FROM (
    SELECT f.id AS face, f.quality, h.taken_at::date AS taken, n.face_id IS NOT NULL AS pinned,
           row_number() OVER (PARTITION BY extract(year FROM h.taken_at)
                              ORDER BY n.face_id IS NULL, f.quality DESC NULLS LAST, f.id) AS rank
    FROM assignment a
    JOIN face f ON f.id = a.face_id
    JOIN photo h ON h.id = a.photo_id
    LEFT JOIN pin n ON n.face_id = a.face_id AND n.person_id = a.person_id
    WHERE a.person_id = %(person)s
) AS k
JOIN embedding e ON e.face_id = k.face AND e.pack_id = %(pack)s
ORDER BY NOT k.pinned, k.rank, k.face LIMIT %(limit)s;

-- name: stands
-- Who has exemplars: everybody with a name, and whoever has a pinned face.
SELECT p.birth_date AS born, (p.name IS NOT NULL OR EXISTS (SELECT FROM pin n WHERE n.person_id = p.id)) AS stands
FROM person p WHERE p.id = %(person)s AND NOT p.gone AND p.merged_into IS NULL;

-- name: drop_others
DELETE FROM exemplar WHERE person_id = %(person)s AND pack_id = %(pack)s AND face_id <> ALL(%(faces)s);

-- name: put
-- The vector is filled in by the guard.
INSERT INTO exemplar (face_id, pack_id, person_id, era, vector)
SELECT k.face, %(pack)s, %(person)s, k.era, e.vector
FROM unnest(%(faces)s::bigint[], %(eras)s::text[]) AS k (face, era)
JOIN embedding e ON e.face_id = k.face AND e.pack_id = %(pack)s
ORDER BY k.face
ON CONFLICT (face_id, pack_id) DO UPDATE SET person_id = excluded.person_id, era = excluded.era
WHERE (exemplar.person_id, exemplar.era) IS DISTINCT FROM (excluded.person_id, excluded.era);

-- name: of_person
SELECT x.face_id AS face, x.era, n.face_id IS NOT NULL AS pinned, f.quality, h.taken_at
FROM exemplar x JOIN face f ON f.id = x.face_id JOIN photo h ON h.id = f.photo_id
LEFT JOIN pin n ON n.face_id = x.face_id
WHERE x.person_id = %(person)s AND x.pack_id = %(pack)s
ORDER BY h.taken_at NULLS LAST, x.face_id;

-- name: stored
SELECT x.face_id AS face, x.vector, f.quality, h.taken_at::date AS taken, n.face_id IS NOT NULL AS pinned
FROM exemplar x JOIN face f ON f.id = x.face_id JOIN photo h ON h.id = f.photo_id
LEFT JOIN pin n ON n.face_id = x.face_id
WHERE x.person_id = %(person)s AND x.pack_id = %(pack)s
ORDER BY h.taken_at NULLS LAST, x.face_id;

-- name: dates
-- When a person's faces were taken, for what the exemplars cover.
SELECT h.taken_at::date AS taken, count(*) AS faces
FROM assignment a JOIN photo h ON h.id = a.photo_id WHERE a.person_id = %(person)s GROUP BY 1 ORDER BY 1;

-- name: near
-- The exemplars nearest to a vector by their own index, then exact. {dimensions} and {pack} are the pack's.
SELECT n.face_id AS face, n.distance, n.person_id AS person, f.quality, h.taken_at::date AS taken
FROM (
    SELECT face_id, person_id, vector <-> %(vector)s AS distance FROM (
        SELECT face_id, person_id, vector FROM exemplar WHERE pack_id = {pack}
        ORDER BY (vector::halfvec({dimensions})) <-> (%(vector)s::halfvec({dimensions}))
        LIMIT %(limit)s
    ) AS candidates
) AS n
JOIN face f ON f.id = n.face_id
JOIN photo h ON h.id = f.photo_id
WHERE n.face_id <> %(face)s
ORDER BY n.distance, n.face_id;

-- name: pin
INSERT INTO pin (face_id, person_id) VALUES (%(face)s, %(person)s) ON CONFLICT DO NOTHING;

-- name: unpin
DELETE FROM pin WHERE face_id = %(face)s AND person_id = %(person)s;

-- name: pins
SELECT face_id FROM pin WHERE person_id = %(person)s ORDER BY face_id;

-- name: repin
-- After a merge: the faces that were pinned still stand, for the one that stays.
INSERT INTO pin (face_id, person_id)
SELECT a.face_id, a.person_id FROM assignment a
WHERE a.face_id = ANY(%(faces)s) AND a.person_id = %(person)s ORDER BY a.face_id ON CONFLICT DO NOTHING;
