-- What listings and search are fast by: counts that are kept, and names as they are looked for. All of it is derived,
-- kept by triggers, and made again from nothing by count_everything_again().

-- What counts as a face of a photo, and as one of a person. Everything below counts through these two.
CREATE VIEW counted_face AS SELECT id AS face_id, photo_id FROM face WHERE standing = 'shown';
CREATE VIEW counted AS SELECT face_id, photo_id, person_id FROM assignment;

-- Kept counts. Whoever changes what is counted marks it as stale in the same transaction, and waits for nobody: marks
-- are only added. One transaction at a time counts again what is marked (see count_stale), so two never wait for each
-- other's counts. What is read is exact at any moment: kept counts of what has no mark, fresh ones of what has.
CREATE TABLE person_tally (
    person_id bigint PRIMARY KEY REFERENCES person ON DELETE CASCADE,
    faces integer NOT NULL CHECK (faces >= 0),
    photos integer NOT NULL CHECK (photos >= 0),
    -- Of the faces in the twenty photos that came last, the best: to show them by.
    best_face bigint,
    -- When a user last said something of them.
    recent_at timestamptz
);
CREATE TABLE photo_tally (
    photo_id bigint PRIMARY KEY REFERENCES photo ON DELETE CASCADE,
    faces integer NOT NULL CHECK (faces >= 0),
    -- Of them, those of somebody who has a name.
    named integer NOT NULL CHECK (named BETWEEN 0 AND faces)
);
CREATE INDEX photo_tally_faces ON photo_tally (faces, photo_id);
CREATE INDEX photo_tally_unnamed ON photo_tally (photo_id) WHERE named < faces;
CREATE TABLE stale_person (person_id bigint NOT NULL, said_at timestamptz);
CREATE TABLE stale_photo (photo_id bigint NOT NULL);
CREATE INDEX stale_person_person ON stale_person (person_id);
CREATE INDEX stale_photo_photo ON stale_photo (photo_id);

CREATE FUNCTION best_face(which bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT f.id FROM (SELECT a.face_id FROM counted a WHERE a.person_id = which ORDER BY a.photo_id DESC LIMIT 20) AS few
    JOIN face f ON f.id = few.face_id ORDER BY f.quality DESC NULLS LAST, f.id LIMIT 1
$$;

-- NOT IN, which is always looked up in a hash: whoever plans a query takes these marks for fewer than they may be.
CREATE VIEW person_count AS
SELECT t.person_id, t.faces, t.photos, t.best_face, t.recent_at FROM person_tally t
WHERE t.person_id NOT IN (SELECT person_id FROM stale_person)
UNION ALL
SELECT s.person_id, c.faces, c.photos, best_face(s.person_id), greatest(t.recent_at, s.said_at)
FROM (SELECT person_id, max(said_at) AS said_at FROM stale_person GROUP BY person_id) AS s
LEFT JOIN person_tally t ON t.person_id = s.person_id
CROSS JOIN LATERAL (SELECT count(*)::integer AS faces, count(DISTINCT a.photo_id)::integer AS photos
                    FROM counted a WHERE a.person_id = s.person_id) AS c;

CREATE VIEW photo_count AS
SELECT t.photo_id, t.faces, t.named FROM photo_tally t
WHERE t.photo_id NOT IN (SELECT photo_id FROM stale_photo)
UNION ALL
SELECT s.photo_id, c.faces, c.named
FROM (SELECT DISTINCT photo_id FROM stale_photo) AS s
CROSS JOIN LATERAL (SELECT count(*)::integer AS faces, count(p.name)::integer AS named
                    FROM counted_face f LEFT JOIN counted a ON a.face_id = f.face_id LEFT JOIN person p ON p.id = a.person_id
                    WHERE f.photo_id = s.photo_id) AS c;

-- Counts again what is marked, at most so many of each. Not where somebody else is about it: the marks stay.
-- What is marked in one look is counted in a later one, so a mark that goes was counted.
CREATE FUNCTION count_stale(most integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
    said timestamptz[];
    photos bigint[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
       OR NOT pg_try_advisory_xact_lock(hashtext('facekeep.count_stale')) THEN
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM stale_person WHERE ctid = ANY(ARRAY(SELECT ctid FROM stale_person LIMIT most))
        RETURNING person_id, said_at
    ), each AS (SELECT person_id, max(said_at) AS said_at FROM taken GROUP BY person_id)
    SELECT array_agg(person_id), array_agg(said_at) INTO people, said FROM each;
    WITH taken AS (
        DELETE FROM stale_photo WHERE ctid = ANY(ARRAY(SELECT ctid FROM stale_photo LIMIT most)) RETURNING photo_id
    )
    SELECT array_agg(DISTINCT photo_id) INTO photos FROM taken;
    -- Somebody may be erased this very moment, which must not cost another their decision: then the marks stay.
    BEGIN
        INSERT INTO person_tally AS t (person_id, faces, photos, best_face, recent_at)
        SELECT p.id, c.faces, c.photos, best_face(p.id), k.said_at
        FROM unnest(people, said) AS k (person_id, said_at) JOIN person p ON p.id = k.person_id
        CROSS JOIN LATERAL (SELECT count(*) AS faces, count(DISTINCT a.photo_id) AS photos
                            FROM counted a WHERE a.person_id = p.id) AS c
        ON CONFLICT (person_id) DO UPDATE
        SET faces = excluded.faces, photos = excluded.photos, best_face = excluded.best_face,
            recent_at = greatest(t.recent_at, excluded.recent_at);
    EXCEPTION WHEN foreign_key_violation THEN
        INSERT INTO stale_person SELECT * FROM unnest(people, said);
    END;
    INSERT INTO photo_tally (photo_id, faces, named)
    SELECT h.id, c.faces, c.named FROM unnest(photos) AS k (photo_id) JOIN photo h ON h.id = k.photo_id
    CROSS JOIN LATERAL (SELECT count(*) AS faces, count(p.name) AS named
                        FROM counted_face f LEFT JOIN counted a ON a.face_id = f.face_id LEFT JOIN person p ON p.id = a.person_id
                        WHERE f.photo_id = h.id) AS c
    ON CONFLICT (photo_id) DO UPDATE SET faces = excluded.faces, named = excluded.named;
END $$;

-- What a user does is counted when it is complete, and the rest, where that is much, by whoever groups next. What
-- machines do is counted when there is enough of it.
CREATE FUNCTION count_stale_when_many() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM stale_photo LIMIT 500) AS s)
       + (SELECT count(*) FROM (SELECT FROM stale_person LIMIT 500) AS s) >= 500 THEN
        PERFORM count_stale(2000);
    END IF;
END $$;

CREATE FUNCTION count_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.actor = 'user' THEN
        PERFORM count_stale(100);
    ELSE
        PERFORM count_stale_when_many();
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER count_decided AFTER INSERT ON decision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_decided();

-- A photo without faces has its count too.
CREATE FUNCTION mark_photos() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_photo SELECT id FROM changed;
    PERFORM count_stale_when_many();
    RETURN NULL;
END $$;
CREATE TRIGGER mark_insert AFTER INSERT ON photo REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_photos();

CREATE FUNCTION mark_faces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_photo SELECT DISTINCT photo_id FROM changed;
    PERFORM count_stale_when_many();
    RETURN NULL;
END $$;
CREATE TRIGGER mark_insert AFTER INSERT ON face REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_faces();
CREATE TRIGGER mark_delete AFTER DELETE ON face REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_faces();

CREATE FUNCTION mark_put_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_photo VALUES (NEW.photo_id);
    RETURN NULL;
END $$;
CREATE TRIGGER mark_put_away AFTER UPDATE OF standing ON face
    FOR EACH ROW WHEN (OLD.standing <> NEW.standing) EXECUTE FUNCTION mark_put_away();

CREATE FUNCTION mark_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said timestamptz := CASE WHEN writing_as_user() THEN now() END;
BEGIN
    INSERT INTO stale_person SELECT DISTINCT person_id, said FROM changed;
    INSERT INTO stale_photo SELECT DISTINCT c.photo_id FROM changed c
    WHERE c.person_id IN (SELECT p.id FROM person p JOIN (SELECT DISTINCT person_id FROM changed) AS k ON k.person_id = p.id
                          WHERE p.name IS NOT NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER mark_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_assignments();
CREATE TRIGGER mark_delete AFTER DELETE ON assignment REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_assignments();

-- Faces that go from one named person to another, or stay, change nothing in their photos.
CREATE FUNCTION mark_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said timestamptz := CASE WHEN writing_as_user() THEN now() END;
    people bigint[] := ARRAY(SELECT person_id FROM old_rows UNION SELECT person_id FROM new_rows);
BEGIN
    INSERT INTO stale_person SELECT k, said FROM unnest(people) AS k;
    IF (SELECT count(DISTINCT p.name IS NULL) FROM person p WHERE p.id = ANY(people)) > 1 THEN
        INSERT INTO stale_photo SELECT DISTINCT photo_id FROM new_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mark_moved();

-- Names ----------------------------------------------------------------------------------------------------

-- A name as it is looked for: without accents, case and punctuation. Written out, because neither ICU nor unaccent can
-- be had everywhere.
CREATE FUNCTION folded(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(regexp_replace(
        replace(replace(replace(replace(replace(
            translate(lower(normalize(name, NFKD)), 'øłđðħıŧŋĸ', 'olddhitnk'),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ς', 'σ'),
        '[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f''`\u02b9-\u02bc\u2018\u2019]+', '', 'g'),
        '[\s\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'))
$$;

-- The parts that two spellings of a folded name share: three letters running, with two spaces before each word and one
-- after it; and of scripts that put no spaces between words, also one letter and two. `whole`: the last letters of
-- words count too, as in a name; not in what somebody is still typing.
CREATE FUNCTION grams(folded text, whole boolean) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT DISTINCT substr(w.padded, n, 3)
    FROM (SELECT '  ' || word || CASE WHEN whole THEN ' ' ELSE '' END AS padded
          FROM unnest(string_to_array(folded, ' ')) AS word WHERE word <> '') AS w,
         generate_series(1, length(w.padded) - 2) AS n
    UNION
    SELECT substr(word, n, size)
    FROM unnest(string_to_array(folded, ' ')) AS word, generate_series(1, length(word)) AS n, generate_series(1, 2) AS size
    WHERE word ~ '[\u1100-\u11ff\u2e80-\ud7af\uf900-\ufaff]' AND whole AND n + size - 1 <= length(word)
$$;

-- What people are called: their names and other names.
CREATE TABLE called (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    alias boolean NOT NULL,
    folded text NOT NULL
);
CREATE INDEX called_person ON called (person_id);
CREATE INDEX called_folded ON called (folded text_pattern_ops);
CREATE TABLE called_gram (
    gram text COLLATE "C" NOT NULL,
    called_id bigint NOT NULL REFERENCES called ON DELETE CASCADE,
    PRIMARY KEY (gram, called_id)
);
CREATE INDEX called_gram_called ON called_gram (called_id);

CREATE FUNCTION keep_grams() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO called_gram SELECT g, NEW.id FROM grams(NEW.folded, true) AS g;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_grams AFTER INSERT ON called FOR EACH ROW EXECUTE FUNCTION keep_grams();

CREATE FUNCTION keep_called(which person) RETURNS void LANGUAGE sql AS $$
    DELETE FROM called WHERE person_id = which.id;
    INSERT INTO called (person_id, alias, folded)
    SELECT which.id, bool_and(k.alias), folded(k.name)
    FROM (SELECT which.name, false AS alias UNION ALL SELECT a, true FROM unnest(which.aliases) AS a) AS k
    WHERE k.name IS NOT NULL AND which.merged_into IS NULL AND NOT which.gone
    GROUP BY folded(k.name)
$$;

CREATE FUNCTION person_called() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM keep_called(NEW);
    INSERT INTO stale_person VALUES (NEW.id, CASE WHEN writing_as_user() THEN now() END);
    IF TG_OP = 'UPDATE' AND (OLD.name IS NULL) <> (NEW.name IS NULL) THEN
        INSERT INTO stale_photo SELECT DISTINCT photo_id FROM counted WHERE person_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER person_named AFTER INSERT ON person FOR EACH ROW
    WHEN (NEW.name IS NOT NULL OR NEW.aliases <> '{}') EXECUTE FUNCTION person_called();
CREATE TRIGGER person_renamed AFTER UPDATE ON person FOR EACH ROW
    WHEN ((OLD.name, OLD.aliases, OLD.merged_into, OLD.gone) IS DISTINCT FROM (NEW.name, NEW.aliases, NEW.merged_into, NEW.gone))
    EXECUTE FUNCTION person_called();

-- What changes often is swept often: by default a fifth of a million rows would be dead first, and one person's faces,
-- merged and taken apart again, lie among all of theirs.
ALTER TABLE assignment SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE photo_tally SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE person_tally SET (autovacuum_vacuum_scale_factor = 0.02);

-- All of it -------------------------------------------------------------------------------------------------

CREATE FUNCTION count_everything_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('facekeep.count_stale'));
    -- Nobody changes what is counted meanwhile.
    LOCK TABLE photo, face, assignment, person IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM stale_person;
    DELETE FROM stale_photo;
    DELETE FROM photo_tally;
    INSERT INTO photo_tally (photo_id, faces, named)
    SELECT h.id, count(f.face_id), count(p.name)
    FROM photo h LEFT JOIN counted_face f ON f.photo_id = h.id LEFT JOIN counted a ON a.face_id = f.face_id
    LEFT JOIN person p ON p.id = a.person_id GROUP BY h.id;
    INSERT INTO person_tally AS t (person_id, faces, photos, best_face, recent_at)
    SELECT p.id, count(c.face_id), count(DISTINCT c.photo_id), best_face(p.id), max(a.decided_at) FILTER (WHERE a.decided_by = 'user')
    FROM person p LEFT JOIN assignment a ON a.person_id = p.id LEFT JOIN counted c ON c.face_id = a.face_id GROUP BY p.id
    ON CONFLICT (person_id) DO UPDATE
    SET faces = excluded.faces, photos = excluded.photos, best_face = excluded.best_face,
        recent_at = coalesce(t.recent_at, excluded.recent_at);
    DELETE FROM called;
    PERFORM keep_called(p) FROM person p WHERE p.name IS NOT NULL OR p.aliases <> '{}';
    -- Also right where triggers are off, as while a backup is loaded.
    DELETE FROM called_gram;
    INSERT INTO called_gram SELECT g, k.id FROM called k, grams(k.folded, true) AS g;
END $$;

-- The order of photos, by when they were taken; those without a date come last either way.
-- The first also says which those are. No more of them: each claim of a photo writes to every index.
CREATE INDEX photo_newest ON photo ((coalesce(taken_at, '-infinity'::timestamp)) DESC, id DESC);
CREATE INDEX photo_oldest ON photo ((coalesce(taken_at, 'infinity'::timestamp)), id);
CREATE INDEX photo_file_library ON photo_file (library_id, photo_id);


SELECT count_everything_again();
