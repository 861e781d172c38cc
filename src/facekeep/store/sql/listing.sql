-- name: status
SELECT (SELECT count(*) FROM library) AS libraries,
       count(*) AS photos,
       count(*) FILTER (WHERE p.state = 'done') AS done,
       count(*) FILTER (WHERE p.state = 'waiting') AS waiting,
       count(*) FILTER (WHERE p.state = 'failed') AS failed,
       (SELECT count(*) FROM scan_problem) AS unreadable_paths,
       (SELECT count(*) FROM face) - (SELECT count(*) FROM face WHERE standing <> 'shown') AS faces,
       (SELECT count(*) FROM person q WHERE q.merged_into IS NULL AND NOT q.gone
          AND (q.name IS NOT NULL OR EXISTS (SELECT FROM assignment a WHERE a.person_id = q.id))) AS people,
       (SELECT count(*) FROM person q WHERE q.merged_into IS NULL AND NOT q.gone AND q.name IS NOT NULL) AS named,
       (SELECT count(*) FROM face f WHERE NOT f.grouped AND f.standing = 'shown') AS ungrouped
FROM photo p;

-- name: people
-- Named people first, then those with most faces; `cover` is the chosen face or the best by quality.
WITH counted AS (
    SELECT p.id, p.name, p.hidden, p.version, p.cover_face_id,
           count(a.face_id) AS faces, count(DISTINCT a.photo_id) AS photos
    FROM person p LEFT JOIN assignment a ON a.person_id = p.id
    WHERE p.merged_into IS NULL AND NOT p.gone
      AND (%(person)s::bigint IS NULL OR p.id = %(person)s)
      AND (%(hidden)s::boolean IS NULL OR p.hidden = %(hidden)s)
      AND (%(named)s::boolean IS NULL OR (p.name IS NOT NULL) = %(named)s)
      AND (%(pattern)s::text IS NULL OR lower(p.name) LIKE %(pattern)s)
    GROUP BY p.id
    HAVING p.name IS NOT NULL OR count(a.face_id) > 0
), page AS (
    SELECT *, count(*) OVER () AS total FROM counted
), cut AS (
    SELECT * FROM page
    WHERE %(after_faces)s::bigint IS NULL
       OR ((name IS NOT NULL)::int, faces, -id) < (%(after_named)s::int, %(after_faces)s, -%(after_id)s::bigint)
    ORDER BY (name IS NOT NULL)::int DESC, faces DESC, id
    LIMIT %(limit)s
)
SELECT c.id AS person, c.name, c.faces, c.photos, c.hidden, c.version, c.total,
       coalesce(c.cover_face_id, (
           SELECT f.id FROM assignment a JOIN face f ON f.id = a.face_id
           WHERE a.person_id = c.id ORDER BY f.quality DESC NULLS LAST, f.id LIMIT 1)) AS cover
FROM cut c ORDER BY (c.name IS NOT NULL)::int DESC, c.faces DESC, c.id;

-- name: all_people
SELECT p.id AS person, p.name, count(a.face_id) AS faces, count(DISTINCT a.photo_id) AS photos, p.hidden,
       p.cover_face_id AS cover, p.version
FROM person p LEFT JOIN assignment a ON a.person_id = p.id
WHERE p.merged_into IS NULL AND NOT p.gone
GROUP BY p.id
HAVING p.name IS NOT NULL OR count(a.face_id) > 0
ORDER BY (p.name IS NOT NULL)::int DESC, count(a.face_id) DESC, p.id;

-- name: faces
-- {filter} narrows the rows; it is one of our own fragments.
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

-- name: count_faces
SELECT count(*) FROM face f LEFT JOIN assignment a ON a.face_id = f.id
{filter}

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
SELECT photo, files, code, message, attempts, tries, permanent, given_up, retry_at, first_at, last_at, long_side,
       retry_long_side, size_bytes, mtime_ns
FROM (
    SELECT 0 AS kind, x.photo_id AS key, x.photo_id AS photo,
           ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
                 WHERE pf.photo_id = x.photo_id ORDER BY pf.state, pf.id) AS files,
           x.code::text AS code, x.message, x.attempts, x.tries, x.permanent, x.given_up, x.retry_at, x.first_at,
           x.last_at, x.long_side, x.retry_long_side, x.size_bytes, x.mtime_ns
    FROM failure x
    UNION ALL
    SELECT 1, row_number() OVER (ORDER BY s.library_id, s.path), NULL, ARRAY[l.root || '\x2f'::bytea || s.path],
           s.code::text, s.message, 0, 0, false, false, NULL, s.first_at, s.last_at, NULL, NULL, NULL, NULL
    FROM scan_problem s JOIN library l ON l.id = s.library_id
) AS all_failures
WHERE %(code)s::text IS NULL OR code = %(code)s
ORDER BY kind, key OFFSET %(offset)s LIMIT %(limit)s;

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
