-- What an import from a device asks, and the lock under which it adds a file.

-- name: sizes
-- Which of these sizes any photo has: only then may its content be known, and is worth reading first.
SELECT DISTINCT size_bytes FROM photo WHERE size_bytes = ANY(%(sizes)s::bigint[]);

-- name: held
SELECT f.path, f.size_bytes AS size, f.mtime_ns FROM photo_file f JOIN photo p ON p.id = f.photo_id
WHERE p.content_hash = %(hash)s AND f.library_id = %(library)s AND f.state = 'present' ORDER BY f.id;

-- name: content_at
SELECT p.content_hash FROM photo_file f JOIN photo p ON p.id = f.photo_id
WHERE f.library_id = %(library)s AND f.path = %(path)s;

-- name: open_scan
SELECT coalesce(max(id), 0) FROM scan WHERE library_id = %(library)s AND state IN ('queued', 'running');

-- name: ever_scanned
SELECT EXISTS (SELECT FROM scan WHERE library_id = %(library)s AND state = 'done');

-- name: alone
SELECT pg_advisory_xact_lock(%(space)s, mod(%(library)s, 2147483647)::integer);
