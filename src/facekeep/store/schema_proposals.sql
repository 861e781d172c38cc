-- One person twice? Asked by machines, and made again from faces and assignments.

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

-- Refused without an error, because it is made in bulk from what was so a moment ago: two whom a user keeps apart, who
-- share a photo, and whoever is gone or merged.
CREATE FUNCTION refuse_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM apart WHERE one = NEW.one AND other = NEW.other)
       OR EXISTS (SELECT FROM person WHERE id IN (NEW.one, NEW.other) AND (gone OR merged_into IS NOT NULL))
       OR EXISTS (SELECT FROM assignment a JOIN assignment b USING (photo_id)
                  WHERE a.person_id = NEW.one AND b.person_id = NEW.other) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_proposal BEFORE INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION refuse_proposal();

-- And withdrawn as soon as one of these comes to be true.
CREATE FUNCTION withdraw_answered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM proposal p USING new_rows n WHERE (p.one, p.other) = (n.one, n.other);
    RETURN NULL;
END $$;
CREATE TRIGGER withdraw_answered AFTER INSERT ON apart REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION withdraw_answered();

CREATE FUNCTION withdraw_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM proposal WHERE one = NEW.id;
    DELETE FROM proposal WHERE other = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER withdraw_gone AFTER UPDATE ON person FOR EACH ROW
    WHEN ((NEW.gone OR NEW.merged_into IS NOT NULL)
          AND (NEW.gone, NEW.merged_into) IS DISTINCT FROM (OLD.gone, OLD.merged_into))
    EXECUTE FUNCTION withdraw_gone();

-- Planned each time it runs: of one face and of thousands it is not the same plan.
CREATE FUNCTION withdraw_outlived() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    people bigint[] := ARRAY(SELECT DISTINCT person_id FROM new_rows);
    photos bigint[];
BEGIN
    -- Most people are in no proposal: then nobody needs to look at where their faces are, which may be thousands.
    IF NOT EXISTS (SELECT FROM proposal WHERE one = ANY(people))
       AND NOT EXISTS (SELECT FROM proposal WHERE other = ANY(people)) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        photos := ARRAY(SELECT photo_id FROM new_rows);
    ELSE
        -- Faces that stay whose they are, and of which only the user's word is new, end no proposal.
        photos := ARRAY(SELECT photo_id FROM (
            SELECT photo_id, person_id FROM new_rows EXCEPT SELECT photo_id, person_id FROM old_rows) AS m);
    END IF;
    DELETE FROM proposal p WHERE (p.one = ANY(people) OR p.other = ANY(people)) AND EXISTS (
        SELECT FROM assignment a JOIN assignment b USING (photo_id)
        WHERE a.person_id = p.one AND b.person_id = p.other AND a.photo_id = ANY(photos));
    RETURN NULL;
END $$;
CREATE TRIGGER withdraw_outlived_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION withdraw_outlived();
CREATE TRIGGER withdraw_outlived_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION withdraw_outlived();

-- What a group has around it, which says how near is near enough: how many faces there are, and the middle of the
-- clear ones. Counted anew when a tenth has been added since.
CREATE TABLE surroundings (
    pack_id smallint PRIMARY KEY REFERENCES pack,
    faces bigint NOT NULL CHECK (faces >= 0),
    added bigint NOT NULL DEFAULT 0 CHECK (added >= 0),
    -- Null while there are too few to say.
    centre vector,
    counted_at timestamptz NOT NULL DEFAULT now()
);

-- Grouping everything anew: asked for, under way, and how it ended.
CREATE TABLE regrouping (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    dry_run boolean NOT NULL,
    stopping boolean NOT NULL DEFAULT false,
    stage text NOT NULL DEFAULT '',
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    heartbeat_at timestamptz,
    finished_at timestamptz,
    -- What came of it, in numbers, and the number of the decision in the journal.
    outcome jsonb,
    decision_id bigint,
    message text NOT NULL DEFAULT '',
    CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL))
);
CREATE UNIQUE INDEX regrouping_one_open ON regrouping ((true)) WHERE state IN ('queued', 'running');

-- Who is in a photo, which is asked for each face that is matched or grouped.
CREATE INDEX assignment_photo ON assignment (photo_id);
