-- The whole schema, as the sum of all migrations (a test compares the two): this file, then schema_people.sql,
-- schema_journal.sql and the other schema_*.sql.
-- What must never be true is refused here, by the database, not by care in the code above it.
--
-- Times are the database's clock. Coordinates are fractions of the upright photo.
-- The session setting facekeep.actor says who writes: 'user' or 'machine' (the default).

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TYPE photo_state AS ENUM ('waiting', 'done', 'failed');
CREATE TYPE file_state AS ENUM ('present', 'missing');
CREATE TYPE face_source AS ENUM ('detected', 'drawn', 'imported');
-- In rising order of authority: a lower one never overwrites a higher one.
CREATE TYPE decider AS ENUM ('auto', 'import', 'user');
-- Why a face is not shown; ignored is somebody whom nobody wants to know.
CREATE TYPE face_standing AS ENUM ('shown', 'ignored', 'not_a_face', 'deleted');
CREATE TYPE scan_state AS ENUM ('queued', 'running', 'done', 'stopped', 'failed');
CREATE TYPE failure_code AS ENUM (
    'missing_file', 'library_offline', 'unreadable', 'too_large', 'out_of_memory',
    'timeout', 'crashed', 'storage', 'internal'
);

CREATE FUNCTION writing_as_user() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('facekeep.actor', true), 'machine') = 'user'
$$;

-- Libraries, photos and their files -------------------------------------------------------------------------

CREATE TABLE library (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Paths are bytes: a file system does not promise UTF-8.
    root bytea NOT NULL UNIQUE CHECK (octet_length(root) > 0),
    online boolean NOT NULL DEFAULT true,
    added_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pack (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    label text NOT NULL UNIQUE CHECK (label ~ '^[a-z0-9_]+-[0-9]+$'),
    dimensions smallint NOT NULL CHECK (dimensions BETWEEN 1 AND 2000),
    norm_low double precision NOT NULL CHECK (norm_low > 0),
    norm_high double precision NOT NULL CHECK (norm_high >= norm_low AND norm_high < 'infinity')
);

CREATE TABLE photo (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content_hash bytea NOT NULL UNIQUE CHECK (octet_length(content_hash) = 32),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    media_type text,
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    taken_at timestamp,
    state photo_state NOT NULL DEFAULT 'waiting',
    -- When a worker may take it; null when there is nothing to do. A lease is a due time in the future,
    -- so that a photo whose worker died comes back by itself.
    due_at timestamptz DEFAULT now(),
    -- `leased_by` proves one claim; `leased_worker` is the advisory lock that the worker holds while it lives.
    leased_by uuid,
    leased_worker integer,
    -- Where it is looked at from: a library with a present file of it, an online one where there is a choice.
    -- Kept by triggers, so that claiming reads one index. Null when no file is there: nobody can claim it then.
    library_id bigint REFERENCES library,
    analysed_by smallint REFERENCES pack,
    analysed_at timestamptz,
    -- The working size that it was last looked at in: the longer side in pixels.
    analysed_long_side integer CHECK (analysed_long_side > 0),
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT size_known_together CHECK ((width IS NULL) = (height IS NULL)),
    CONSTRAINT done_means_looked_at CHECK (
        state <> 'done'
        OR (width IS NOT NULL AND analysed_by IS NOT NULL AND analysed_at IS NOT NULL AND due_at IS NULL)
    ),
    CONSTRAINT waiting_is_due CHECK (state <> 'waiting' OR due_at IS NOT NULL),
    CONSTRAINT lease_has_an_end CHECK (leased_by IS NULL OR due_at IS NOT NULL),
    CONSTRAINT lease_has_a_worker CHECK ((leased_by IS NULL) = (leased_worker IS NULL))
);
CREATE INDEX photo_due ON photo (library_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX photo_leased ON photo (leased_worker) WHERE leased_worker IS NOT NULL;
CREATE INDEX photo_not_done ON photo (state, id) WHERE state <> 'done';

CREATE TABLE photo_file (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    photo_id bigint NOT NULL REFERENCES photo,
    library_id bigint NOT NULL REFERENCES library,
    path bytea NOT NULL CHECK (octet_length(path) > 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    mtime_ns bigint NOT NULL,
    state file_state NOT NULL DEFAULT 'present',
    seen_in bigint NOT NULL,
    UNIQUE (library_id, path)
);
CREATE INDEX photo_file_photo ON photo_file (photo_id);
CREATE INDEX photo_file_unseen ON photo_file (library_id, seen_in) WHERE state = 'present';

-- The plan may be made while the tables are empty and then stay with the session that fills them. So it is
-- written in a way that leaves no choice but the index by photo.
CREATE FUNCTION settle_photo(which bigint) RETURNS void LANGUAGE sql SET enable_seqscan = off AS $$
    UPDATE photo SET library_id = home.library_id
    FROM (SELECT (SELECT f.library_id FROM photo_file f
                  WHERE f.photo_id = which AND f.state <> 'missing'
                  ORDER BY (SELECT l.online FROM library l WHERE l.id = f.library_id) DESC, f.id
                  LIMIT 1) AS library_id) AS home
    WHERE photo.id = which AND photo.library_id IS DISTINCT FROM home.library_id
$$;

CREATE FUNCTION file_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM settle_photo(OLD.photo_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM settle_photo(NEW.photo_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER file_came_or_went AFTER INSERT OR DELETE ON photo_file
    FOR EACH ROW EXECUTE FUNCTION file_moved();
CREATE TRIGGER file_moved AFTER UPDATE ON photo_file FOR EACH ROW
    WHEN ((OLD.photo_id, OLD.library_id, OLD.state) IS DISTINCT FROM (NEW.photo_id, NEW.library_id, NEW.state))
    EXECUTE FUNCTION file_moved();

-- A photo with copies in several libraries is looked at from one that is online.
CREATE FUNCTION library_switched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.online THEN
        UPDATE photo SET library_id = NEW.id FROM library l
        WHERE l.id = photo.library_id AND NOT l.online AND photo.due_at IS NOT NULL
          AND EXISTS (SELECT FROM photo_file f
                      WHERE f.photo_id = photo.id AND f.library_id = NEW.id AND f.state = 'present');
    ELSE
        UPDATE photo SET library_id = f.library_id FROM photo_file f JOIN library l ON l.id = f.library_id
        WHERE photo.library_id = NEW.id AND photo.due_at IS NOT NULL
          AND f.photo_id = photo.id AND f.state = 'present' AND l.online;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER library_switched AFTER UPDATE OF online ON library FOR EACH ROW
    WHEN (OLD.online <> NEW.online) EXECUTE FUNCTION library_switched();

-- What a scan could not read at all, so that there is no content to make a photo of.
CREATE TABLE scan_problem (
    library_id bigint NOT NULL REFERENCES library ON DELETE CASCADE,
    path bytea NOT NULL,
    code failure_code NOT NULL,
    message text NOT NULL CHECK (message <> ''),
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    seen_in bigint NOT NULL,
    PRIMARY KEY (library_id, path)
);

CREATE TABLE scan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library_id bigint NOT NULL REFERENCES library ON DELETE CASCADE,
    state scan_state NOT NULL DEFAULT 'queued',
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    heartbeat_at timestamptz,
    finished_at timestamptz,
    files_seen integer NOT NULL DEFAULT 0,
    photos_new integer NOT NULL DEFAULT 0,
    photos_changed integer NOT NULL DEFAULT 0,
    files_missing integer NOT NULL DEFAULT 0,
    problems integer NOT NULL DEFAULT 0,
    message text NOT NULL DEFAULT '',
    CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL))
);
-- One scan at a time for a library, whoever starts it.
CREATE UNIQUE INDEX scan_one_open ON scan (library_id) WHERE state IN ('queued', 'running');

CREATE TABLE failure (
    photo_id bigint PRIMARY KEY REFERENCES photo ON DELETE CASCADE,
    code failure_code NOT NULL,
    message text NOT NULL CHECK (message <> '' AND octet_length(message) <= 8000),
    -- Charged ones; and all, which the waiting between them grows with.
    attempts integer NOT NULL CHECK (attempts >= 0),
    tries integer NOT NULL DEFAULT 1 CHECK (tries >= 0),
    permanent boolean NOT NULL,
    -- The user said not to try it any more.
    given_up boolean NOT NULL DEFAULT false,
    retry_at timestamptz,
    -- Working sizes, longer side in pixels: the one that failed, and the one of the next try where it is smaller.
    long_side integer CHECK (long_side > 0),
    retry_long_side integer CHECK (retry_long_side > 0),
    -- The file as it was then: when it changes, the photo is looked at again.
    size_bytes bigint CHECK (size_bytes >= 0),
    mtime_ns bigint,
    detail text NOT NULL DEFAULT '' CHECK (octet_length(detail) <= 16000),
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT permanent_or_retried CHECK (permanent = (retry_at IS NULL)),
    CONSTRAINT given_up_is_permanent CHECK (permanent OR NOT given_up),
    CONSTRAINT next_is_not_larger CHECK (retry_long_side <= long_side)
);

-- Workers ---------------------------------------------------------------------------------------------------

-- One row a running worker process. It lives while it holds the advisory lock of its number.
CREATE TABLE worker (
    id integer PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('serve', 'worker', 'scan')),
    host text NOT NULL,
    pid integer NOT NULL CHECK (pid > 0),
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL CHECK (state <> ''),
    done bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    failed bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
    faces bigint NOT NULL DEFAULT 0 CHECK (faces >= 0),
    rate real NOT NULL DEFAULT 0 CHECK (rate >= 0),
    in_hand integer NOT NULL DEFAULT 0 CHECK (in_hand >= 0),
    last_done_at timestamptz,
    children jsonb NOT NULL DEFAULT '{}',
    breakers jsonb NOT NULL DEFAULT '[]',
    message text NOT NULL DEFAULT ''
);

-- What the user says to all workers, wherever they run.
CREATE TABLE control (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    paused boolean NOT NULL DEFAULT false,
    paused_at timestamptz,
    released_at timestamptz,
    -- Whether machines may say by themselves who a face is; without it, they only propose.
    auto boolean NOT NULL DEFAULT true,
    CONSTRAINT paused_since CHECK (paused = (paused_at IS NOT NULL))
);
INSERT INTO control DEFAULT VALUES;

-- Faces and embeddings --------------------------------------------------------------------------------------

CREATE TABLE face (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    photo_id bigint NOT NULL REFERENCES photo,
    x double precision NOT NULL,
    y double precision NOT NULL,
    width double precision NOT NULL,
    height double precision NOT NULL,
    landmarks double precision[],
    score real CHECK (score BETWEEN 0 AND 1),
    quality real CHECK (quality BETWEEN 0 AND 1),
    quality_size real CHECK (quality_size BETWEEN 0 AND 1),
    quality_sharpness real CHECK (quality_sharpness BETWEEN 0 AND 1),
    quality_pose real CHECK (quality_pose BETWEEN 0 AND 1),
    quality_exposure real CHECK (quality_exposure BETWEEN 0 AND 1),
    source face_source NOT NULL DEFAULT 'detected',
    found_by smallint REFERENCES pack,
    grouped boolean NOT NULL DEFAULT false,
    added_at timestamptz NOT NULL DEFAULT now(),
    -- What a user says of it: only what is shown is listed, matched, grouped and counted.
    standing face_standing NOT NULL DEFAULT 'shown',
    -- Whose word the box is. A machine never moves a user's.
    box_by decider NOT NULL DEFAULT 'auto',
    -- It has no embedding of its present box: to be looked at again.
    stale boolean NOT NULL DEFAULT false,
    -- A user drew or imported it, and took that back: it is as if it had never been, and kept only for a redo.
    unmade boolean NOT NULL DEFAULT false,
    CONSTRAINT unmade_is_deleted CHECK (NOT unmade OR standing = 'deleted'),
    UNIQUE (id, photo_id),
    -- Deferred: looking again may move one box to where another was.
    CONSTRAINT no_twin UNIQUE (photo_id, x, y, width, height) DEFERRABLE INITIALLY DEFERRED,
    -- PostgreSQL holds NaN to be greater than every number, so these refuse it as well.
    CONSTRAINT box_inside_the_frame CHECK (x >= 0 AND y >= 0 AND x + width <= 1 AND y + height <= 1),
    CONSTRAINT box_has_area CHECK (width > 0 AND height > 0),
    CONSTRAINT landmarks_are_five_points CHECK (
        landmarks IS NULL
        OR (array_ndims(landmarks) = 1 AND array_length(landmarks, 1) = 10 AND array_position(landmarks, NULL) IS NULL
            -- NaN is above infinity here, so this refuses it as well.
            AND '-infinity' < ALL (landmarks) AND 'infinity' > ALL (landmarks))
    ),
    CONSTRAINT detected_has_detector CHECK (
        source <> 'detected' OR (landmarks IS NOT NULL AND score IS NOT NULL AND found_by IS NOT NULL)
    ),
    CONSTRAINT drawn_by_a_user CHECK (source <> 'drawn' OR box_by = 'user')
);
CREATE INDEX face_ungrouped ON face (id) WHERE NOT grouped;

-- One partition for each pack, made by add_pack with that pack's own length and norm as checks and its own
-- nearest-neighbour index. A vector refuses NaN and infinity by itself.
CREATE TABLE embedding (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    vector vector NOT NULL,
    PRIMARY KEY (face_id, pack_id)
) PARTITION BY LIST (pack_id);

CREATE FUNCTION add_pack(new_label text, new_dimensions integer, low double precision, high double precision)
RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    known pack%ROWTYPE;
    new_id smallint;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('facekeep.add_pack'));
    SELECT * INTO known FROM pack WHERE label = new_label;
    IF FOUND THEN
        IF known.dimensions <> new_dimensions THEN
            RAISE EXCEPTION 'pack % has % dimensions, not %', new_label, known.dimensions, new_dimensions;
        END IF;
        RETURN known.id;
    END IF;
    INSERT INTO pack (label, dimensions, norm_low, norm_high)
    VALUES (new_label, new_dimensions, low, high) RETURNING id INTO new_id;
    part := 'embedding_' || new_id;
    EXECUTE format('CREATE TABLE %I (LIKE embedding INCLUDING DEFAULTS)', part);
    -- Kept in the row: an exact scan reads vectors of 512 dimensions twice as fast as from the side table.
    EXECUTE format('ALTER TABLE %I ALTER COLUMN vector SET STORAGE PLAIN', part);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT length_of_the_pack CHECK (vector_dims(vector) = %s)', part, new_dimensions);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT norm_of_the_pack CHECK (vector_norm(vector) BETWEEN %s AND %s)', part, low, high);
    EXECUTE format('ALTER TABLE embedding ATTACH PARTITION %I FOR VALUES IN (%s)', part, new_id);
    EXECUTE format('CREATE INDEX ON %I USING hnsw ((vector::halfvec(%s)) halfvec_l2_ops)', part, new_dimensions);
    RETURN new_id;
END $$;
