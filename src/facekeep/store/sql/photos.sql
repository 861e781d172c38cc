-- What a scan writes -------------------------------------------------------------------------------------

-- name: files_in
-- The files that lie directly in a folder. `prefix` is its path with the slash, empty for the root.
SELECT f.path, f.id, f.photo_id, f.size_bytes, f.mtime_ns, f.state::text AS state
FROM photo_file f
WHERE f.library_id = %(library)s AND f.path >= %(prefix)s
  AND (%(beyond)s::bytea IS NULL OR f.path < %(beyond)s)
  AND position('\x2f'::bytea IN substring(f.path FROM octet_length(%(prefix)s) + 1)) = 0;

-- name: mark_seen
UPDATE photo_file SET seen_in = %(scan)s, state = 'present'
WHERE id = ANY(%(files)s);

-- name: reopen_returned
-- Photos given up only because their file was gone come back with it.
WITH back AS (
    DELETE FROM failure
    WHERE code = 'missing_file'
      AND photo_id IN (SELECT photo_id FROM photo_file WHERE id = ANY(%(files)s) AND state = 'present')
    RETURNING photo_id
)
UPDATE photo SET state = 'waiting', due_at = now(), leased_by = NULL, leased_worker = NULL FROM back WHERE photo.id = back.photo_id;

-- name: photo_by_hash
SELECT id FROM photo WHERE content_hash = %(hash)s;

-- name: add_photo
INSERT INTO photo (content_hash, size_bytes, media_type)
VALUES (%(hash)s, %(size)s, %(media_type)s)
ON CONFLICT (content_hash) DO NOTHING
RETURNING id;

-- name: new_content
-- The only present file of a photo was edited: the photo stays, with its faces, and is looked at again.
UPDATE photo SET content_hash = %(hash)s, size_bytes = %(size)s, media_type = %(media_type)s,
       state = 'waiting', due_at = now(), leased_by = NULL, leased_worker = NULL
WHERE id = %(photo)s;

-- name: forget_failure
DELETE FROM failure WHERE photo_id = %(photo)s;

-- name: other_present_files
SELECT count(*) FROM photo_file
WHERE photo_id = %(photo)s AND id <> %(file)s AND id <> ALL(%(edited)s::bigint[]) AND state = 'present';

-- name: put_file
INSERT INTO photo_file (photo_id, library_id, path, size_bytes, mtime_ns, seen_in)
VALUES (%(photo)s, %(library)s, %(path)s, %(size)s, %(mtime_ns)s, %(scan)s)
ON CONFLICT (library_id, path) DO UPDATE
SET photo_id = excluded.photo_id, size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns,
    seen_in = excluded.seen_in, state = 'present'
RETURNING id;

-- name: put_problem
INSERT INTO scan_problem (library_id, path, code, message, seen_in)
VALUES (%(library)s, %(path)s, %(code)s, %(message)s, %(scan)s)
ON CONFLICT (library_id, path) DO UPDATE
SET code = excluded.code, message = excluded.message, last_at = now(), seen_in = excluded.seen_in;

-- name: drop_old_problems
DELETE FROM scan_problem WHERE library_id = %(library)s AND seen_in <> %(scan)s;

-- name: mark_missing
-- Files that a complete walk did not meet, except below folders that could not be read.
UPDATE photo_file SET state = 'missing'
WHERE library_id = %(library)s AND state = 'present' AND seen_in <> %(scan)s
  AND NOT EXISTS (
      SELECT FROM scan_problem p
      WHERE p.library_id = %(library)s AND p.seen_in = %(scan)s
        AND (photo_file.path = p.path
             OR substring(photo_file.path FROM 1 FOR octet_length(p.path) + 1) = p.path || '\x2f'::bytea)
  );

-- name: give_up_missing
-- Photos that wait, and whose last file in this library is gone: nobody can look at them until it is back.
WITH gone AS (
    UPDATE photo SET state = 'failed', due_at = NULL, leased_by = NULL, leased_worker = NULL
    WHERE state = 'waiting'
      AND id IN (SELECT photo_id FROM photo_file WHERE library_id = %(library)s AND state = 'missing')
      AND NOT EXISTS (SELECT FROM photo_file f WHERE f.photo_id = photo.id AND f.state = 'present')
    RETURNING id
)
INSERT INTO failure (photo_id, code, message, attempts, permanent)
SELECT id, 'missing_file', 'its file went away before it was looked at', 0, true FROM gone
ON CONFLICT (photo_id) DO UPDATE
SET code = excluded.code, message = excluded.message, permanent = true, retry_at = NULL, last_at = now();

-- What a worker does -------------------------------------------------------------------------------------

-- name: claim
-- A lease is a due time in the future: nobody needs to take it back when its worker dies.
UPDATE photo SET leased_by = %(token)s, leased_worker = %(worker)s, due_at = now() + make_interval(secs => %(lease_s)s)
WHERE id IN (
    SELECT id FROM photo p
    WHERE p.due_at <= now()
      AND EXISTS (SELECT FROM photo_file f JOIN library l ON l.id = f.library_id
                  WHERE f.photo_id = p.id AND f.state = 'present' AND l.online)
    ORDER BY p.due_at, p.id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: renew
UPDATE photo SET due_at = now() + make_interval(secs => %(lease_s)s)
WHERE leased_by = %(token)s AND id = ANY(%(photos)s);

-- name: give_back
UPDATE photo SET leased_by = NULL, leased_worker = NULL, due_at = now() WHERE leased_by = %(token)s AND id = ANY(%(photos)s);

-- name: places
SELECT f.photo_id, f.id AS file_id, l.id AS library_id, l.root, f.path
FROM photo_file f JOIN library l ON l.id = f.library_id
WHERE f.photo_id = ANY(%(photos)s) AND f.state = 'present' AND l.online
ORDER BY f.photo_id, f.id;

-- name: finish
-- Nothing when the lease was lost meanwhile: then another worker's answer stands.
UPDATE photo SET state = 'done', due_at = NULL, leased_by = NULL, leased_worker = NULL, width = %(width)s, height = %(height)s,
       media_type = %(media_type)s, taken_at = %(taken_at)s, analysed_by = %(pack)s, analysed_at = now()
WHERE id = %(photo)s AND leased_by = %(token)s
RETURNING id;

-- name: fail
UPDATE photo SET state = 'failed', leased_by = NULL, leased_worker = NULL,
       due_at = CASE WHEN %(permanent)s THEN NULL ELSE now() + make_interval(secs => %(delay_s)s) END
WHERE id = %(photo)s AND leased_by = %(token)s
RETURNING due_at;

-- name: put_failure
INSERT INTO failure (photo_id, code, message, attempts, permanent, retry_at)
VALUES (%(photo)s, %(code)s, %(message)s, %(charge)s, %(permanent)s, %(retry_at)s)
ON CONFLICT (photo_id) DO UPDATE
SET code = excluded.code, message = excluded.message, attempts = failure.attempts + excluded.attempts,
    tries = failure.tries + 1, permanent = excluded.permanent, retry_at = excluded.retry_at, last_at = now();

-- name: attempts
SELECT attempts, tries FROM failure WHERE photo_id = %(photo)s;

-- name: file_missing
UPDATE photo_file SET state = 'missing' WHERE id = %(file)s AND state = 'present';

-- name: due_count
SELECT count(*) FROM photo p WHERE p.due_at IS NOT NULL AND p.due_at <= now()
  AND EXISTS (SELECT FROM photo_file f JOIN library l ON l.id = f.library_id
              WHERE f.photo_id = p.id AND f.state = 'present' AND l.online);

-- name: busy_count
SELECT count(*) FROM photo p WHERE p.state = 'waiting'
  AND EXISTS (SELECT FROM photo_file f JOIN library l ON l.id = f.library_id
              WHERE f.photo_id = p.id AND f.state = 'present' AND l.online);

-- name: retry
WITH again AS (
    UPDATE failure SET permanent = false, retry_at = now(), attempts = 0, tries = 0
    WHERE (%(photo)s::bigint IS NULL OR photo_id = %(photo)s)
      AND (%(code)s::text IS NULL OR code::text = %(code)s)
    RETURNING photo_id
)
UPDATE photo SET state = 'waiting', due_at = now(), leased_by = NULL, leased_worker = NULL FROM again WHERE photo.id = again.photo_id;

-- name: return_orphans
-- Leases of workers that are gone: the server dropped their advisory lock when they died.
UPDATE photo SET leased_by = NULL, leased_worker = NULL, due_at = now()
WHERE leased_worker IS NOT NULL AND leased_worker NOT IN (
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %(space)s AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
);
