-- name: libraries
SELECT id, root FROM library ORDER BY id;

-- name: packs
SELECT label FROM pack ORDER BY label;

-- name: chosen
-- Whom to take along: named people, or also those without a name that have faces; or those that were asked for.
SELECT p.id FROM person p
WHERE p.merged_into IS NULL AND NOT p.gone AND CASE WHEN %(asked)s::bigint[] IS NOT NULL THEN p.id = ANY(%(asked)s)
      ELSE p.name IS NOT NULL OR (%(unnamed)s AND EXISTS (SELECT FROM assignment a WHERE a.person_id = p.id)) END
ORDER BY p.id;

-- name: people
SELECT id AS person, name, aliases, birth_date, notes, favourite, hidden, auto FROM person
WHERE id = ANY(%(people)s) ORDER BY id;

-- name: apart
SELECT one, other FROM apart WHERE one = ANY(%(people)s) AND other = ANY(%(people)s) ORDER BY one, other;

-- name: circles
SELECT c.id AS circle, c.name, coalesce(array_agg(m.person_id ORDER BY m.person_id)
           FILTER (WHERE m.person_id = ANY(%(people)s)), '{}') AS people
FROM circle c LEFT JOIN member m ON m.circle_id = c.id
WHERE NOT c.gone AND (%(every)s OR c.id IN (SELECT circle_id FROM member WHERE person_id = ANY(%(people)s)))
GROUP BY c.id ORDER BY c.id;

-- name: photos
-- Each photo with the faces that belong along: of the chosen people, said not to be one of them, put away, or of nobody.
SELECT h.content_hash AS sha256, h.size_bytes,
       ARRAY(SELECT library_id FROM photo_file WHERE photo_id = h.id ORDER BY id) AS libraries,
       ARRAY(SELECT path FROM photo_file WHERE photo_id = h.id ORDER BY id) AS paths, found.faces
FROM photo h CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'box', json_build_object('x', f.x, 'y', f.y, 'width', f.width, 'height', f.height),
        'landmarks', f.landmarks, 'score', f.score, 'quality', f.quality, 'source', f.source, 'standing', f.standing,
        'person', c.person_id, 'assigned_by', c.decided_by, 'confidence', c.confidence,
        'rejected', ARRAY(SELECT r.person_id FROM rejection r
                          WHERE r.face_id = f.id AND r.person_id = ANY(%(people)s) ORDER BY r.person_id),
        'pinned', EXISTS (SELECT FROM pin n WHERE n.face_id = f.id AND n.person_id = c.person_id),
        'cover', EXISTS (SELECT FROM person p WHERE p.id = c.person_id AND p.cover_face_id = f.id),
        'vectors', CASE WHEN %(vectors)s THEN (
            SELECT json_object_agg(k.label, e.vector::real[]) FROM embedding e JOIN pack k ON k.id = e.pack_id
            WHERE e.face_id = f.id) END
    ) ORDER BY f.id) AS faces
    FROM face f
    LEFT JOIN assignment a ON a.face_id = f.id
    LEFT JOIN assignment c ON c.face_id = f.id AND c.person_id = ANY(%(people)s)
    WHERE f.photo_id = h.id AND NOT f.unmade
      AND (c.face_id IS NOT NULL OR (%(nobodys)s AND a.face_id IS NULL) OR (%(put_away)s AND f.standing <> 'shown')
           OR EXISTS (SELECT FROM rejection r WHERE r.face_id = f.id AND r.person_id = ANY(%(people)s)))
) AS found
WHERE found.faces IS NOT NULL
ORDER BY h.content_hash;
