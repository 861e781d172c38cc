-- What was erased for good, without saying who it was.

-- Where a forgotten face was: whatever is found there again is dropped before anything of it is stored.
CREATE TABLE forgotten_face (
    photo_id bigint NOT NULL REFERENCES photo ON DELETE CASCADE,
    x double precision NOT NULL,
    y double precision NOT NULL,
    width double precision NOT NULL,
    height double precision NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (photo_id, x, y, width, height),
    CONSTRAINT box_inside_the_frame CHECK (x >= 0 AND y >= 0 AND x + width <= 1 AND y + height <= 1),
    CONSTRAINT box_has_area CHECK (width > 0 AND height > 0)
);

-- That somebody was forgotten, in numbers. It is complete when the files were rewritten as well.
CREATE TABLE forgotten (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT now(),
    decision_id bigint REFERENCES decision,
    people integer NOT NULL CHECK (people >= 0),
    faces integer NOT NULL CHECK (faces >= 0),
    vectors integer NOT NULL CHECK (vectors >= 0),
    rejections integer NOT NULL CHECK (rejections >= 0),
    entries integer NOT NULL CHECK (entries >= 0),
    wiped_at timestamptz
);
CREATE INDEX forgotten_not_wiped ON forgotten (id) WHERE wiped_at IS NULL;

-- Copies of what is known of people that left the database: whoever forgets somebody is told of the older ones.
CREATE TABLE copy_made (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('export', 'backup')),
    place bytea NOT NULL CHECK (octet_length(place) > 0),
    vectors boolean NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX copy_made_place ON copy_made (kind, md5(place));

-- The journal is only ever added to. Forgetting alone erases what it says of somebody, and leaves the shape: each
-- decision stays, with its number.
CREATE FUNCTION guard_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_TABLE_NAME = 'decision' AND TG_OP = 'DELETE')
       OR coalesce(current_setting('facekeep.forgetting', true), '') <> 'yes' THEN
        RAISE EXCEPTION 'the journal is only added to (decision %)',
            CASE TG_TABLE_NAME WHEN 'decision' THEN to_jsonb(OLD)->>'id' ELSE to_jsonb(OLD)->>'decision_id' END
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_stays';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER guard_change BEFORE UPDATE OR DELETE ON change FOR EACH ROW EXECUTE FUNCTION guard_journal();
CREATE TRIGGER guard_decision BEFORE UPDATE ON decision FOR EACH ROW
    WHEN ((OLD.verb, OLD.actor, OLD.decided_at, OLD.about) IS DISTINCT FROM (NEW.verb, NEW.actor, NEW.decided_at, NEW.about))
    EXECUTE FUNCTION guard_journal();
CREATE TRIGGER guard_decision_stays BEFORE DELETE ON decision FOR EACH ROW EXECUTE FUNCTION guard_journal();

-- What may stay of a row in the journal when it is forgotten: whose it was by number, and who said so.
CREATE FUNCTION without_details(kept jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN kept IS NOT NULL THEN coalesce(
        (SELECT jsonb_object_agg(key, value) FROM jsonb_each(kept)
         WHERE key IN ('person_id', 'decided_by', 'merged_into', 'gone')), '{}') END
$$;

-- What was asked for, without names, dates and notes: numbers and yes or no.
CREATE FUNCTION without_words(about jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE jsonb_typeof(value) IN ('number', 'boolean')), '{}')
           || CASE WHEN bool_or(jsonb_typeof(value) NOT IN ('number', 'boolean', 'null')) THEN '{"forgotten": true}' ELSE '{}' END::jsonb
    FROM jsonb_each(about)
$$;
