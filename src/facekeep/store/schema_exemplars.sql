-- Which faces stand for their person when others are matched with them.

-- Chosen by a machine, or pinned. The vector is that of the face, kept here so that an index over these alone
-- finds the people near a face, however many faces anybody has.
CREATE TABLE exemplar (
    face_id bigint NOT NULL,
    pack_id smallint NOT NULL REFERENCES pack,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    era text NOT NULL CHECK (era <> ''),
    vector vector NOT NULL,
    PRIMARY KEY (face_id, pack_id),
    FOREIGN KEY (face_id, pack_id) REFERENCES embedding ON DELETE CASCADE
);
ALTER TABLE exemplar ALTER COLUMN vector SET STORAGE PLAIN;
CREATE INDEX exemplar_person ON exemplar (person_id, pack_id);

CREATE FUNCTION index_exemplars(which smallint, dimensions integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE INDEX %I ON exemplar USING hnsw ((vector::halfvec(%s)) halfvec_l2_ops) WHERE pack_id = %s',
                   'exemplar_near_' || which, dimensions, which);
END $$;
CREATE FUNCTION index_exemplars_of_pack() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM index_exemplars(NEW.id, NEW.dimensions);
    RETURN NULL;
END $$;
CREATE TRIGGER index_exemplars AFTER INSERT ON pack FOR EACH ROW EXECUTE FUNCTION index_exemplars_of_pack();

-- "This face always stands for its person", said by a user.
CREATE TABLE pin (
    face_id bigint PRIMARY KEY REFERENCES face ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    pinned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pin_person ON pin (person_id);
CREATE TRIGGER journal_insert AFTER INSERT ON pin REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('pin', 'face_id', 'person_id', '');
CREATE TRIGGER journal_delete AFTER DELETE ON pin REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('pin', 'face_id', 'person_id', '');

-- Named people whose exemplars are to be chosen anew, because their faces or what is known of them changed. Rows are
-- only added, so that nobody waits for another here; one with `look`: lone faces near them are looked at again too.
CREATE TABLE exemplar_due (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    look boolean NOT NULL
);
CREATE INDEX exemplar_due_person ON exemplar_due (person_id);

-- Whether a face may stand for a person: it is theirs. Held, so that it stays so until this transaction ends.
CREATE FUNCTION is_theirs(face bigint, person bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM assignment a WHERE a.face_id = face AND a.person_id = person FOR SHARE;
    RETURN FOUND;
END $$;

-- What is not theirs (any more, when it was chosen a moment ago) does not come in.
CREATE FUNCTION guard_exemplar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT is_theirs(NEW.face_id, NEW.person_id) THEN
        RETURN NULL;
    END IF;
    SELECT e.vector INTO NEW.vector FROM embedding e WHERE e.face_id = NEW.face_id AND e.pack_id = NEW.pack_id;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_exemplar BEFORE INSERT OR UPDATE ON exemplar
    FOR EACH ROW EXECUTE FUNCTION guard_exemplar();

CREATE FUNCTION exemplar_measured_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE exemplar SET vector = NEW.vector WHERE face_id = NEW.face_id AND pack_id = NEW.pack_id;
    RETURN NULL;
END $$;
CREATE TRIGGER exemplar_measured_anew AFTER UPDATE OF vector ON embedding FOR EACH ROW
    WHEN (OLD.vector IS DISTINCT FROM NEW.vector) EXECUTE FUNCTION exemplar_measured_anew();

CREATE FUNCTION guard_pin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() THEN
        RAISE EXCEPTION 'only the user pins a face (%)', NEW.face_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'pin_is_the_users';
    END IF;
    IF NOT is_theirs(NEW.face_id, NEW.person_id) THEN
        RAISE EXCEPTION 'face % is not one of person %', NEW.face_id, NEW.person_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'pinned_face_is_theirs';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_pin BEFORE INSERT OR UPDATE ON pin FOR EACH ROW EXECUTE FUNCTION guard_pin();

CREATE FUNCTION guard_pinned_face() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() AND EXISTS (SELECT FROM pin WHERE face_id = OLD.id) THEN
        RAISE EXCEPTION 'a machine may not delete face %, which a user pinned', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'touched_face_stays';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER guard_pinned_face BEFORE DELETE ON face FOR EACH ROW EXECUTE FUNCTION guard_pinned_face();

-- Faces that left people stand for them no more: an exemplar goes with its face, and a pin ends. Before the journal
-- enters the assignment (triggers fire by name), so that an undo gives the face back first, and then its pin.
CREATE FUNCTION leave_people(people bigint[], faces bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() AND EXISTS (SELECT FROM pin WHERE face_id = ANY (faces)) THEN
        RAISE EXCEPTION 'a machine may not move a face that a user pinned'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'user_over_machine';
    END IF;
    DELETE FROM pin p WHERE p.person_id = ANY (people) AND p.face_id = ANY (faces)
       AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = p.face_id AND a.person_id = p.person_id);
    DELETE FROM exemplar x WHERE x.person_id = ANY (people) AND x.face_id = ANY (faces)
       AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = x.face_id);
    UPDATE exemplar x SET person_id = a.person_id FROM assignment a
    WHERE x.person_id = ANY (people) AND x.face_id = ANY (faces) AND a.face_id = x.face_id AND a.person_id <> x.person_id;
    -- Nor do they show them any more.
    UPDATE person p SET cover_face_id = NULL WHERE p.id = ANY (people) AND p.cover_face_id = ANY (faces)
       AND NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = p.cover_face_id AND a.person_id = p.id);
END $$;

-- Who has got faces from a user may be who some lone faces are; who has lost some is nobody else for that.
CREATE FUNCTION mark_exemplars_due(people bigint[], gained boolean) RETURNS void LANGUAGE sql AS $$
    INSERT INTO exemplar_due (person_id, look)
    SELECT p.id, gained AND writing_as_user() FROM person p WHERE p.id = ANY (people) AND p.name IS NOT NULL
$$;

CREATE FUNCTION exemplar_faces_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint[];
    left_by bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM mark_exemplars_due(ARRAY(SELECT DISTINCT person_id FROM new_rows), true);
        RETURN NULL;
    END IF;
    left_by := ARRAY(SELECT DISTINCT person_id FROM old_rows);
    IF TG_OP = 'DELETE' THEN
        PERFORM leave_people(left_by, ARRAY(SELECT face_id FROM old_rows));
        PERFORM mark_exemplars_due(left_by, false);
    ELSE
        -- Not a join: nothing is known of the size of these tables when it is planned.
        moved := ARRAY(SELECT face_id FROM (
            SELECT face_id, person_id FROM new_rows EXCEPT SELECT face_id, person_id FROM old_rows) AS m);
        IF cardinality(moved) > 0 THEN
            PERFORM leave_people(left_by, moved);
            PERFORM mark_exemplars_due(ARRAY(SELECT DISTINCT person_id FROM new_rows), true);
            PERFORM mark_exemplars_due(left_by, false);
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER exemplar_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION exemplar_faces_changed();
CREATE TRIGGER exemplar_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION exemplar_faces_changed();
CREATE TRIGGER exemplar_delete AFTER DELETE ON assignment REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION exemplar_faces_changed();

-- A face that had no embedding for a while, as its box was moved, may stand for its person again.
CREATE FUNCTION exemplar_embedded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_exemplars_due(ARRAY(
        SELECT DISTINCT a.person_id FROM new_rows n JOIN assignment a ON a.face_id = n.face_id
        WHERE n.pack_id = (SELECT active FROM pack_use)), false);
    RETURN NULL;
END $$;
CREATE TRIGGER exemplar_embedded AFTER INSERT ON embedding REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION exemplar_embedded();

CREATE FUNCTION exemplar_person_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO exemplar_due (person_id, look) VALUES (NEW.id, writing_as_user());
    RETURN NULL;
END $$;
CREATE TRIGGER exemplar_person AFTER UPDATE ON person FOR EACH ROW
    WHEN ((OLD.name, OLD.birth_date, OLD.auto) IS DISTINCT FROM (NEW.name, NEW.birth_date, NEW.auto))
    EXECUTE FUNCTION exemplar_person_changed();

-- Faces without a person within `reach` of a vector, nearest first, at most `wanted`. It walks on along the index past
-- those that have one (at most `most` in all), so that a person's many faces do not hide who is still unknown. Stops
-- at the first that is farther. With hnsw.iterative_scan = strict_order.
CREATE FUNCTION unassigned_near(asked vector, which smallint, dimensions integer, reach double precision, wanted integer, most integer)
RETURNS TABLE (face bigint, distance double precision) LANGUAGE plpgsql AS $$
DECLARE
    found integer := 0;
BEGIN
    FOR face, distance IN EXECUTE format(
        'SELECT face_id, vector <-> $1 FROM embedding WHERE pack_id = %s
         ORDER BY (vector::halfvec(%s)) <-> ($1::halfvec(%s)) LIMIT %s', which, dimensions, dimensions, most) USING asked
    LOOP
        -- The index knows halves: it may be out of order by a thousandth.
        EXIT WHEN distance > reach + 0.005 OR found >= wanted;
        CONTINUE WHEN distance > reach;
        -- The one place that says which faces can be asked about.
        IF NOT EXISTS (SELECT FROM assignment a WHERE a.face_id = face)
           AND EXISTS (SELECT FROM face f WHERE f.id = face AND f.standing = 'shown') THEN
            found := found + 1;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
