-- name: status
WITH photos AS (
    SELECT count(*) AS waiting FROM photo WHERE state = 'waiting'
), failed AS (
    SELECT count(*) AS failed FROM photo WHERE state = 'failed'
), everything AS (
    -- Every photo has its count of faces.
    SELECT count(*) AS photos, coalesce(sum(faces), 0)::bigint AS faces FROM photo_count
), people AS (
    SELECT count(*) AS people, count(p.name) AS named FROM person p LEFT JOIN person_count n ON n.person_id = p.id
    WHERE p.merged_into IS NULL AND NOT p.gone AND (p.name IS NOT NULL OR n.faces > 0)
)
SELECT (SELECT count(*) FROM library) AS libraries,
       e.photos, e.photos - w.waiting - f.failed AS done, w.waiting, f.failed,
       (SELECT count(*) FROM scan_problem) AS unreadable_paths,
       e.faces, k.people, k.named,
       (SELECT count(*) FROM face WHERE NOT grouped AND standing = 'shown') AS ungrouped
FROM photos w, failed f, everything e, people k;

-- name: faces
-- What is in braces narrows the rows; it is one of our own fragments, of several lines.
SELECT f.id AS face, f.photo_id AS photo, p.width AS photo_width, p.height AS photo_height,
       ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
             WHERE pf.photo_id = f.photo_id AND pf.state = 'present' ORDER BY pf.id) AS files,
       f.x, f.y, f.width, f.height, f.landmarks, f.score::double precision AS score,
       f.quality::double precision AS quality, f.source::text AS source,
       a.person_id AS person, n.name, a.decided_by::text AS assigned_by,
       a.confidence::double precision AS confidence,
       (SELECT k.label FROM embedding e JOIN pack k ON k.id = e.pack_id WHERE e.face_id = f.id ORDER BY k.id DESC LIMIT 1)
           AS model,
       f.standing::text AS standing, f.box_by::text AS box_by, f.stale
FROM face f
JOIN photo p ON p.id = f.photo_id
LEFT JOIN assignment a ON a.face_id = f.id
LEFT JOIN person n ON n.id = a.person_id
{filter}
ORDER BY f.id

-- name: of_person
-- Of a person, in the order of `faces`. The + 0 keeps the index of that order from being used: where a person's faces
-- come late, it would be gone through from its beginning.
f.id = ANY(ARRAY(SELECT o.face_id FROM assignment o
                 WHERE o.person_id = %(person)s AND (%(after)s::bigint IS NULL OR o.face_id > %(after)s)
                 ORDER BY o.face_id + 0 LIMIT %(limit)s))

-- name: count_faces
SELECT count(*) FROM face f LEFT JOIN assignment a ON a.face_id = f.id
{filter}

-- name: faces_of_all
SELECT coalesce(sum(faces), 0) FROM photo_count

-- name: faces_of_person
SELECT coalesce((SELECT faces FROM person_count WHERE person_id = %(person)s), 0)

-- name: faces_of_nobody
SELECT (SELECT coalesce(sum(faces), 0) FROM photo_count) - (SELECT coalesce(sum(faces), 0) FROM person_count)

-- name: photos_of_person
SELECT coalesce((SELECT photos FROM person_count WHERE person_id = %(person)s), 0)

-- name: photos
SELECT p.id AS photo,
       ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
             WHERE pf.photo_id = p.id AND pf.state = 'present' ORDER BY pf.id) AS files,
       p.state::text AS state, p.media_type, p.width, p.height, p.taken_at,
       (SELECT count(*) FROM face f WHERE f.photo_id = p.id AND f.standing = 'shown') AS faces
FROM photo p
{filter}
ORDER BY coalesce(p.taken_at, '-infinity') DESC, p.id DESC

-- name: count_photos
SELECT count(*) FROM photo p
{filter}

-- name: failures
-- Files are looked up for the page alone.
WITH cut AS (
    SELECT * FROM (
        SELECT 0 AS kind, x.photo_id AS key, x.photo_id, NULL::bigint AS library_id, NULL::bytea AS path,
               x.code::text AS code, x.message, x.attempts, x.tries, x.permanent, x.given_up, x.retry_at, x.first_at,
               x.last_at, x.long_side, x.retry_long_side, x.size_bytes, x.mtime_ns
        FROM failure x
        UNION ALL
        SELECT 1, row_number() OVER (ORDER BY s.library_id, s.path), NULL, s.library_id, s.path,
               s.code::text, s.message, 0, 0, false, false, NULL, s.first_at, s.last_at, NULL, NULL, NULL, NULL
        FROM scan_problem s
    ) AS all_failures
    WHERE %(code)s::text IS NULL OR code = %(code)s
    ORDER BY kind, key OFFSET %(offset)s LIMIT %(limit)s
)
SELECT c.photo_id AS photo,
       CASE c.kind WHEN 0 THEN
           ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
                 WHERE pf.photo_id = c.photo_id ORDER BY pf.state, pf.id)
       ELSE ARRAY(SELECT l.root || '\x2f'::bytea || c.path FROM library l WHERE l.id = c.library_id) END AS files,
       c.code, c.message, c.attempts, c.tries, c.permanent, c.given_up, c.retry_at, c.first_at, c.last_at, c.long_side,
       c.retry_long_side, c.size_bytes, c.mtime_ns
FROM cut c ORDER BY c.kind, c.key;

-- name: one_failure
SELECT x.photo_id AS photo,
       ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
             WHERE pf.photo_id = x.photo_id ORDER BY pf.state, pf.id) AS files,
       x.code::text AS code, x.message, x.attempts, x.tries, x.permanent, x.given_up, x.retry_at, x.first_at, x.last_at,
       x.long_side, x.retry_long_side, x.size_bytes, x.mtime_ns
FROM failure x WHERE x.photo_id = %(photo)s;

-- name: count_failures
SELECT (SELECT count(*) FROM failure WHERE %(code)s::text IS NULL OR code::text = %(code)s)
     + (SELECT count(*) FROM scan_problem WHERE %(code)s::text IS NULL OR code::text = %(code)s);

-- name: failure_codes
SELECT code::text AS code, count(*) AS count, count(*) FILTER (WHERE permanent AND NOT given_up) AS permanent,
       count(*) FILTER (WHERE given_up) AS given_up, min(retry_at) AS retry_at
FROM (SELECT code, permanent, given_up, retry_at FROM failure
      UNION ALL SELECT code, false, false, NULL FROM scan_problem) AS x
GROUP BY code ORDER BY count(*) DESC, code::text;
