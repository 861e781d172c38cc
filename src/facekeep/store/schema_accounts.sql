-- Who may do what: accounts with roles, sessions, API keys; answers kept for requests that are sent again; and what
-- happened, for those who watch.

-- In the order of what they may: each may do what those before it may.
CREATE TYPE role AS ENUM ('viewer', 'editor', 'admin');

-- Never deleted: the journal names them. Who was removed keeps a number and a name, and nothing to log in with.
CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 100),
    role role NOT NULL,
    -- Argon2id in its own notation, with salt and parameters.
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%' OR removed_at IS NOT NULL),
    disabled boolean NOT NULL DEFAULT false,
    added_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    CONSTRAINT removed_has_no_password CHECK (removed_at IS NULL OR password_hash = '')
);
CREATE UNIQUE INDEX account_name ON account (lower(name)) WHERE removed_at IS NULL;

-- As long as there are accounts, one of them can log in and may do everything. Those who change accounts wait for each
-- other, so that two admins cannot demote one another at the same moment.
CREATE FUNCTION keep_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4201002);
    IF EXISTS (SELECT FROM account WHERE removed_at IS NULL)
       AND NOT EXISTS (SELECT FROM account WHERE role = 'admin' AND NOT disabled AND removed_at IS NULL) THEN
        RAISE check_violation USING CONSTRAINT = 'an_admin_remains',
            MESSAGE = 'somebody must remain who is an admin and can log in';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER an_admin_remains AFTER INSERT OR UPDATE OR DELETE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION keep_an_admin();

-- Of tokens and keys only the SHA-256 is stored: they are 256 random bits, so that there is nothing to guess from it.
CREATE TABLE session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    user_agent text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 400)
);
CREATE INDEX session_account ON session (account_id);

CREATE TABLE api_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    -- How it begins, to tell keys apart.
    prefix text NOT NULL CHECK (length(prefix) <= 16),
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    -- What it may at most; never more than its account may now.
    role role NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz CHECK (expires_at > created_at),
    revoked_at timestamptz
);
CREATE INDEX api_key_account ON api_key (account_id);

-- Who guesses passwords waits. `what` is the SHA-256 of an account's name, an address, or both.
CREATE TABLE login_attempt (
    what bytea PRIMARY KEY CHECK (octet_length(what) = 32),
    failures integer NOT NULL CHECK (failures > 0),
    last_at timestamptz NOT NULL DEFAULT now(),
    free_at timestamptz NOT NULL
);

-- Answers to requests with an idempotency key: entered in the transaction of what was done, completed afterwards.
CREATE TABLE kept_answer (
    -- The account, or 0 for who is local and has none.
    scope bigint NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    began_at timestamptz NOT NULL DEFAULT now(),
    decision bigint,
    status smallint CHECK (status BETWEEN 200 AND 599),
    headers jsonb,
    body bytea,
    PRIMARY KEY (scope, key),
    CONSTRAINT answer_is_whole CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (headers IS NULL))
);
CREATE INDEX kept_answer_began ON kept_answer (began_at);

-- Who decided: of what users decide, the account that spoke; unknown for who is local and has none.
ALTER TABLE decision ADD FOREIGN KEY (account) REFERENCES account;
CREATE INDEX decision_account ON decision (account, id) WHERE account IS NOT NULL;

-- Who asked for everything to be grouped anew, which a worker does: its decision is entered as theirs.
ALTER TABLE regrouping ADD COLUMN account bigint REFERENCES account;

-- What happened, for those who watch. Writers enter events without a position; whoever watches gives them theirs in
-- the order in which they were committed, so that none is missed and nobody waits for a long transaction.
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position bigint UNIQUE,
    -- 'decision', 'photo', 'scan', or 'gap' where events were removed that nobody had seen.
    kind text NOT NULL,
    number bigint,
    state text,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_unplaced ON event (id) WHERE position IS NULL;

CREATE TABLE feed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    last_position bigint NOT NULL DEFAULT 0
);
INSERT INTO feed DEFAULT VALUES;

-- Now and then whoever enters an event removes old ones, so that the table stays small without anybody watching.
CREATE FUNCTION enter_event(what text, which bigint, how text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entered bigint;
    unseen bigint;
BEGIN
    INSERT INTO event (kind, number, state) VALUES (what, which, how) RETURNING id INTO entered;
    IF entered % 500 = 0 THEN
        WITH old AS (
            DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < entered - 10000 FOR UPDATE SKIP LOCKED)
            RETURNING position
        ) SELECT count(*) FILTER (WHERE position IS NULL) INTO unseen FROM old;
        IF unseen > 0 THEN
            INSERT INTO event (kind) VALUES ('gap');
        END IF;
    END IF;
END $$;

CREATE FUNCTION event_of_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM enter_event('decision', NEW.id, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER enter_event AFTER INSERT ON decision FOR EACH ROW EXECUTE FUNCTION event_of_decision();

CREATE FUNCTION event_of_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM enter_event('photo', NEW.id, NEW.state::text);
    RETURN NULL;
END $$;
CREATE TRIGGER enter_event AFTER UPDATE OF state ON photo FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state <> 'waiting') EXECUTE FUNCTION event_of_photo();

CREATE FUNCTION event_of_scan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM enter_event('scan', NEW.id, NEW.state::text);
    RETURN NULL;
END $$;
CREATE TRIGGER enter_event AFTER INSERT OR UPDATE OF state ON scan FOR EACH ROW EXECUTE FUNCTION event_of_scan();

-- Gives events their positions, in the order of their entry among those committed since; the last position.
CREATE FUNCTION place_events() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    reached bigint;
    placed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM event WHERE position IS NULL) THEN
        RETURN (SELECT last_position FROM feed);
    END IF;
    SELECT last_position INTO reached FROM feed FOR UPDATE;
    WITH next AS (
        SELECT id FROM event WHERE position IS NULL ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED
    ), numbered AS (
        SELECT id, reached + row_number() OVER (ORDER BY id) AS position FROM next
    ), done AS (
        UPDATE event SET position = n.position FROM numbered n WHERE event.id = n.id RETURNING 1
    ) SELECT count(*) INTO placed FROM done;
    UPDATE feed SET last_position = reached + placed;
    RETURN reached + placed;
END $$;
