-- The journal of more kinds of rows.

ALTER TABLE change ADD COLUMN other_id bigint;
ALTER TABLE change DROP CONSTRAINT change_kind_check, DROP CONSTRAINT known_by_its_kind;
ALTER TABLE change ADD CONSTRAINT known_by_its_kind CHECK (CASE kind
    WHEN 'assignment' THEN face_id IS NOT NULL AND person_id IS NULL AND other_id IS NULL
    WHEN 'rejection' THEN face_id IS NOT NULL AND person_id IS NOT NULL AND other_id IS NULL
    WHEN 'person' THEN face_id IS NULL AND person_id IS NOT NULL AND other_id IS NULL
    WHEN 'face' THEN face_id IS NOT NULL AND person_id IS NULL AND other_id IS NULL
    WHEN 'pin' THEN face_id IS NOT NULL AND person_id IS NOT NULL AND other_id IS NULL
    WHEN 'apart' THEN face_id IS NULL AND person_id IS NOT NULL AND other_id IS NOT NULL
    WHEN 'circle' THEN face_id IS NULL AND person_id IS NULL AND other_id IS NOT NULL
    WHEN 'member' THEN face_id IS NULL AND person_id IS NOT NULL AND other_id IS NOT NULL
    ELSE false END);
CREATE INDEX change_other ON change (kind, other_id, decision_id) WHERE other_id IS NOT NULL;

-- For tables whose rows are journalled as they are. The arguments name the kind, and the columns that are the
-- row's face, person and other key; '' where it has none.
CREATE FUNCTION journal_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO change (decision_id, kind, face_id, person_id, other_id, after)
        SELECT (SELECT open_decision()), TG_ARGV[0], (k.row->>TG_ARGV[1])::bigint, (k.row->>TG_ARGV[2])::bigint,
               (k.row->>TG_ARGV[3])::bigint, kept_of(k.row - TG_ARGV[1:3])
        FROM (SELECT to_jsonb(n) AS row FROM new_rows n OFFSET 0) AS k;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO change (decision_id, kind, face_id, person_id, other_id, before)
        SELECT (SELECT open_decision()), TG_ARGV[0], (k.row->>TG_ARGV[1])::bigint, (k.row->>TG_ARGV[2])::bigint,
               (k.row->>TG_ARGV[3])::bigint, kept_of(k.row - TG_ARGV[1:3])
        FROM (SELECT to_jsonb(o) AS row FROM old_rows o OFFSET 0) AS k;
    ELSE
        INSERT INTO change (decision_id, kind, face_id, person_id, other_id, before, after)
        SELECT (SELECT open_decision()), TG_ARGV[0], (k.now->>TG_ARGV[1])::bigint, (k.now->>TG_ARGV[2])::bigint,
               (k.now->>TG_ARGV[3])::bigint, kept_of(k.was - TG_ARGV[1:3]), kept_of(k.now - TG_ARGV[1:3])
        FROM (SELECT to_jsonb(o) AS was, to_jsonb(n) AS now FROM new_rows n JOIN old_rows o USING (id) OFFSET 0) AS k
        WHERE kept_of(k.was - TG_ARGV[1:3]) <> kept_of(k.now - TG_ARGV[1:3]);
    END IF;
    RETURN NULL;
END $$;
