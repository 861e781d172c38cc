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
