-- "Is this face that person?", asked by machines; and who are two people, said by a user.

-- "Is this face that person?" Open ones only: a yes is an assignment, a no a rejection, and either ends it.
CREATE TABLE suggestion (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    confidence real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    -- Euclidean, to the person's exemplars that speak for it.
    distance double precision NOT NULL CHECK (distance >= 0 AND distance < 'infinity'),
    -- For people: which exemplars, how far, who is the runner-up; `merged`: of whom it was before a merge.
    reason jsonb NOT NULL DEFAULT '{}',
    suggested_at timestamptz NOT NULL DEFAULT now(),
    -- "Not now": it comes last.
    skipped_at timestamptz,
    PRIMARY KEY (face_id, person_id)
);
-- The order of the queue, and of one person's: a page is read from where the last one ended.
CREATE INDEX suggestion_queue ON suggestion ((skipped_at IS NOT NULL), (-confidence), face_id, person_id);
CREATE INDEX suggestion_person ON suggestion (person_id, (skipped_at IS NOT NULL), (-confidence), face_id)
    INCLUDE (confidence, skipped_at);
-- People whom nobody asks about unless told to: few, and looked up with every page.
CREATE INDEX person_unasked ON person (id) WHERE hidden OR gone OR merged_into IS NOT NULL;

-- Questions that are closed: answered, or about somebody who is gone. Asked again when that is taken back.
CREATE TABLE answered (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    -- The suggestion as it was.
    kept jsonb NOT NULL,
    PRIMARY KEY (face_id, person_id)
);
CREATE INDEX answered_person ON answered (person_id);

-- A suggestion that may not be is dropped without a word: it was answered while a machine was thinking.
CREATE FUNCTION guard_suggestion() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    looked_at bigint;
BEGIN
    -- Waits for whoever is deciding about this face, and then sees what they decided.
    SELECT photo_id INTO looked_at FROM face WHERE id = NEW.face_id FOR SHARE;
    IF looked_at IS NULL
       OR EXISTS (SELECT FROM rejection WHERE face_id = NEW.face_id AND person_id = NEW.person_id)
       OR EXISTS (SELECT FROM assignment WHERE face_id = NEW.face_id)
       -- Who is in the photo for certain is not in it twice.
       OR EXISTS (SELECT FROM assignment WHERE photo_id = looked_at AND person_id = NEW.person_id AND decided_by <> 'auto')
       OR EXISTS (SELECT FROM person p JOIN photo h ON h.id = looked_at
                  WHERE p.id = NEW.person_id AND (p.gone OR p.merged_into IS NOT NULL OR h.taken_at < p.birth_date)) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_suggestion BEFORE INSERT OR UPDATE OF face_id, person_id ON suggestion
    FOR EACH ROW EXECUTE FUNCTION guard_suggestion();

-- Whose face it is was said: nobody asks about it any more, nor whether another of that photo is the same person.
-- By the indexes, from the faces in question: a plan is kept for the session, and must not read whole tables for one.
CREATE FUNCTION face_was_assigned() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    certain bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH closed AS (DELETE FROM suggestion s USING new_rows n WHERE s.face_id = n.face_id RETURNING s.*)
        INSERT INTO answered SELECT c.face_id, c.person_id, to_jsonb(c) FROM closed c
        ON CONFLICT (face_id, person_id) DO UPDATE SET kept = excluded.kept;
    END IF;
    certain := ARRAY(SELECT DISTINCT person_id FROM new_rows WHERE decided_by <> 'auto');
    IF EXISTS (SELECT FROM suggestion WHERE person_id = ANY(certain)) THEN
        WITH closed AS (
            DELETE FROM suggestion s USING new_rows n, face f
            WHERE n.decided_by <> 'auto' AND f.photo_id = n.photo_id AND s.face_id = f.id AND s.person_id = n.person_id
            RETURNING s.*)
        INSERT INTO answered SELECT c.face_id, c.person_id, to_jsonb(c) FROM closed c
        ON CONFLICT (face_id, person_id) DO UPDATE SET kept = excluded.kept;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER suggestion_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION face_was_assigned();
CREATE TRIGGER suggestion_update AFTER UPDATE ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION face_was_assigned();

-- It is nobody's again, or somebody else's: what was asked before may be asked again. The guard above decides.
CREATE FUNCTION face_was_freed() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO suggestion SELECT k.* FROM old_rows o
        JOIN answered a ON a.face_id = o.face_id, jsonb_populate_record(NULL::suggestion, a.kept) AS k
        ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO suggestion SELECT k.* FROM old_rows o
    JOIN face f ON f.photo_id = o.photo_id AND f.id <> o.face_id
    JOIN answered a ON a.face_id = f.id AND a.person_id = o.person_id, jsonb_populate_record(NULL::suggestion, a.kept) AS k
    WHERE o.decided_by <> 'auto'
      AND NOT EXISTS (SELECT FROM assignment n WHERE n.face_id = o.face_id AND n.person_id = o.person_id AND n.decided_by <> 'auto')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER suggestion_delete AFTER DELETE ON assignment REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION face_was_freed();
CREATE TRIGGER suggestion_freed AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION face_was_freed();

CREATE FUNCTION face_was_rejected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH closed AS (
            DELETE FROM suggestion s USING new_rows n WHERE (s.face_id, s.person_id) = (n.face_id, n.person_id) RETURNING s.*)
        INSERT INTO answered SELECT c.face_id, c.person_id, to_jsonb(c) FROM closed c
        ON CONFLICT (face_id, person_id) DO UPDATE SET kept = excluded.kept;
    ELSE
        INSERT INTO suggestion SELECT k.* FROM old_rows o
        JOIN answered a USING (face_id, person_id), jsonb_populate_record(NULL::suggestion, a.kept) AS k
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER suggestion_insert AFTER INSERT ON rejection REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION face_was_rejected();
CREATE TRIGGER suggestion_delete AFTER DELETE ON rejection REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION face_was_rejected();

-- Who is gone, merged, without a name again or born later is not asked about. A merge hands the questions on.
CREATE FUNCTION person_was_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.merged_into IS NOT NULL AND NEW.merged_into IS DISTINCT FROM OLD.merged_into THEN
        DELETE FROM suggestion WHERE person_id = OLD.merged_into AND reason->>'merged' = NEW.id::text;
    END IF;
    IF NEW.merged_into IS NOT NULL AND OLD.merged_into IS NULL THEN
        INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance, reason, suggested_at, skipped_at)
        SELECT face_id, NEW.merged_into, pack_id, confidence, distance, reason || jsonb_build_object('merged', NEW.id),
               suggested_at, skipped_at
        FROM suggestion WHERE person_id = NEW.id ON CONFLICT DO NOTHING;
    END IF;
    IF NOT NEW.gone AND NEW.merged_into IS NULL AND (NEW.name IS NOT NULL OR OLD.name IS NULL) THEN
        INSERT INTO suggestion SELECT k.* FROM answered a, jsonb_populate_record(NULL::suggestion, a.kept) AS k
        WHERE a.person_id = NEW.id AND NOT EXISTS (SELECT FROM assignment n WHERE n.face_id = a.face_id)
        ON CONFLICT DO NOTHING;
    END IF;
    WITH closed AS (
        DELETE FROM suggestion s USING face f, photo h
        WHERE s.person_id = NEW.id AND f.id = s.face_id AND h.id = f.photo_id
          AND (NEW.gone OR NEW.merged_into IS NOT NULL OR (NEW.name IS NULL AND OLD.name IS NOT NULL)
               OR h.taken_at < NEW.birth_date)
        RETURNING s.*)
    INSERT INTO answered SELECT c.face_id, c.person_id, to_jsonb(c) FROM closed c
    ON CONFLICT (face_id, person_id) DO UPDATE SET kept = excluded.kept;
    RETURN NULL;
END $$;
CREATE TRIGGER suggestion_update AFTER UPDATE ON person FOR EACH ROW
    WHEN ((OLD.gone, OLD.merged_into, OLD.name IS NULL, OLD.birth_date)
          IS DISTINCT FROM (NEW.gone, NEW.merged_into, NEW.name IS NULL, NEW.birth_date))
    EXECUTE FUNCTION person_was_changed();

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

CREATE FUNCTION guard_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() THEN
        RAISE EXCEPTION 'only the user says that two are not one person, or takes it back'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'apart_is_the_users';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER guard_apart BEFORE INSERT OR UPDATE OR DELETE ON apart FOR EACH ROW EXECUTE FUNCTION guard_apart();

CREATE FUNCTION guard_kept_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT writing_as_user() AND EXISTS (SELECT FROM apart WHERE one = least(NEW.id, NEW.merged_into)
                                         AND other = greatest(NEW.id, NEW.merged_into)) THEN
        RAISE EXCEPTION 'person % and person % were said not to be one', NEW.id, NEW.merged_into
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'kept_apart';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_kept_apart BEFORE UPDATE OF merged_into ON person FOR EACH ROW
    WHEN (NEW.merged_into IS NOT NULL) EXECUTE FUNCTION guard_kept_apart();

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

CREATE FUNCTION taken_earlier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH ended AS (
        DELETE FROM assignment a USING person p
        WHERE a.photo_id = NEW.id AND a.decided_by = 'auto' AND p.id = a.person_id AND NEW.taken_at < p.birth_date
        RETURNING a.face_id)
    UPDATE face f SET grouped = false FROM ended e WHERE f.id = e.face_id;
    DELETE FROM suggestion s USING face f, person p
    WHERE f.photo_id = NEW.id AND s.face_id = f.id AND p.id = s.person_id AND NEW.taken_at < p.birth_date;
    RETURN NULL;
END $$;
CREATE TRIGGER taken_earlier AFTER UPDATE OF taken_at ON photo FOR EACH ROW
    WHEN (NEW.taken_at IS NOT NULL AND OLD.taken_at IS DISTINCT FROM NEW.taken_at) EXECUTE FUNCTION taken_earlier();
