-- People, whose faces are whose, and what must never be true of them. The rest of the schema is in schema.sql.

CREATE TABLE person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text,
    hidden boolean NOT NULL DEFAULT false,
    aliases text[] NOT NULL DEFAULT '{}',
    birth_date date,
    notes text NOT NULL DEFAULT '',
    favourite boolean NOT NULL DEFAULT false,
    -- Whether a machine may put faces on this person; without it, it only proposes them.
    auto boolean NOT NULL DEFAULT true,
    cover_face_id bigint REFERENCES face ON DELETE SET NULL,
    merged_into bigint REFERENCES person,
    -- People are never deleted, so that it can be undone; who is gone has no faces.
    gone boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT name_is_a_name CHECK (name ~ '^\S(.*\S)?$' AND name !~ '[[:cntrl:]]' AND char_length(name) <= 200),
    CONSTRAINT aliases_are_names CHECK (array_position(aliases, NULL) IS NULL AND cardinality(aliases) <= 20
        AND array_to_string(aliases, '') !~ '[[:cntrl:]]' AND char_length(array_to_string(aliases, '')) <= 4000),
    CONSTRAINT born_in_the_time_of_photos CHECK (birth_date BETWEEN '1800-01-01' AND '2200-01-01'),
    CONSTRAINT notes_are_notes CHECK (char_length(notes) <= 10000),
    CONSTRAINT not_merged_into_itself CHECK (merged_into <> id)
);
CREATE INDEX person_name ON person (lower(name)) WHERE name IS NOT NULL;
-- Without it, each face that is deleted looks through all people for its picture on one.
CREATE INDEX person_cover ON person (cover_face_id) WHERE cover_face_id IS NOT NULL;
CREATE INDEX person_closed ON person (id) WHERE NOT auto OR birth_date IS NOT NULL;

CREATE TABLE assignment (
    face_id bigint PRIMARY KEY,
    photo_id bigint NOT NULL,
    person_id bigint NOT NULL REFERENCES person,
    decided_by decider NOT NULL,
    confidence real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    pack_id smallint REFERENCES pack,
    decided_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (face_id, photo_id) REFERENCES face (id, photo_id) ON DELETE CASCADE,
    -- A machine never puts two faces of one photo on one person.
    CONSTRAINT one_auto_face_of_a_photo EXCLUDE USING btree (photo_id WITH =, person_id WITH =) WHERE (decided_by = 'auto')
);
CREATE INDEX assignment_person ON assignment (person_id, photo_id);

-- "This face is not that person", for good.
CREATE TABLE rejection (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    rejected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (face_id, person_id)
);

-- Guards ----------------------------------------------------------------------------------------------------

CREATE FUNCTION guard_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER guard_assignment BEFORE INSERT OR UPDATE OR DELETE ON assignment
    FOR EACH ROW EXECUTE FUNCTION guard_assignment();

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

CREATE FUNCTION guard_rejection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() THEN
        RAISE EXCEPTION 'only the user rejects, or takes a rejection back (face %)',
            CASE TG_OP WHEN 'DELETE' THEN OLD.face_id ELSE NEW.face_id END
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'rejection_is_the_users';
    END IF;
    IF TG_OP <> 'DELETE'
       AND EXISTS (SELECT FROM assignment WHERE face_id = NEW.face_id AND person_id = NEW.person_id) THEN
        RAISE EXCEPTION 'face % is assigned to person %', NEW.face_id, NEW.person_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'rejected_or_assigned';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER guard_rejection BEFORE INSERT OR UPDATE OR DELETE ON rejection
    FOR EACH ROW EXECUTE FUNCTION guard_rejection();

-- A machine deletes only faces that no user touched. (Imported assignments count as the user's word too.)
CREATE FUNCTION guard_face() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() AND (
        OLD.source <> 'detected' OR OLD.standing <> 'shown' OR OLD.box_by = 'user'
        OR EXISTS (SELECT FROM assignment WHERE face_id = OLD.id AND decided_by <> 'auto')
        OR EXISTS (SELECT FROM rejection WHERE face_id = OLD.id)
    ) THEN
        RAISE EXCEPTION 'a machine may not delete face %, which a user touched', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'touched_face_stays';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER guard_face BEFORE DELETE ON face FOR EACH ROW EXECUTE FUNCTION guard_face();

-- A machine never names, renames, merges or deletes a person that has a name.
-- Nobody merges into a person that is gone: so the pointers never make a circle. And who is gone has no faces.
CREATE FUNCTION guard_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target person%ROWTYPE;
BEGIN
    IF NOT writing_as_user() THEN
        IF TG_OP <> 'INSERT' AND OLD.name IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.merged_into IS DISTINCT FROM OLD.merged_into) THEN
            RAISE EXCEPTION 'a machine may not remove or merge a named person (%)', OLD.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'named_person_stays';
        END IF;
        IF (TG_OP = 'INSERT' AND (NEW.name IS NOT NULL OR NEW.hidden OR NEW.gone)) OR (TG_OP = 'UPDATE'
           AND (NEW.name, NEW.hidden, NEW.gone, NEW.aliases, NEW.birth_date, NEW.notes, NEW.favourite, NEW.auto) IS DISTINCT FROM
               (OLD.name, OLD.hidden, OLD.gone, OLD.aliases, OLD.birth_date, OLD.notes, OLD.favourite, OLD.auto)) THEN
            RAISE EXCEPTION 'only the user says who a person is (%)', NEW.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'names_are_the_users';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.merged_into IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.merged_into IS DISTINCT FROM OLD.merged_into) THEN
        SELECT * INTO target FROM person WHERE id = NEW.merged_into FOR SHARE;
        IF target.merged_into IS NOT NULL OR target.gone THEN
            RAISE EXCEPTION 'person % was itself merged into another, or deleted', target.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'merged_into_who_is_there';
        END IF;
        IF target.name IS NOT NULL AND NOT writing_as_user() THEN
            RAISE EXCEPTION 'a machine may not merge into a named person (%)', target.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'named_person_stays';
        END IF;
    END IF;
    IF (NEW.merged_into IS NOT NULL OR NEW.gone) AND (TG_OP = 'INSERT'
        OR NEW.merged_into IS DISTINCT FROM OLD.merged_into OR NEW.gone <> OLD.gone)
       AND EXISTS (SELECT FROM assignment WHERE person_id = NEW.id) THEN
        RAISE EXCEPTION 'person % has faces and cannot be gone', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'gone_has_no_faces';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_person BEFORE INSERT OR UPDATE OR DELETE ON person
    FOR EACH ROW EXECUTE FUNCTION guard_person();

-- A photo that failed says why. Looked at when the transaction commits: the two rows are written one by one.
CREATE FUNCTION guard_failed_photo() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    looked_at bigint;
BEGIN
    IF TG_TABLE_NAME = 'photo' THEN
        looked_at := NEW.id;
    ELSE
        looked_at := OLD.photo_id;
    END IF;
    IF EXISTS (SELECT FROM photo WHERE id = looked_at AND state = 'failed'
               AND NOT EXISTS (SELECT FROM failure WHERE photo_id = looked_at)) THEN
        RAISE EXCEPTION 'photo % failed without a reason', looked_at
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'failed_has_a_reason';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER failed_photo AFTER INSERT OR UPDATE OF state ON photo
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'failed') EXECUTE FUNCTION guard_failed_photo();
CREATE CONSTRAINT TRIGGER failure_gone AFTER DELETE ON failure
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_failed_photo();
