-- name: sweep
DELETE FROM kept_answer WHERE began_at < now() - make_interval(secs => %(kept_s)s);

-- name: get
SELECT fingerprint, decision, status, headers, body FROM kept_answer WHERE scope = %(scope)s AND key = %(key)s;

-- name: enter
-- In the transaction of what was asked for: from its commit on it is known to be done.
INSERT INTO kept_answer (scope, key, fingerprint, decision)
VALUES (%(scope)s, %(key)s, %(fingerprint)s, nullif(current_setting('facekeep.decision', true), '')::bigint)
ON CONFLICT (scope, key) DO UPDATE SET decision = coalesce(kept_answer.decision, excluded.decision);

-- name: keep
INSERT INTO kept_answer (scope, key, fingerprint, status, headers, body)
VALUES (%(scope)s, %(key)s, %(fingerprint)s, %(status)s, %(headers)s, %(body)s)
ON CONFLICT (scope, key) DO UPDATE SET status = excluded.status, headers = excluded.headers, body = excluded.body;
