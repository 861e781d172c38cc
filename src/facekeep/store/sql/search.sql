-- What is in braces is one of our own fragments: {start} gives the photos to begin with, as photo_id, {counts} is where
-- their faces are counted, {more} narrows them, {dates} narrows by the date, {after} goes on where a page ended, {order} is one that an index has.

-- name: count
-- How many photos fit, how many fit but have no date, and which fit, as long as they are few.
WITH fitting AS MATERIALIZED (SELECT s.photo_id FROM ({start}) AS s {counts} {more}) {dated}
SELECT (SELECT count(*) FROM {which}),
       (SELECT count(*) FROM fitting s JOIN photo p ON p.id = s.photo_id
        WHERE coalesce(p.taken_at, '-infinity'::timestamp) = '-infinity'),
       (SELECT array_agg(photo_id) FROM (SELECT photo_id FROM {which} LIMIT %(few)s) AS few);

-- name: dated
, dated AS MATERIALIZED (SELECT s.photo_id FROM fitting s JOIN photo p ON p.id = s.photo_id {dates})

-- name: count_among_all
SELECT (SELECT count(*) FROM photo p {counts} {dated}),
       (SELECT count(*) FROM photo p {few_counts} {undated}), NULL;

-- name: gather
-- A page, from few that fit: all of them are sorted.
SELECT p.id FROM photo p
{narrowed}
ORDER BY {order} LIMIT %(limit)s;

-- name: walk
-- A page, from many that fit: photos are gone through in their order until there are enough.
SELECT p.id FROM photo p {few_counts}
{narrowed}
ORDER BY {order} LIMIT %(limit)s;

-- name: shown
SELECT p.id AS photo,
       ARRAY(SELECT l.root || '\x2f'::bytea || pf.path FROM photo_file pf JOIN library l ON l.id = pf.library_id
             WHERE pf.photo_id = p.id AND pf.state = 'present' ORDER BY pf.id) AS files,
       p.state::text AS state, p.media_type, p.width, p.height, p.taken_at,
       (SELECT count(*) FROM counted_face f WHERE f.photo_id = p.id) AS faces
FROM unnest(%(photos)s::bigint[]) WITH ORDINALITY AS k (photo, place) JOIN photo p ON p.id = k.photo
ORDER BY k.place;

-- name: sizes
-- People by how many photos they are in, fewest first.
SELECT k.person, coalesce(n.photos, 0), p.birth_date
FROM unnest(%(people)s::bigint[]) AS k (person) JOIN person p ON p.id = k.person AND NOT p.gone
LEFT JOIN LATERAL (SELECT photos FROM person_count c WHERE c.person_id = p.id OFFSET 0) AS n ON true
ORDER BY 2, 1;

-- name: members
-- Who is in circles that are there, and is somebody still.
SELECT c.id, array_agg(m.person_id ORDER BY m.person_id) FILTER (WHERE p.id IS NOT NULL)
FROM circle c LEFT JOIN member m ON m.circle_id = c.id
LEFT JOIN person p ON p.id = m.person_id AND NOT p.gone AND p.merged_into IS NULL
WHERE c.id = ANY(%(circles)s) AND NOT c.gone GROUP BY c.id;


-- name: counts
LEFT JOIN photo_count n ON n.photo_id = s.photo_id

-- name: few_counts
LEFT JOIN LATERAL (SELECT * FROM photo_count c WHERE c.photo_id = s.photo_id OFFSET 0) AS n ON true


-- name: start_person
SELECT DISTINCT photo_id FROM counted WHERE person_id = %(rarest)s

-- name: start_any
SELECT DISTINCT photo_id FROM counted WHERE person_id = ANY(%(any)s)

-- name: start_only
-- As many faces as these people have in it.
SELECT k.photo_id FROM (SELECT photo_id, count(*) AS faces FROM counted WHERE person_id = ANY(%(asked)s) GROUP BY photo_id) AS k
JOIN photo_count n ON n.photo_id = k.photo_id AND n.faces = k.faces

-- name: start_faces
SELECT photo_id FROM photo_count WHERE faces BETWEEN %(faces_min)s AND %(faces_max)s

-- name: start_unnamed
SELECT photo_id FROM photo_count WHERE named < faces

-- name: start_library
SELECT DISTINCT photo_id FROM photo_file WHERE library_id = %(library)s

-- name: start_everywhere
SELECT id AS photo_id FROM photo


-- name: is_in
EXISTS (SELECT FROM counted a WHERE a.person_id = {person} AND a.photo_id = s.photo_id)

-- name: any_is_in
EXISTS (SELECT FROM counted a WHERE a.person_id = ANY(%(any)s) AND a.photo_id = s.photo_id)

-- name: none_is_in
s.photo_id NOT IN (SELECT a.photo_id FROM counted a WHERE a.person_id = ANY(%(none)s))

-- name: nobody_else
n.faces = (SELECT count(*) FROM counted a WHERE a.photo_id = s.photo_id AND a.person_id = ANY(%(asked)s))

-- name: somebody_unnamed
n.named < n.faces

-- name: so_many_faces
n.faces BETWEEN %(faces_min)s AND %(faces_max)s

-- name: in_library
EXISTS (SELECT FROM photo_file f WHERE f.library_id = %(library)s AND f.photo_id = s.photo_id)

-- name: in_state
EXISTS (SELECT FROM photo h WHERE h.id = s.photo_id AND h.state = %(state)s::photo_state)

-- name: count_stale
SELECT count_stale(%(most)s);

-- name: stale
SELECT EXISTS (SELECT FROM stale_photo) OR EXISTS (SELECT FROM stale_person);
