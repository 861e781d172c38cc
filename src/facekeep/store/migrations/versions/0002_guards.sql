-- What a user says of thousands of faces is looked at once for each person, not for each face.
CREATE OR REPLACE FUNCTION guard_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target person%ROWTYPE;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.decided_by = 'user' AND NOT writing_as_user() THEN
        RAISE EXCEPTION 'a machine may not change what a user decided (face %)', OLD.face_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'user_over_machine';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.decided_by < OLD.decided_by AND NOT writing_as_user() THEN
        RAISE EXCEPTION 'a % assignment may not become % (face %)', OLD.decided_by, NEW.decided_by, OLD.face_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'authority_never_falls';
    END IF;
    IF NEW.decided_by = 'user' AND NOT writing_as_user() THEN
        RAISE EXCEPTION 'a machine may not speak as the user (face %)', NEW.face_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'machine_is_not_user';
    END IF;
    -- What a user says is looked at when all of it is said: see guard_said.
    IF NEW.decided_by = 'user' THEN
        RETURN NEW;
    END IF;
    -- Locked first, so that a merge, or a user who names another face of the photo, is waited for and then seen.
    IF TG_OP = 'INSERT' OR NEW.person_id <> OLD.person_id THEN
        SELECT * INTO target FROM person WHERE id = NEW.person_id FOR SHARE;
        IF target.merged_into IS NOT NULL OR target.gone THEN
            RAISE EXCEPTION 'person % was merged into another, or deleted', NEW.person_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'person_still_there';
        END IF;
        IF NEW.decided_by = 'auto' AND NOT target.auto THEN
            RAISE EXCEPTION 'only the user puts faces on person %', NEW.person_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'auto_is_off';
        END IF;
        IF NEW.decided_by = 'auto'
           AND EXISTS (SELECT FROM photo WHERE id = NEW.photo_id AND taken_at < target.birth_date) THEN
            RAISE EXCEPTION 'photo % is older than person %', NEW.photo_id, NEW.person_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'not_before_birth';
        END IF;
        IF EXISTS (SELECT FROM rejection WHERE face_id = NEW.face_id AND person_id = NEW.person_id) THEN
            RAISE EXCEPTION 'face % was said not to be person %', NEW.face_id, NEW.person_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'rejection_is_final';
        END IF;
    END IF;
    IF NEW.decided_by = 'auto' AND EXISTS (SELECT FROM assignment WHERE photo_id = NEW.photo_id
                                           AND person_id = NEW.person_id AND face_id <> NEW.face_id) THEN
        RAISE EXCEPTION 'person % is already in photo %', NEW.person_id, NEW.photo_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'one_face_of_a_photo';
    END IF;
    RETURN NEW;
END $$;

-- The same for what a user says, of thousands of faces at once: for each person once, not for each face.
CREATE FUNCTION guard_said() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target record;
BEGIN
    -- Locked first, in the order of ids, so that a merge is waited for and then seen.
    FOR target IN SELECT p.id, p.merged_into, p.gone FROM person p
                  WHERE p.id = ANY (ARRAY(SELECT DISTINCT n.person_id FROM new_rows n WHERE n.decided_by = 'user'))
                  ORDER BY p.id FOR SHARE LOOP
        IF target.merged_into IS NOT NULL OR target.gone THEN
            RAISE EXCEPTION 'person % was merged into another, or deleted', target.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'person_still_there';
        END IF;
    END LOOP;
    -- A rejection is taken back first, then the face assigned.
    SELECT n.face_id, n.person_id INTO target
    FROM new_rows n JOIN rejection r ON r.face_id = n.face_id AND r.person_id = n.person_id
    WHERE n.decided_by = 'user' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'face % was said not to be person %', target.face_id, target.person_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'rejection_is_final';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guard_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_said();
CREATE TRIGGER guard_update AFTER UPDATE ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_said();
