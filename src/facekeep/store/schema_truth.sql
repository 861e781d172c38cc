-- One truth: a detected face and its embedding come together, in one transaction, or not at all; a face whose box
-- a user moved says of itself that it is to be looked at again.

CREATE FUNCTION guard_embedded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    looked_at bigint;
BEGIN
    IF TG_TABLE_NAME = 'face' THEN
        looked_at := NEW.id;
    ELSE
        looked_at := OLD.face_id;
    END IF;
    IF EXISTS (SELECT FROM face WHERE id = looked_at AND source = 'detected' AND NOT stale)
       AND NOT EXISTS (SELECT FROM embedding WHERE face_id = looked_at) THEN
        RAISE EXCEPTION 'detected face % has no embedding', looked_at
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'detected_has_embedding';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER face_embedded AFTER INSERT ON face
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.source = 'detected') EXECUTE FUNCTION guard_embedded();
CREATE CONSTRAINT TRIGGER face_looked_at AFTER UPDATE OF stale ON face
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.source = 'detected' AND NOT NEW.stale) EXECUTE FUNCTION guard_embedded();
CREATE CONSTRAINT TRIGGER embedding_stays AFTER DELETE OR UPDATE OF face_id ON embedding
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_embedded();
