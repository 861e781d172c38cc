-- name: control
SELECT paused, paused_at, released_at FROM control;

-- name: set_paused
UPDATE control SET paused = %(paused)s, paused_at = CASE WHEN %(paused)s THEN now() END
WHERE paused <> %(paused)s;

-- name: request_release
UPDATE control SET released_at = now();

-- name: beat
INSERT INTO worker (id, role, host, pid, version, state, done, failed, faces, rate, in_hand, last_done_at, children,
                    breakers, message)
VALUES (%(id)s, %(role)s, %(host)s, %(pid)s, %(version)s, %(state)s, %(done)s, %(failed)s, %(faces)s, %(rate)s,
        %(in_hand)s, CASE WHEN %(done)s > 0 THEN now() END, %(children)s, %(breakers)s, %(message)s)
ON CONFLICT (id) DO UPDATE
SET seen_at = now(), state = excluded.state, failed = excluded.failed, faces = excluded.faces, rate = excluded.rate,
    in_hand = excluded.in_hand, children = excluded.children, breakers = excluded.breakers,
    message = excluded.message,
    last_done_at = CASE WHEN excluded.done > worker.done THEN now() ELSE worker.last_done_at END,
    done = excluded.done;

-- name: renew_all
-- Every lease of this worker, by its own word that it still works on them.
UPDATE photo SET due_at = now() + make_interval(secs => %(lease_s)s)
FROM unnest(%(photos)s::bigint[], %(tokens)s::uuid[]) AS held (photo, token)
WHERE photo.id = held.photo AND photo.leased_by = held.token;

-- name: workers
SELECT w.id AS worker, w.role, w.host, w.pid, w.version, w.started_at, w.seen_at, w.state, w.done, w.failed, w.faces,
       w.rate::double precision AS rate, w.in_hand, w.last_done_at, w.children, w.breakers, w.message,
       EXISTS (SELECT FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = %(space)s
               AND k.objid = w.id AND k.objsubid = 2
               AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS alive,
       extract(epoch FROM now() - w.seen_at)::double precision AS silent_s
FROM worker w ORDER BY w.started_at, w.id;

-- name: holds
-- Whether a worker's advisory lock is still held: a database that was started again has forgotten it.
SELECT EXISTS (SELECT FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = %(space)s
               AND k.objid = %(worker)s AND k.objsubid = 2
               AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()));

-- name: forget_dead
DELETE FROM worker w WHERE NOT EXISTS (
    SELECT FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = %(space)s AND k.objid = w.id
      AND k.objsubid = 2 AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()));

-- name: leave
DELETE FROM worker WHERE id = %(worker)s;

-- name: queue
-- Every photo that is due now or later is counted once.
SELECT count(*) FILTER (WHERE reachable AND leased) AS leased,
       count(*) FILTER (WHERE reachable AND NOT leased AND p.due_at <= now()) AS due,
       count(*) FILTER (WHERE reachable AND NOT leased AND p.due_at > now()) AS later,
       count(*) FILTER (WHERE NOT reachable) AS unreachable,
       min(p.due_at) FILTER (WHERE reachable AND NOT leased AND p.due_at > now()) AS next_at
FROM (SELECT q.due_at, q.leased_by IS NOT NULL AND q.due_at > now() AS leased, coalesce(l.online, false) AS reachable
      FROM photo q LEFT JOIN library l ON l.id = q.library_id WHERE q.due_at IS NOT NULL) p;

-- name: stuck
-- Leases that nobody renewed and nobody took: nothing runs, or what runs is stuck.
SELECT count(*) FROM photo WHERE leased_by IS NOT NULL AND due_at <= now();
