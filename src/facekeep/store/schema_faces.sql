-- What a user says of faces themselves: drawn, moved, resized, ignored, not a face, deleted.

-- Few: the many that are shown and embedded are not in these.
CREATE INDEX face_put_away ON face (standing, id) WHERE standing <> 'shown';
CREATE INDEX face_stale ON face (id) WHERE stale AND standing = 'shown';

-- Who draws is a user, also where a machine writes it down for one.
CREATE FUNCTION drawn_face() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.source = 'drawn' THEN
        NEW.box_by := 'user';
    ELSIF NEW.box_by = 'user' AND NOT writing_as_user() THEN
        RAISE EXCEPTION 'a machine may not speak as the user (a box in photo %)', NEW.photo_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'machine_is_not_user';
    END IF;
    IF NEW.standing <> 'shown' AND NOT writing_as_user() THEN
        RAISE EXCEPTION 'only the user says what a face is (in photo %)', NEW.photo_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'standing_is_the_users';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER drawn_face BEFORE INSERT ON face FOR EACH ROW
    WHEN (NEW.source = 'drawn' OR NEW.box_by <> 'auto' OR NEW.standing <> 'shown') EXECUTE FUNCTION drawn_face();

CREATE FUNCTION guard_said_of_face() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved boolean := (NEW.x, NEW.y, NEW.width, NEW.height) IS DISTINCT FROM (OLD.x, OLD.y, OLD.width, OLD.height);
BEGIN
    IF NOT writing_as_user() THEN
        IF NEW.standing <> OLD.standing THEN
            RAISE EXCEPTION 'only the user says what face % is', OLD.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'standing_is_the_users';
        END IF;
        IF (OLD.box_by = 'user' AND moved) OR (OLD.box_by = 'user') <> (NEW.box_by = 'user') THEN
            RAISE EXCEPTION 'only the user moves the box of face %', OLD.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'box_is_the_users';
        END IF;
    END IF;
    IF NEW.standing <> OLD.standing AND NEW.standing <> 'shown' THEN
        -- What machines concluded of it ends with it; what a user said of it is taken off first.
        DELETE FROM assignment WHERE face_id = NEW.id AND decided_by = 'auto';
        WITH closed AS (DELETE FROM suggestion s WHERE s.face_id = NEW.id RETURNING s.*)
        INSERT INTO answered SELECT c.face_id, c.person_id, to_jsonb(c) FROM closed c
        ON CONFLICT (face_id, person_id) DO UPDATE SET kept = excluded.kept;
        DELETE FROM exemplar WHERE face_id = NEW.id;
        IF EXISTS (SELECT FROM assignment WHERE face_id = NEW.id) THEN
            RAISE EXCEPTION 'face % is on a person', NEW.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'put_away_is_nobodys';
        END IF;
    END IF;
    IF NEW.standing <> OLD.standing THEN
        NEW.grouped := NEW.standing <> 'shown';
    END IF;
    -- A user's box is measured after it is stored; until then there is nothing that is true of it.
    IF moved AND writing_as_user() THEN
        NEW.stale := true;
        NEW.quality := NULL;
        -- Points that do not lie in the new box go with the old one.
        IF EXISTS (SELECT FROM unnest(OLD.landmarks) WITH ORDINALITY AS l (p, i) WHERE NOT CASE mod(l.i, 2)
                   WHEN 1 THEN l.p BETWEEN NEW.x AND NEW.x + NEW.width
                   ELSE l.p BETWEEN NEW.y AND NEW.y + NEW.height END) THEN
            NEW.landmarks := ARRAY(
                SELECT CASE mod(l.i, 2) WHEN 1 THEN NEW.x + (l.p - OLD.x) * (NEW.width / OLD.width)
                                        ELSE NEW.y + (l.p - OLD.y) * (NEW.height / OLD.height) END
                FROM unnest(OLD.landmarks) WITH ORDINALITY AS l (p, i) ORDER BY l.i);
        END IF;
        DELETE FROM embedding WHERE face_id = NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_said_of_face BEFORE UPDATE ON face FOR EACH ROW
    WHEN ((OLD.standing, OLD.box_by, OLD.x, OLD.y, OLD.width, OLD.height)
          IS DISTINCT FROM (NEW.standing, NEW.box_by, NEW.x, NEW.y, NEW.width, NEW.height))
    EXECUTE FUNCTION guard_said_of_face();

-- What was asked about a face before it was put away is asked again.
CREATE FUNCTION face_shown_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO suggestion SELECT k.* FROM answered a, jsonb_populate_record(NULL::suggestion, a.kept) AS k
    WHERE a.face_id = NEW.id ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER face_shown_again AFTER UPDATE OF standing ON face FOR EACH ROW
    WHEN (OLD.standing <> 'shown' AND NEW.standing = 'shown') EXECUTE FUNCTION face_shown_again();

-- Named to come before guard_assignment: faces are held before people.
CREATE FUNCTION face_is_shown() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said face_standing;
BEGIN
    -- Held, so that a user who puts it away this very moment is waited for and then seen.
    SELECT standing INTO said FROM face WHERE id = NEW.face_id FOR SHARE;
    IF said <> 'shown' THEN
        IF TG_TABLE_NAME = 'suggestion' THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'face % is not shown (%)', NEW.face_id, said
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'put_away_is_nobodys';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER face_is_shown BEFORE INSERT ON assignment FOR EACH ROW EXECUTE FUNCTION face_is_shown();
CREATE TRIGGER face_is_shown BEFORE INSERT ON suggestion FOR EACH ROW EXECUTE FUNCTION face_is_shown();

-- What a user says of a face, as the journal keeps it. Measurements can be made again and are not in it.
CREATE FUNCTION said_of_face(written jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('standing', written->'standing', 'source', written->'source', 'box_by', written->'box_by',
                              'x', written->'x', 'y', written->'y', 'width', written->'width', 'height', written->'height')
           || CASE WHEN (written->>'unmade')::boolean THEN '{"unmade": true}' ELSE '{}' END::jsonb
$$;

-- Only what a user writes: machines find a million faces, and find them again.
CREATE FUNCTION journal_face() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    IF NOT writing_as_user() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO change (decision_id, kind, face_id, after)
        SELECT (SELECT open_decision()), 'face', n.id, said_of_face(to_jsonb(n)) FROM new_rows n;
    ELSE
        INSERT INTO change (decision_id, kind, face_id, before, after)
        SELECT (SELECT open_decision()), 'face', k.id, said_of_face(k.was), said_of_face(k.now)
        FROM (SELECT n.id, to_jsonb(o) AS was, to_jsonb(n) AS now FROM new_rows n JOIN old_rows o USING (id)
              WHERE (o.standing, o.box_by, o.x, o.y, o.width, o.height)
                    IS DISTINCT FROM (n.standing, n.box_by, n.x, n.y, n.width, n.height) OFFSET 0) AS k;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_insert AFTER INSERT ON face REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_face();
CREATE TRIGGER journal_update AFTER UPDATE ON face REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_face();
