-- A user drew or imported it, and took that back: it is as if it had never been, and kept only for a redo.
ALTER TABLE face ADD COLUMN unmade boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT unmade_is_deleted CHECK (NOT unmade OR standing = 'deleted');

-- What a user says of a face, as the journal keeps it. Measurements can be made again and are not in it.
CREATE OR REPLACE FUNCTION said_of_face(written jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('standing', written->'standing', 'source', written->'source', 'box_by', written->'box_by',
                              'x', written->'x', 'y', written->'y', 'width', written->'width', 'height', written->'height')
           || CASE WHEN (written->>'unmade')::boolean THEN '{"unmade": true}' ELSE '{}' END::jsonb
$$;
