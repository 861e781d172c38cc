-- name: add
INSERT INTO library (root) VALUES (%(root)s)
ON CONFLICT (root) DO UPDATE SET root = excluded.root
RETURNING id;

-- name: find
SELECT id FROM library WHERE root = %(root)s;

-- name: root
SELECT root FROM library WHERE id = %(library)s;

-- name: set_online
UPDATE library SET online = %(online)s WHERE id = %(library)s AND online <> %(online)s;

-- name: has_files
SELECT EXISTS (SELECT FROM photo_file WHERE library_id = %(library)s AND state = 'present');

-- name: list
SELECT l.id AS library, l.root, l.online, l.added_at,
       (SELECT count(DISTINCT f.photo_id) FROM photo_file f WHERE f.library_id = l.id AND f.state = 'present') AS photos
FROM library l ORDER BY l.id;

-- name: one
SELECT l.id AS library, l.root, l.online, l.added_at,
       (SELECT count(DISTINCT f.photo_id) FROM photo_file f WHERE f.library_id = l.id AND f.state = 'present') AS photos
FROM library l WHERE l.id = %(library)s;

-- name: request_scan
INSERT INTO scan (library_id) VALUES (%(library)s)
ON CONFLICT (library_id) WHERE state IN ('queued', 'running') DO UPDATE SET requested_at = scan.requested_at
RETURNING id;

-- name: open_scans
-- Also those that say running: whoever ran them may be dead, and the advisory lock tells.
SELECT library_id FROM scan WHERE state IN ('queued', 'running') ORDER BY id;

-- name: start_scan
UPDATE scan SET state = 'running', started_at = now(), heartbeat_at = now()
WHERE id = %(scan)s AND state IN ('queued', 'running')
RETURNING id;

-- name: scan_progress
UPDATE scan SET heartbeat_at = now(), files_seen = %(files_seen)s, photos_new = %(photos_new)s,
       photos_changed = %(photos_changed)s, problems = %(problems)s
WHERE id = %(scan)s
RETURNING state = 'running';

-- name: end_scan
UPDATE scan SET state = %(state)s, finished_at = now(), files_seen = %(files_seen)s, photos_new = %(photos_new)s,
       photos_changed = %(photos_changed)s, problems = %(problems)s, files_missing = %(files_missing)s,
       message = %(message)s
WHERE id = %(scan)s AND state IN ('queued', 'running');

-- name: stop_scan
UPDATE scan SET state = 'stopped', finished_at = now(), message = 'stopped by the user'
WHERE id = %(scan)s AND state IN ('queued', 'running');

-- name: scan
SELECT s.id AS scan, s.library_id AS library, l.root, s.state::text AS state, s.requested_at, s.started_at,
       s.finished_at, s.files_seen, s.photos_new, s.photos_changed, s.files_missing, s.problems, s.message
FROM scan s JOIN library l ON l.id = s.library_id WHERE s.id = %(scan)s;

-- name: scans
SELECT s.id AS scan, s.library_id AS library, l.root, s.state::text AS state, s.requested_at, s.started_at,
       s.finished_at, s.files_seen, s.photos_new, s.photos_changed, s.files_missing, s.problems, s.message
FROM scan s JOIN library l ON l.id = s.library_id ORDER BY s.id DESC LIMIT %(limit)s;
