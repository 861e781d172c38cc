-- name: ask
-- By the account that speaks, if any.
INSERT INTO regrouping (dry_run, account)
VALUES (%(dry_run)s, nullif(current_setting('facekeep.account', true), '')::bigint) RETURNING id;

-- name: columns
SELECT id AS number, state, dry_run, stopping, stage, requested_at, started_at, finished_at, outcome, decision_id AS decision,
       message
FROM regrouping

-- name: latest
ORDER BY id DESC LIMIT 1;

-- name: one
WHERE id = %(number)s;

-- name: open
WHERE state IN ('queued', 'running');

-- name: begin
UPDATE regrouping SET state = 'running', started_at = coalesce(started_at, now()), heartbeat_at = now()
WHERE id = %(number)s AND state IN ('queued', 'running');

-- name: tell
UPDATE regrouping SET stage = %(stage)s, heartbeat_at = now() WHERE id = %(number)s RETURNING stopping;

-- name: stop
UPDATE regrouping SET stopping = true WHERE state IN ('queued', 'running') RETURNING id;

-- name: end
UPDATE regrouping SET state = %(state)s, finished_at = now(), stage = '', outcome = %(outcome)s, decision_id = %(decision)s,
       message = %(message)s
WHERE id = %(number)s AND state IN ('queued', 'running');

-- name: present
-- Which people are in which photos with other faces than these.
SELECT person_id, photo_id FROM assignment
WHERE photo_id = ANY(%(photos)s) AND person_id = ANY(%(people)s) AND face_id <> ALL(%(faces)s);

-- name: begin_decision
-- Entered as the user's, who asked for it; what follows is done as a machine, which may not touch the user's word.
SELECT set_config('facekeep.about', %(about)s, true), set_config('facekeep.account', coalesce(account::text, ''), true),
       open_decision(), set_config('facekeep.actor', 'machine', true)
FROM regrouping WHERE id = %(number)s;

-- name: follow
-- Who has no face left points to whoever has most of them now.
UPDATE person p SET merged_into = k.target, version = p.version + 1
FROM unnest(%(people)s::bigint[], %(into)s::bigint[]) AS k (person, target)
JOIN person o ON o.id = k.target AND o.merged_into IS NULL AND NOT o.gone AND o.name IS NULL
WHERE p.id = k.person AND p.merged_into IS NULL AND NOT p.gone AND p.name IS NULL
  AND NOT EXISTS (SELECT FROM assignment a WHERE a.person_id = p.id);
