-- "Is this face that person?", asked by machines; and who are two people, said by a user.

-- "Is this face that person?" Open ones only: a yes is an assignment, a no a rejection, and either ends it.
CREATE TABLE suggestion (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    confidence real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    -- Euclidean, to the person's exemplars that speak for it.
    distance double precision NOT NULL CHECK (distance >= 0 AND distance < 'infinity'),
    -- For people: which exemplars, how far, who is the runner-up.
    reason jsonb NOT NULL DEFAULT '{}',
    suggested_at timestamptz NOT NULL DEFAULT now(),
    -- "Not now": it comes last.
    skipped_at timestamptz,
    PRIMARY KEY (face_id, person_id)
);
CREATE INDEX suggestion_person ON suggestion (person_id, confidence DESC, face_id);

CREATE FUNCTION guard_suggestion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM rejection WHERE face_id = NEW.face_id AND person_id = NEW.person_id)
       OR EXISTS (SELECT FROM assignment WHERE face_id = NEW.face_id) THEN
        RETURN NULL;  -- answered meanwhile
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_suggestion BEFORE INSERT OR UPDATE ON suggestion
    FOR EACH ROW EXECUTE FUNCTION guard_suggestion();

CREATE FUNCTION suggestion_answered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'assignment' THEN
        DELETE FROM suggestion s USING new_rows n WHERE s.face_id = n.face_id;
    ELSE
        DELETE FROM suggestion s USING new_rows n WHERE (s.face_id, s.person_id) = (n.face_id, n.person_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER suggestion_answered AFTER INSERT ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION suggestion_answered();
CREATE TRIGGER suggestion_answered AFTER INSERT ON rejection REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION suggestion_answered();

-- "These two are not one person", said by a user, for good.
CREATE TABLE apart (
    one bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    other bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    said_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (one, other),
    CONSTRAINT two_people CHECK (one < other)
);
CREATE INDEX apart_other ON apart (other);
CREATE TRIGGER journal_insert AFTER INSERT ON apart REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('apart', '', 'one', 'other');
CREATE TRIGGER journal_delete AFTER DELETE ON apart REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('apart', '', 'one', 'other');
