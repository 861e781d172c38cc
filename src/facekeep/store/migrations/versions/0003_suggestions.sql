DROP TRIGGER born_later ON person;
DROP FUNCTION born_later();

-- Nobody is in a photo that is older than they are. Where a birth date or the date of a photo comes to say so, by
-- whatever path, what machines concluded ends, and is thought over. After the journal has entered the person
-- (triggers of a statement fire by name): a face that leaves may take the person's cover along, which is entered next.
CREATE FUNCTION not_yet_born() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    born bigint[] := ARRAY(SELECT id FROM (
        SELECT id, birth_date FROM new_rows WHERE birth_date IS NOT NULL EXCEPT SELECT id, birth_date FROM old_rows) AS b);
BEGIN
    IF cardinality(born) > 0 THEN
        WITH ended AS (
            DELETE FROM assignment a USING person p, photo h
            WHERE p.id = ANY(born) AND a.person_id = p.id AND a.decided_by = 'auto'
              AND h.id = a.photo_id AND h.taken_at < p.birth_date
            RETURNING a.face_id)
        UPDATE face f SET grouped = false FROM ended e WHERE f.id = e.face_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER not_yet_born AFTER UPDATE ON person REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION not_yet_born();
