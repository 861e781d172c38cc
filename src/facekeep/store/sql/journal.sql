-- name: open
SELECT nullif(current_setting('facekeep.decision', true), '')::bigint;

-- name: tell
SELECT set_config('facekeep.verb', %(verb)s, true), set_config('facekeep.about', %(about)s, true);

-- name: lock
SELECT id AS decision, verb, actor, decided_at, about, undoes FROM decision WHERE id = %(decision)s FOR UPDATE;

-- name: undone_by
SELECT standing_undo(%(decision)s);

-- name: net
-- What a decision did to each row, from the state before it to the state after it; the last done comes first.
SELECT kind, face_id AS face, person_id AS person, other_id AS other, (array_agg(before ORDER BY number))[1] AS before,
       (array_agg(after ORDER BY number DESC))[1] AS after, bool_or(forgotten) AS forgotten
FROM change WHERE decision_id = %(decision)s
GROUP BY kind, face_id, person_id, other_id
HAVING bool_or(forgotten) OR (array_agg(before ORDER BY number))[1] IS DISTINCT FROM (array_agg(after ORDER BY number DESC))[1]
ORDER BY max(number) DESC;

-- name: lock_people
-- And those to whom a machine has given the faces since.
SELECT id FROM person
WHERE id = ANY(%(people)s || ARRAY(SELECT person_id FROM assignment WHERE face_id = ANY(%(faces)s) AND decided_by = 'auto'))
ORDER BY id FOR NO KEY UPDATE;

-- name: taken_by_machine
DELETE FROM assignment WHERE face_id = ANY(%(faces)s) AND decided_by = 'auto' RETURNING face_id, person_id;

-- name: touch
UPDATE person SET version = version + 1 WHERE id = ANY(%(people)s);

-- name: mark_undo
UPDATE decision SET undoes = %(undoes)s WHERE id = %(decision)s;

-- name: assignment_now
SELECT a.face_id, NULL::bigint, NULL::bigint, kept_of(to_jsonb(a)) FROM assignment a WHERE a.face_id = ANY(%(faces)s);

-- name: rejection_now
SELECT r.face_id, r.person_id, NULL::bigint, jsonb_build_object('rejected_at', r.rejected_at) FROM rejection r
JOIN unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person) ON (r.face_id, r.person_id) = (k.face, k.person);

-- name: person_now
SELECT NULL::bigint, p.id, NULL::bigint, kept_of(to_jsonb(p)) FROM person p WHERE p.id = ANY(%(people)s);

-- name: face_now
SELECT f.id, NULL::bigint, NULL::bigint, said_of_face(to_jsonb(f)) FROM face f WHERE f.id = ANY(%(faces)s);

-- name: pin_now
SELECT n.face_id, n.person_id, NULL::bigint, kept_of(to_jsonb(n) - '{person_id}'::text[]) FROM pin n
JOIN unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person) ON (n.face_id, n.person_id) = (k.face, k.person);

-- name: apart_now
SELECT NULL::bigint, a.one, a.other, kept_of(to_jsonb(a) - '{one,other}'::text[]) FROM apart a
JOIN unnest(%(people)s::bigint[], %(others)s::bigint[]) AS k (one, other) ON (a.one, a.other) = (k.one, k.other);

-- name: circle_now
SELECT NULL::bigint, NULL::bigint, c.id, kept_of(to_jsonb(c)) FROM circle c WHERE c.id = ANY(%(others)s);

-- name: member_now
SELECT NULL::bigint, m.person_id, m.circle_id, kept_of(to_jsonb(m) - '{person_id,circle_id}'::text[]) FROM member m
JOIN unnest(%(people)s::bigint[], %(others)s::bigint[]) AS k (person, circle)
  ON (m.person_id, m.circle_id) = (k.person, k.circle);

-- name: put_assignment
-- Not by ON CONFLICT, which has the guards look at each row twice. Nobody else puts one in between: the faces are held.
WITH told AS MATERIALIZED (
    SELECT f.id, f.photo_id, k.person_id, k.decided_by, k.confidence, k.pack_id
    FROM jsonb_array_elements(%(rows)s) AS r
    JOIN face f ON f.id = (r->>'face')::bigint, jsonb_populate_record(NULL::assignment, r->'kept') AS k
), moved AS (
    UPDATE assignment a SET person_id = t.person_id, decided_by = t.decided_by, confidence = t.confidence,
           pack_id = t.pack_id, decided_at = now()
    FROM told t WHERE a.face_id = t.id RETURNING a.face_id
)
INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence, pack_id)
SELECT id, photo_id, person_id, decided_by, confidence, pack_id FROM told WHERE id NOT IN (SELECT face_id FROM moved);

-- name: drop_assignment
DELETE FROM assignment WHERE face_id = ANY(%(faces)s);

-- name: put_rejection
INSERT INTO rejection (face_id, person_id, rejected_at)
SELECT f.id, (r->>'person')::bigint, (r->'kept'->>'rejected_at')::timestamptz
FROM jsonb_array_elements(%(rows)s) AS r JOIN face f ON f.id = (r->>'face')::bigint;

-- name: drop_rejection
DELETE FROM rejection r USING unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
WHERE (r.face_id, r.person_id) = (k.face, k.person);

-- name: put_face
-- The box only where the decision moved it: a machine may have found it anew since.
UPDATE face f SET standing = (r->'kept'->>'standing')::face_standing,
       unmade = coalesce((r->'kept'->>'unmade')::boolean, false), box_by = (r->'kept'->>'box_by')::decider,
       x = coalesce((r->'kept'->>'x')::double precision, f.x), y = coalesce((r->'kept'->>'y')::double precision, f.y),
       width = coalesce((r->'kept'->>'width')::double precision, f.width),
       height = coalesce((r->'kept'->>'height')::double precision, f.height)
FROM jsonb_array_elements(%(rows)s) AS r WHERE f.id = (r->>'face')::bigint;

-- name: drop_face
-- As people, faces that a user drew are never deleted: a redo has them again, with their numbers.
UPDATE face SET standing = 'deleted', unmade = true WHERE id = ANY(%(faces)s);

-- name: check_face
-- Two faces with one box: told now, not when everything else is done.
SET CONSTRAINTS no_twin IMMEDIATE;

-- name: put_person
-- A cover that is there no more is none.
UPDATE person p SET name = k.name, hidden = k.hidden, aliases = k.aliases, birth_date = k.birth_date, notes = k.notes,
       favourite = k.favourite, auto = k.auto, cover_face_id = (SELECT f.id FROM face f WHERE f.id = k.cover_face_id), merged_into = k.merged_into,
       gone = k.gone
FROM jsonb_array_elements(%(rows)s) AS r, jsonb_populate_record(NULL::person, r->'kept') AS k
WHERE p.id = (r->>'person')::bigint;

-- name: uncover
-- A face that was not given back shows nobody.
UPDATE person p SET cover_face_id = NULL WHERE p.id = ANY(%(people)s) AND p.cover_face_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = p.cover_face_id AND a.person_id = p.id);

-- name: put_pin
INSERT INTO pin (face_id, person_id, pinned_at)
SELECT f.id, (r->>'person')::bigint, (r->'kept'->>'pinned_at')::timestamptz
FROM jsonb_array_elements(%(rows)s) AS r JOIN face f ON f.id = (r->>'face')::bigint;

-- name: drop_pin
DELETE FROM pin n USING unnest(%(faces)s::bigint[], %(people)s::bigint[]) AS k (face, person)
WHERE (n.face_id, n.person_id) = (k.face, k.person);

-- name: put_apart
INSERT INTO apart (one, other, said_at)
SELECT (r->>'person')::bigint, (r->>'other')::bigint, (r->'kept'->>'said_at')::timestamptz
FROM jsonb_array_elements(%(rows)s) AS r;

-- name: drop_apart
DELETE FROM apart a USING unnest(%(people)s::bigint[], %(others)s::bigint[]) AS k (one, other)
WHERE (a.one, a.other) = (k.one, k.other);

-- name: put_circle
-- The type of its rows cannot be named: a geometric one is called circle too.
UPDATE circle c SET name = r->'kept'->>'name', gone = (r->'kept'->>'gone')::boolean, version = c.version + 1
FROM jsonb_array_elements(%(rows)s) AS r
WHERE c.id = (r->>'other')::bigint;

-- name: drop_circle
-- As people, circles are never deleted: their numbers are not given twice.
UPDATE circle SET gone = true, version = version + 1 WHERE id = ANY(%(others)s);

-- name: put_member
INSERT INTO member (circle_id, person_id, joined_at)
SELECT (r->>'other')::bigint, (r->>'person')::bigint, (r->'kept'->>'joined_at')::timestamptz
FROM jsonb_array_elements(%(rows)s) AS r;

-- name: drop_member
DELETE FROM member m USING unnest(%(people)s::bigint[], %(others)s::bigint[]) AS k (person, circle)
WHERE (m.person_id, m.circle_id) = (k.person, k.circle);

-- name: later_auto
-- What a machine gave to a person after a decision: by what it knew then.
SELECT a.face_id FROM assignment a
WHERE a.person_id = %(person)s AND a.decided_by = 'auto' AND a.decided_at > %(since)s
  AND NOT EXISTS (SELECT FROM change c WHERE c.decision_id = %(decision)s AND c.face_id = a.face_id)
ORDER BY a.face_id;

-- name: concluded_since
SELECT face_id FROM assignment WHERE face_id = ANY(%(faces)s) AND decided_by = 'auto' AND decided_at > %(since)s;

-- name: mark_grouped
UPDATE face SET grouped = true WHERE id = ANY(%(faces)s) AND NOT grouped;

-- name: latest
-- The user's latest decision that stands and is itself no undo.
SELECT id FROM decision WHERE actor = 'user' AND undoes IS NULL AND standing_undo(id) IS NULL ORDER BY id DESC LIMIT 1;

-- name: latest_undone
-- Of what the user took back, what was taken back last.
SELECT undone.id FROM decision u JOIN decision undone ON undone.id = u.undoes
WHERE u.actor = 'user' AND undone.undoes IS NULL AND standing_undo(u.id) IS NULL ORDER BY u.id DESC LIMIT 1;
