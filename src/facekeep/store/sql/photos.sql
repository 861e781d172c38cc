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

-- name: reopen_touched
-- The same content in a file that was written again: worth another look, unless the user gave it up.
WITH back AS (
    DELETE FROM failure x USING photo_file f
    WHERE f.id = %(file)s AND x.photo_id = f.photo_id AND x.mtime_ns IS NOT NULL
      AND (x.size_bytes, x.mtime_ns) IS DISTINCT FROM (f.size_bytes, f.mtime_ns) AND NOT x.given_up
    RETURNING x.photo_id
)
UPDATE photo SET state = 'waiting', due_at = now(), leased_by = NULL, leased_worker = NULL
FROM back WHERE photo.id = back.photo_id;

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
-- One short read of the index for each library that may be claimed from, however many photos there are.
-- A lease is a due time in the future: nobody needs to take it back when its worker dies.
WITH due AS (
    SELECT p.id FROM library l CROSS JOIN LATERAL (
        SELECT id, due_at FROM photo
        WHERE photo.library_id = l.id AND due_at <= now() AND (state = 'waiting' OR NOT %(fresh)s)
        ORDER BY due_at, id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) p
    WHERE l.online AND l.id <> ALL(%(without)s::bigint[])
      AND (%(only)s::bigint IS NULL OR l.id = %(only)s)
      AND NOT (SELECT paused FROM control)
    ORDER BY p.due_at, p.id LIMIT %(limit)s
)
UPDATE photo SET leased_by = %(token)s, leased_worker = %(worker)s,
       due_at = now() + make_interval(secs => %(lease_s)s)
FROM due WHERE photo.id = due.id
RETURNING photo.id;

-- name: claimed
-- What is known of the photos in hand, and the file of each that is read: of its library, the oldest on record.
SELECT DISTINCT ON (p.id) p.id AS photo, f.id AS file, l.id AS library, l.root, f.path, f.size_bytes, f.mtime_ns,
       x.code::text AS code, coalesce(x.attempts, 0) AS attempts, coalesce(x.tries, 0) AS tries, x.retry_long_side
FROM photo p
JOIN photo_file f ON f.photo_id = p.id AND f.state = 'present'
JOIN library l ON l.id = f.library_id AND l.online
LEFT JOIN failure x ON x.photo_id = p.id
WHERE p.id = ANY(%(photos)s)
ORDER BY p.id, (l.id = p.library_id) DESC, f.id;

-- name: give_back
UPDATE photo SET leased_by = NULL, leased_worker = NULL, due_at = now() WHERE leased_by = %(token)s AND id = ANY(%(photos)s);

-- name: finish
-- Nothing when the lease was lost meanwhile: then another worker's answer stands.
UPDATE photo SET state = 'done', due_at = NULL, leased_by = NULL, leased_worker = NULL, width = %(width)s, height = %(height)s,
       media_type = %(media_type)s, taken_at = %(taken_at)s, analysed_by = %(pack)s, analysed_at = now(),
       analysed_long_side = %(long_side)s
WHERE id = %(photo)s AND leased_by = %(token)s
RETURNING id;

-- name: fail
UPDATE photo SET state = 'failed', leased_by = NULL, leased_worker = NULL,
       due_at = CASE WHEN %(permanent)s THEN NULL ELSE now() + make_interval(secs => %(delay_s)s) END
WHERE id = %(photo)s AND leased_by = %(token)s
RETURNING due_at;

-- name: put_failure
INSERT INTO failure (photo_id, code, message, detail, attempts, permanent, retry_at, long_side, retry_long_side,
                     size_bytes, mtime_ns)
VALUES (%(photo)s, %(code)s, %(message)s, %(detail)s, %(charge)s, %(permanent)s, %(retry_at)s, %(long_side)s,
        %(retry_long_side)s, %(size)s, %(mtime_ns)s)
ON CONFLICT (photo_id) DO UPDATE
SET code = excluded.code, message = excluded.message, detail = excluded.detail,
    attempts = failure.attempts + excluded.attempts, tries = failure.tries + 1,
    permanent = excluded.permanent, retry_at = excluded.retry_at, last_at = now(), given_up = false,
    long_side = coalesce(excluded.long_side, failure.long_side), retry_long_side = excluded.retry_long_side,
    size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns;

-- name: hasten
WITH waits AS (
    UPDATE failure x SET retry_at = now() FROM photo p
    WHERE p.id = x.photo_id AND x.code::text = %(code)s AND NOT x.permanent
      AND (%(library)s::bigint IS NULL OR p.library_id = %(library)s)
    RETURNING x.photo_id
)
UPDATE photo SET due_at = now() FROM waits WHERE photo.id = waits.photo_id AND photo.leased_by IS NULL;

-- name: file_missing
UPDATE photo_file SET state = 'missing' WHERE id = %(file)s AND state = 'present';

-- name: due_count
SELECT count(*) FROM photo p JOIN library l ON l.id = p.library_id WHERE l.online AND p.due_at <= now();

-- name: busy_count
SELECT count(*) FROM photo p JOIN library l ON l.id = p.library_id WHERE l.online AND p.state = 'waiting';

-- name: return_orphans
-- Leases of workers that are gone: the server dropped their advisory lock when they died.
UPDATE photo SET leased_by = NULL, leased_worker = NULL, due_at = now()
WHERE leased_worker IS NOT NULL AND leased_worker NOT IN (
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %(space)s AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
);

-- name: return_own
-- What a worker of this number had in hand when it lost its database.
UPDATE photo SET leased_by = NULL, leased_worker = NULL, due_at = now() WHERE leased_worker = %(worker)s;
