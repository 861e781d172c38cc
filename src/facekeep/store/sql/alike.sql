-- name: nearest
-- {dimensions} is the pack's length, {filter} one of our own fragments.
SELECT n.face, n.photo, n.distance, a.person_id AS person, p.name
FROM (
    SELECT c.face, c.photo, c.vector <-> %(vector)s AS distance FROM (
        SELECT e.face_id AS face, f.photo_id AS photo, e.vector FROM embedding e JOIN face f ON f.id = e.face_id
        WHERE e.pack_id = %(pack)s AND f.standing = 'shown' AND f.id <> %(face)s
        {filter}
        ORDER BY (e.vector::halfvec({dimensions})) <-> (%(vector)s::halfvec({dimensions}))
        LIMIT %(limit)s
    ) AS c
) AS n
LEFT JOIN assignment a ON a.face_id = n.face
LEFT JOIN person p ON p.id = a.person_id
ORDER BY n.distance, n.face;

-- name: unassigned
AND NOT EXISTS (SELECT FROM assignment o WHERE o.face_id = f.id)

-- name: assigned
AND EXISTS (SELECT FROM assignment o WHERE o.face_id = f.id)
