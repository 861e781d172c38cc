-- name: add_session
INSERT INTO session (token_hash, account_id, expires_at, user_agent)
VALUES (%(token_hash)s, %(account)s, now() + make_interval(secs => %(longest_s)s), %(user_agent)s);

-- name: session
-- The session of a token, if it holds; `stale` when its last use is to be noted.
SELECT s.id AS session, a.id AS account, a.name, a.role::text AS role,
       s.seen_at < now() - interval '1 minute' AS stale
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.token_hash = %(token_hash)s AND s.expires_at > now() AND s.seen_at > now() - make_interval(secs => %(idle_s)s)
  AND NOT a.disabled AND a.removed_at IS NULL;

-- name: touch_session
UPDATE session SET seen_at = now() WHERE id = %(session)s;

-- name: sessions
SELECT id AS session, created_at, seen_at, expires_at, user_agent FROM session
WHERE account_id = %(account)s AND expires_at > now() AND seen_at > now() - make_interval(secs => %(idle_s)s)
ORDER BY seen_at DESC, id DESC;

-- name: end_session
DELETE FROM session WHERE id = %(session)s AND account_id = %(account)s;

-- name: end_sessions
DELETE FROM session WHERE account_id = %(account)s AND (%(except_for)s::bigint IS NULL OR id <> %(except_for)s);

-- name: sweep_sessions
DELETE FROM session WHERE expires_at <= now() OR seen_at <= now() - make_interval(secs => %(idle_s)s);

-- name: add_key
INSERT INTO api_key (key_hash, prefix, account_id, role, name, expires_at)
VALUES (%(key_hash)s, %(prefix)s, %(account)s, %(role)s, %(name)s, %(expires_at)s) RETURNING id;

-- name: key
-- What a key may is at most what its account may now.
SELECT k.id AS key, a.id AS account, a.name, least(k.role, a.role)::text AS role,
       coalesce(k.last_used_at < now() - interval '1 minute', true) AS stale
FROM api_key k JOIN account a ON a.id = k.account_id
WHERE k.key_hash = %(key_hash)s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
  AND NOT a.disabled AND a.removed_at IS NULL;

-- name: touch_key
UPDATE api_key SET last_used_at = now() WHERE id = %(key)s;

-- name: keys
SELECT k.id AS key, k.prefix, k.name, a.id AS account, a.name AS account_name, k.role::text AS role, k.created_at,
       k.last_used_at, k.expires_at, k.revoked_at
FROM api_key k JOIN account a ON a.id = k.account_id
WHERE (%(account)s::bigint IS NULL OR k.account_id = %(account)s) AND (%(key)s::bigint IS NULL OR k.id = %(key)s)
  AND (%(before)s::bigint IS NULL OR k.id < %(before)s)
ORDER BY k.id DESC LIMIT %(limit)s;

-- name: count_keys
SELECT count(*) FROM api_key k WHERE (%(account)s::bigint IS NULL OR k.account_id = %(account)s);

-- name: revoke
UPDATE api_key SET revoked_at = now()
WHERE id = %(key)s AND revoked_at IS NULL AND (%(account)s::bigint IS NULL OR account_id = %(account)s);

-- name: revoke_all
UPDATE api_key SET revoked_at = now() WHERE account_id = %(account)s AND revoked_at IS NULL;

-- name: attempt
-- Enters a failure beforehand, unless it is too early for another try: then nothing is returned.
INSERT INTO login_attempt AS l (what, failures, free_at) VALUES (%(what)s, 1, now())
ON CONFLICT (what) DO UPDATE
SET failures = CASE WHEN l.last_at < now() - make_interval(secs => %(forgotten_s)s) THEN 1 ELSE l.failures + 1 END,
    last_at = now()
WHERE l.free_at <= now()
RETURNING failures;

-- name: wait
UPDATE login_attempt SET free_at = now() + make_interval(secs => %(wait_s)s) WHERE what = %(what)s;

-- name: waiting
SELECT extract(epoch FROM free_at - now())::float8 FROM login_attempt WHERE what = %(what)s;

-- name: forget_attempts
DELETE FROM login_attempt WHERE what = %(what)s;

-- name: forgive
-- The try that was entered beforehand was none: it came with the right password.
UPDATE login_attempt SET failures = greatest(failures - 1, 1), free_at = now() WHERE what = %(what)s;

-- name: is_past
SELECT %(moment)s <= now();

-- name: sweep_attempts
-- Skipping those that somebody counts up: whoever tidies waits for nobody.
DELETE FROM login_attempt WHERE what IN (
    SELECT what FROM login_attempt WHERE last_at < now() - make_interval(secs => %(forgotten_s)s) AND free_at < now()
    FOR UPDATE SKIP LOCKED);
