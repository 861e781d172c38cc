-- name: page
SELECT id AS account, name, role::text AS role, disabled, added_at FROM account
WHERE removed_at IS NULL AND (%(after)s::bigint IS NULL OR id > %(after)s) ORDER BY id LIMIT %(limit)s;

-- name: count
SELECT count(*) FROM account WHERE removed_at IS NULL;

-- name: one
SELECT id AS account, name, role::text AS role, disabled, added_at FROM account
WHERE removed_at IS NULL AND (id = %(account)s OR lower(name) = lower(%(name)s));

-- name: add
INSERT INTO account (name, role, password_hash) VALUES (%(name)s, %(role)s, %(password_hash)s) RETURNING id;

-- name: lock
-- All of them, in one order: there are few, and what is decided of one depends on the others.
SELECT id FROM account ORDER BY id FOR UPDATE;

-- name: change
UPDATE account SET name = coalesce(%(name)s, name), role = coalesce(%(role)s::role, role),
       disabled = coalesce(%(disabled)s, disabled)
WHERE id = %(account)s;

-- name: set_password
UPDATE account SET password_hash = %(password_hash)s WHERE id = %(account)s AND removed_at IS NULL;

-- name: remove
UPDATE account SET removed_at = now(), password_hash = '', disabled = true WHERE id = %(account)s;

-- name: is_any
SELECT EXISTS (SELECT FROM account WHERE removed_at IS NULL);

-- name: secret
SELECT id AS account, name, role::text AS role, disabled, password_hash FROM account
WHERE lower(name) = lower(%(name)s) AND removed_at IS NULL;

-- name: password_of
SELECT password_hash FROM account WHERE id = %(account)s AND removed_at IS NULL;
