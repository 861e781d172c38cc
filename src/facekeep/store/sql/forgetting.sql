-- name: everybody
-- A person and all who went into it.
WITH RECURSIVE everybody AS (
    SELECT id FROM person WHERE id = %(person)s
    UNION
    SELECT p.id FROM person p JOIN everybody e ON p.merged_into = e.id
)
SELECT id FROM everybody ORDER BY id;

-- name: faces
-- Theirs now; or nobody's now, theirs last by the journal, and never said not to be them.
SELECT face_id FROM assignment WHERE person_id = ANY(%(people)s)
UNION
SELECT f.id FROM (
    SELECT face_id FROM change WHERE to_person = ANY(%(people)s)
    UNION
    SELECT face_id FROM change WHERE from_person = ANY(%(people)s) AND from_person IS DISTINCT FROM to_person
) AS once JOIN face f ON f.id = once.face_id
WHERE NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
  AND NOT EXISTS (SELECT FROM rejection r WHERE r.face_id = f.id AND r.person_id = ANY(%(people)s))
  AND (SELECT coalesce(l.to_person, l.from_person) FROM change l WHERE l.face_id = f.id AND l.kind = 'assignment'
       ORDER BY l.decision_id DESC, l.number DESC LIMIT 1) = ANY(%(people)s)
ORDER BY 1;

-- name: elsewhere
-- Faces that were theirs once and are somebody else's now: they stay.
SELECT count(DISTINCT a.face_id) FROM (
    SELECT face_id FROM change WHERE to_person = ANY(%(people)s)
    UNION
    SELECT face_id FROM change WHERE from_person = ANY(%(people)s) AND from_person IS DISTINCT FROM to_person
) AS once JOIN assignment a ON a.face_id = once.face_id
WHERE a.person_id <> ALL(%(people)s);

-- name: namesakes
-- Other people who have one of their names, as a name or another name.
SELECT DISTINCT p.id FROM person p
JOIN (SELECT unnest(array_append(aliases, name)) AS name FROM person WHERE id = ANY(%(people)s)) AS n
  ON lower(p.name) = lower(n.name) OR n.name = ANY(p.aliases)
WHERE p.id <> ALL(%(people)s) AND p.merged_into IS NULL AND NOT p.gone
ORDER BY p.id LIMIT 20;

-- name: lock_faces
SELECT id FROM face WHERE id = ANY(%(faces)s) ORDER BY id FOR UPDATE;

-- name: lock_people
SELECT id FROM person WHERE id = ANY(%(people)s) ORDER BY id FOR UPDATE;

-- name: version
SELECT version FROM person WHERE id = %(person)s;

-- name: counts
SELECT (SELECT count(*) FROM embedding WHERE face_id = ANY(%(faces)s)) AS vectors,
       (SELECT count(*) FROM rejection WHERE face_id = ANY(%(faces)s) OR person_id = ANY(%(people)s)) AS rejections,
       (SELECT count(DISTINCT photo_id) FROM face WHERE id = ANY(%(faces)s)) AS photos;

-- name: allow
SELECT set_config('facekeep.forgetting', 'yes', true);

-- name: bury
INSERT INTO forgotten_face (photo_id, x, y, width, height)
SELECT photo_id, x, y, width, height FROM face WHERE id = ANY(%(faces)s)
ON CONFLICT DO NOTHING;

-- name: erase_faces
-- What hangs on them (embeddings, assignments, rejections, suggestions, exemplars, pins) goes with them.
DELETE FROM face WHERE id = ANY(%(faces)s);

-- name: erase_people
DELETE FROM person WHERE id = ANY(%(people)s);

-- name: erase_carried
-- While somebody was one with another, what was known of them was written down as the other's. From each decision
-- that made them one to the one that took it back; and further on, where the other went into a third meanwhile.
WITH RECURSIVE went AS (
    SELECT c.person_id AS person, (c.after->>'merged_into')::bigint AS into_person, c.decision_id AS since,
           (SELECT min(b.decision_id) FROM change b
            WHERE b.kind = 'person' AND b.person_id = c.person_id AND b.decision_id > c.decision_id
              AND b.before->'merged_into' = c.after->'merged_into'
              AND b.after->'merged_into' IS DISTINCT FROM b.before->'merged_into') AS until
    FROM change c
    WHERE c.kind = 'person' AND c.after ? 'merged_into' AND c.before->'merged_into' IS DISTINCT FROM c.after->'merged_into'
), carried AS (
    SELECT into_person AS person, since, until FROM went WHERE person = ANY(%(people)s) AND until IS NOT NULL
    UNION
    SELECT w.into_person, w.since, w.until FROM carried c JOIN went w ON w.person = c.person
    WHERE w.since BETWEEN c.since AND c.until AND w.until IS NOT NULL
), told AS (
    SELECT c.decision_id, c.number,
           bool_and(c.decision_id = k.since AND c.number = (
               SELECT min(o.number) FROM change o
               WHERE o.decision_id = c.decision_id AND o.kind = 'person' AND o.person_id = c.person_id)) AS own_before,
           bool_and(c.decision_id = k.until AND c.number = (
               SELECT max(o.number) FROM change o
               WHERE o.decision_id = c.decision_id AND o.kind = 'person' AND o.person_id = c.person_id)) AS own_after
    FROM carried k JOIN change c ON c.kind = 'person' AND c.person_id = k.person AND c.decision_id BETWEEN k.since AND k.until
    WHERE k.person <> ALL(%(people)s)
    GROUP BY c.decision_id, c.number
)
UPDATE change c
SET before = CASE WHEN t.own_before THEN c.before ELSE without_details(c.before) END,
    after = CASE WHEN t.own_after THEN c.after ELSE without_details(c.after) END, forgotten = true
FROM told t WHERE (c.decision_id, c.number) = (t.decision_id, t.number);

-- name: erase_entries
UPDATE change c SET before = without_details(c.before), after = without_details(c.after), forgotten = true
FROM (
    SELECT decision_id, number FROM change WHERE face_id = ANY(%(faces)s)
    UNION
    SELECT decision_id, number FROM change WHERE person_id = ANY(%(people)s)
    UNION
    SELECT decision_id, number FROM change WHERE kind = 'apart' AND other_id = ANY(%(people)s)
) AS t WHERE (c.decision_id, c.number) = (t.decision_id, t.number);

-- name: erase_words
UPDATE decision d SET about = without_words(d.about)
WHERE d.about <> without_words(d.about)
  AND (d.id IN (SELECT decision_id FROM change WHERE person_id = ANY(%(people)s) AND kind = 'person')
       OR EXISTS (SELECT FROM unnest(%(people)s::bigint[]) AS p (id)
                  WHERE to_jsonb(p.id) IN (d.about->'person', d.about->'from', d.about->'into')));

-- name: erase_answers
-- They repeat what was asked for. Whoever asks again under such a key learns that it was done, not what came of it.
UPDATE kept_answer SET status = NULL, headers = NULL, body = NULL WHERE status IS NOT NULL;

-- name: enter
INSERT INTO forgotten (decision_id, people, faces, vectors, rejections, entries)
VALUES (%(decision)s, %(people)s, %(faces)s, %(vectors)s, %(rejections)s, %(entries)s)
RETURNING id;

-- name: last
SELECT coalesce(max(id), 0) FROM forgotten;

-- name: unwiped
SELECT coalesce(max(id), 0) FROM forgotten WHERE wiped_at IS NULL;

-- name: mark_wiped
UPDATE forgotten SET wiped_at = clock_timestamp() WHERE wiped_at IS NULL AND id <= %(last)s;

-- name: tables
-- All that may hold something of a person: people, faces, the journal, whatever refers to people and faces, and what
-- keeps names otherwise.
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND (
    c.oid IN ('person'::regclass, 'face'::regclass, 'change'::regclass, 'decision'::regclass, 'called_gram'::regclass,
              'stale_person'::regclass, 'kept_answer'::regclass)
    OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
               AND k.confrelid IN ('person'::regclass, 'face'::regclass)))
ORDER BY pg_total_relation_size(c.oid), 1;

-- name: drop_samples
-- The planner's samples hold names and vectors. ANALYZE takes new ones, but of a table that is empty now it
-- leaves the old; servers before 18 cannot be told to drop those.
DO $$ BEGIN
    PERFORM pg_clear_attribute_stats(s.schemaname, s.tablename, s.attname, s.inherited) FROM pg_stats s
    WHERE s.schemaname = 'public' AND s.tablename IN (SELECT c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace);
EXCEPTION WHEN undefined_function THEN
    NULL;
END $$;

-- name: still_seen
-- Whether somebody began to read before that moment and reads still: for them, what was deleted is kept.
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE pid <> pg_backend_pid() AND backend_xmin IS NOT NULL AND xact_start < %(moment)s);

-- name: now
SELECT clock_timestamp();

-- name: remember_copy
INSERT INTO copy_made (kind, place, vectors) VALUES (%(kind)s, %(place)s, %(vectors)s)
ON CONFLICT (kind, md5(place)) DO UPDATE SET made_at = now(), vectors = excluded.vectors;

-- name: copies
SELECT kind, place, vectors, made_at FROM copy_made ORDER BY made_at, id;

-- name: boxes
SELECT x, y, width, height FROM forgotten_face WHERE photo_id = %(photo)s;
