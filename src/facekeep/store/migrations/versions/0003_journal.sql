ALTER TABLE change DROP CONSTRAINT change_decision_id_fkey;

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

-- Each decision stays, with its number, also while somebody is forgotten.
CREATE OR REPLACE FUNCTION guard_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_TABLE_NAME = 'decision' AND TG_OP = 'DELETE')
       OR coalesce(current_setting('facekeep.forgetting', true), '') <> 'yes' THEN
        RAISE EXCEPTION 'the journal is only added to (decision %)',
            CASE TG_TABLE_NAME WHEN 'decision' THEN to_jsonb(OLD)->>'id' ELSE to_jsonb(OLD)->>'decision_id' END
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_stays';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- What a decision came to, counted once when its transaction is complete: a listing need not look at its changes.
CREATE OR REPLACE FUNCTION sum_up_decision() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- `(SELECT open_decision())` is asked once for a statement, and not at all when that changed nothing.
-- No nested loop: a plan is kept for the session, and one made for a few rows would take seconds for thousands.
-- Of an assignment this is `kept_of`, but what is not kept is not written out first: a large merge has thousands.
CREATE OR REPLACE FUNCTION journal_assignment() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
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
