-- Faces that stay whose they are end no proposal: a merge of thousands, which confirms them, need not look at them.
CREATE OR REPLACE FUNCTION withdraw_outlived() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people bigint[] := ARRAY(SELECT DISTINCT person_id FROM new_rows);
BEGIN
    -- Most people are in no proposal: then nobody needs to look at where their faces are, which may be thousands.
    IF NOT EXISTS (SELECT FROM proposal WHERE one = ANY(people))
       AND NOT EXISTS (SELECT FROM proposal WHERE other = ANY(people)) THEN
        RETURN NULL;
    END IF;
    -- Nor where faces stay whose they are, and only the user's word is new.
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT person_id, photo_id FROM new_rows EXCEPT SELECT person_id, photo_id FROM old_rows) THEN
            RETURN NULL;
        END IF;
    END IF;
    DELETE FROM proposal p USING new_rows n, assignment a
    WHERE p.one = n.person_id AND a.person_id = p.other AND a.photo_id = n.photo_id;
    DELETE FROM proposal p USING new_rows n, assignment a
    WHERE p.other = n.person_id AND a.person_id = p.one AND a.photo_id = n.photo_id;
    RETURN NULL;
END $$;

DROP TRIGGER withdraw_outlived_update ON assignment;
CREATE TRIGGER withdraw_outlived_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION withdraw_outlived();
