-- Questions whether two are one person: which may be asked, and which are asked again when an answer is taken back.

CREATE TABLE answered_proposal (
    one bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    other bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    -- The proposal as it was.
    kept jsonb NOT NULL,
    PRIMARY KEY (one, other)
);
CREATE INDEX answered_proposal_other ON answered_proposal (other);

-- One that may not be is dropped without a word: it was answered while a machine was thinking.
CREATE FUNCTION guard_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM apart WHERE one = NEW.one AND other = NEW.other)
       OR EXISTS (SELECT FROM person WHERE id IN (NEW.one, NEW.other) AND (gone OR merged_into IS NOT NULL)) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_proposal BEFORE INSERT OR UPDATE OF one, other ON proposal
    FOR EACH ROW EXECUTE FUNCTION guard_proposal();

CREATE FUNCTION two_were_told_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH closed AS (DELETE FROM proposal p USING new_rows n WHERE (p.one, p.other) = (n.one, n.other) RETURNING p.*)
        INSERT INTO answered_proposal SELECT c.one, c.other, to_jsonb(c) FROM closed c
        ON CONFLICT (one, other) DO UPDATE SET kept = excluded.kept;
    ELSE
        INSERT INTO proposal SELECT k.* FROM old_rows o
        JOIN answered_proposal a USING (one, other), jsonb_populate_record(NULL::proposal, a.kept) AS k
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER proposal_insert AFTER INSERT ON apart REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION two_were_told_apart();
CREATE TRIGGER proposal_delete AFTER DELETE ON apart REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION two_were_told_apart();

CREATE FUNCTION person_went_or_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.gone OR NEW.merged_into IS NOT NULL THEN
        WITH closed AS (DELETE FROM proposal p WHERE p.one = NEW.id OR p.other = NEW.id RETURNING p.*)
        INSERT INTO answered_proposal SELECT c.one, c.other, to_jsonb(c) FROM closed c
        ON CONFLICT (one, other) DO UPDATE SET kept = excluded.kept;
    ELSE
        INSERT INTO proposal SELECT k.* FROM answered_proposal a, jsonb_populate_record(NULL::proposal, a.kept) AS k
        WHERE a.one = NEW.id OR a.other = NEW.id ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER proposal_update AFTER UPDATE ON person FOR EACH ROW
    WHEN ((OLD.gone, OLD.merged_into) IS DISTINCT FROM (NEW.gone, NEW.merged_into))
    EXECUTE FUNCTION person_went_or_came();
