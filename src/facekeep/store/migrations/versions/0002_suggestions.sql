-- What machines propose, and what speaks for it. All of it is made again from faces, assignments and rejections;
-- of the tables here only `apart` and `pin` hold a user's word.

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

-- "Are these two one person?" Open ones only, one below other.
CREATE TABLE proposal (
    one bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    other bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    -- Euclidean, between the means of their faces; and the doubt: 0 is the same mean, 1 the limit for asking.
    distance double precision NOT NULL CHECK (distance >= 0 AND distance < 'infinity'),
    doubt double precision NOT NULL CHECK (doubt >= 0 AND doubt <= 1),
    -- Pairs of faces as near as one person's, of so many compared; the nearest and the mean of them.
    near integer NOT NULL CHECK (near >= 0),
    compared integer NOT NULL CHECK (compared >= near),
    nearest double precision NOT NULL CHECK (nearest >= 0),
    mean double precision NOT NULL CHECK (mean >= nearest),
    proposed_at timestamptz NOT NULL DEFAULT now(),
    skipped_at timestamptz,
    PRIMARY KEY (one, other),
    CONSTRAINT two_people CHECK (one < other)
);
CREATE INDEX proposal_other ON proposal (other);

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

-- Faces that stand for their person in matching, chosen by a machine.
CREATE TABLE exemplar (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    PRIMARY KEY (face_id, pack_id)
);
CREATE INDEX exemplar_person ON exemplar (person_id, pack_id);

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

-- Whether machines may say by themselves who a face is; without it, they only propose.
ALTER TABLE control ADD COLUMN auto boolean NOT NULL DEFAULT true;
