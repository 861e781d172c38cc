-- A merge of thousands of faces looks at their photos only where somebody is proposed to be one with them.
-- Planned each time it runs: of one face and of thousands it is not the same plan.
CREATE OR REPLACE FUNCTION withdraw_outlived() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    people bigint[] := ARRAY(SELECT DISTINCT person_id FROM new_rows);
    photos bigint[];
BEGIN
    -- Most people are in no proposal: then nobody needs to look at where their faces are, which may be thousands.
    IF NOT EXISTS (SELECT FROM proposal WHERE one = ANY(people))
       AND NOT EXISTS (SELECT FROM proposal WHERE other = ANY(people)) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        photos := ARRAY(SELECT photo_id FROM new_rows);
    ELSE
        -- Faces that stay whose they are, and of which only the user's word is new, end no proposal.
        photos := ARRAY(SELECT photo_id FROM (
            SELECT photo_id, person_id FROM new_rows EXCEPT SELECT photo_id, person_id FROM old_rows) AS m);
    END IF;
    DELETE FROM proposal p WHERE (p.one = ANY(people) OR p.other = ANY(people)) AND EXISTS (
        SELECT FROM assignment a JOIN assignment b USING (photo_id)
        WHERE a.person_id = p.one AND b.person_id = p.other AND a.photo_id = ANY(photos));
    RETURN NULL;
END $$;
DROP TRIGGER withdraw_outlived_update ON assignment;
CREATE TRIGGER withdraw_outlived_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION withdraw_outlived();
