-- The journal: what was decided, and each row that it changed. The rest of the schema is in schema.sql.

-- One entry for each thing that was decided, by a user, a machine or an import: bulk or single.
CREATE TABLE decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    verb text NOT NULL CHECK (verb <> ''),
    actor text NOT NULL CHECK (actor <> ''),
    decided_at timestamptz NOT NULL DEFAULT now(),
    -- What was asked for, for people who read the journal. What was done is in `change`.
    about jsonb NOT NULL DEFAULT '{}',
    undoes bigint REFERENCES decision,
    -- What came of it, in numbers, with some of the faces and people in it.
    facts jsonb,
    -- Who spoke; see schema_accounts.sql.
    account bigint,
    CONSTRAINT undoes_another CHECK (undoes < id)
);
CREATE INDEX decision_undoes ON decision (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX decision_actor ON decision (actor, id);

-- Each row that a decision changed, from what to what. Written by triggers: no path can forget it.
CREATE TABLE change (
    decision_id bigint NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    -- What names the row among those of its kind.
    face_id bigint,
    person_id bigint,
    before jsonb,
    after jsonb,
    -- Of an assignment: whose the face was, and whose it became.
    from_person bigint GENERATED ALWAYS AS ((before->>'person_id')::bigint) STORED,
    to_person bigint GENERATED ALWAYS AS ((after->>'person_id')::bigint) STORED,
    -- Of `apart` the other person, of `circle` and `member` the circle.
    other_id bigint,
    -- Contents that were forgotten; both sides of such a change may look the same.
    forgotten boolean NOT NULL DEFAULT false,
    PRIMARY KEY (decision_id, number),
    CONSTRAINT something_changed CHECK (forgotten OR before IS DISTINCT FROM after),
    CONSTRAINT known_by_its_kind CHECK (CASE kind
        WHEN 'assignment' THEN face_id IS NOT NULL AND person_id IS NULL AND other_id IS NULL
        WHEN 'rejection' THEN face_id IS NOT NULL AND person_id IS NOT NULL AND other_id IS NULL
        WHEN 'person' THEN face_id IS NULL AND person_id IS NOT NULL AND other_id IS NULL
        WHEN 'face' THEN face_id IS NOT NULL AND person_id IS NULL AND other_id IS NULL
        WHEN 'pin' THEN face_id IS NOT NULL AND person_id IS NOT NULL AND other_id IS NULL
        WHEN 'apart' THEN face_id IS NULL AND person_id IS NOT NULL AND other_id IS NOT NULL
        WHEN 'circle' THEN face_id IS NULL AND person_id IS NULL AND other_id IS NOT NULL
        WHEN 'member' THEN face_id IS NULL AND person_id IS NOT NULL AND other_id IS NOT NULL
        ELSE false END)
);
CREATE INDEX change_face ON change (face_id, decision_id) WHERE face_id IS NOT NULL;
CREATE INDEX change_person ON change (person_id, decision_id) WHERE person_id IS NOT NULL;
CREATE INDEX change_to ON change (to_person, decision_id) WHERE to_person IS NOT NULL;
CREATE INDEX change_from ON change (from_person, decision_id)
    WHERE from_person IS NOT NULL AND from_person IS DISTINCT FROM to_person;
CREATE INDEX change_other ON change (kind, other_id, decision_id) WHERE other_id IS NOT NULL;

-- Each change is of a decision. A foreign key would ask for each row, an eighth of the time of a large merge; this asks
-- once for a statement. A decision is never deleted, so there is nothing to ask on its side (see schema_forget.sql).
CREATE FUNCTION change_of_a_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT decision_id FROM new_rows) AS n
               WHERE NOT EXISTS (SELECT FROM decision d WHERE d.id = n.decision_id)) THEN
        RAISE EXCEPTION 'a change is of a decision'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'change_of_a_decision';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER change_of_a_decision AFTER INSERT ON change REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_a_decision();

-- The decision of this transaction: entered with its first change, so that what changed nothing leaves no entry.
-- facekeep.verb and facekeep.about say what it is; who says nothing is entered as having written 'directly'.
CREATE FUNCTION open_decision() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    opened bigint := nullif(current_setting('facekeep.decision', true), '')::bigint;
BEGIN
    IF opened IS NULL THEN
        INSERT INTO decision (verb, actor, about, account)
        VALUES (coalesce(nullif(current_setting('facekeep.verb', true), ''), 'directly'),
                coalesce(nullif(current_setting('facekeep.actor', true), ''), 'machine'),
                coalesce(nullif(current_setting('facekeep.about', true), ''), '{}')::jsonb,
                nullif(current_setting('facekeep.account', true), '')::bigint)
        RETURNING id INTO opened;
        PERFORM set_config('facekeep.decision', opened::text, true);
    END IF;
    RETURN opened;
END $$;

-- What a decision came to, counted once when its transaction is complete: a listing need not look at its changes.
CREATE FUNCTION sum_up_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE decision SET facts = (SELECT to_jsonb(f) FROM (
        SELECT coalesce(sum(n), 0)::bigint AS changes,
               coalesce(sum(n) FILTER (WHERE given AND to_person IS NOT NULL), 0)::bigint AS put,
               coalesce(sum(n) FILTER (WHERE given AND to_person IS NULL), 0)::bigint AS taken,
               coalesce(sum(n) FILTER (WHERE from_person = to_person), 0)::bigint AS confirmed,
               coalesce(sum(made), 0)::bigint AS made, coalesce(sum(joined), 0)::bigint AS joined,
               count(DISTINCT to_person) FILTER (WHERE given) AS receivers,
               coalesce((array_agg(DISTINCT to_person) FILTER (WHERE given AND to_person IS NOT NULL))[:3], '{}') AS people,
               coalesce((array_agg(DISTINCT from_person) FILTER (WHERE given AND from_person IS NOT NULL))[:3], '{}') AS losers,
               ARRAY(SELECT face_id FROM change WHERE decision_id = NEW.id AND face_id IS NOT NULL
                     ORDER BY number LIMIT 12) AS faces
        -- Thousands of faces go between a few people: by those, then in all.
        FROM (SELECT from_person, to_person, to_person IS DISTINCT FROM from_person AS given, count(*) AS n,
                     count(*) FILTER (WHERE kind = 'person' AND before IS NULL) AS made,
                     count(*) FILTER (WHERE kind = 'person' AND before IS NOT NULL AND before->'merged_into' IS NULL
                                            AND after->'merged_into' IS NOT NULL) AS joined
              FROM change WHERE decision_id = NEW.id GROUP BY from_person, to_person) AS k
    ) AS f) WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sum_up AFTER INSERT ON decision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sum_up_decision();

-- The undo of a decision that stands: one that was itself undone does not.
CREATE FUNCTION standing_undo(which bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT max(d.id) FROM decision d WHERE d.undoes = which AND standing_undo(d.id) IS NULL);
END $$;

-- A row as the journal keeps it: without what every change of it changes, and what its key says already.
CREATE FUNCTION kept_of(written jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls(written - '{face_id,photo_id,decided_at,id,version,added_at}'::text[])
$$;

-- `(SELECT open_decision())` is asked once for a statement, and not at all when that changed nothing.
-- No nested loop: a plan is kept for the session, and one made for a few rows would take seconds for thousands.
-- Of an assignment this is `kept_of`, but what is not kept is not written out first: a large merge has thousands.
CREATE FUNCTION journal_assignment() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO change (decision_id, kind, face_id, after)
        SELECT (SELECT open_decision()), 'assignment', n.face_id, kept_of(to_jsonb(n)) FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO change (decision_id, kind, face_id, before)
        SELECT (SELECT open_decision()), 'assignment', o.face_id, kept_of(to_jsonb(o)) FROM old_rows o;
    ELSE
        INSERT INTO change (decision_id, kind, face_id, before, after)
        SELECT (SELECT open_decision()), 'assignment', face_id,
               jsonb_strip_nulls(to_jsonb(was)), jsonb_strip_nulls(to_jsonb(becomes))
        FROM new_rows n JOIN old_rows o USING (face_id),
             LATERAL (SELECT o.person_id, o.decided_by, o.confidence, o.pack_id) AS was,
             LATERAL (SELECT n.person_id, n.decided_by, n.confidence, n.pack_id) AS becomes
        WHERE was IS DISTINCT FROM becomes;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_assignment();
CREATE TRIGGER journal_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_assignment();
CREATE TRIGGER journal_delete AFTER DELETE ON assignment REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_assignment();

CREATE FUNCTION journal_rejection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO change (decision_id, kind, face_id, person_id, after)
        SELECT (SELECT open_decision()), 'rejection', n.face_id, n.person_id, jsonb_build_object('rejected_at', n.rejected_at)
        FROM new_rows n;
    ELSE
        INSERT INTO change (decision_id, kind, face_id, person_id, before)
        SELECT (SELECT open_decision()), 'rejection', o.face_id, o.person_id, jsonb_build_object('rejected_at', o.rejected_at)
        FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_insert AFTER INSERT ON rejection REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_rejection();
CREATE TRIGGER journal_delete AFTER DELETE ON rejection REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_rejection();

-- OFFSET 0 keeps both states from being made twice, once to compare and once to enter.
CREATE FUNCTION journal_person() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO change (decision_id, kind, person_id, after)
        SELECT (SELECT open_decision()), 'person', n.id, kept_of(to_jsonb(n)) FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO change (decision_id, kind, person_id, before)
        SELECT (SELECT open_decision()), 'person', o.id, kept_of(to_jsonb(o)) FROM old_rows o;
    ELSE
        INSERT INTO change (decision_id, kind, person_id, before, after)
        SELECT (SELECT open_decision()), 'person', k.id, k.before, k.after
        FROM (SELECT id, kept_of(to_jsonb(o)) AS before, kept_of(to_jsonb(n)) AS after
              FROM new_rows n JOIN old_rows o USING (id) OFFSET 0) AS k WHERE k.before <> k.after;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_insert AFTER INSERT ON person REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_person();
CREATE TRIGGER journal_update AFTER UPDATE ON person REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_person();
CREATE TRIGGER journal_delete AFTER DELETE ON person REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_person();

-- For tables whose rows are journalled as they are. The arguments name the kind, and the columns that are the
-- row's face, person and other key; '' where it has none.
CREATE FUNCTION journal_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO change (decision_id, kind, face_id, person_id, other_id, after)
        SELECT (SELECT open_decision()), TG_ARGV[0], (k.row->>TG_ARGV[1])::bigint, (k.row->>TG_ARGV[2])::bigint,
               (k.row->>TG_ARGV[3])::bigint, kept_of(k.row - TG_ARGV[1:3])
        FROM (SELECT to_jsonb(n) AS row FROM new_rows n OFFSET 0) AS k;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO change (decision_id, kind, face_id, person_id, other_id, before)
        SELECT (SELECT open_decision()), TG_ARGV[0], (k.row->>TG_ARGV[1])::bigint, (k.row->>TG_ARGV[2])::bigint,
               (k.row->>TG_ARGV[3])::bigint, kept_of(k.row - TG_ARGV[1:3])
        FROM (SELECT to_jsonb(o) AS row FROM old_rows o OFFSET 0) AS k;
    ELSE
        INSERT INTO change (decision_id, kind, face_id, person_id, other_id, before, after)
        SELECT (SELECT open_decision()), TG_ARGV[0], (k.now->>TG_ARGV[1])::bigint, (k.now->>TG_ARGV[2])::bigint,
               (k.now->>TG_ARGV[3])::bigint, kept_of(k.was - TG_ARGV[1:3]), kept_of(k.now - TG_ARGV[1:3])
        FROM (SELECT to_jsonb(o) AS was, to_jsonb(n) AS now FROM new_rows n JOIN old_rows o USING (id) OFFSET 0) AS k
        WHERE kept_of(k.was - TG_ARGV[1:3]) <> kept_of(k.now - TG_ARGV[1:3]);
    END IF;
    RETURN NULL;
END $$;
