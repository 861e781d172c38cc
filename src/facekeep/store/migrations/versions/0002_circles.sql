-- Groups of people that a user makes: a family, a choir. (What grouping makes of faces are unnamed people.)

CREATE TABLE circle (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    gone boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT name_is_a_name CHECK (name ~ '^\S(.*\S)?$' AND name !~ '[[:cntrl:]]' AND char_length(name) <= 200)
);
CREATE TABLE member (
    circle_id bigint NOT NULL REFERENCES circle,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (circle_id, person_id)
);
CREATE INDEX member_person ON member (person_id);

CREATE TRIGGER journal_insert AFTER INSERT ON circle REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('circle', '', '', 'id');
CREATE TRIGGER journal_update AFTER UPDATE ON circle REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('circle', '', '', 'id');
CREATE TRIGGER journal_insert AFTER INSERT ON member REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('member', '', 'person_id', 'circle_id');
CREATE TRIGGER journal_delete AFTER DELETE ON member REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('member', '', 'person_id', 'circle_id');

-- Of the circles that are there, no two have the same name, in any case.
CREATE UNIQUE INDEX circle_named ON circle (lower(name)) WHERE NOT gone;

-- Who comes or goes changes the circle, by whatever path: whoever looked before must look again.
CREATE FUNCTION circle_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[] := ARRAY(SELECT DISTINCT circle_id FROM changed_rows);
BEGIN
    PERFORM FROM circle WHERE id = ANY(changed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE circle SET version = version + 1 WHERE id = ANY(changed);
    RETURN NULL;
END $$;
CREATE TRIGGER circle_changed AFTER INSERT ON member REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION circle_changed();
CREATE TRIGGER circle_left AFTER DELETE ON member REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION circle_changed();
