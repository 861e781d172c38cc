-- name: count
SELECT count(*) FROM embedding WHERE pack_id = %(pack)s;

-- name: faces
-- In no order: whoever reads them sorts.
SELECT f.id, f.photo_id, f.quality, a.person_id, a.decided_by <> 'auto', f.grouped, vector_send(e.vector)
FROM embedding e
JOIN face f ON f.id = e.face_id
LEFT JOIN assignment a ON a.face_id = e.face_id
WHERE e.pack_id = %(pack)s AND f.standing = 'shown';

-- name: touched
-- People of whom a user said something, and whether grouping adds to them.
SELECT p.id, p.name IS NOT NULL OR NOT p.auto OR p.birth_date IS NOT NULL
FROM person p
WHERE p.merged_into IS NULL AND NOT p.gone
  AND (p.name IS NOT NULL OR NOT p.auto OR p.birth_date IS NOT NULL OR p.hidden OR p.favourite OR p.notes <> ''
       OR p.aliases <> '{}' OR p.cover_face_id IS NOT NULL
       OR EXISTS (SELECT FROM rejection r WHERE r.person_id = p.id)
       OR EXISTS (SELECT FROM pin n WHERE n.person_id = p.id)
       OR EXISTS (SELECT FROM apart t WHERE t.one = p.id OR t.other = p.id)
       OR EXISTS (SELECT FROM member m WHERE m.person_id = p.id));

-- name: rejections
-- Of the faces that are read: by their places among those they are found.
SELECT r.face_id, r.person_id FROM rejection r JOIN embedding e ON e.face_id = r.face_id AND e.pack_id = %(pack)s
JOIN face f ON f.id = r.face_id AND f.standing = 'shown';

-- name: apart
SELECT one, other FROM apart;

-- name: of_person
SELECT f.id, f.photo_id, f.quality, a.person_id, a.decided_by <> 'auto', f.grouped, vector_send(e.vector)
FROM assignment a
JOIN face f ON f.id = a.face_id
JOIN embedding e ON e.face_id = a.face_id AND e.pack_id = %(pack)s
WHERE a.person_id = %(person)s
ORDER BY f.id LIMIT %(limit)s;
