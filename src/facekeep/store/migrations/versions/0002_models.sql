-- Which model pack is in use, and the change to another one.

-- Which embedder made the vectors of a pack, by the SHA-256 of its file; null where nobody may add another one.
ALTER TABLE pack ADD COLUMN embedder text CHECK (embedder ~ '^[0-9a-f]{64}$');

CREATE TABLE pack_use (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    -- What matching goes by. Null only until facekeep is first opened.
    active smallint REFERENCES pack,
    -- What it will go by when every face has an embedding under it.
    wanted smallint REFERENCES pack,
    paused boolean NOT NULL DEFAULT false,
    -- Do not wait for photos that cannot be reached now.
    without_away boolean NOT NULL DEFAULT false,
    -- How many photos were to do when the change began.
    photos integer NOT NULL DEFAULT 0 CHECK (photos >= 0),
    began_at timestamptz,
    -- Whether the faces that were there when the target changed are all queued; those that come later always are.
    filled boolean NOT NULL DEFAULT true,
    switched_at timestamptz,
    -- Whether what machines derive from embeddings was made anew since the last switch.
    settled boolean NOT NULL DEFAULT true,
    CONSTRAINT another_pack CHECK (wanted <> active),
    CONSTRAINT a_change_has_begun CHECK ((wanted IS NULL) = (began_at IS NULL)),
    CONSTRAINT only_a_change_is_paused CHECK (wanted IS NOT NULL OR NOT (paused OR without_away))
);
INSERT INTO pack_use (active) SELECT max(id) FROM pack WHERE label = 'bundled-1';

-- Photos that have a face without an embedding under the pack wanted, or in use where none is wanted.
CREATE TABLE unembedded (
    photo_id bigint PRIMARY KEY REFERENCES photo ON DELETE CASCADE,
    -- Null when nobody will try it again by himself. A lease is a due time in the future, as on photos.
    due_at timestamptz DEFAULT now(),
    leased_by uuid,
    leased_worker integer,
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    code failure_code,
    message text NOT NULL DEFAULT '' CHECK (octet_length(message) <= 8000),
    CONSTRAINT lease_has_a_worker CHECK ((leased_by IS NULL) = (leased_worker IS NULL)),
    CONSTRAINT lease_has_an_end CHECK (leased_by IS NULL OR due_at IS NOT NULL),
    CONSTRAINT given_up_has_a_reason CHECK (due_at IS NOT NULL OR code IS NOT NULL)
);
CREATE INDEX unembedded_due ON unembedded (due_at, photo_id) WHERE due_at IS NOT NULL;

-- Looked at when the transaction commits, for a face and its embedding are written one after the other. Whoever
-- switches holds the table of faces meanwhile, so a face is either seen by the switch, or sees it.
CREATE FUNCTION face_unembedded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target smallint;
BEGIN
    SELECT coalesce(wanted, active) INTO target FROM pack_use;
    IF target IS NOT NULL AND NOT EXISTS (SELECT FROM embedding WHERE face_id = NEW.id AND pack_id = target)
       AND EXISTS (SELECT FROM face WHERE id = NEW.id) THEN
        INSERT INTO unembedded (photo_id) VALUES (NEW.photo_id) ON CONFLICT (photo_id)
        -- A worker that has it in hand will see that there is more to do.
        DO UPDATE SET due_at = now(), tries = 0, code = NULL, message = '' WHERE unembedded.leased_by IS NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER face_unembedded AFTER INSERT ON face
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION face_unembedded();
CREATE CONSTRAINT TRIGGER face_moved AFTER UPDATE OF x, y, width, height, landmarks ON face
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION face_unembedded();

-- Embeddings of a face whose place has changed are of another picture. Whoever moves it writes the one of the pack
-- in use anew, in the same transaction; those of other packs go, and come back when they are wanted.
CREATE FUNCTION embeddings_outdated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM embedding WHERE face_id = NEW.id AND pack_id <> (SELECT active FROM pack_use);
    RETURN NULL;
END $$;
CREATE TRIGGER embeddings_outdated AFTER UPDATE OF x, y, width, height, landmarks ON face FOR EACH ROW
    WHEN ((OLD.x, OLD.y, OLD.width, OLD.height, OLD.landmarks) IS DISTINCT FROM (NEW.x, NEW.y, NEW.width, NEW.height, NEW.landmarks))
    EXECUTE FUNCTION embeddings_outdated();
