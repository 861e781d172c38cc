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

CREATE OR REPLACE FUNCTION exemplar_faces_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP FUNCTION leave_person(bigint[]);
