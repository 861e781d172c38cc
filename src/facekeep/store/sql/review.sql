-- name: page
-- What is in braces narrows the rows; it is one of our own fragments. The rest is looked up for the page alone.
WITH cut AS (
    SELECT * FROM suggestion s
    {filter}
    ORDER BY (s.skipped_at IS NOT NULL), (-s.confidence), s.face_id, s.person_id LIMIT %(limit)s
)
SELECT c.face_id AS face, f.photo_id AS photo, h.width AS photo_width, h.height AS photo_height,
       ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
             WHERE pf.photo_id = f.photo_id AND pf.state = 'present' ORDER BY pf.id) AS files,
       f.x, f.y, f.width, f.height, f.quality::double precision AS quality, h.taken_at,
       c.person_id AS person, p.name, c.confidence::double precision AS confidence, c.distance, c.reason,
       c.suggested_at, c.skipped_at IS NOT NULL AS skipped
FROM cut c
JOIN face f ON f.id = c.face_id
JOIN photo h ON h.id = f.photo_id
JOIN person p ON p.id = c.person_id
ORDER BY (c.skipped_at IS NOT NULL), (-c.confidence), c.face_id, c.person_id

-- name: count
SELECT count(*) FROM suggestion s
{filter}

-- name: people
-- Who is asked about, the surest question first; those of whom all was skipped come last.
WITH asked AS (
    SELECT s.person_id, count(*) AS suggestions, count(s.skipped_at) AS skipped,
           count(s.skipped_at) = count(*) AS put_off,
           coalesce(max(s.confidence) FILTER (WHERE s.skipped_at IS NULL), max(s.confidence)) AS best
    FROM suggestion s
    {filter}
    GROUP BY s.person_id
), counted AS (
    SELECT *, count(*) OVER () AS total FROM asked s
    WHERE %(hidden)s OR s.person_id NOT IN (SELECT id FROM person WHERE hidden OR gone OR merged_into IS NOT NULL)
), cut AS (
    SELECT * FROM counted
    WHERE %(after_id)s::bigint IS NULL
       OR (put_off, -best, person_id) > (%(after_put_off)s::boolean, -(%(after_best)s::real), %(after_id)s::bigint)
    ORDER BY put_off, -best, person_id LIMIT %(limit)s
)
SELECT c.person_id AS person, p.name, p.hidden, c.suggestions, c.skipped, c.best::double precision AS best, c.total,
       coalesce(p.cover_face_id, (SELECT n.best_face FROM person_count n WHERE n.person_id = c.person_id)) AS cover,
       ARRAY(SELECT s.face_id FROM suggestion s WHERE s.person_id = c.person_id
             ORDER BY (s.skipped_at IS NOT NULL), (-s.confidence), s.face_id LIMIT %(faces)s) AS faces
FROM cut c JOIN person p ON p.id = c.person_id
ORDER BY c.put_off, -c.best, c.person_id

-- name: count_people
SELECT count(*) FROM (SELECT DISTINCT s.person_id FROM suggestion s
{filter}
) AS s
WHERE %(hidden)s OR s.person_id NOT IN (SELECT id FROM person WHERE hidden OR gone OR merged_into IS NOT NULL)

-- name: count_shown
SELECT (SELECT count(*) FROM suggestion)
     - (SELECT count(*) FROM suggestion s JOIN person p ON p.id = s.person_id
        WHERE p.hidden OR p.gone OR p.merged_into IS NOT NULL);

-- name: of_people_shown
s.person_id NOT IN (SELECT id FROM person WHERE hidden OR gone OR merged_into IS NOT NULL)

-- name: of_photo
s.face_id IN (SELECT id FROM face WHERE photo_id = %(photo)s)

-- name: after
((s.skipped_at IS NOT NULL), (-s.confidence), s.face_id, s.person_id)
> (%(after_skipped)s::boolean, -(%(after_confidence)s::real), %(after_face)s::bigint, %(after_person)s::bigint)

-- name: alive
SELECT id FROM person WHERE id = ANY(%(people)s) AND NOT gone AND merged_into IS NULL;

-- name: asked
SELECT k.face, k.person, f.photo_id AS photo, s.face_id IS NOT NULL AS open, a.person_id AS now,
       a.decided_by::text AS decided_by, r.face_id IS NOT NULL AS rejected,
       EXISTS (SELECT FROM assignment o WHERE o.photo_id = f.photo_id AND o.person_id = k.person
               AND o.face_id <> f.id AND o.decided_by <> 'auto') AS in_photo
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
JOIN face f ON f.id = k.face
LEFT JOIN suggestion s ON (s.face_id, s.person_id) = (k.face, k.person)
LEFT JOIN assignment a ON a.face_id = k.face
LEFT JOIN rejection r ON (r.face_id, r.person_id) = (k.face, k.person);

-- name: best
-- Questions about one person, the surest first.
SELECT s.face_id FROM suggestion s
WHERE s.person_id = %(person)s AND s.confidence >= %(minimum)s::real AND (%(skipped)s OR s.skipped_at IS NULL)
ORDER BY (s.skipped_at IS NOT NULL), (-s.confidence), s.face_id LIMIT %(limit)s;

-- name: whose
SELECT face_id, person_id FROM assignment WHERE face_id = ANY(%(faces)s);

-- name: skip
UPDATE suggestion s SET skipped_at = CASE WHEN %(skipped)s THEN now() END
FROM unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
WHERE (s.face_id, s.person_id) = (k.face, k.person);

-- name: look_again
-- Who has got faces is known better: the surest of what is still asked about them is thought over.
UPDATE face SET grouped = false WHERE id IN (
    SELECT f.id FROM face f WHERE f.grouped AND f.id IN (
        SELECT s.face_id FROM suggestion s WHERE s.person_id = %(person)s
        ORDER BY (s.skipped_at IS NOT NULL), (-s.confidence), s.face_id LIMIT %(limit)s)
    FOR NO KEY UPDATE SKIP LOCKED);

-- name: expire
DELETE FROM suggestion WHERE suggested_at < now() - make_interval(days => %(days)s);

-- name: sweep
-- What a machine stored in the very moment in which its person went.
DELETE FROM suggestion s USING person p WHERE p.id = s.person_id AND (p.gone OR p.merged_into IS NOT NULL);
